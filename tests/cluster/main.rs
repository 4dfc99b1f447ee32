//! What only a real API server can tell. Run by `cargo xtask test`, which builds one first.

mod cel;
mod kubernetes_provider;
mod operator;
