//! What lockstep needs of Kubernetes for objects that are kept in many namespaces.

use std::sync::Arc;

use async_trait::async_trait;

use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::spread::{Child, ChildWrite, Namespace, Parent, ParentKey, Sort, Status};

#[async_trait]
pub trait Spreading: Send + Sync {
    // --- from memory
    fn parent(&self, key: &ParentKey) -> Option<Arc<Parent>>;
    fn parents(&self) -> Vec<Arc<Parent>>;
    fn namespace(&self, name: &str) -> Option<Arc<Namespace>>;
    fn namespaces(&self) -> Vec<(String, Arc<Namespace>)>;
    /// Whatever has this name, whosever child it is.
    fn child(&self, sort: Sort, key: &ObjectKey) -> Option<Child>;
    /// Those that the parent with this uid controls, under whichever names.
    fn children_of(&self, sort: Sort, parent_uid: &str) -> Vec<Child>;

    // --- requests
    async fn read_child(&self, sort: Sort, key: &ObjectKey) -> Result<Option<Child>, Problem>;
    /// Carries out a write; what is then there. A create meets `Conflict` when something is there already, and when
    /// its namespace is going.
    async fn write_child(&self, write: &ChildWrite) -> Result<Child, Problem>;
    /// Deletes exactly the one that was looked at; another one under its name is left alone.
    async fn delete_child(&self, sort: Sort, key: &ObjectKey, uid: &str) -> Result<(), Problem>;
    async fn write_status(&self, parent: &Parent, status: &Status) -> Result<(), Problem>;
    async fn remove_finalizer(&self, parent: &Parent, finalizer: &str) -> Result<(), Problem>;
    /// Takes ESO's finalizers off a namespace.
    async fn release_namespace(&self, name: &str) -> Result<(), Problem>;
}
