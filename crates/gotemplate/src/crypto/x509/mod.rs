//! X.509 certificates.

pub(crate) mod chain;
mod constraints;
mod create;
mod extensions;
mod name;
mod names;
mod read;
mod subject;
mod time;
mod validity;

pub(crate) use create::{Request, issue};
pub(crate) use read::Certificate;
pub(crate) use validity::validity;
