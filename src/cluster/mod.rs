//! What lockstep needs of Kubernetes, as one narrow trait with three bodies: [`kube`], a real API server;
//! [`kube::Glance`], one that is only looked at; and [`folder`], a folder of manifests.
//!
//! Reads of watched objects are answered from memory and never wait. Everything that can wait is async, has a
//! deadline, and fails with a [`Problem`] that is safe to show.

mod fence;
pub mod folder;
pub mod kube;
mod pushes;
mod resources;
mod reviews;
mod spreading;
mod states;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ExternalSecret, ExternalSecretStatus, Parsed, SecretStoreStatus};

use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, ResourceKey, StoreKey};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::push::Sighting;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::spread::ParentKey;
use crate::engine::target::Target;
use crate::engine::values::Values;

pub use crate::engine::object::DocumentKind;
pub use crate::engine::store::Store;

pub use self::fence::{Fence, Pass};
pub use self::pushes::PushSecrets;
pub use self::resources::Resources;
pub use self::reviews::{Access, Reviews};
pub use self::spreading::Spreading;
pub use self::states::GeneratorStates;
pub use self::webhook::WebhookObjects;

#[async_trait]
pub trait Cluster: Send + Sync + std::fmt::Debug {
    // --- from memory
    fn external_secret(&self, key: &ObjectKey) -> Option<Arc<ExternalSecret>>;
    fn store(&self, key: &StoreKey) -> Option<Arc<Store>>;
    fn namespace_labels(&self, namespace: &str) -> Option<Arc<BTreeMap<String, String>>>;
    /// A Secret that carries the managed label. Others are met by the write that finds them.
    fn target(&self, key: &ObjectKey) -> Option<Arc<Target>>;
    /// Managed Secrets of a namespace whose created-by label has this value.
    fn targets_created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)>;

    // --- single objects of kinds that are not watched
    fn can_follow(&self, object: &ObjectRef) -> bool;
    /// From now on [`Change::Followed`] tells of this object: what it is now, and whenever it changes.
    fn follow(&self, object: &ObjectRef);
    fn unfollow(&self, object: &ObjectRef);

    // --- reads
    /// A Secret or ConfigMap that a store or a template refers to.
    async fn document(&self, kind: DocumentKind, key: &ObjectKey) -> Result<Option<Document>, Problem>;
    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Parsed<GeneratorSpec>>, Problem>;
    /// A Secret as it is now, labelled or not, with its values.
    async fn read_target(&self, key: &ObjectKey) -> Result<Option<(Target, Values)>, Problem>;
    /// What is annotated on a ServiceAccount: in which cloud role it is, for one.
    async fn service_account_annotations(
        &self,
        account: &ObjectKey,
    ) -> Result<Option<BTreeMap<String, String>>, Problem>;
    /// A token for a ServiceAccount, made for these audiences.
    async fn service_account_token(
        &self,
        account: &ObjectKey,
        audiences: &[String],
        lifetime: Duration,
    ) -> Result<SecretBytes, Problem>;

    // --- writes
    /// Carries out a write; what is then there. A create meets `Conflict` when something is there already.
    async fn write_secret(&self, write: &SecretWrite) -> Result<Target, Problem>;
    /// Deletes exactly the Secret that was looked at; another one under its name is left alone.
    async fn delete_secret(&self, key: &ObjectKey, uid: &str) -> Result<(), Problem>;
    async fn write_external_secret_status(
        &self,
        object: &ExternalSecret,
        status: &ExternalSecretStatus,
    ) -> Result<(), Problem>;
    async fn write_store_status(&self, store: &Store, status: &SecretStoreStatus) -> Result<(), Problem>;
    async fn remove_finalizer(&self, object: &ExternalSecret, finalizer: &str) -> Result<(), Problem>;
    /// Targets that are no Secrets, where there can be any.
    fn resources(&self) -> Option<&dyn Resources>;
    /// What generators made elsewhere, where that is kept.
    fn generator_states(&self) -> Option<&dyn GeneratorStates> {
        None
    }
    /// What is pushed, where anything is.
    fn pushes(&self) -> Option<&dyn PushSecrets> {
        None
    }
    /// Objects that are kept in many namespaces, where there are several.
    fn spreading(&self) -> Option<&dyn Spreading> {
        None
    }
    /// Queues an event. Never waits; under load events are dropped and counted.
    fn publish(&self, event: Event);
}

/// A Secret or ConfigMap that somebody else wrote.
#[derive(Clone, Debug)]
pub struct Document {
    /// Changes whenever the document does.
    pub version: String,
    pub labels: BTreeMap<String, String>,
    pub values: Values,
}

/// An event about one of our objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub about: ObjectRef,
    pub uid: String,
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
}

/// Something in the cluster moved; the controllers decide whom that wakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    ExternalSecret(ObjectKey, Move),
    PushSecret(ObjectKey, Move),
    /// A ClusterExternalSecret or ClusterPushSecret.
    Parent(ParentKey, Move),
    Store(StoreKey, Move),
    /// A Secret that may be pushed, as it is now.
    Source {
        key: ObjectKey,
        sighting: Sighting,
        labels: BTreeMap<String, String>,
    },
    /// A managed Secret came, changed or went.
    Target(ObjectKey),
    /// A managed object of another kind did.
    Resource(ResourceKey),
    /// A namespace came, went or is going, or changed its labels.
    Namespace(String),
    /// A GeneratorState came, changed or went. It is no news to whom it belongs: it says what that one has done itself.
    GeneratorState(ObjectKey),
    /// An object that somebody follows is at this version; `None`: there is none.
    Followed {
        object: ObjectRef,
        version: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It is new, or something other than its status changed.
    Edited,
    /// Only what others hang on turned: of a store its Ready condition or its labels, of a PushSecret the stores that
    /// it has pushed to.
    Turned,
    Gone,
}
