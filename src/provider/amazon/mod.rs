//! Who we are to AWS, for whatever backend shows it to somebody else. It is no backend by itself, and needs no SDK.

mod environment;
mod sts;

pub(crate) use environment::Environment;
pub(super) use sts::{Sts, WHO_AM_I};
