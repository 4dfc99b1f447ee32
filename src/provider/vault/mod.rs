//! `provider.vault`: the KV engine of HashiCorp Vault, and of what speaks its API.

mod answer;
mod call;
mod life;
mod login;
mod session;
mod states;
mod wire;

pub(crate) use answer::Envelope;
pub(crate) use call::{Call, Verb};
pub(crate) use session::{Identity, Lent, OwnToken, Session};

#[cfg(test)]
pub(crate) mod tests;
