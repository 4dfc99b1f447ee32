//! A cluster for tests: documents and tokens, and nothing else; what is asked of backends, and their faults.

mod asked;
mod faults;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::generator::GeneratorSpec;
use lockstep_api::{ExternalSecret, ExternalSecretStatus, Parsed, SecretStoreSpec, SecretStoreStatus};
use serde_json::Value;

use super::{Calls, Keepsake, News, References, Rules, StoreScope, Surroundings};
use crate::cluster::{Cluster, Document, DocumentKind, Event, GeneratorStates, PushSecrets};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};
use crate::engine::plan::SecretWrite;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state::{Amendment, NewState, State};
use crate::engine::store::Store;
use crate::engine::target::Target;
use crate::engine::values::Values;

pub(crate) use asked::{at, lines, metadata, payload, shown, text, value, values, version};
pub(crate) use faults::{Fault, faults_of_http, told};

#[derive(Default)]
pub(crate) struct TestCluster {
    documents: Mutex<BTreeMap<(DocumentKind, ObjectKey), Document>>,
    versions: AtomicUsize,
    /// How many tokens were made; each is `token-N` in the order of their making.
    pub(crate) tokens: AtomicUsize,
    pub(crate) audiences: Mutex<Vec<String>>,
    /// Accounts that exist, with their annotations.
    pub(crate) accounts: Mutex<BTreeMap<ObjectKey, BTreeMap<String, String>>>,
    delay: Duration,
    states: Mutex<Vec<State>>,
    pub(crate) stores: Mutex<Vec<Arc<Store>>>,
    /// What pushes, if anything does.
    pub(crate) pushes: OnceLock<Arc<dyn PushSecrets>>,
}

impl std::fmt::Debug for TestCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TestCluster")
    }
}

impl TestCluster {
    /// One where everything takes this long.
    pub(crate) fn slow(delay: Duration) -> Arc<Self> {
        Arc::new(Self {
            delay,
            ..Self::default()
        })
    }

    pub(crate) fn put(&self, kind: DocumentKind, namespace: &str, name: &str, values: &[(&str, &str)]) {
        self.put_labelled(kind, namespace, name, values, &[]);
    }

    pub(crate) fn put_labelled(
        &self,
        kind: DocumentKind,
        namespace: &str,
        name: &str,
        values: &[(&str, &str)],
        labels: &[(&str, &str)],
    ) {
        let version = self.versions.fetch_add(1, SeqCst).to_string();
        let values = values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).into()))
            .collect();
        let document = Document {
            version,
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            values,
        };
        self.documents()
            .insert((kind, ObjectKey::new(namespace, name)), document);
    }

    pub(crate) fn remove(&self, kind: DocumentKind, namespace: &str, name: &str) {
        self.documents().remove(&(kind, ObjectKey::new(namespace, name)));
    }

    pub(crate) fn states(&self) -> std::sync::MutexGuard<'_, Vec<State>> {
        self.states.lock().expect("no test panics here")
    }

    fn documents(&self) -> std::sync::MutexGuard<'_, BTreeMap<(DocumentKind, ObjectKey), Document>> {
        self.documents.lock().expect("no test panics here")
    }
}

#[async_trait]
impl Cluster for TestCluster {
    fn can_follow(&self, _: &ObjectRef) -> bool {
        false
    }

    fn follow(&self, _: &ObjectRef) {}

    fn unfollow(&self, _: &ObjectRef) {}

    async fn document(&self, kind: DocumentKind, key: &ObjectKey) -> Result<Option<Document>, Problem> {
        tokio::time::sleep(self.delay).await;
        Ok(self.documents().get(&(kind, key.clone())).cloned())
    }

    async fn service_account_annotations(
        &self,
        account: &ObjectKey,
    ) -> Result<Option<BTreeMap<String, String>>, Problem> {
        let accounts = self.accounts.lock().expect("no test panics here");
        Ok(accounts.get(account).cloned())
    }

    async fn service_account_token(
        &self,
        account: &ObjectKey,
        audiences: &[String],
        _: Duration,
    ) -> Result<SecretBytes, Problem> {
        tokio::time::sleep(self.delay).await;
        audiences.clone_into(&mut self.audiences.lock().expect("no test panics here"));
        if account.name == "nobody" {
            let object = crate::engine::object::ObjectRef::namespaced("ServiceAccount", account);
            return Err(Problem::ReferenceMissing { object });
        }
        Ok(format!("token-{}", self.tokens.fetch_add(1, SeqCst)).into())
    }

    fn external_secret(&self, _: &ObjectKey) -> Option<Arc<ExternalSecret>> {
        None
    }

    fn store(&self, key: &StoreKey) -> Option<Arc<Store>> {
        let stores = self.stores.lock().expect("no test panics here");
        stores.iter().find(|store| store.key == *key).cloned()
    }

    fn pushes(&self) -> Option<&dyn PushSecrets> {
        self.pushes.get().map(|pushes| &**pushes)
    }

    fn namespace_labels(&self, _: &str) -> Option<Arc<BTreeMap<String, String>>> {
        None
    }

    fn target(&self, _: &ObjectKey) -> Option<Arc<Target>> {
        None
    }

