//! X.509 certificates.

pub(crate) mod chain;
mod constraints;
mod create;
mod end;
mod extensions;
mod name;
mod names;
mod read;
mod subject;
mod time;

pub(crate) use create::{Request, issue};
pub(crate) use end::end;
pub(crate) use read::Certificate;
