//! Real servers on loopback, for tests: a Kubernetes control plane, and backends.
//!
//! [`ControlPlane::shared`] gives every test of a binary the same etcd, kube-apiserver and
//! kube-controller-manager, about three seconds after the first test asks; [`ControlPlane::namespace`] gives each
//! test a namespace of its own. [`Program`] runs lockstep (or any other program) against it;
//! [`Proxy`] stands between the two where requests are to fail.
//!
//! [`Vault`], [`Moto`] (which emulates AWS), [`Postgres`] and [`Slapd`] are the backends, shared in the same way;
//! [`Vault::name`] gives each test names of its own. What has no server to be had, as [`Azure`] or [`Doppler`], is a fake in
//! the test's own process. [`Faults`] stands before any of those that speak HTTP, where requests are to fail or to be
//! counted, and [`Tls`] where a certificate is to be wrong.
//!
//! # Guarantees
//!
//! - Every server listens on 127.0.0.1 only, on a port that was free a moment ago.
//! - Keys, tokens, certificates and passwords are made for each run; none is in the repository.
//! - A server is ended by its own pid when its handle is dropped, so also when a test panics. Where `setpriv` is
//!   there (util-linux), the kernel ends it too when the test process itself is killed; elsewhere a test process
//!   that is killed with SIGKILL leaves its servers behind.
//! - Nothing sleeps for a fixed time: what takes time is asked for with [`eventually`].
//!
//! Tests that use this crate are marked `#[ignore = "needs the test bed"]`, so that a plain `cargo test` needs
//! nothing but Rust; `cargo xtask test` builds the servers and runs them. A test that needs a program which the
//! system brings has that program's name in its own, or in its module's: `postgres`, `slapd`, `moto`. So those can be
//! left out where the program is missing.

mod audit;
mod azure;
mod beyondtrust;
mod binaries;
mod certificates;
mod cloudsmith;
mod control_plane;
mod crds;
mod credentials;
mod door;
mod doppler;
mod error;
mod fake;
mod faults;
mod flags;
mod github;
mod github_actions;
mod gitlab;
mod gitlab_variables;
mod google;
mod grafana;
mod infisical;
mod keeper;
mod moto;
mod onepassword;
mod postgres;
mod program;
mod proxy;
mod python;
mod quay;
mod rest;
mod server;
mod shared;
mod shelf;
mod slapd;
mod tls;
mod traffic;
mod vault;
mod wait;

pub use audit::{Request, requests};
pub use azure::Azure;
pub use beyondtrust::{Beyondtrust, BeyondtrustWorld, Lease};
pub use binaries::{BIN_DIR, VENV_DIR, find as find_binary, workspace_root};
pub use certificates::{Authority, Issued, Purpose, RsaIdentity};
pub use cloudsmith::{Cloudsmith, CloudsmithWorld};
pub use control_plane::{ControlPlane, Options};
pub use credentials::User;
pub use door::{Answer, Asked, Fate};
pub use doppler::Doppler;
pub use error::Error;
pub use faults::Faults;
pub use github::{Github, GithubWorld};
pub use github_actions::GithubActions;
pub use gitlab::{DeployToken, Gitlab, GitlabWorld};
pub use gitlab_variables::GitlabVariables;
pub use google::Google;
pub use grafana::{AccountToken, Grafana, GrafanaWorld};
pub use infisical::Infisical;
pub use moto::{Moto, moto_server};
pub use onepassword::OnePassword;
pub use postgres::{Postgres, programs as postgres_programs};
pub use program::{Memory, Program, Running, Stopped, http_get};
pub use proxy::Proxy;
pub use python::{
    azure_clients, doppler_client, google_clients, infisical_client, opentelemetry, small_clients,
    token_clients,
};
pub use quay::{Quay, QuayWorld};
pub use shelf::Shelf;
pub use slapd::{Slapd, programs as slapd_programs};
pub use tls::Tls;
pub use traffic::Traffic;
pub use vault::Vault;
pub use wait::{eventually, free_port};
