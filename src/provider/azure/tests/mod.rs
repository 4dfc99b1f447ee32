//! Against a small Azure in this process, over TLS.

mod faults;
mod finds;
mod logins;
mod pushes;
mod reads;
mod registries;

use std::sync::Arc;

use lockstep_testkit::Azure;
use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::provider::certificates;
use crate::provider::references::StoreScope;
use crate::provider::testing::{
    self, TestCluster, at, in_namespace, metadata, shown, surroundings, told, version,
};

const CLIENT: &str = "client";
/// A part of everything that is to be seen nowhere.
const CANARY: &str = "canary-4f1c";

struct Scene {
    azure: Azure,
    cluster: Arc<TestCluster>,
    scope: StoreScope,
    environment: Environment,
}

impl Scene {
    /// Somebody who may log in with the secret that is in the cluster.
    async fn new() -> Self {
        let azure = Azure::start().await.expect("Azure");
        azure.register_secret(CLIENT, CANARY);
        let cluster = Arc::<TestCluster>::default();
        let credentials = [
            ("id", "client\n"),
            ("secret", "canary-4f1c\n"),
            ("wrong", "canary-4f1c-no"),
        ];
        cluster.put(DocumentKind::Secret, "own", "creds", &credentials);
        let trusted = certificates::parse(azure.authority().as_bytes()).expect("a certificate");
        let environment = Environment {
            authority: Some(azure.url()),
            metadata: Some(azure.metadata_url()),
            trusted: Some(trusted),
            ..Environment::default()
        };
        Self {
            azure,
            cluster,
            scope: in_namespace("own"),
            environment,
        }
    }

    /// A connection as that somebody, unless the spec says otherwise.
    async fn connect(&self, extra: Value) -> Result<Arc<dyn Backend>, Problem> {
        let mut spec = json!({
            "vaultUrl": self.azure.url(), "tenantId": Azure::TENANT, "authSecretRef": with_secret("secret"),
        });
        let extra = extra.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().expect("an object").extend(extra);
        let spec: AzureKvProvider = serde_json::from_value(spec).expect("sound");
        let surroundings = surroundings(self.cluster.clone(), self.scope.clone());
        connect_from(&spec, &surroundings, &self.environment).await
    }

    async fn vault(&self) -> Arc<dyn Backend> {
        self.connect(json!({})).await.expect("a connection")
    }

    /// Why there is no connection.
    async fn refusal(&self, extra: Value) -> String {
        told(&self.connect(extra).await.expect_err("refused"))
    }
}

fn with_secret(key: &str) -> Value {
    json!({"clientId": {"name": "creds", "key": "id"}, "clientSecret": {"name": "creds", "key": key}})
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
