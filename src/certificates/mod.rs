//! Certificates that lockstep shows to those who connect: read from files, or made and renewed here.
//!
//! [`files`] follows a folder that somebody else writes; [`keeper`] makes certificates with [`issue`], when
//! [`engine::renewal`](crate::engine::renewal) says so, and keeps them where all replicas find them.

pub mod files;
mod issue;
pub mod keeper;
mod kept;
mod shown;

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use crate::engine::problem::Problem;
use crate::engine::renewal::Validity;
use crate::engine::secret_bytes::SecretBytes;

pub use self::kept::Kept;
pub use self::shown::Shown;

/// A certificate with those that lead to its authority, PEM, and its key, PEM.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub chain: Vec<u8>,
    pub key: SecretBytes,
}

impl Pair {
    /// What a TLS server shows. The error says what is wrong, and holds nothing of either.
    pub fn certified(&self) -> Result<CertifiedKey, &'static str> {
        let chain = certificates(&self.chain)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose())
            .map_err(|_| "the key is no private key in PEM")?;
        let key = any_supported_type(&key).map_err(|_| "the key is of a kind that cannot be used")?;
        let certified = CertifiedKey::new(chain, key);
        certified
            .keys_match()
            .map_err(|_| "the key does not belong to the certificate")?;
        Ok(certified)
    }

    /// How long the certificate itself is valid.
    pub fn validity(&self) -> Option<Validity> {
        validity(certificates(&self.chain).ok()?.first()?)
    }

    /// Whether who asks for this name is content with the certificate.
    pub fn is_for(&self, name: &str) -> bool {
        let chain = certificates(&self.chain).unwrap_or_default();
        let Ok(name) = ServerName::try_from(name) else {
            return false;
        };
        let parsed = chain
            .first()
            .and_then(|leaf| ParsedCertificate::try_from(leaf).ok());
        parsed.is_some_and(|leaf| rustls::client::verify_server_name(&leaf, &name).is_ok())
    }
}

/// One that nobody has signed, for those who do not look at it. It outlives the process.
pub fn self_signed(name: &str, now: Timestamp) -> Result<Pair, Problem> {
    const LIFE: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
    let validity = Validity {
        from: now,
        until: now.checked_add(LIFE).unwrap_or(Timestamp::MAX),
    };
    let authority = issue::authority(validity)?;
    issue::certificate(&authority.key, &[name.to_owned()], validity)
}

/// All certificates of a PEM text, of which there has to be one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    const NONE: &str = "the certificate is no certificate in PEM";
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or(NONE)
}

fn validity(certificate: &CertificateDer) -> Option<Validity> {
    let (from, until) = lockstep_gotemplate::certificate_validity(certificate)?;
    Some(Validity {
        from: jiff::Timestamp::from_second(from).ok()?,
        until: jiff::Timestamp::from_second(until).ok()?,
    })
}
