//! Go's `text/template` with the functions of sprig and of External Secrets Operator, over byte strings.
//!
//! A template sees its data and nothing else: no network, no files, no environment. The clock and the random source
//! are handed in. Whatever a template does, it ends: its size, nesting, steps and output are bounded.

mod cache;
mod crypto;
mod data;
mod env;
mod error;
mod exec;
mod fault;
mod fmt;
mod functions;
mod lex;
mod limits;
mod message;
mod parse;
mod template;
mod time;
mod unicode;
mod url;
mod value;

pub use cache::Cache;
pub use data::Data;
pub use env::Random;
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use template::{MissingKey, Options, Template, World};

/// The names of all functions that templates can call, sorted.
///
/// ```
/// assert!(lockstep_gotemplate::functions().contains(&"index"));
/// ```
pub fn functions() -> Vec<&'static str> {
    functions::names()
}

/// When the first certificate of a PEM text ends, in seconds since 1970. `None` where there is none that can be read.
///
/// ```
/// assert_eq!(lockstep_gotemplate::certificate_end(b"no certificate"), None);
/// ```
pub fn certificate_end(pem: &[u8]) -> Option<i64> {
    let (block, _) = crypto::pem::decode(pem)?;
    (block.label == b"CERTIFICATE")
        .then(|| certificate_validity(&block.bytes))
        .flatten()
        .map(|(_, end)| end)
}

/// From when and until when a certificate (DER) is valid, in seconds since 1970. `None` where it cannot be read.
///
/// ```
/// assert_eq!(lockstep_gotemplate::certificate_validity(b"no certificate"), None);
/// ```
pub fn certificate_validity(der: &[u8]) -> Option<(i64, i64)> {
    crypto::x509::validity(der).ok()
}

/// The private key in the first block of a PEM text, as JSON (RFC 7517). `None` where there is none that is RSA's or on
/// a curve of NIST's.
///
/// ```
/// assert!(lockstep_gotemplate::private_jwk(b"no key").is_none());
/// ```
pub fn private_jwk(pem: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let key = crypto::key::PrivateKey::from_labelled_pem(pem).ok().flatten()?;
    crypto::out::private_jwk(&key).ok()
}

/// The first certificate, in DER, of what holds one in any way: DER, PEM, or PKCS#12 without a password.
///
/// ```
/// assert_eq!(lockstep_gotemplate::certificate(b"no certificate"), None);
/// ```
pub fn certificate(bytes: &[u8]) -> Option<Vec<u8>> {
    crypto::out::certificate(bytes)
}

/// The private key and the certificates of a PKCS#12 file without a password, as PEM. `None` where it is no such file.
///
/// ```
/// assert!(lockstep_gotemplate::identity(b"no file").is_none());
/// ```
pub fn identity(bytes: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    crypto::out::identity(bytes)
}

/// Keeps the example in the README right.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
