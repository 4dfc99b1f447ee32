//! A certificate with its key, and what is signed with it: that we are the application which it is registered with.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::RSA_PSS_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rand::RngExt as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::signer;
use crate::random::random;

/// How files begin that are no text.
const DER: &[u8] = &[0x30];
/// How long what was signed can be shown, in seconds.
const LIFETIME: i64 = 600;

pub(super) struct Signer {
    key: signer::Signer,
    thumbprint: String,
    field: String,
}

impl Signer {
    /// Both stand in one PEM text, in any order, or in a PKCS#12 file without a password. Of several certificates it is
    /// the one that belongs to the key. A file may take a while.
    pub(super) fn new(given: &SecretBytes, field: &str) -> Result<Self, Problem> {
        match lockstep_gotemplate::identity(given.expose()) {
            Some(pem) => Self::of_pem(&pem.as_slice().into(), field),
            None if given.expose().starts_with(DER) => {
                Err(invalid(field, "is neither PEM nor PKCS#12 without a password"))
            }
            None => Self::of_pem(given, field),
        }
    }

    fn of_pem(pem: &SecretBytes, field: &str) -> Result<Self, Problem> {
        let key = signer::Signer::from_pem(pem.expose()).map_err(|why| invalid(field, why))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose()).collect();
        let certificates = certificates.map_err(|_| invalid(field, "has a broken PEM block"))?;
        let own = certificates.iter().find(|certificate| holds(certificate, &key));
        let own = own.ok_or_else(|| invalid(field, "has no certificate that belongs to its private key"))?;
        Ok(Self {
            thumbprint: URL_SAFE_NO_PAD.encode(digest(&SHA256, own)),
            key,
            field: field.to_owned(),
        })
    }

    /// Signed for one login.
    pub(super) fn assertion(&self, client: &str, url: &str, now: Timestamp) -> Result<SecretBytes, Problem> {
        let now = now.as_second();
        let id: [u8; 16] = random()?.random();
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": url, "iss": client, "sub": client, "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now, "nbf": now, "exp": now + LIFETIME,
        });
        let signed = self.key.jwt(&RSA_PSS_SHA256, &header, &claims);
        signed.map_err(|why| invalid(&self.field, why))
    }
}

/// A certificate holds its public key as it is.
fn holds(certificate: &CertificateDer<'_>, key: &signer::Signer) -> bool {
    let public = key.public_key();
    certificate.windows(public.len()).any(|window| window == public)
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::SystemTime;

    use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;
    use lockstep_gotemplate::{Options, Template, World};
    use lockstep_testkit::RsaIdentity;
    use serde_json::Value;

    use super::*;
    use crate::random::ForTemplates;

    #[test]
    fn what_is_signed_is_for_one_client_one_address_and_a_short_time() {
        let (other, own) = (
            RsaIdentity::new("other").expect("made"),
            RsaIdentity::new("own").expect("made"),
        );
        for pem in [
            format!("{}{}", own.certificate, own.key),
            format!("{}{}{}", own.key, other.certificate, own.certificate),
        ] {
            let signer = Signer::new(&pem.into(), "f").expect("a signer");
            let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
            let jwt = signer
                .assertion("client", "https://here/token", now)
                .expect("signed");
            let jwt = String::from_utf8(jwt.expose().to_vec()).expect("text");
            let [header, claims, signature] = jwt.split('.').collect::<Vec<_>>()[..] else {
                panic!("three parts")
            };
            let decoded = |part| -> Value {
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
            };
            let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, own.certificate_der()));
            assert_eq!(
                decoded(header),
                json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint})
            );
            let mut claims_shown = decoded(claims);
            let id = claims_shown["jti"].take();
            assert!(id.as_str().is_some_and(|id| id.len() == 22), "{id}");
            let begins = now.as_second();
            assert_eq!(
                claims_shown,
                json!({
                    "aud": "https://here/token", "iss": "client", "sub": "client", "jti": null,
                    "iat": begins, "nbf": begins, "exp": begins + 600,
                })
            );
            let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, signer.key.public_key());
            let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
            public
                .verify(format!("{header}.{claims}").as_bytes(), &signature)
                .expect("signed by the key");
        }
    }

    /// As a template makes it, at the time of the test.
    fn archive(identity: &RsaIdentity, password: &str) -> Vec<u8> {
        let text = "{{ pemToPkcs12Pass .certificate .key .password }}";
        let template = Template::parse("pfx", text, &Options::default()).expect("a template");
        let data = BTreeMap::from([
            ("certificate", identity.certificate.as_str()),
            ("key", &identity.key),
            ("password", password),
        ]);
        let mut random = ForTemplates(random().expect("randomness"));
        let mut world = World {
            now: SystemTime::UNIX_EPOCH,
            random: &mut random,
        };
        let made = template.render(&data, &mut world).expect("an archive");
        STANDARD.decode(made).expect("base64")
    }

    #[test]
    fn an_archive_without_a_password_signs_as_its_pem_does() {
        let own = RsaIdentity::new("own").expect("made");
        let signer = Signer::new(&archive(&own, "").into(), "f").expect("a signer");
        assert_eq!(
            signer.thumbprint,
            URL_SAFE_NO_PAD.encode(digest(&SHA256, own.certificate_der()))
        );
        let pem = format!("{}{}", own.certificate, own.key);
        let by_pem = Signer::new(&pem.into(), "f").expect("a signer");
        assert_eq!(signer.key.public_key(), by_pem.key.public_key());
        for bytes in [archive(&own, "canary"), own.certificate_der().to_vec()] {
            let refused = Signer::new(&bytes.into(), "f").err().expect("refused");
            assert_eq!(
                refused.to_string(),
                "f: is neither PEM nor PKCS#12 without a password"
            );
        }
    }

    #[test]
    fn what_cannot_sign_is_refused_without_being_quoted() {
        let (other, own) = (
            RsaIdentity::new("other").expect("made"),
            RsaIdentity::new("own").expect("made"),
        );
        let elliptic = lockstep_testkit::Authority::new("ca").expect("made");
        let elliptic = elliptic
            .issue("canary", lockstep_testkit::Purpose::Client)
            .expect("made");
        for (pem, why) in [
            ("canary".to_owned(), "has no private key in PEM"),
            (own.certificate.clone(), "has no private key in PEM"),
            (
                own.key.clone(),
                "has no certificate that belongs to its private key",
            ),
            (
                format!("{}{}", own.key, other.certificate),
                "has no certificate that belongs to its private key",
            ),
            (
                format!("{}{}", elliptic.key, elliptic.certificate),
                "has a private key that is not RSA",
            ),
        ] {
            let refused = Signer::new(&pem.into(), "f").err().expect("refused");
            assert_eq!(refused.to_string(), format!("f: {why}"));
        }
    }
}
