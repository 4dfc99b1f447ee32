//! When a certificate ends, whatever else is to be said against it.

use super::time;
use crate::crypto::der::{Reader, tag};
use crate::fault::Outcome;

/// In seconds since 1970. Nothing behind it is read.
pub(crate) fn end(der: &[u8]) -> Outcome<i64> {
    let mut fields = Reader::new(der).sequence()?.sequence()?;
    fields.optional(tag::explicit(0))?; // the version
    fields.integer()?; // the serial number
    fields.sequence()?; // the algorithm of the signature
    fields.any()?; // the issuer
    let mut validity = fields.sequence()?;
    validity.any()?;
    time::read(validity.any()?)
}
