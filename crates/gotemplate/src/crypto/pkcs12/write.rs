//! Writes PKCS#12 files as Go's library does under the name of "modern": the certificates encrypted in one part, the
//! key encrypted by itself in another.

use sha1::{Digest as _, Sha1};

use super::password::ucs2;
use super::{Password, cipher, mac, oid};
use crate::crypto::der::{self, Der, tag};
use crate::crypto::key::PrivateKey;
use crate::crypto::x509::Certificate;
use crate::env::Env;
use crate::fault::Outcome;

/// A key, its certificate, and those that vouch for it.
pub(crate) fn encode(
    env: &mut Env,
    key: &PrivateKey,
    certificate: &Certificate,
    authorities: &[Certificate],
    password: &[u8],
) -> Outcome<Vec<u8>> {
    let password = Password::new(password)?;
    let id = attribute(oid::LOCAL_KEY_ID, &der::octets(&Sha1::digest(&certificate.raw)));
    let key = key_bag(env, key, &id, &password)?;
    let certificates: Vec<Der> = std::iter::once(certificate_bag(certificate, vec![id]))
        .chain(
            authorities
                .iter()
                .map(|authority| certificate_bag(authority, vec![])),
        )
        .collect();
    let certificates = encrypted(env, &certificates, &password)?;
    let key = content_info(oid::DATA, &der::octets(&der::sequence(&[&key])));
    file(env, &[&certificates, &key], &password)
}

/// Certificates that Java is to trust, under the names of their subjects.
pub(crate) fn encode_trust_store(
    env: &mut Env,
    certificates: &[Certificate],
    password: &[u8],
) -> Outcome<Vec<u8>> {
    let password = Password::new(password)?;
    let mut bags = vec![];
    for certificate in certificates {
        let name: Vec<[u8; 2]> = certificate
            .subject_text()?
            .chars()
            .map(ucs2)
            .collect::<Outcome<_>>()?;
        let attributes = vec![
            attribute(oid::TRUSTED_KEY_USAGE, &der::oid(oid::ANY_EXTENDED_KEY_USAGE)),
            attribute(
                oid::FRIENDLY_NAME,
                &der::element(tag::BMP_STRING, &[name.as_flattened()]),
            ),
        ];
        bags.push(certificate_bag(certificate, attributes));
    }
    let part = encrypted(env, &bags, &password)?;
    file(env, &[&part], &password)
}

fn file(env: &mut Env, parts: &[&[u8]], password: &Password) -> Outcome<Vec<u8>> {
    let safe = der::sequence(parts);
    let mac = mac::write(env, &safe, password)?;
    let info = content_info(oid::DATA, &der::octets(&safe));
    Ok(der::sequence(&[&der::unsigned(&[3]), &info, &mac]).to_vec())
}

fn key_bag(env: &mut Env, key: &PrivateKey, id: &[u8], password: &Password) -> Outcome<Der> {
    let (algorithm, text) = cipher::encrypt(env, &key.to_pkcs8_der(), password)?;
    let value = der::sequence(&[&algorithm, &der::octets(&text)]);
    Ok(bag(oid::SHROUDED_KEY_BAG, &value, &[id]))
}

/// Whoever has no attributes has an empty set of them.
fn certificate_bag(certificate: &Certificate, mut attributes: Vec<Der>) -> Der {
    attributes.sort_by(|one, other| one.as_slice().cmp(other)); // as DER has it for a set
    let attributes: Vec<&[u8]> = attributes.iter().map(|attribute| attribute.as_slice()).collect();
    let value = der::sequence(&[
        &der::oid(oid::X509_CERTIFICATE),
        &der::element(tag::explicit(0), &[&der::octets(&certificate.raw)]),
    ]);
    bag(oid::CERTIFICATE_BAG, &value, &attributes)
}

fn bag(kind: &[u8], value: &[u8], attributes: &[&[u8]]) -> Der {
    der::sequence(&[
        &der::oid(kind),
        &der::element(tag::explicit(0), &[value]),
        &der::element(tag::SET, attributes),
    ])
}

fn attribute(kind: &[u8], value: &[u8]) -> Der {
    der::sequence(&[&der::oid(kind), &der::element(tag::SET, &[value])])
}

fn encrypted(env: &mut Env, bags: &[Der], password: &Password) -> Outcome<Der> {
    let bags: Vec<&[u8]> = bags.iter().map(|bag| bag.as_slice()).collect();
    let (algorithm, text) = cipher::encrypt(env, &der::sequence(&bags), password)?;
    let info = der::sequence(&[
        &der::oid(oid::DATA),
        &algorithm,
        &der::element(tag::implicit(0), &[&text]),
    ]);
    let data = der::sequence(&[&der::unsigned(&[0]), &info]);
    Ok(content_info(oid::ENCRYPTED_DATA, &data))
}

fn content_info(kind: &[u8], content: &[u8]) -> Der {
    der::sequence(&[&der::oid(kind), &der::element(tag::explicit(0), &[content])])
}

#[cfg(test)]
mod tests;
