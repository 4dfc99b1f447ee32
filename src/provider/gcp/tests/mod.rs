//! Against a small Google Cloud in this process, over TLS.

mod faults;
mod finds;
mod logins;
mod pushes;
mod reads;
mod registries;

use std::sync::Arc;

use lockstep_testkit::Google;
use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::provider::certificates;
use crate::provider::references::StoreScope;
use crate::provider::testing::{
    self, TestCluster, at, in_namespace, metadata, shown, surroundings, told, version,
};

const EMAIL: &str = "reader@p.iam.gserviceaccount.com";
/// Part of everything that must be seen nowhere.
const CANARY: &str = "canary-4f1c";

struct Scene {
    google: Google,
    cluster: Arc<TestCluster>,
    scope: StoreScope,
    environment: Environment,
}

impl Scene {
    /// Somebody who may log in with the key that is in the cluster.
    async fn new() -> Self {
        let google = Google::start().await.expect("Google");
        let key = google.add_account(EMAIL).expect("an account").to_string();
        let cluster = Arc::<TestCluster>::default();
        cluster.put(DocumentKind::Secret, "own", "creds", &[("key", &key)]);
        let trusted = certificates::parse(google.authority().as_bytes()).expect("a certificate");
        let environment = Environment {
            everything_at: Some(google.url()),
            metadata_host: Some(google.metadata_host()),
            trusted: Some(trusted),
            ..Environment::default()
        };
        Self {
            google,
            cluster,
            scope: in_namespace("own"),
            environment,
        }
    }

    /// A connection as that somebody, unless the spec says otherwise.
    async fn connect(&self, extra: Value) -> Result<Arc<dyn Backend>, Problem> {
        let mut spec = json!({"projectID": Google::PROJECT, "auth": by_key("key")});
        let extra = extra.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().expect("an object").extend(extra);
        let spec: GcpsmProvider = serde_json::from_value(spec).expect("sound");
        let surroundings = surroundings(self.cluster.clone(), self.scope.clone());
        connect_from(&spec, &surroundings, &self.environment).await
    }

    async fn manager(&self) -> Arc<dyn Backend> {
        self.connect(json!({})).await.expect("a connection")
    }

    /// Why there is no connection.
    async fn refusal(&self, extra: Value) -> String {
        told(&self.connect(extra).await.expect_err("refused"))
    }
}

fn by_key(key: &str) -> Value {
    json!({"secretRef": {"secretAccessKeySecretRef": {"name": "creds", "key": key}}})
}

/// What an entry of `data` gets.
async fn value(backend: &Arc<dyn Backend>, location: Location, property: &str) -> Result<String, String> {
    testing::value(&**backend, location, property).await
}

/// What `extract` gets.
async fn values(
    backend: &Arc<dyn Backend>,
    location: Location,
    property: &str,
) -> Result<Vec<(String, String)>, String> {
    testing::values(&**backend, location, property).await
}

async fn one(backend: &Arc<dyn Backend>, location: Location) -> Result<Payload, String> {
    let payload = testing::payload(&**backend, location, "").await;
    payload.map_err(|problem| told(&problem))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}
