//! Who makes tokens that stay until somebody deletes them.

use anyhow::{Result, ensure};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use lockstep_testkit::{Faults, Gitlab, Grafana};
use serde_json::{Value, json};

use crate::bench::Bench;

pub const GENERATORS: &str = "generators.external-secrets.io";
pub const CANARY: &str = "canary-71aa";
/// Of Grafana, where somebody else has made it.
const ACCOUNT: &str = "ci";

pub trait Issuer: Sized {
    /// Of the generator.
    const KIND: &'static str;

    async fn start() -> Result<Self>;
    /// Of the generator that asks it.
    fn spec(&self) -> Value;
    fn faults(&self) -> &Faults;
    /// How many it ever made.
    fn made(&self) -> usize;
    /// Those that are left, in the order of their making.
    fn left(&self) -> Vec<String>;

    /// Whether what is not ours is as it was.
    fn is_intact(&self) -> Result<()> {
        Ok(())
    }
}

impl Issuer for Gitlab {
    const KIND: &'static str = "GitlabDeployToken";

    async fn start() -> Result<Self> {
        Ok(Self::start(&credential(), &["projects/42"]).await?)
    }

    fn spec(&self) -> Value {
        json!({
            "url": self.url(), "projectID": "42", "name": "deploy", "scopes": ["read_repository"],
            "auth": {"token": {"secretRef": {"name": "creds", "key": "token"}}},
        })
    }

    fn faults(&self) -> &Faults {
        self.faults()
    }

    fn made(&self) -> usize {
        usize::try_from(self.world().made).unwrap_or(usize::MAX)
    }

    fn left(&self) -> Vec<String> {
        let world = self.world();
        world.tokens.values().map(|token| token.secret.clone()).collect()
    }
}

impl Issuer for Grafana {
    const KIND: &'static str = "Grafana";

    async fn start() -> Result<Self> {
        let grafana = Self::start(&format!("Bearer {}", credential())).await?;
        grafana.world().put_account(ACCOUNT, "Viewer");
        Ok(grafana)
    }

    fn spec(&self) -> Value {
        json!({
            "url": self.url(), "auth": {"token": {"name": "creds", "key": "token"}},
            "serviceAccount": {"name": ACCOUNT, "role": "Viewer"},
        })
    }

    fn faults(&self) -> &Faults {
        self.faults()
    }

    fn made(&self) -> usize {
        self.world().tokens_made
    }

    fn left(&self) -> Vec<String> {
        let world = self.world();
        world.tokens.values().map(|token| token.secret.clone()).collect()
    }

    fn is_intact(&self) -> Result<()> {
        let accounts = self.world().accounts.clone();
        let names: Vec<_> = accounts.values().map(|(name, _)| name.as_str()).collect();
        ensure!(names == [ACCOUNT], "service accounts: {names:?}");
        Ok(())
    }
}

pub fn credential() -> String {
    format!("{CANARY}-key")
}

/// The generator `gen`, and what it logs in with.
pub async fn introduce<I: Issuer>(issuer: &I, bench: &Bench) -> Result<()> {
    bench.put_secret("creds", "token", &credential()).await?;
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(GENERATORS, "v1alpha1", I::KIND));
    let api: Api<DynamicObject> = Api::namespaced_with(bench.client.clone(), &bench.namespace, &kind);
    let object = json!({
        "apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": I::KIND, "metadata": {"name": "gen"},
        "spec": issuer.spec(),
    });
    api.patch("gen", &PatchParams::apply("test").force(), &Patch::Apply(object))
        .await?;
    Ok(())
}

pub fn reference<I: Issuer>() -> Value {
    json!({"apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": I::KIND, "name": "gen"})
}

pub fn borrowed<I: Issuer>() -> Value {
    json!({"refreshInterval": "1h", "dataFrom": [{"sourceRef": {"generatorRef": reference::<I>()}}]})
}
