//! A real API server.
//!
//! One watch a kind feeds a [`mirror`] of what decisions need; reads of watched objects never leave the process.
//! Writes carry ESO's field manager and the version that was looked at, so that neither a stale view nor a second
//! writer can overwrite what it has not seen. The client's own retries are off: retrying belongs to the queue.

mod discovery;
mod documents;
mod errors;
mod events;
mod followed;
mod generators;
mod glance;
mod mirror;
mod packed;
mod pushes;
mod reduce;
mod requests;
mod resources;
mod reviews;
mod sinks;
mod spread_sinks;
mod spreading;
mod states;
mod status;
mod watch;
pub mod webhook;
mod writes;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ExternalSecret, ExternalSecretStatus, Parsed, PushSecret, SecretStoreStatus};
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::mirror::Mirror;
use self::packed::Packed;
use self::requests::Requests;
use super::{
    Change, Cluster, Document, DocumentKind, Event, Fence, GeneratorStates, PushSecrets, Resources,
    Spreading, Store,
};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::spread::{Namespace, Parent, Sort};
use crate::engine::state::State;
use crate::engine::target::{Digest, Target};
use crate::engine::values::Values;

pub use self::events::OnDropped;
pub use self::glance::Glance;
pub use self::reviews::KubeReviews;

/// What is watched, and when anything is written.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only this namespace, all when absent.
    pub namespace: Option<String>,
    pub cluster_stores: bool,
    /// What is kept in many namespaces.
    pub spreads: Vec<Sort>,
    /// Where there are states, generators that need one can work.
    pub generator_states: bool,
    /// Whether anything is pushed.
    pub push_secrets: bool,
    /// The namespace that lockstep itself is in.
    pub home: String,
    /// When anything may be written.
    pub fence: Fence,
}

pub struct KubeCluster {
    requests: Requests,
    events: events::Publisher,
    followed: followed::Followed,
    kinds: resources::Kinds,
    /// For what goes on in the background.
    own: Weak<Self>,
    external_secrets: Mirror<ObjectKey, Packed<ExternalSecret>>,
    stores: Mirror<ObjectKey, Store>,
    cluster_stores: Mirror<String, Store>,
    targets: Mirror<ObjectKey, Packed<Target>>,
    push_secrets: Mirror<ObjectKey, Packed<PushSecret>>,
    cluster_external_secrets: Mirror<String, Parent>,
    cluster_push_secrets: Mirror<String, Parent>,
    namespaces: Mirror<String, Namespace>,
    spreads: bool,
    states: Mirror<ObjectKey, State>,
    keeps_states: bool,
    sources: pushes::Sources,
    pushes: bool,
    /// Where what is lockstep's own is kept.
    home: String,
    seal: OnceCell<SecretBytes>,
    changes: mpsc::UnboundedSender<Change>,
}

impl KubeCluster {
    /// Starts the watches, and returns once all of them have seen everything that is there.
    pub async fn start(
        client: Client,
        scope: &Scope,
        on_dropped_event: OnDropped,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Change>) {
        #[expect(
            clippy::disallowed_methods,
            reason = "holds keys only, and its reader never waits for anything"
        )]
        let (changes, receiver) = mpsc::unbounded_channel();
        let kinds = resources::Kinds::new(scope.namespace.clone(), changes.clone(), tasks, stop);
        let sources = pushes::Sources::new(client.clone(), scope, changes.clone(), tasks, stop);
        let cluster = Arc::new_cyclic(|own| Self {
            events: events::Publisher::start(client.clone(), on_dropped_event, tasks, stop),
            followed: followed::Followed::new(client.clone(), changes.clone(), tasks, stop),
            requests: Requests::behind(scope.fence.clone(), client),
            kinds,
            own: own.clone(),
            external_secrets: Mirror::tagged(Packed::tag),
            stores: Mirror::default(),
            cluster_stores: Mirror::default(),
            targets: Mirror::tagged(Packed::tag),
            push_secrets: Mirror::tagged(Packed::tag),
            cluster_external_secrets: Mirror::default(),
            cluster_push_secrets: Mirror::default(),
            namespaces: Mirror::default(),
            spreads: !scope.spreads.is_empty(),
            states: Mirror::tagged(|state| state.owner.as_deref().map(Digest::of_text)),
            keeps_states: scope.generator_states,
            sources,
            pushes: scope.push_secrets,
            home: scope.namespace.clone().unwrap_or_else(|| scope.home.clone()),
            seal: OnceCell::new(),
            changes: changes.clone(),
        });
        watch::start(&cluster, scope, &changes, tasks, stop).await;
        (cluster, receiver)
    }
}

