//! Ciphers, keys, certificates and the files they come in.

pub(crate) mod cbc;
