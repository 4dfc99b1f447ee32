//! Certificates of authorities, as users hand them over: PEM, or base64 of PEM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject as _, SectionKind};

const NEITHER: &str = "is neither PEM nor base64 of PEM";

/// Reads the certificates. The first block has to be one; later blocks of other kinds are passed over.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    if looks_like_pem(bytes) {
        return parse_pem(bytes);
    }
    match decode(bytes) {
        Some(inner) => parse_pem(&inner),
        None => Err(NEITHER),
    }
}

fn parse_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let (first, _) = <(SectionKind, Vec<u8>)>::from_pem_slice(pem).map_err(|_| NEITHER)?;
    if first != SectionKind::Certificate {
        return Err("the first PEM block is not a certificate");
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|_| "has a broken PEM block")?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|_| "has a certificate that cannot be read")?;
    }
    Ok(certificates)
}

fn looks_like_pem(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN";
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// Line breaks are skipped: the tools that make base64 put them in.
fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let compact: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(compact).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = include_str!("testdata/ca.pem");

    #[test]
    fn pem_and_base64_of_pem_are_read() {
        let twice = format!("{CA}{CA}");
        let wrapped = STANDARD.encode(CA).replace('A', "A\r\n");
        for (text, count) in [
            (CA, 1),
            (twice.as_str(), 2),
            (&STANDARD.encode(CA), 1),
            (&wrapped, 1),
        ] {
            assert_eq!(parse(text.as_bytes()).map(|found| found.len()), Ok(count));
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused_without_being_quoted() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, why) in [
            ("nonsense!", NEITHER),
            ("bm9uc2Vuc2U=", NEITHER),
            ("-----BEGIN", NEITHER),
            (&format!("{key}{CA}"), "the first PEM block is not a certificate"),
            (garbage, "has a certificate that cannot be read"),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(why), "{text}");
        }
    }
}
