//! What Go's standard library does in its own way, and what has to come out the same here.

pub mod float;
pub mod integer;
pub mod json;
pub mod quote;
pub mod regexp;
pub mod unicode;