    fn targets_created_by(&self, _: &str, _: &str) -> Vec<(ObjectKey, Arc<Target>)> {
        Vec::new()
    }

    async fn generator(&self, _: &GeneratorKey) -> Result<Option<Parsed<GeneratorSpec>>, Problem> {
        Ok(None)
    }

    async fn read_target(&self, _: &ObjectKey) -> Result<Option<(Target, Values)>, Problem> {
        Ok(None)
    }

    async fn write_secret(&self, _: &SecretWrite) -> Result<Target, Problem> {
        Err(not_here())
    }

    async fn delete_secret(&self, _: &ObjectKey, _: &str) -> Result<(), Problem> {
        Err(not_here())
    }

    async fn write_external_secret_status(
        &self,
        _: &ExternalSecret,
        _: &ExternalSecretStatus,
    ) -> Result<(), Problem> {
        Err(not_here())
    }

    async fn write_store_status(&self, _: &Store, _: &SecretStoreStatus) -> Result<(), Problem> {
        Err(not_here())
    }

    async fn remove_finalizer(&self, _: &ExternalSecret, _: &str) -> Result<(), Problem> {
        Err(not_here())
    }

    fn resources(&self) -> Option<&dyn crate::cluster::Resources> {
        None
    }

    fn generator_states(&self) -> Option<&dyn GeneratorStates> {
        Some(self)
    }

    fn publish(&self, _: Event) {}
}

/// What is deleted is gone at once.
#[async_trait]
impl GeneratorStates for TestCluster {
    fn state(&self, key: &ObjectKey) -> Option<Arc<State>> {
        let states = self.states();
        let found = states.iter().find(|state| state.key == *key);
        found.cloned().map(Arc::new)
    }

    fn states_of(&self, owner_uid: &str) -> Vec<Arc<State>> {
        let mut states = self.states().clone();
        states.retain(|state| state.owner.as_deref() == Some(owner_uid));
        states.into_iter().map(Arc::new).collect()
    }

    async fn create(&self, new: &NewState) -> Result<State, Problem> {
        let number = self.versions.fetch_add(1, SeqCst);
        let state = State {
            key: ObjectKey::new(&new.owner.namespace, format!("state-{number}")),
            uid: number.to_string(),
            entry: new.entry.clone(),
            owner: Some(new.owner_uid.clone()),
            created: jiff::Timestamp::UNIX_EPOCH,
            terminating: None,
            finalizers: vec![crate::engine::labels::STATE_FINALIZER.to_owned()],
            deadline: new.deadline,
            resource: new.resource.clone(),
            content: new.content.clone(),
            complaint: None,
        };
        self.states().push(state.clone());
        Ok(state)
    }

    async fn amend(&self, state: &State, amendment: &Amendment) -> Result<(), Problem> {
        for state in self.states().iter_mut().filter(|other| other.uid == state.uid) {
            state.deadline = amendment.deadline.or(state.deadline);
            if let Some(content) = &amendment.content {
                state.content = content.clone();
            }
        }
        Ok(())
    }

    async fn delete(&self, state: &State) -> Result<(), Problem> {
        self.states().retain(|other| other.uid != state.uid);
        Ok(())
    }

    async fn hold(&self, state: &State) -> Result<(), Problem> {
        for state in self.states().iter_mut().filter(|other| other.uid == state.uid) {
            state.finalizers = vec![crate::engine::labels::STATE_FINALIZER.to_owned()];
        }
        Ok(())
    }

    async fn remove_finalizer(&self, state: &State) -> Result<(), Problem> {
        // One that is being deleted goes with its last finalizer.
        self.states()
            .retain(|other| other.uid != state.uid || other.terminating.is_none());
        Ok(())
    }

    async fn complain(&self, state: &State, why: &str, _: jiff::Timestamp) -> Result<(), Problem> {
        for state in self.states().iter_mut().filter(|other| other.uid == state.uid) {
            state.complaint = Some(why.to_owned());
        }
        Ok(())
    }

    async fn sealing_key(&self) -> Result<SecretBytes, Problem> {
        Ok(vec![7; 32].into())
    }
}

fn not_here() -> Problem {
    Problem::NotSupported {
        what: "writing to the test cluster".to_owned(),
    }
}

pub(crate) fn surroundings(cluster: Arc<TestCluster>, scope: StoreScope) -> Surroundings {
    let references = References::new(cluster, scope);
    Surroundings {
        owner: ObjectRef::namespaced("SecretStore", &ObjectKey::new("own", "store")),
        references,
        calls: Calls::default(),
        keepsake: Arc::new(Keepsake::default()),
        news: News::default(),
        retry: None,
        rules: Rules::default(),
    }
}

pub(crate) fn in_namespace(namespace: &str) -> StoreScope {
    StoreScope::Namespaced {
        namespace: namespace.to_owned(),
    }
}

/// A store with this below `spec.provider`.
pub(crate) fn store(key: StoreKey, generation: i64, provider: &Value) -> Arc<Store> {
    let spec: Parsed<SecretStoreSpec> = Parsed::from_json(serde_json::json!({"provider": provider}));
    Arc::new(Store {
        key,
        uid: "uid".to_owned(),
        generation,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        terminating: false,
        is_held: false,
        spec,
        status: SecretStoreStatus::default(),
    })
}
