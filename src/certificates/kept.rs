//! Certificates as they are kept in a Secret, by the keys that ESO's controller gives them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Pair, certificates, issue, validity};
use crate::engine::problem::Problem;
use crate::engine::renewal::{Lives, Standing, Step, Validity};
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

const AUTHORITIES: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// Authorities, the key of the newest, and the certificate that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The newest first. Those that have ended are gone.
    authorities: Vec<CertificateDer<'static>>,
    authority_key: Option<SecretBytes>,
    pub shown: Option<Pair>,
}

impl Kept {
    /// What cannot be read counts as not there.
    pub fn read(values: &Values, now: Timestamp) -> Self {
        let text = |key: &str| values.get(key).filter(|value| !value.is_empty());
        let authorities = text(AUTHORITIES).and_then(|pem| certificates(pem.expose()).ok());
        let is_over =
            |authority: &CertificateDer| validity(authority).is_none_or(|validity| validity.until <= now);
        let pair = text(CERTIFICATE).zip(text(KEY)).map(|(chain, key)| Pair {
            chain: chain.expose().to_vec(),
            key: key.clone(),
        });
        Self {
            authorities: authorities
                .unwrap_or_default()
                .into_iter()
                .filter(|authority| !is_over(authority))
                .collect(),
            authority_key: text(AUTHORITY_KEY).cloned(),
            shown: pair.filter(|pair| pair.certified().is_ok()),
        }
    }

    pub fn values(&self) -> Values {
        let mut values = Values::from([(AUTHORITIES.to_owned(), self.bundle().into())]);
        values.extend(
            self.authority_key
                .clone()
                .map(|key| (AUTHORITY_KEY.to_owned(), key)),
        );
        if let Some(pair) = &self.shown {
            values.insert(CERTIFICATE.to_owned(), pair.chain.as_slice().into());
            values.insert(KEY.to_owned(), pair.key.clone());
        }
        values
    }

    /// All authorities, PEM: whom to trust.
    pub fn bundle(&self) -> Vec<u8> {
        let authorities = self.authorities.iter();
        let pem: String = authorities
            .map(|authority| issue::pem("CERTIFICATE", authority))
            .collect();
        pem.into_bytes()
    }

    /// Where we stand, for a server that the API server asks for by the first of these names. `announced`: those who connect know [`Self::bundle`].
    pub fn standing(&self, names: &[String], announced: bool, now: Timestamp) -> Standing {
        let can_sign = self.authority_key.as_ref().is_some_and(issue::can_sign);
        let authority = self.authorities.first().filter(|_| can_sign).and_then(validity);
        let shown = self
            .shown
            .as_ref()
            .filter(|pair| self.is_trusted(pair, names, now));
        Standing {
            authority,
            announced,
            certificate: shown.and_then(Pair::validity),
        }
    }

    /// What is kept after a step.
    pub fn after(
        &self,
        step: Step,
        names: &[String],
        lives: &Lives,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut kept = self.clone();
        let valid_for = |life| Validity {
            from: now,
            until: now.checked_add(life).unwrap_or(Timestamp::MAX),
        };
        if matches!(step, Step::Begin | Step::Authority) {
            let made = issue::authority(valid_for(lives.authority))?;
            kept.authorities
                .splice(..0, certificates(&made.chain).unwrap_or_default());
            kept.authority_key = Some(made.key);
        }
        if let (Step::Begin | Step::Certificate, Some(key)) = (step, &kept.authority_key) {
            kept.shown = Some(issue::certificate(key, names, valid_for(lives.certificate))?);
        }
        Ok(kept)
    }

