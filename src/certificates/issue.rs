//! Makes authorities and certificates.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::Pair;
use crate::engine::problem::Problem;
use crate::engine::renewal::Validity;
use crate::engine::secret_bytes::SecretBytes;

/// All our authorities bear this name; whoever has several to choose from tells them apart by their keys.
const AUTHORITY: &str = "lockstep";

/// Clocks do not agree: a certificate is valid a little before it is made, a twelfth of its life at most.
const EARLY: Duration = Duration::from_mins(5);

pub fn authority(validity: Validity) -> Result<Pair, Problem> {
    let key = KeyPair::generate().map_err(refused)?;
    let certificate = authority_params(validity).self_signed(&key).map_err(refused)?;
    Ok(pair(certificate.der(), &key))
}

/// A certificate for a server of these names.
pub fn certificate(
    authority_key: &SecretBytes,
    names: &[String],
    validity: Validity,
) -> Result<Pair, Problem> {
    let issuer = Issuer::new(
        authority_params(validity),
        read_key(authority_key).map_err(refused)?,
    );
    let mut params = CertificateParams::new(names).map_err(refused)?;
    set_validity(&mut params, validity);
    params.distinguished_name = DistinguishedName::new();
    // A common name has room for 64 characters, and nobody looks at it.
    params
        .distinguished_name
        .push(DnType::CommonName, "lockstep-webhook");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(refused)?;
    let certificate = params.signed_by(&key, &issuer).map_err(refused)?;
    Ok(pair(certificate.der(), &key))
}

/// Whether certificates can be signed with it. ESO's controller leaves keys of another format.
pub fn can_sign(key: &SecretBytes) -> bool {
    read_key(key).is_ok()
}

fn read_key(key: &SecretBytes) -> Result<KeyPair, rcgen::Error> {
    let der =
        PrivatePkcs8KeyDer::from_pem_slice(key.expose()).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
    KeyPair::try_from(&der)
}

fn authority_params(validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    set_validity(&mut params, validity);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let since_1970 =
        |time: Timestamp| Duration::from_secs(u64::try_from(time.as_second()).unwrap_or_default());
    let (from, until) = (since_1970(validity.from), since_1970(validity.until));
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + from.saturating_sub(EARLY.min(until.saturating_sub(from) / 12));
    params.not_after = epoch + until;
}

fn pair(certificate: &[u8], key: &KeyPair) -> Pair {
    Pair {
        chain: pem("CERTIFICATE", certificate).into_bytes(),
        key: pem("PRIVATE KEY", key.serialized_der()).into_bytes().into(),
    }
}

pub fn pem(label: &str, der: &[u8]) -> String {
    const LINE: usize = 64;
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(LINE) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

fn refused(_: rcgen::Error) -> Problem {
    Problem::BadData {
        why: "no certificate could be made".to_owned(),
    }
}
