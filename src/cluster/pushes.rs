//! What lockstep needs of Kubernetes to push Secrets.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use lockstep_api::push_secret::{PushSecret, PushSecretStatus};

use super::{Pass, Store};
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::push::Source;

#[async_trait]
pub trait PushSecrets: Send + Sync {
    // --- from memory
    fn push_secret(&self, key: &ObjectKey) -> Option<Arc<PushSecret>>;
    /// Those of a namespace, or of all.
    fn push_secrets(&self, namespace: Option<&str>) -> Vec<Arc<PushSecret>>;
    /// The stores of a namespace; without one, those that are everybody's.
    fn stores(&self, namespace: Option<&str>) -> Vec<Arc<Store>>;

    /// Leave to write at a backend. Whoever may not lead writes nothing there either.
    fn leave(&self, key: &ObjectKey) -> Result<Pass, Problem>;

    // --- requests
    /// A Secret as it is now.
    async fn source(&self, key: &ObjectKey) -> Result<Option<Source>, Problem>;
    /// The Secrets of a namespace with certain labels, in the order of their names.
    async fn sources(&self, namespace: &str, labels: &LabelSelector) -> Result<Vec<Source>, Problem>;
    async fn write_status(&self, object: &PushSecret, status: &PushSecretStatus) -> Result<(), Problem>;
    /// Puts the finalizer on that keeps it until what it pushed is deleted, or takes it away. One that was changed
    /// meanwhile is a conflict.
    async fn hold(&self, object: &PushSecret, is_held: bool) -> Result<(), Problem>;
    /// The same for a store that it needs for that.
    async fn hold_store(&self, store: &Store, is_held: bool) -> Result<(), Problem>;
}
