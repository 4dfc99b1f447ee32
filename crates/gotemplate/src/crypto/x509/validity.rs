//! How long a certificate is valid, whatever else is to be said against it.

use super::time;
use crate::crypto::der::{Reader, tag};
use crate::fault::Outcome;

/// From when and until when, in seconds since 1970. Nothing behind it is read.
pub(crate) fn validity(der: &[u8]) -> Outcome<(i64, i64)> {
    let mut fields = Reader::new(der).sequence()?.sequence()?;
    fields.optional(tag::explicit(0))?; // the version
    fields.integer()?; // the serial number
    fields.sequence()?; // the algorithm of the signature
    fields.any()?; // the issuer
    let mut validity = fields.sequence()?;
    Ok((time::read(validity.any()?)?, time::read(validity.any()?)?))
}