    /// Whether the API server, which knows our authorities, would be content with it.
    fn is_trusted(&self, pair: &Pair, names: &[String], now: Timestamp) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.authorities.iter().cloned());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let name = names
            .first()
            .and_then(|name| ServerName::try_from(name.as_str()).ok());
        let (Ok(verifier), Some(name), Ok(chain)) = (verifier, name, certificates(&pair.chain)) else {
            return false;
        };
        let now = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
        let now = UnixTime::since_unix_epoch(now);
        chain.split_first().is_some_and(|(leaf, between)| {
            verifier
                .verify_server_cert(leaf, between, &name, &[], now)
                .is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn names() -> Vec<String> {
        vec!["lockstep-webhook.ns.svc".to_owned()]
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
    }

    fn lives() -> Lives {
        Lives::of(SignedDuration::from_secs(900))
    }

    fn begun() -> Kept {
        Kept::default()
            .after(Step::Begin, &names(), &lives(), at(0))
            .expect("made")
    }

    #[test]
    fn what_was_made_is_trusted_for_its_names_while_it_is_valid() {
        let kept = begun();
        let is_trusted = |names: &[String], now| kept.standing(names, true, now).certificate.is_some();
        assert!(is_trusted(&names(), at(0)) && is_trusted(&names(), at(899)));
        assert!(!is_trusted(&names(), at(901)), "it is over");
        assert!(!is_trusted(&["other.ns.svc".to_owned()], at(0)), "another name");
        let (mut strange, other) = (kept.clone(), begun());
        strange.shown = other.shown;
        assert_eq!(
            strange.standing(&names(), true, at(0)).certificate,
            None,
            "another authority"
        );
    }

    #[test]
    fn a_new_authority_leaves_what_is_shown_trusted_and_signs_the_next() {
        let old = begun();
        let new = old
            .after(Step::Authority, &names(), &lives(), at(600))
            .expect("made");
        assert_eq!(new.shown, old.shown);
        assert!(new.standing(&names(), true, at(600)).certificate.is_some());
        let renewed = new
            .after(Step::Certificate, &names(), &lives(), at(700))
            .expect("made");
        assert_ne!(renewed.shown, old.shown);
        assert!(renewed.standing(&names(), true, at(700)).certificate.is_some());
        let without_the_old = Kept {
            authorities: renewed.authorities[..1].to_vec(),
            ..renewed
        };
        assert!(
            without_the_old
                .standing(&names(), true, at(700))
                .certificate
                .is_some()
        );
    }

    /// ESO's controller leaves an authority whose key is of another kind, and a certificate for ten years.
    #[test]
    fn what_somebody_else_left_is_shown_until_one_of_ours_is_trusted() {
        let mut left = begun().values();
        left.insert("ca.key".to_owned(), "-----BEGIN RSA PRIVATE KEY-----\n".into());
        let left = Kept::read(&left, at(0));
        let standing = left.standing(&names(), true, at(0));
        assert!(standing.authority.is_none() && standing.certificate.is_some());
        let ours = left
            .after(Step::Authority, &names(), &lives(), at(0))
            .expect("made");
        assert_eq!(ours.shown, left.shown);
        assert!(ours.standing(&names(), true, at(0)).authority.is_some());
        assert!(ours.bundle().ends_with(&left.bundle()), "theirs is trusted too");
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_written_and_ended_authorities_go() {
        let kept = begun()
            .after(Step::Authority, &names(), &lives(), at(600))
            .expect("made");
        assert_eq!(Kept::read(&kept.values(), at(600)), kept);
        let later = Kept::read(&kept.values(), at(900 * 4 + 1));
        assert_eq!((kept.authorities.len(), later.authorities.len()), (2, 1));
    }

    #[test]
    fn what_cannot_be_read_counts_as_not_there_and_is_not_shown() {
        let good = begun().values();
        for key in [AUTHORITIES, AUTHORITY_KEY, CERTIFICATE, KEY] {
            for bad in [
                "",
                "canary",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ] {
                let mut values = good.clone();
                values.insert(key.to_owned(), bad.into());
                let kept = Kept::read(&values, at(0));
                let standing = kept.standing(&names(), true, at(0));
                assert!(
                    standing.authority.is_none() || standing.certificate.is_none(),
                    "{key}"
                );
                assert!(!format!("{kept:?}").contains("PRIVATE"));
            }
        }
    }
}
