//! Against a small Vault on loopback.

mod auth;
mod aws;
mod faults;
mod gcp;
mod kv;
mod openbao;
mod push;
pub(crate) mod server;
mod session;

use std::sync::Arc;
use std::time::Duration;

use lockstep_api::provider::VaultProvider;
use serde_json::{Value, json};

use super::Session;
use crate::cluster::DocumentKind;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::provider::testing::{TestCluster, in_namespace, surroundings};
use server::{CANARY, Server};

const FIELD: &str = "spec.provider.vault";

/// A cluster with a Secret `creds` that has one key of each kind.
fn cluster() -> Arc<TestCluster> {
    let cluster = Arc::<TestCluster>::default();
    let secret = format!("{CANARY}-secret");
    let values = [
        ("id", "role-id"),
        ("secret", &secret),
        ("token", "given"),
        ("jwt", " jwt\n"),
    ];
    cluster.put(DocumentKind::Secret, "own", "creds", &values);
    cluster
}

/// Annotates the ServiceAccount `reader`.
fn annotate(cluster: &TestCluster, annotations: &[(&str, &str)]) {
    let annotations = annotations.iter();
    let annotations = annotations.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let reader = ObjectKey::new("own", "reader");
    let mut accounts = cluster.accounts.lock().expect("unpoisoned");
    accounts.insert(reader, annotations.collect());
}

fn spec(server: &Server, extra: Value) -> VaultProvider {
    let mut body = json!({"server": server.url, "path": "kv"});
    if let (Value::Object(body), Value::Object(extra)) = (&mut body, extra) {
        body.extend(extra);
    }
    serde_json::from_value(body).expect("a provider")
}

/// By AppRole, with what the server lets in.
fn app_role(server: &Server) -> Value {
    let body = json!({"role_id": "role-id", "secret_id": format!("{CANARY}-secret")});
    server
        .state()
        .logins
        .insert("auth/approle/login".to_owned(), body);
    json!({"appRole": {"roleId": " role-id ", "secretRef": {"name": "creds", "key": "secret"}}})
}

fn token(server: &Server) -> Value {
    server.state().tokens.insert("given".to_owned());
    json!({"tokenSecretRef": {"name": "creds", "key": "token"}})
}

async fn session(spec: &VaultProvider) -> Result<Session, Problem> {
    let surroundings = surroundings(cluster(), in_namespace("own"));
    Session::open(spec, &surroundings, FIELD).await
}

/// Lets time pass that nothing happens in.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}
