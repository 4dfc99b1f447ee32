//! Keys and certificates as others want them who do not take PEM.

use std::iter;
use std::time::SystemTime;

use lockstep_gostd::base64;
use zeroize::Zeroizing;

use super::ec::Curve;
use super::key::PrivateKey;
use super::x509::Certificate;
use super::{pem, pkcs12};
use crate::env::{Env, Random};
use crate::fault::{Fault, Outcome};

/// What reading a PKCS#12 file may cost.
const BUDGET: u64 = 16 << 20;

/// A private key as JSON (RFC 7517), with members in their order.
pub(crate) fn private_jwk(key: &PrivateKey) -> Outcome<Zeroizing<Vec<u8>>> {
    let members: Vec<(&str, Zeroizing<String>)> = match key {
        PrivateKey::Rsa(key) => {
            let parts = key.parts();
            let [dp, dq, qi] = parts.crt.map(Option::unwrap_or_default);
            vec![
                ("d", number(parts.d)),
                ("dp", number(dp)),
                ("dq", number(dq)),
                ("e", number(&parts.e.to_be_bytes())),
                ("kty", plain("RSA")),
                ("n", number(parts.n)),
                ("p", number(parts.p)),
                ("q", number(parts.q)),
                ("qi", number(qi)),
            ]
        }
        PrivateKey::Ec(key) => {
            let (curve, point) = (key.public.curve, &key.public.point[1..]);
            let (x, y) = point.split_at(curve.size());
            let name = match curve {
                Curve::P256 => "P-256",
                Curve::P384 => "P-384",
                Curve::P521 => "P-521",
            };
            vec![
                ("crv", plain(name)),
                ("d", text(key.scalar())),
                ("kty", plain("EC")),
                ("x", text(x)),
                ("y", text(y)),
            ]
        }
        PrivateKey::Okp(_) => return Err(Fault::new("a key that is neither RSA nor of a NIST curve")),
    };
    let size = members
        .iter()
        .map(|(name, value)| name.len() + value.len() + 6)
        .sum::<usize>();
    let mut json = Zeroizing::new(Vec::with_capacity(size + 2));
    for (nth, (name, value)) in members.iter().enumerate() {
        json.push(if nth == 0 { b'{' } else { b',' });
        for part in ["\"", name, "\":\"", value, "\""] {
            json.extend_from_slice(part.as_bytes());
        }
    }
    json.push(b'}');
    Ok(json)
}

/// The first certificate in a PKCS#12 file without a password, in DER, or in PEM.
pub(crate) fn certificate(bytes: &[u8]) -> Option<Vec<u8>> {
    if let Some(identity) = without_password(bytes) {
        return identity
            .certificates
            .into_iter()
            .next()
            .map(|certificate| certificate.raw);
    }
    let der = Certificate::from_der(bytes).ok();
    let pem = || pem::blocks(bytes).find_map(|block| Certificate::from_der(&block.bytes).ok());
    der.or_else(pem).map(|certificate| certificate.raw)
}

/// The key and the certificates in a PKCS#12 file without a password, in PEM.
pub(crate) fn identity(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let identity = without_password(bytes)?;
    let certificates = identity.certificates.iter();
    let certificates = certificates.map(|certificate| pem::wrap("CERTIFICATE", &certificate.raw));
    let blocks: Vec<_> = iter::once(identity.key.to_pem()).chain(certificates).collect();
    let blocks: Vec<_> = blocks.iter().map(|block| block.as_slice()).collect();
    Some(Zeroizing::new(blocks.concat()))
}

fn without_password(bytes: &[u8]) -> Option<pkcs12::Identity> {
    let mut nothing = Nothing;
    let mut env = Env::new(SystemTime::UNIX_EPOCH, &mut nothing, BUDGET);
    pkcs12::decode(&mut env, bytes, b"").ok()
}

/// Reading needs no randomness.
struct Nothing;

impl Random for Nothing {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// Without zeros before it.
fn number(digits: &[u8]) -> Zeroizing<String> {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    text(&digits[zeros..])
}

/// In the alphabet for URLs, without padding.
fn text(bytes: &[u8]) -> Zeroizing<String> {
    let standard = Zeroizing::new(base64::encode(bytes));
    let mut text = Zeroizing::new(String::with_capacity(standard.len()));
    text.extend(standard.trim_end_matches('=').chars().map(|sign| match sign {
        '+' => '-',
        '/' => '_',
        sign => sign,
    }));
    text
}

fn plain(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::jwk::Jwk;
    use crate::crypto::testing::{AUTHORITY, ed25519, p256, rsa1024};

    #[test]
    fn a_key_that_is_written_reads_back_as_the_same() {
        for key in [p256(), rsa1024()] {
            let json = private_jwk(&key).expect("JSON");
            let Ok(Jwk::Private(again)) = Jwk::parse(&json) else {
                panic!("no private key")
            };
            assert_eq!(*again.to_pem(), *key.to_pem());
        }
        assert!(private_jwk(&ed25519()).is_err());
    }

    #[test]
    fn an_archive_becomes_the_pem_of_its_key_and_its_certificates() {
        let (block, _) = pem::decode(AUTHORITY.as_bytes()).expect("PEM");
        let certificate = Certificate::from_der(&block.bytes).expect("a certificate");
        let key = ed25519();
        let archive = |password: &[u8]| {
            let mut nothing = Nothing;
            let mut env = Env::new(SystemTime::UNIX_EPOCH, &mut nothing, BUDGET);
            let more = std::slice::from_ref(&certificate);
            pkcs12::encode(&mut env, &key, &certificate, more, password).expect("an archive")
        };
        let found = identity(&archive(b"")).expect("an identity");
        let labels: Vec<_> = pem::blocks(&found).map(|block| block.label).collect();
        assert_eq!(
            labels,
            [b"PRIVATE KEY".as_slice(), b"CERTIFICATE", b"CERTIFICATE"]
        );
        assert_eq!(
            *found,
            [
                key.to_pem().as_slice(),
                AUTHORITY.as_bytes(),
                AUTHORITY.as_bytes()
            ]
            .concat()
        );
        assert!(identity(&archive(b"canary")).is_none() && identity(AUTHORITY.as_bytes()).is_none());
    }

    #[test]
    fn a_certificate_is_found_in_der_and_in_pem() {
        let (block, _) = pem::decode(AUTHORITY.as_bytes()).expect("PEM");
        let key = pem::wrap("PRIVATE KEY", b"passed over");
        let both = [key.as_slice(), AUTHORITY.as_bytes()].concat();
        for bytes in [block.bytes.as_slice(), AUTHORITY.as_bytes(), &both] {
            assert_eq!(certificate(bytes).as_deref(), Some(block.bytes.as_slice()));
        }
        assert_eq!(certificate(b"canary"), None);
    }
}
