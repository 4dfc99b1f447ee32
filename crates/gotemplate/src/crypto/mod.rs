//! Keys and certificates: read as Go reads them, and written to the byte as Go writes them.
//!
//! What is secret is wiped. Nothing in here quotes its input when it fails.

pub(crate) mod cbc;
pub(crate) mod der;
#[expect(clippy::many_single_char_names, reason = "the standard calls them so")]
pub(crate) mod dsa;
pub(crate) mod ec;
#[expect(clippy::many_single_char_names, reason = "the standard calls them so")]
pub(crate) mod jwk;
pub(crate) mod key;
pub(crate) mod okp;
pub(crate) mod out;
pub(crate) mod pem;
pub(crate) mod pkcs12;
#[expect(clippy::many_single_char_names, reason = "the standard calls them so")]
pub(crate) mod rsa;
#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the standard calls them so")]
pub(crate) mod testing;
pub(crate) mod x509;
