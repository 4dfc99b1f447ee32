//! A real Kubernetes control plane on loopback, for tests.
//!
//! [`ControlPlane::shared`] gives every test of a binary the same etcd, kube-apiserver and
//! kube-controller-manager, about three seconds after the first test asks; [`ControlPlane::namespace`] gives each
//! test a namespace of its own. [`Program`] runs lockstep (or any other program) against it;
//! [`Proxy`] stands between the two where requests are to fail.
//!
//! # Guarantees
//!
//! - Every server listens on 127.0.0.1 only, on a port that was free a moment ago.
//! - Keys and tokens are made for each run; none is in the repository.
//! - A server is ended by its own pid when its handle is dropped, so also when a test panics. Where `setpriv` is
//!   there (util-linux), the kernel ends it too when the test process itself is killed; elsewhere a test process
//!   that is killed with SIGKILL leaves its servers behind.
//! - Nothing sleeps for a fixed time: what takes time is asked for with [`eventually`].
//!
//! Tests that use this crate are marked `#[ignore = "needs the test bed"]`, so that a plain `cargo test` needs
//! nothing but Rust; `cargo xtask test` builds the servers and runs them.

mod audit;
mod binaries;
mod control_plane;
mod crds;
mod credentials;
mod error;
mod flags;
mod keeper;
mod program;
mod proxy;
mod server;
mod wait;

pub use audit::{Request, requests};
pub use binaries::{BIN_DIR, find as find_binary, workspace_root};
pub use control_plane::{ControlPlane, Options};
pub use credentials::User;
pub use error::Error;
pub use program::{Memory, Program, Running, Stopped, http_get};
pub use proxy::{Asked, Fate, Proxy};
pub use wait::{eventually, free_port};
