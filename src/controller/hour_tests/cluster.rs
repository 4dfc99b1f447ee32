//! A cluster in memory: a folder of manifests for what people write, and GeneratorStates that live, stay and go as an API
//! server has it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ExternalSecret, ExternalSecretStatus, Parsed, SecretStoreStatus};
use tempfile::TempDir;

use super::clock;
use crate::cluster::folder::{Content, FolderCluster, Remnant, Sink};
use crate::cluster::{Cluster, Document, DocumentKind, Event, GeneratorStates, Resources};
use crate::engine::generator::GeneratorKey;
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state::{Amendment, NewState, State};
use crate::engine::store::Store;
use crate::engine::target::Target;
use crate::engine::values::Values;

#[derive(Debug)]
pub struct Small {
    _folder: TempDir,
    people: FolderCluster,
    /// The ExternalSecret was deleted.
    is_deleted: AtomicBool,
    notes: Mutex<Vec<State>>,
    made: AtomicUsize,
    changed: Mutex<Vec<ObjectKey>>,
}

/// Targets are read from the cluster.
#[derive(Debug)]
struct Nowhere;

impl Sink for Nowhere {
    fn write(&self, _: &Content) -> Result<bool, Problem> {
        Ok(true)
    }

    fn remove(&self, _: &ObjectKey) -> Result<(), Problem> {
        Ok(())
    }

    fn remnants(&self) -> Vec<Remnant> {
        Vec::new()
    }
}

impl Small {
    pub async fn of(manifests: &str) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("all.yaml"), manifests).expect("a file");
        let out = folder.path().join("out");
        let opened = FolderCluster::open(folder.path(), &out, Arc::new(Nowhere)).await;
        let (people, _) = opened.expect("manifests");
        assert_eq!(people.complaints(), []);
        Arc::new(Self {
            _folder: folder,
            people,
            is_deleted: AtomicBool::default(),
            notes: Mutex::default(),
            made: AtomicUsize::default(),
            changed: Mutex::default(),
        })
    }

    pub fn notes(&self) -> MutexGuard<'_, Vec<State>> {
        self.notes.lock().expect("no test panics here")
    }

    /// What a watch would have told since the last look.
    pub fn changed(&self) -> Vec<ObjectKey> {
        std::mem::take(&mut self.changed.lock().expect("no test panics here"))
    }

    /// Deletes the ExternalSecret, and what the garbage collector deletes with it.
    pub fn delete(&self, uid: &str) {
        self.is_deleted.store(true, SeqCst);
        for note in self.notes().iter_mut() {
            if note.owner.as_deref() == Some(uid) {
                note.terminating = Some(clock());
                self.tell(&note.key);
            }
        }
    }

    fn tell(&self, key: &ObjectKey) {
        self.changed
            .lock()
            .expect("no test panics here")
            .push(key.clone());
    }

    /// As an API server: what is deleted stays until its last finalizer goes, and what is told in a status is no news.
    fn change(&self, state: &State, change: impl FnOnce(&mut State)) {
        let mut notes = self.notes();
        let Some(note) = notes.iter_mut().find(|note| note.uid == state.uid) else {
            return;
        };
        let before = note.clone();
        change(note);
        if before.differs_in_more_than_its_complaint(note) {
            self.tell(&note.key);
        }
        notes.retain(|note| note.terminating.is_none() || !note.finalizers.is_empty());
    }
}

#[async_trait]
impl GeneratorStates for Small {
    fn state(&self, key: &ObjectKey) -> Option<Arc<State>> {
        let notes = self.notes();
        let found = notes.iter().find(|note| note.key == *key);
        found.cloned().map(Arc::new)
    }

    fn states_of(&self, owner_uid: &str) -> Vec<Arc<State>> {
        let notes = self.notes();
        let owned = notes
            .iter()
            .filter(|note| note.owner.as_deref() == Some(owner_uid));
        owned.cloned().map(Arc::new).collect()
    }

    async fn create(&self, new: &NewState) -> Result<State, Problem> {
        let number = self.made.fetch_add(1, SeqCst);
        let prefix = new.owner_kind.prefix(&new.owner.name);
        let state = State {
            key: ObjectKey::new(&new.owner.namespace, format!("{prefix}{number}")),
            uid: number.to_string(),
            entry: new.entry.clone(),
            owner: Some(new.owner_uid.clone()),
            created: clock(),
            terminating: None,
            finalizers: vec![labels::STATE_FINALIZER.to_owned()],
            deadline: new.deadline,
            resource: new.resource.clone(),
            content: new.content.clone(),
            complaint: None,
        };
        self.notes().push(state.clone());
        self.tell(&state.key);
        Ok(state)
    }

