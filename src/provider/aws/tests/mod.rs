//! Against a small AWS in this process, over HTTP.

mod logins;
mod moto;
mod parameters;
mod pushes;
mod secrets;
mod server;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::references::StoreScope;
use crate::provider::testing::{TestCluster, in_namespace, surroundings};
use crate::provider::{Aspect, Find, Location, Payload};
use server::{Answer, Asked, Server};

const FAR: &str = "2200-01-01T00:00:00Z";

struct Scene {
    server: Server,
    cluster: Arc<TestCluster>,
    scope: StoreScope,
}

impl Scene {
    async fn new(answer: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static) -> Self {
        Self {
            server: Server::start(answer).await,
            cluster: keys(),
            scope: in_namespace("own"),
        }
    }

    /// A connection with a static key, unless the spec says otherwise.
    async fn connect(&self, service: &str, extra: Value) -> Result<Arc<dyn Backend>, Problem> {
        connect_at(&self.server.url, (&self.cluster, &self.scope), service, extra).await
    }

    async fn secrets(&self) -> Arc<dyn Backend> {
        self.connect("SecretsManager", json!({}))
            .await
            .expect("a connection")
    }

    async fn parameters(&self) -> Arc<dyn Backend> {
        self.connect("ParameterStore", json!({}))
            .await
            .expect("a connection")
    }
}

/// A cluster with a static key in it.
fn keys() -> Arc<TestCluster> {
    let cluster = Arc::<TestCluster>::default();
    let keys = [("id", "STATIC\n"), ("secret", "canary"), ("none", "")];
    cluster.put(DocumentKind::Secret, "own", "creds", &keys);
    cluster
}

/// A connection to the services at this address; `from` is where its credentials are.
async fn connect_at(
    url: &str,
    from: (&Arc<TestCluster>, &StoreScope),
    service: &str,
    extra: Value,
) -> Result<Arc<dyn Backend>, Problem> {
    let mut spec = json!({"service": service, "region": "eu-central-1", "auth": static_key()});
    let extra = extra.as_object().cloned().unwrap_or_default();
    spec.as_object_mut().expect("an object").extend(extra);
    let spec: AwsProvider = serde_json::from_value(spec).expect("sound");
    let url = || Some(url.to_owned());
    let endpoints = Endpoints {
        secrets_manager: url(),
        parameter_store: url(),
        sts: url(),
        ..Endpoints::default()
    };
    let surroundings = Surroundings {
        retry: serde_json::from_value(json!({"maxRetries": 1, "retryInterval": "1ms"})).ok(),
        ..surroundings(from.0.clone(), from.1.clone())
    };
    connect_to(&spec, &surroundings, endpoints).await
}

fn static_key() -> Value {
    json!({"secretRef": {
        "accessKeyIDSecretRef": {"name": "creds", "key": "id"},
        "secretAccessKeySecretRef": {"name": "creds", "key": "secret"},
    }})
}

fn at(key: &str) -> Location {
    version(key, None)
}

fn version(key: &str, version: Option<&str>) -> Location {
    Location {
        key: key.to_owned(),
        version: version.map(str::to_owned),
        aspect: Aspect::Value,
        property: None,
    }
}

fn metadata(key: &str) -> Location {
    Location {
        aspect: Aspect::Metadata,
        ..version(key, Some("3"))
    }
}

/// Values as text, problems as their messages.
async fn read(backend: &Arc<dyn Backend>, wanted: &[Location]) -> Vec<Result<String, String>> {
    let answers = backend.read(wanted).await;
    let shown = answers.into_iter().map(|answer| match answer {
        Ok(Payload::Bytes(value)) => Ok(text(&value)),
        Ok(Payload::Map(_)) => panic!("AWS has no maps"),
        Err(problem) => {
            assert!(!format!("{problem:?}").contains("canary"), "{problem:?}");
            Err(problem.to_string())
        }
    });
    shown.collect()
}

fn text(value: &SecretBytes) -> String {
    String::from_utf8_lossy(value.expose()).into_owned()
}

async fn find(backend: &Arc<dyn Backend>, query: &Find) -> Result<Vec<(String, String)>, String> {
    let found = backend.find(query).await;
    let found = found.map_err(|problem| problem.to_string())?;
    Ok(found
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect())
}

fn by_name(pattern: &str, path: Option<&str>) -> Find {
    Find {
        path: path.map(str::to_owned),
        name: Some(pattern.to_owned()),
        ..Find::default()
    }
}

fn by_tags(tags: &[(&str, &str)], path: Option<&str>) -> Find {
    let tags = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Find {
        path: path.map(str::to_owned),
        tags: tags.collect(),
        ..Find::default()
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}
