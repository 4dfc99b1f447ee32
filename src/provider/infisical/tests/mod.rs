//! Against a small Infisical in this process.

mod clouds;
mod faults;
mod finds;
mod logins;
mod reads;

use std::sync::Arc;

use lockstep_testkit::Infisical as Fake;
use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::provider::references::StoreScope;
use crate::provider::testing::{self, TestCluster, at, in_namespace, lines, surroundings, told};

/// A part of everything that is to be seen nowhere.
const CANARY: &str = "canary-9e02";

struct Scene {
    infisical: Fake,
    cluster: Arc<TestCluster>,
    scope: StoreScope,
    environment: Environment,
}

impl Scene {
    /// Some secrets, and an identity with a client secret.
    async fn new() -> Self {
        let infisical = Fake::start().await.expect("Infisical");
        for (folder, name, value) in [
            ("/", "API_KEY", CANARY),
            ("/", "JSON", r#"{"a": "x", "n": 1.0, "o": {"b":  2}, "z": null}"#),
            ("/sub", "API_KEY", "of sub"),
            ("/sub/deep", "DEEP", "d"),
            ("/shared", "SHARED", "s"),
            ("/shared", "API_KEY", "of shared"),
        ] {
            infisical.put(["app", "prd", folder, name], value);
        }
        infisical.import(["app", "prd", "/", "/shared"]);
        infisical.admit("universal-auth", &[("clientId", "id"), ("clientSecret", CANARY)]);
        let cluster = Arc::<TestCluster>::default();
        let credentials = [
            ("id", "id\n"),
            ("secret", "canary-9e02\n"),
            ("wrong", "canary-9e02-no"),
            ("token", "canary-9e02-token"),
            ("bytes", "x"),
        ];
        cluster.put(DocumentKind::Secret, "own", "creds", &credentials);
        Self {
            infisical,
            cluster,
            scope: in_namespace("own"),
            environment: Environment::default(),
        }
    }

    /// A connection with the client secret, unless the spec says otherwise.
    async fn connect(&self, extra: Value) -> Result<Arc<dyn Backend>, Problem> {
        let mut spec = json!({
            "auth": universal("secret"), "hostAPI": self.infisical.url(),
            "secretsScope": {"projectSlug": "app", "environmentSlug": "prd"},
        });
        let extra = extra.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().expect("an object").extend(extra);
        let spec: InfisicalProvider = serde_json::from_value(spec).expect("sound");
        let surroundings = surroundings(self.cluster.clone(), self.scope.clone());
        connect_from(&spec, &surroundings, &self.environment).await
    }

    async fn backend(&self, extra: Value) -> Arc<dyn Backend> {
        self.connect(extra).await.expect("a connection")
    }

    async fn store(&self) -> Arc<dyn Backend> {
        self.backend(json!({})).await
    }

    /// Why there is no connection.
    async fn refusal(&self, extra: Value) -> String {
        told(&self.connect(extra).await.expect_err("refused"))
    }
}

fn key(key: &str) -> Value {
    json!({"name": "creds", "key": key})
}

fn universal(secret: &str) -> Value {
    json!({"universalAuthCredentials": {"clientId": key("id"), "clientSecret": key(secret)}})
}

fn scope(extra: &Value) -> Value {
    let mut scope = json!({"projectSlug": "app", "environmentSlug": "prd"});
    let extra = extra.as_object().cloned().unwrap_or_default();
    scope.as_object_mut().expect("an object").extend(extra);
    json!({ "secretsScope": scope })
}

/// What an entry of `data` gets.
async fn value(backend: &Arc<dyn Backend>, key: &str, property: &str) -> Result<String, String> {
    testing::value(&**backend, at(key), property).await
}