#[async_trait]
impl Cluster for KubeCluster {
    fn external_secret(&self, key: &ObjectKey) -> Option<Arc<ExternalSecret>> {
        Some(self.external_secrets.get(key)?.unpack())
    }

    fn store(&self, key: &StoreKey) -> Option<Arc<Store>> {
        match key {
            StoreKey::Namespaced(key) => self.stores.get(key),
            StoreKey::Cluster(name) => self.cluster_stores.get(name),
        }
    }

    fn namespace_labels(&self, namespace: &str) -> Option<Arc<BTreeMap<String, String>>> {
        Some(Arc::new(self.namespaces.get(namespace)?.labels.clone()))
    }

    fn target(&self, key: &ObjectKey) -> Option<Arc<Target>> {
        Some(self.targets.get(key)?.unpack())
    }

    fn targets_created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        self.targets.created_by(namespace, owner)
    }

    fn can_follow(&self, object: &ObjectRef) -> bool {
        followed::resource(object).is_some()
    }

    fn follow(&self, object: &ObjectRef) {
        self.followed.follow(object);
    }

    fn unfollow(&self, object: &ObjectRef) {
        self.followed.unfollow(object);
    }

    async fn document(&self, kind: DocumentKind, key: &ObjectKey) -> Result<Option<Document>, Problem> {
        documents::read(&self.requests, kind, key).await
    }

    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Parsed<GeneratorSpec>>, Problem> {
        generators::read(&self.requests, key).await
    }

    async fn read_target(&self, key: &ObjectKey) -> Result<Option<(Target, Values)>, Problem> {
        documents::read_target(&self.requests, key).await
    }

    async fn service_account_annotations(
        &self,
        account: &ObjectKey,
    ) -> Result<Option<BTreeMap<String, String>>, Problem> {
        documents::service_account_annotations(&self.requests, account).await
    }

    async fn service_account_token(
        &self,
        account: &ObjectKey,
        audiences: &[String],
        lifetime: Duration,
    ) -> Result<SecretBytes, Problem> {
        documents::service_account_token(&self.requests, account, audiences, lifetime).await
    }

    async fn write_secret(&self, write: &SecretWrite) -> Result<Target, Problem> {
        writes::write(self, write).await
    }

    async fn delete_secret(&self, key: &ObjectKey, uid: &str) -> Result<(), Problem> {
        let api: Api<Secret> = Api::namespaced(self.requests.client.clone(), &key.namespace);
        writes::delete(self, &api, &ObjectRef::namespaced("Secret", key), uid).await
    }

    async fn write_external_secret_status(
        &self,
        object: &ExternalSecret,
        status: &ExternalSecretStatus,
    ) -> Result<(), Problem> {
        status::of_external_secret(self, object, status).await
    }

    async fn write_store_status(&self, store: &Store, status: &SecretStoreStatus) -> Result<(), Problem> {
        status::of_store(self, store, status).await
    }

    async fn remove_finalizer(&self, object: &ExternalSecret, finalizer: &str) -> Result<(), Problem> {
        status::remove_finalizer(self, object, finalizer).await
    }

    fn resources(&self) -> Option<&dyn Resources> {
        Some(self)
    }

    fn generator_states(&self) -> Option<&dyn GeneratorStates> {
        self.keeps_states.then_some(self as &dyn GeneratorStates)
    }

    fn pushes(&self) -> Option<&dyn PushSecrets> {
        self.pushes.then_some(self as &dyn PushSecrets)
    }

    fn spreading(&self) -> Option<&dyn Spreading> {
        self.spreads.then_some(self as &dyn Spreading)
    }

    fn publish(&self, event: Event) {
        self.events.publish(event);
    }
}

impl std::fmt::Debug for KubeCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeCluster").finish_non_exhaustive()
    }
}
