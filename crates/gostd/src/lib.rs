//! What Go's standard library does in its own way, and what has to come out the same here.

pub mod base32;
pub mod base64;
pub mod hex;
pub mod json;
pub mod regexp;
pub mod yaml;
