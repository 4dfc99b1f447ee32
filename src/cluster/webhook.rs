//! What the webhook needs of Kubernetes: a place for its certificates, and the ear of the API server.

use async_trait::async_trait;

use crate::engine::problem::Problem;
use crate::engine::values::Values;

#[async_trait]
pub trait WebhookObjects: Send + Sync + std::fmt::Debug {
    /// The one Secret that certificates are kept in.
    async fn read(&self) -> Result<Found, Problem>;
    /// Writes over what was found; `Conflict` when somebody else did.
    async fn write(&self, values: &Values, over: &Found) -> Result<(), Problem>;
    /// Tells the API server to trust these authorities (PEM) when it connects to us.
    async fn announce(&self, authorities: &[u8]) -> Result<(), Problem>;
}

/// The Secret as it was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub values: Values,
    /// `None`: there was none.
    pub version: Option<String>,
}
