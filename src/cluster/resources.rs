//! What lockstep needs of Kubernetes for targets that are no Secrets.

use std::sync::Arc;

use async_trait::async_trait;

use crate::engine::object::{ObjectKey, ResourceKey, ResourceKind};
use crate::engine::plan::ResourceWrite;
use crate::engine::problem::Problem;
use crate::engine::render::Object;
use crate::engine::target::Target;

#[async_trait]
pub trait Resources: Send + Sync {
    /// From now on managed objects of this kind are answered from memory, and [`super::Change::Resource`] tells of them.
    async fn watch(&self, kind: &ResourceKind) -> Result<(), Problem>;

    // --- from memory
    /// An object that carries the managed label. Others are met by the write that finds them.
    fn target(&self, key: &ResourceKey) -> Option<Arc<Target>>;
    /// Managed objects of a namespace whose created-by label has this value.
    fn targets_created_by(
        &self,
        kind: &ResourceKind,
        namespace: &str,
        owner: &str,
    ) -> Vec<(ObjectKey, Arc<Target>)>;

    // --- requests
    /// An object as it is now, labelled or not, with its content.
    async fn read(&self, key: &ResourceKey) -> Result<Option<(Target, Object)>, Problem>;
    /// Carries out a write; what is then there. A create meets `Conflict` when something is there already.
    async fn write(&self, write: &ResourceWrite) -> Result<Target, Problem>;
    /// Deletes exactly the object that was looked at; another one under its name is left alone.
    async fn delete(&self, key: &ResourceKey, uid: &str) -> Result<(), Problem>;
}
