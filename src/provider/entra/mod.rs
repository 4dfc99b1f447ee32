//! Who we are to Microsoft Entra, for whatever backend has to know. It is no backend by itself.

mod environment;
mod managed;
mod token;

pub(crate) use environment::Environment;
pub(crate) use managed::Choice;
pub(super) use managed::Managed;
pub(super) use token::granted;
