//! PKCS#12, the format of `.p12` and `.pfx` files: a key with its certificates, or certificates to trust.
//!
//! Reads what Go's `go-pkcs12` reads, and writes what it writes, to the byte but for salts.

pub(crate) use read::decode;
pub(crate) use write::{encode, encode_trust_store};

use password::Password;

use super::der::{Element, Reader, malformed, tag};
use super::key::PrivateKey;
use super::x509::Certificate;
use crate::fault::Outcome;

mod cipher;
mod derive;
mod mac;
mod oid;
mod password;
mod read;
mod write;

pub(crate) struct Identity {
    pub(crate) key: PrivateKey,
    /// In the order of the file. Never empty.
    pub(crate) certificates: Vec<Certificate>,
}

/// `AlgorithmIdentifier`
#[derive(Clone, Copy)]
struct Algorithm<'a> {
    oid: &'a [u8],
    parameters: Option<Element<'a>>,
}

impl<'a> Algorithm<'a> {
    fn read(fields: &mut Reader<'a>) -> Outcome<Self> {
        let mut fields = fields.sequence()?;
        Ok(Self {
            oid: fields.oid()?,
            parameters: if fields.is_empty() {
                None
            } else {
                Some(fields.any()?)
            },
        })
    }

    /// The parameters, which have to be a sequence.
    fn sequence(self) -> Outcome<Reader<'a>> {
        match self.parameters {
            Some(Element {
                tag: tag::SEQUENCE,
                content,
                ..
            }) => Ok(Reader::new(content)),
            _ => Err(malformed()),
        }
    }
}
