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
use crate::engine::ask::Aspect;
use crate::provider::references::StoreScope;
use crate::provider::testing::{TestCluster, in_namespace, surroundings};

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

fn at(key: &str) -> Location {
    Location {
        key: key.to_owned(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}

/// What an entry of `data` gets.
async fn value(backend: &Arc<dyn Backend>, key: &str, property: &str) -> Result<String, String> {
    let payload = backend.read(&[at(key)]).await.remove(0);
    let payload = payload.map_err(|problem| told(&problem))?;
    let value = backend.select(&payload, Some(property));
    let value = value.map_err(|problem| told(&problem))?;
    Ok(text(&value.expect("there, or an error")))
}

fn shown(values: &Values) -> Vec<String> {
    let pairs = values
        .iter()
        .map(|(name, value)| format!("{name}={}", text(value)));
    pairs.collect()
}

fn text(value: &SecretBytes) -> String {
    String::from_utf8_lossy(value.expose()).into_owned()
}

/// What is shown to users; nothing of it is to stay hidden.
fn told(problem: &Problem) -> String {
    let all = format!("{problem} {problem:?}");
    assert!(!all.contains("canary") && !all.contains("token-"), "{all}");
    problem.to_string()
}
