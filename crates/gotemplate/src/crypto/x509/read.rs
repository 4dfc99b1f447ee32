//! Reading a certificate. What Go refuses is refused, for a template that fails must go on failing; whether anybody
//! should trust the certificate is not asked.

use super::{extensions, name, time};
use crate::crypto::der::{self, Reader, tag};
use crate::crypto::key::PublicKey;
use crate::fault::{Fault, Outcome};

/// What is known of a certificate.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) raw: Vec<u8>,
    /// In DER.
    pub(crate) subject: Vec<u8>,
    /// Nothing for a kind that Go does not know, or that signs nothing of ours.
    pub(crate) key: Option<PublicKey>,
    pub(crate) extensions: Extensions,
}

#[derive(Clone, Default)]
pub(crate) struct Extensions {
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) names: Names,
}

/// Alternative names of the subject, in the order of the certificate, as text.
#[derive(Clone, Default)]
pub(crate) struct Names {
    pub(crate) dns: Vec<String>,
    pub(crate) ips: Vec<String>,
    pub(crate) emails: Vec<String>,
    pub(crate) uris: Vec<String>,
}

impl Certificate {
    pub(crate) fn from_der(der: &[u8]) -> Outcome<Self> {
        let mut outer = Reader::new(der);
        let mut fields = outer.sequence()?;
        if !outer.is_empty() {
            return Err(der::malformed());
        }
        let mut body = fields.sequence()?;
        let algorithm = fields.element(tag::SEQUENCE)?;
        let (subject, key, extensions) = read_body(&mut body, algorithm)?;
        fields.bit_string()?;
        Ok(Self {
            raw: der.to_vec(),
            subject: subject.to_vec(),
            key,
            extensions,
        })
    }
}

/// `algorithm` is that of the signature, which has to be told twice.
fn read_body<'a>(
    fields: &mut Reader<'a>,
    algorithm: &[u8],
) -> Outcome<(&'a [u8], Option<PublicKey>, Extensions)> {
    let version = read_version(fields)?;
    if fields.integer()?.first().is_some_and(|byte| *byte >= 0x80) {
        return Err(Fault::new("a certificate with a negative serial number"));
    }
    if fields.element(tag::SEQUENCE)? != algorithm {
        return Err(Fault::new("a certificate that names two signature algorithms"));
    }
    read_algorithm(Reader::new(algorithm))?;
    name::check(fields.any()?)?;
    let mut validity = fields.sequence()?;
    time::read(validity.any()?)?;
    time::read(validity.any()?)?;
    let subject = fields.any()?;
    name::check(subject)?;
    let key = read_key(fields.sequence()?)?;
    let extensions = if version == 2 {
        read_extensions(fields)?
    } else {
        Extensions::default()
    };
    Ok((subject.full, key, extensions))
}

/// 2 stands for the third.
fn read_version(fields: &mut Reader) -> Outcome<i64> {
    let Some(inner) = fields.optional(tag::explicit(0))? else {
        return Ok(0);
    };
    let mut inner = Reader::new(inner);
    match inner.small_integer()? {
        version @ 0..=2 if inner.is_empty() => Ok(version),
        _ => Err(Fault::new("a certificate of an unknown version")),
    }
}

/// The kind, and its parameters.
fn read_algorithm(mut fields: Reader<'_>) -> Outcome<(&[u8], Option<der::Element<'_>>)> {
    let kind = fields.oid()?;
    let parameters = if fields.is_empty() {
        None
    } else {
        Some(fields.any()?)
    };
    Ok((kind, parameters))
}

fn read_key(mut fields: Reader) -> Outcome<Option<PublicKey>> {
    let (kind, parameters) = read_algorithm(fields.sequence()?)?;
    let (bits, unused) = fields.bit_string()?;
    if unused != 0 {
        return Err(Fault::new("a public key of no whole bytes"));
    }
    PublicKey::from_bits(kind, parameters, bits)
}

fn read_extensions(fields: &mut Reader) -> Outcome<Extensions> {
    for unique_id in [tag::implicit(1), tag::implicit(2)] {
        fields.optional(unique_id)?;
    }
    match fields.optional(tag::explicit(3))? {
        Some(inner) => extensions::read(Reader::new(inner).sequence()?),
        None => Ok(Extensions::default()),
    }
}
