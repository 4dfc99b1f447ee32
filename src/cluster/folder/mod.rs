//! A folder of manifests: what `kubectl apply` would be given, without a cluster to apply it to.
//!
//! - Stores, generators, ExternalSecrets, ClusterExternalSecrets, Namespaces and the Secrets and `ConfigMap`s that they refer to are read from
//!   files.
//! - Targets live in memory, and each change of one is handed to a [`Sink`] before it counts.
//! - Statuses live in memory and are forgotten at the end.
//! - A file that can no longer be understood leaves everything as it was, and what a Kubernetes garbage collector
//!   would remove is removed only while every file is understood.

mod complaint;
mod data;
mod fields;
mod follow;
mod manifests;
mod object;
mod scan;
mod shared;
mod spread;
mod state;
mod targets;
mod text;
mod told;
mod values;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ConditionStatus, ExternalSecret, ExternalSecretStatus, Parsed, SecretStoreStatus};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::shared::Shared;
use super::{Change, Cluster, Document, DocumentKind, Event, Move, Resources, Store};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::Target;
use crate::engine::values::Values;

pub use self::complaint::{Complaint, Place};
pub use self::manifests::{Input, Manifests, Placed, Reading};
pub use self::values::read as read_values;

/// The namespace of objects that name none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// Where targets go. It blocks.
pub trait Sink: Send + Sync + std::fmt::Debug {
    /// Makes what is there these values, and no others. Whether it was anything else.
    fn write(&self, content: &Content) -> Result<bool, Problem>;
    /// That there is nothing is no error.
    fn remove(&self, key: &ObjectKey) -> Result<(), Problem>;
    /// What an earlier run wrote and nobody removed.
    fn remnants(&self) -> Vec<Remnant>;
}

/// All of a target.
#[derive(Debug)]
pub struct Content<'a> {
    pub key: &'a ObjectKey,
    /// The ExternalSecret of the same namespace that the target goes with.
    pub owner: Option<&'a str>,
    pub values: &'a Values,
}

/// A target that an earlier run wrote. Its values are not read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remnant {
    pub key: ObjectKey,
    pub owner: Option<String>,
    pub keys: Vec<String>,
}

/// Clones share everything.
#[derive(Clone, Debug)]
pub struct FolderCluster(Arc<Shared>);

impl FolderCluster {
    /// Reads the folder. What cannot be understood becomes a complaint; only a folder that cannot be read is an error.
    /// Files below `except`, our own outputs, are never manifests.
    pub async fn open(
        folder: &Path,
        except: &Path,
        sink: Arc<dyn Sink>,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<Change>)> {
        let (shared, changes) = Shared::new(folder, except, sink);
        let shared = Arc::new(shared);
        let scan = shared.scan().await?;
        shared.take(scan).await;
        Ok((Self(shared), changes))
    }

    /// Takes in what changes in the folder, and keeps the outputs as they were written, until told to stop.
    pub async fn follow(self, stop: CancellationToken) {
        let both = async { tokio::join!(follow::follow(&self.0), follow::heal(&self.0)) };
        tokio::select! {
            _ = both => {}
            () = stop.cancelled() => {}
        }
    }

    /// Every ExternalSecret, in the order of their names.
    pub fn external_secrets(&self) -> Vec<(ObjectKey, Arc<ExternalSecret>)> {
        self.0.state().external_secrets()
    }

    /// How many of them nothing was said about yet, as they are now.
    pub fn undecided(&self) -> usize {
        self.0.state().undecided()
    }

    /// What was last wrong with an object that is not well.
    pub fn cause(&self, object: &ObjectRef) -> Option<String> {
        self.0.told().cause(object)
    }

    /// How many keys a target has at the sink.
    pub fn keys_written(&self, key: &ObjectKey) -> Option<usize> {
        self.0.state().keys_written(key)
    }

    /// What is wrong with the manifests, as they are now.
    pub fn complaints(&self) -> Vec<Complaint> {
        self.0.state().complaints().to_vec()
    }

    /// Sees a change whenever a status was written or the manifests changed.
    pub fn moved(&self) -> watch::Receiver<()> {
        self.0.moved()
    }
}