    async fn amend(&self, state: &State, amendment: &Amendment) -> Result<(), Problem> {
        self.change(state, |note| {
            note.deadline = amendment.deadline.or(note.deadline);
            if let Some(content) = &amendment.content {
                note.content = content.clone();
            }
        });
        Ok(())
    }

    async fn delete(&self, state: &State) -> Result<(), Problem> {
        self.change(state, |note| note.terminating = Some(clock()));
        Ok(())
    }

    async fn hold(&self, state: &State) -> Result<(), Problem> {
        self.change(state, |note| {
            note.finalizers.push(labels::STATE_FINALIZER.to_owned());
        });
        Ok(())
    }

    async fn complain(&self, state: &State, why: &str, _: Timestamp) -> Result<(), Problem> {
        self.change(state, |note| note.complaint = Some(why.to_owned()));
        Ok(())
    }

    async fn remove_finalizer(&self, state: &State) -> Result<(), Problem> {
        self.change(state, |note| note.finalizers.clear());
        Ok(())
    }

    async fn sealing_key(&self) -> Result<SecretBytes, Problem> {
        Ok(vec![7; 32].into())
    }
}

#[async_trait]
impl Cluster for Small {
    fn external_secret(&self, key: &ObjectKey) -> Option<Arc<ExternalSecret>> {
        let found = self.people.external_secret(key);
        found.filter(|_| !self.is_deleted.load(SeqCst))
    }

    fn store(&self, key: &StoreKey) -> Option<Arc<Store>> {
        self.people.store(key)
    }

    fn namespace_labels(&self, namespace: &str) -> Option<Arc<BTreeMap<String, String>>> {
        self.people.namespace_labels(namespace)
    }

    fn target(&self, key: &ObjectKey) -> Option<Arc<Target>> {
        self.people.target(key)
    }

    fn targets_created_by(&self, namespace: &str, owner: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        self.people.targets_created_by(namespace, owner)
    }

    fn can_follow(&self, object: &ObjectRef) -> bool {
        self.people.can_follow(object)
    }

    fn follow(&self, object: &ObjectRef) {
        Cluster::follow(&self.people, object);
    }

    fn unfollow(&self, object: &ObjectRef) {
        self.people.unfollow(object);
    }

    async fn document(&self, kind: DocumentKind, key: &ObjectKey) -> Result<Option<Document>, Problem> {
        self.people.document(kind, key).await
    }

    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Parsed<GeneratorSpec>>, Problem> {
        self.people.generator(key).await
    }

    async fn read_target(&self, key: &ObjectKey) -> Result<Option<(Target, Values)>, Problem> {
        self.people.read_target(key).await
    }

    async fn service_account_annotations(
        &self,
        account: &ObjectKey,
    ) -> Result<Option<BTreeMap<String, String>>, Problem> {
        self.people.service_account_annotations(account).await
    }

    async fn service_account_token(
        &self,
        account: &ObjectKey,
        audiences: &[String],
        lifetime: Duration,
    ) -> Result<SecretBytes, Problem> {
        self.people
            .service_account_token(account, audiences, lifetime)
            .await
    }

    async fn write_secret(&self, write: &SecretWrite) -> Result<Target, Problem> {
        self.people.write_secret(write).await
    }

    async fn delete_secret(&self, key: &ObjectKey, uid: &str) -> Result<(), Problem> {
        self.people.delete_secret(key, uid).await
    }

    async fn write_external_secret_status(
        &self,
        object: &ExternalSecret,
        status: &ExternalSecretStatus,
    ) -> Result<(), Problem> {
        self.people.write_external_secret_status(object, status).await
    }

    async fn write_store_status(&self, store: &Store, status: &SecretStoreStatus) -> Result<(), Problem> {
        self.people.write_store_status(store, status).await
    }

    async fn remove_finalizer(&self, object: &ExternalSecret, finalizer: &str) -> Result<(), Problem> {
        Cluster::remove_finalizer(&self.people, object, finalizer).await
    }

    fn resources(&self) -> Option<&dyn Resources> {
        None
    }

    fn generator_states(&self) -> Option<&dyn GeneratorStates> {
        Some(self)
    }

    fn publish(&self, event: Event) {
        self.people.publish(event);
    }
}
