//! lockstep keeps Kubernetes Secrets in step with the stores they come from.
//!
//! One engine, three faces: [`operator`] in a cluster, [`agent`] on a folder of manifests, [`cli`] for people.
//! `ARCHITECTURE.md` says where everything is and what must never happen.

pub mod agent;
mod aside;
pub mod audit;
pub mod certificates;
pub mod cli;
pub mod cluster;
pub mod controller;
pub mod courier;
mod ears;
pub mod engine;
pub mod generator;
pub mod operator;
mod outlets;
pub mod process;
pub mod provider;
pub mod queue;
pub mod random;
pub mod server;
pub mod telemetry;
pub mod traces;
pub mod webhook;
