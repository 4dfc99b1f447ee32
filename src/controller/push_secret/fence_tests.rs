//! Who is not sure to lead neither pushes nor deletes, not even what it was about to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use lockstep_api::push_secret::{PushSecret, PushSecretStatus};
use serde_json::{Value, json};

use super::*;
use crate::cluster::{Fence, Pass, Store};
use crate::controller::testing::context;
use crate::engine::ask::{PushSource, Remote};
use crate::engine::object::{ObjectRef, StoreKey};
use crate::engine::push::Source;
use crate::provider::testing::{TestCluster, store};

const KEYS: [&str; 3] = ["a", "b", "c"];

/// One PushSecret, and a fence that shuts after so many writes.
struct Pushing {
    fence: Fence,
    writes_left: AtomicUsize,
    object: Mutex<Arc<PushSecret>>,
    store: Arc<Store>,
}

impl Pushing {
    fn new(store: Arc<Store>) -> Arc<Self> {
        Arc::new(Self {
            fence: Fence::shut(),
            writes_left: AtomicUsize::default(),
            object: Mutex::new(Arc::new(serde_json::from_value(object()).expect("sound"))),
            store,
        })
    }

    fn object(&self) -> MutexGuard<'_, Arc<PushSecret>> {
        self.object.lock().expect("no test panics here")
    }

    fn lead_for(&self, writes: usize) {
        self.writes_left.store(writes, SeqCst);
        self.fence.open_until(Instant::now() + Duration::from_hours(1));
    }
}

fn object() -> Value {
    let data = KEYS.map(|key| json!({"match": {"secretKey": key, "remoteRef": {"remoteKey": key}}}));
    json!({
        "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret",
        "metadata": {
            "name": "p", "namespace": "team", "uid": "uid", "generation": 1,
            "finalizers": ["pushsecret.externalsecrets.io/finalizer"],
        },
        "spec": {
            "secretStoreRefs": [{"name": "s"}], "selector": {"secret": {"name": "app"}},
            "deletionPolicy": "Delete", "data": data,
        },
    })
}

#[async_trait]
impl PushSecrets for Pushing {
    fn push_secret(&self, _: &ObjectKey) -> Option<Arc<PushSecret>> {
        Some(self.object().clone())
    }

    fn push_secrets(&self, _: Option<&str>) -> Vec<Arc<PushSecret>> {
        vec![self.object().clone()]
    }

    fn stores(&self, _: Option<&str>) -> Vec<Arc<Store>> {
        vec![self.store.clone()]
    }

    fn leave(&self, key: &ObjectKey) -> Result<Pass, Problem> {
        let pass = self.fence.pass().ok_or_else(|| Problem::ApiUnavailable {
            object: ObjectRef::namespaced("PushSecret", key),
            why: "another replica may lead".to_owned(),
        })?;
        if self.writes_left.fetch_sub(1, SeqCst) == 1 {
            self.fence.close();
        }
        Ok(pass)
    }

    async fn source(&self, key: &ObjectKey) -> Result<Option<Source>, Problem> {
        Ok(Some(Source {
            name: key.name.clone(),
            version: 1,
            values: KEYS.map(|key| (key.to_owned(), "value".into())).into(),
            about: PushSource {
                namespace: key.namespace.clone(),
                secret_type: None,
                labels: BTreeMap::new(),
                annotations: BTreeMap::new(),
            },
        }))
    }

    async fn sources(&self, _: &str, _: &LabelSelector) -> Result<Vec<Source>, Problem> {
        Ok(Vec::new())
    }

    async fn write_status(&self, object: &PushSecret, status: &PushSecretStatus) -> Result<(), Problem> {
        let mut object = object.clone();
        object.status = Some(status.clone());
        *self.object() = Arc::new(object);
        Ok(())
    }

    async fn hold(&self, _: &PushSecret, _: bool) -> Result<(), Problem> {
        Ok(())
    }

    async fn hold_store(&self, _: &Store, _: bool) -> Result<(), Problem> {
        Ok(())
    }
}

struct Scene {
    context: Context,
    pushing: Arc<Pushing>,
    shared: Arc<Shared>,
}

impl Scene {
    /// Nobody leads yet.
    fn new() -> Self {
        let key = StoreKey::Namespaced(ObjectKey::new("team", "s"));
        let store = store(key, 1, &json!({"fake": {"data": []}}));
        let (cluster, pushing) = (Arc::<TestCluster>::default(), Pushing::new(store.clone()));
        cluster.stores.lock().expect("no test panics here").push(store);
        assert!(cluster.pushes.set(pushing.clone()).is_ok());
        Self {
            context: context(cluster),
            pushing,
            shared: Arc::default(),
        }
    }

    async fn turn(&self) -> Next {
        let key = ObjectKey::new("team", "p");
        Box::pin(reconcile(self.context.clone(), self.shared.clone(), key)).await
    }

    /// How many keys are at the backend.
    async fn there(&self) -> usize {
        let reader = self.context.pool.connection(&self.pushing.store, "team").await;
        let (reader, mut there) = (reader.expect("a connection"), 0);
        for key in KEYS {
            let remote = Remote {
                key: key.to_owned(),
                property: None,
                metadata: None,
            };
            there += usize::from(reader.exists(&remote).await.expect("an answer"));
        }
        there
    }

    /// Of how many the status says that they are.
    fn told(&self) -> usize {
        let object = self.pushing.object();
        let status = object.status.as_ref().expect("a status");
        status.synced_push_secrets.values().map(BTreeMap::len).sum()
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lead_pushes_nothing() {
    let scene = Scene::new();
    assert_eq!(scene.turn().await, Next::Backoff);
    assert_eq!((scene.there().await, scene.told()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_shuts_in_the_middle_of_a_push_ends_it_there() {
    let scene = Scene::new();
    scene.pushing.lead_for(1);
    assert_eq!(scene.turn().await, Next::Backoff);
    assert_eq!((scene.there().await, scene.told()), (1, 1));
    // Whoever leads next has the rest to do.
    scene.pushing.lead_for(9);
    scene.turn().await;
    assert_eq!((scene.there().await, scene.told()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lead_deletes_nothing_and_forgets_nothing() {
    let scene = Scene::new();
    scene.pushing.lead_for(4);
    scene.turn().await;
    assert_eq!(scene.told(), 3);
    let mut going = PushSecret::clone(&scene.pushing.object());
    let when = serde_json::from_value(json!("1970-01-01T00:00:00Z")).expect("a time");
    going.metadata.deletion_timestamp = Some(when);
    *scene.pushing.object() = Arc::new(going);
    // One may be deleted, and then it is shut.
    assert_eq!(scene.turn().await, Next::Backoff);
    assert_eq!(scene.told(), 2, "what was not deleted is not forgotten");
}
