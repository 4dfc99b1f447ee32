//! Making certificates. Given the same key, serial number and time, the bytes before the signature are Go's.

use core::net::IpAddr;

use super::{Certificate, extensions, name, names, time};
use crate::crypto::der::{self, Der, tag};
use crate::crypto::key::{PrivateKey, PublicKey};
use crate::crypto::okp::Kind;
use crate::fault::{Fault, Outcome};

/// Digital signatures, key encipherment.
const LEAF_USAGE: u8 = 0b1010_0000;
/// And signing certificates.
const AUTHORITY_USAGE: u8 = 0b1010_0100;
const SERVER_AUTHENTICATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTHENTICATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// What shall be certified.
pub(crate) struct Request<'a> {
    pub(crate) serial: [u8; 16],
    pub(crate) common_name: &'a [u8],
    pub(crate) dns: Vec<&'a [u8]>,
    pub(crate) ips: Vec<IpAddr>,
    /// In seconds since 1970.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    pub(crate) is_authority: bool,
}

/// A certificate for the key, signed by the issuer, or by itself.
pub(crate) fn issue(
    request: &Request,
    key: &PublicKey,
    issuer: Option<&Certificate>,
    signer: &PrivateKey,
) -> Outcome<Der> {
    if issuer
        .and_then(|issuer| issuer.key.as_ref())
        .is_some_and(|key| *key != signer.public())
    {
        return Err(Fault::new(
            "the private key is not that of the issuing certificate",
        ));
    }
    if matches!(key, PublicKey::Okp(Kind::X25519, _)) {
        return Err(Fault::new("an X25519 key cannot be certified"));
    }
    let algorithm = signer.signature_algorithm()?;
    let subject = name::common(request.common_name)?;
    let issuer_name = issuer.map_or(subject.as_slice(), |issuer| &issuer.subject);
    let authority_key_id = match issuer {
        Some(issuer) if issuer_name != subject.as_slice() => issuer.extensions.subject_key_id.as_deref(),
        _ => None,
    };
    let extensions = write_extensions(request, key, authority_key_id)?;
    let validity = [time::write(request.not_before)?, time::write(request.not_after)?];
    let body = der::sequence(&[
        &der::element(tag::explicit(0), &[&der::unsigned(&[2])]),
        &der::unsigned(&request.serial),
        &algorithm,
        issuer_name,
        &der::sequence(&[&validity[0], &validity[1]]),
        &subject,
        &key.to_pkix_der(),
        &der::element(tag::explicit(3), &[&extensions]),
    ]);
    let signature = signer.sign(&body)?;
    Ok(der::sequence(&[&body, &algorithm, &der::bits(&signature)]))
}

fn write_extensions(request: &Request, key: &PublicKey, authority_key_id: Option<&[u8]>) -> Outcome<Der> {
    let (usage, constraints): (_, &[u8]) = if request.is_authority {
        (AUTHORITY_USAGE, &[tag::BOOLEAN, 1, 0xff])
    } else {
        (LEAF_USAGE, &[])
    };
    let unused = u8::try_from(usage.trailing_zeros()).unwrap_or_default();
    let usages = der::sequence(&[&der::oid(SERVER_AUTHENTICATION), &der::oid(CLIENT_AUTHENTICATION)]);
    let mut extensions = vec![
        extensions::write(15, true, &der::element(tag::BIT_STRING, &[&[unused, usage]])),
        extensions::write(37, false, &usages),
        extensions::write(19, true, &der::sequence(&[constraints])),
    ];
    if request.is_authority {
        extensions.push(extensions::write(14, false, &der::octets(&key.id())));
    }
    if let Some(id) = authority_key_id.filter(|id| !id.is_empty()) {
        let id = der::element(tag::implicit(0), &[id]);
        extensions.push(extensions::write(35, false, &der::sequence(&[&id])));
    }
    if !request.dns.is_empty() || !request.ips.is_empty() {
        let is_all = request.common_name.is_empty();
        extensions.push(extensions::write(
            17,
            is_all,
            &names::write(&request.dns, &request.ips)?,
        ));
    }
    let extensions: Vec<&[u8]> = extensions.iter().map(|extension| extension.as_slice()).collect();
    Ok(der::sequence(&extensions))
}
