//! Who may do what, as the cluster sees it.

use async_trait::async_trait;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

#[async_trait]
pub trait Reviews: Send + Sync + std::fmt::Debug {
    /// Whether the user of this token may get this path.
    async fn may_get(&self, token: &SecretBytes, path: &str) -> Result<Access, Problem>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Granted,
    /// The user is known, and may not.
    Denied,
    /// The token is nobody's.
    Stranger,
}
