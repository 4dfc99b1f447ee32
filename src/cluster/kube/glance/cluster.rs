//! What was looked at, as the operator would find it in its memory; and the reads that are no more than reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ExternalSecret, ExternalSecretStatus, Parsed, SecretStoreStatus};

use super::super::{documents, generators};
use super::{Glance, is_made_by, refused};
use crate::cluster::{Cluster, Document, DocumentKind, Event, PushSecrets, Resources, Store};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::Target;
use crate::engine::values::Values;

#[async_trait]
impl Cluster for Glance {
    fn external_secret(&self, key: &ObjectKey) -> Option<Arc<ExternalSecret>> {
        self.seen().external_secrets.get(key).cloned()
    }

    fn store(&self, key: &StoreKey) -> Option<Arc<Store>> {
        self.seen().stores.get(key).cloned()
    }

    fn namespace_labels(&self, namespace: &str) -> Option<Arc<BTreeMap<String, String>>> {
        self.seen().namespaces.get(namespace).cloned()
    }

    /// As the operator's watch would have it.
    fn target(&self, key: &ObjectKey) -> Option<Arc<Target>> {
        let target = self.seen().targets.get(key).cloned();
        target.filter(|target| target.is_managed())
    }

    fn targets_created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        let seen = self.seen();
        let targets = seen.targets.iter();
        let meant = targets.filter(|(key, target)| key.namespace == namespace && is_made_by(target, owner));
        meant.map(|(key, target)| (key.clone(), target.clone())).collect()
    }

    fn can_follow(&self, _: &ObjectRef) -> bool {
        false
    }

    fn follow(&self, _: &ObjectRef) {}

    fn unfollow(&self, _: &ObjectRef) {}

    async fn document(&self, kind: DocumentKind, key: &ObjectKey) -> Result<Option<Document>, Problem> {
        match self.given.documents.get(&(kind, key.clone())) {
            Some(placed) => Ok(Some(placed.object.clone())),
            None => documents::read(&self.requests, kind, key).await,
        }
    }

    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Parsed<GeneratorSpec>>, Problem> {
        match self.given.generators.get(key) {
            Some(placed) => Ok(Some(placed.object.clone())),
            None => generators::read(&self.requests, key).await,
        }
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

    /// Leaves nothing behind in the cluster, though it is asked for by a POST.
    async fn service_account_token(
        &self,
        account: &ObjectKey,
        audiences: &[String],
        lifetime: Duration,
    ) -> Result<SecretBytes, Problem> {
        documents::service_account_token(&self.requests, account, audiences, lifetime).await
    }

    async fn write_secret(&self, _: &SecretWrite) -> Result<Target, Problem> {
        Err(refused())
    }

    async fn delete_secret(&self, _: &ObjectKey, _: &str) -> Result<(), Problem> {
        Err(refused())
    }

    async fn write_external_secret_status(
        &self,
        _: &ExternalSecret,
        _: &ExternalSecretStatus,
    ) -> Result<(), Problem> {
        Err(refused())
    }

    async fn write_store_status(&self, _: &Store, _: &SecretStoreStatus) -> Result<(), Problem> {
        Err(refused())
    }

    async fn remove_finalizer(&self, _: &ExternalSecret, _: &str) -> Result<(), Problem> {
        Err(refused())
    }

    fn resources(&self) -> Option<&dyn Resources> {
        Some(self)
    }

    fn pushes(&self) -> Option<&dyn PushSecrets> {
        Some(self)
    }

    fn publish(&self, _: Event) {}
}
