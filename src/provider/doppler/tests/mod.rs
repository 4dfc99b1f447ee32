//! Against a small Doppler in this process.

mod faults;
mod finds;
mod logins;
mod pushes;
mod reads;
mod shares;

use std::sync::Arc;

use lockstep_testkit::Doppler;
use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::engine::ask::Aspect;
use crate::provider::references::StoreScope;
use crate::provider::testing::{self, TestCluster, at, in_namespace, lines, surroundings, told};

/// A part of everything that is to be seen nowhere.
const CANARY: &str = "canary-77ab";
const TOKEN: &str = "dp.st.canary-77ab";
const PLACE: (&str, &str) = ("app", "prd");

struct Scene {
    doppler: Doppler,
    cluster: Arc<TestCluster>,
    scope: StoreScope,
}

impl Scene {
    /// A config with some secrets, and a token of it.
    async fn new() -> Self {
        let doppler = Doppler::start().await.expect("Doppler");
        doppler.allow_config(TOKEN, PLACE, true);
        for (name, value) in [
            ("API_KEY", CANARY),
            ("DB__USER_NAME", "u"),
            ("JSON", r#"{"a": "x", "n": 1.0, "o": {"b":  2}, "z": null}"#),
            ("LINES", "1\n2"),
        ] {
            doppler.put(PLACE, name, value);
        }
        let cluster = Arc::<TestCluster>::default();
        let credentials = [
            ("dopplerToken", "dp.st.canary-77ab\n"),
            ("wrong", "dp.st.canary-77ab-no"),
            ("everywhere", "dp.pt.canary-77ab"),
        ];
        doppler.allow("dp.pt.canary-77ab");
        cluster.put(DocumentKind::Secret, "own", "creds", &credentials);
        Self {
            doppler,
            cluster,
            scope: in_namespace("own"),
        }
    }

    /// A connection with the token of the config, unless the spec says otherwise.
    async fn connect(&self, extra: Value) -> Result<Arc<dyn Backend>, Problem> {
        let mut spec = json!({"auth": {"secretRef": {"dopplerToken": {"name": "creds"}}}});
        let extra = extra.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().expect("an object").extend(extra);
        let spec: DopplerProvider = serde_json::from_value(spec).expect("sound");
        let surroundings = surroundings(self.cluster.clone(), self.scope.clone());
        connect_from(&spec, &surroundings, &Environment::of(&self.doppler.url())).await
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

fn with_token(key: &str) -> Value {
    json!({"secretRef": {"dopplerToken": {"name": "creds", "key": key}}})
}

/// What an entry of `data` gets.
async fn value(backend: &Arc<dyn Backend>, key: &str) -> Result<String, String> {
    testing::value(&**backend, at(key), "has no meaning").await
}

/// What `extract` gets.
async fn values(backend: &Arc<dyn Backend>, key: &str) -> Result<Vec<(String, String)>, String> {
    testing::values(&**backend, at(key), "has no meaning").await
}
