//! What Go's standard library does in its own way, and what has to come out the same here.

pub mod base32;
pub mod base64;
pub mod duration;
pub mod float;
pub mod hex;
pub mod integer;
pub mod json;
pub mod quote;
pub mod regexp;
pub mod unicode;
pub mod unquote;
pub mod yaml;

/// Keeps the example in the README right.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