#[async_trait]
impl Cluster for FolderCluster {
    fn external_secret(&self, key: &ObjectKey) -> Option<Arc<ExternalSecret>> {
        self.0.state().external_secret(key)
    }

    fn store(&self, key: &StoreKey) -> Option<Arc<Store>> {
        self.0.state().store(key)
    }

    fn namespace_labels(&self, namespace: &str) -> Option<Arc<BTreeMap<String, String>>> {
        Some(Arc::new(self.0.state().namespace_labels(namespace)))
    }

    fn target(&self, key: &ObjectKey) -> Option<Arc<Target>> {
        self.0.state().managed_target(key)
    }

    fn targets_created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        self.0.state().targets_created_by(namespace, owner)
    }

    fn can_follow(&self, object: &ObjectRef) -> bool {
        matches!(object.kind.as_ref(), "Secret" | "ConfigMap")
    }

    /// Every document that anybody has asked for is followed anyway.
    fn follow(&self, _: &ObjectRef) {}

    fn unfollow(&self, _: &ObjectRef) {}

    async fn document(&self, kind: DocumentKind, key: &ObjectKey) -> Result<Option<Document>, Problem> {
        if kind == DocumentKind::Secret {
            self.0.until_written(key).await;
        }
        Ok(self.0.state().document(kind, key))
    }

    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Parsed<GeneratorSpec>>, Problem> {
        Ok(self.0.state().generator(key))
    }

    async fn read_target(&self, key: &ObjectKey) -> Result<Option<(Target, Values)>, Problem> {
        self.0.until_written(key).await;
        Ok(self.0.state().target_and_values(key))
    }

    async fn service_account_annotations(
        &self,
        account: &ObjectKey,
    ) -> Result<Option<BTreeMap<String, String>>, Problem> {
        let what = format!("ServiceAccount {account}, which only a cluster can have,");
        Err(Problem::NotSupported { what })
    }

    async fn service_account_token(
        &self,
        account: &ObjectKey,
        _: &[String],
        _: Duration,
    ) -> Result<SecretBytes, Problem> {
        let what = format!("a token of ServiceAccount {account}, which only a cluster can make,");
        Err(Problem::NotSupported { what })
    }

    async fn write_secret(&self, write: &SecretWrite) -> Result<Target, Problem> {
        let write = write.clone();
        self.0.exclusively(move |shared| shared.write(&write)).await
    }

    async fn delete_secret(&self, key: &ObjectKey, uid: &str) -> Result<(), Problem> {
        let (target, uid) = (key.clone(), uid.to_owned());
        let delete = move |shared: &Shared| {
            let is_meant = shared.state().has_target(&target, &uid);
            if is_meant { shared.remove(&target) } else { Ok(()) }
        };
        self.0.exclusively(delete).await
    }

    async fn write_external_secret_status(
        &self,
        object: &ExternalSecret,
        status: &ExternalSecretStatus,
    ) -> Result<(), Problem> {
        self.0.state().set_external_secret_status(object, status);
        if state::readiness(&status.conditions) == Some(ConditionStatus::True) {
            self.0.told().recovered(&state::reference(object));
        }
        self.0.tell(Vec::new());
        Ok(())
    }

    async fn write_store_status(&self, store: &Store, status: &SecretStoreStatus) -> Result<(), Problem> {
        let has_turned = self.0.state().set_store_status(store, status);
        if state::readiness(&status.conditions) == Some(ConditionStatus::True) {
            self.0.told().recovered(&ObjectRef::from(&store.key));
        }
        let change = has_turned.then(|| Change::Store(store.key.clone(), Move::Turned));
        self.0.tell(change.into_iter().collect());
        Ok(())
    }

    /// Manifests have no finalizers: what is deleted is gone.
    async fn remove_finalizer(&self, _: &ExternalSecret, _: &str) -> Result<(), Problem> {
        Ok(())
    }

    /// Outputs hold values by name, and nothing else.
    fn resources(&self) -> Option<&dyn Resources> {
        None
    }

    fn publish(&self, event: Event) {
        self.0.told().event(event);
    }
}

#[cfg(test)]
mod tests;
