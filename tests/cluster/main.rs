//! What only a real API server can tell. Run by `cargo xtask test`, which builds one first.

mod backends;
mod bad_input;
mod bench;
mod canary;
mod cel;
mod crash;
mod diff;
mod drift;
mod eso;
mod fallback;
mod faults;
mod gitops;
mod guard;
mod handover;
mod kinds;
mod kubernetes_provider;
mod leases;
mod lender;
mod mishaps;
mod operator;
mod readers;
mod resources;
mod series;
mod takeover;
mod vault;
mod wakes;
