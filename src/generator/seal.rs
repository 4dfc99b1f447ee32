//! Seals what must outlive this process and be read by nobody else.
//!
//! A credential that is kept in a GeneratorState is encrypted with a key that is kept in a Secret elsewhere, so that
//! neither of the two gives it away. It is bound to what it was sealed for: elsewhere it does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::random::random;

/// What this key seals, only this key opens.
#[derive(Debug)]
pub struct Seal(LessSafeKey);

impl Seal {
    pub fn new(key: &SecretBytes) -> Result<Self, Problem> {
        let key = UnboundKey::new(&AES_256_GCM, key.expose());
        key.map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| unusable("the sealing key has the wrong length"))
    }

    /// `bound_to` must be known to whoever opens it.
    pub fn close(&self, secret: &SecretBytes, bound_to: &str) -> Result<String, Problem> {
        let mut nonce = [0; NONCE_LEN];
        random()?.fill_bytes(&mut nonce);
        let mut sealed = secret.expose().to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound_to.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| unusable("it cannot be sealed"))?;
        Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    pub fn open(&self, sealed: &str, bound_to: &str) -> Result<SecretBytes, Problem> {
        let broken = || {
            unusable(
                "a sealed token cannot be opened: the sealing key is another one, or it belongs to another object",
            )
        };
        let bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut sealed = sealed.to_vec();
        let length = self
            .0
            .open_in_place(nonce, Aad::from(bound_to.as_bytes()), &mut sealed)
            .map_err(|_| broken())?
            .len();
        sealed.truncate(length);
        Ok(sealed.into())
    }
}

fn unusable(why: &str) -> Problem {
    Problem::BadData { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(&vec![byte; 32].into()).expect("a key")
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_for_what_it_is_bound_to() {
        let sealed = seal(1).close(&"canary".into(), "ns nonce").expect("sealed");
        assert!(!sealed.contains("canary"));
        assert_eq!(seal(1).open(&sealed, "ns nonce"), Ok("canary".into()));
        for opened in [
            seal(1).open(&sealed, "other nonce"),
            seal(2).open(&sealed, "ns nonce"),
            seal(1).open(&sealed[4..], "ns nonce"),
            seal(1).open("", "ns nonce"),
            seal(1).open("canary", "ns nonce"),
        ] {
            let problem = opened.expect_err("it opened");
            assert!(!problem.to_string().contains("canary"));
        }
        let again = seal(1).close(&"canary".into(), "ns nonce").expect("sealed");
        assert_ne!(sealed, again, "equal tokens do not look equal");
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert!(Seal::new(&"short".into()).is_err());
    }
}
