//! A control plane, the operator on it, and what tests ask of both.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::{Client, Resource};
use lockstep_api::{ExternalSecret, SecretStore};
use lockstep_testkit::{
    ControlPlane, Options, Program, Request, Running, User, eventually, free_port, http_get,
};
use serde_json::{Value, json};

pub const SOON: Duration = Duration::from_secs(20);

/// How thorough a run is: as a variable of this name says, else as CI has it.
#[expect(
    clippy::disallowed_methods,
    reason = "how thorough a run is, whoever starts it says"
)]
pub fn thoroughness(variable: &str, in_ci: usize) -> usize {
    let told = std::env::var(variable).ok();
    told.and_then(|told| told.parse().ok()).unwrap_or(in_ci)
}

/// A control plane, the operator on it, and a namespace with a store of one value.
pub struct Bench {
    pub plane: ControlPlane,
    pub operator: Running,
    pub client: Client,
    pub namespace: String,
    pub metrics: SocketAddr,
}

impl Bench {
    pub async fn set_up(prefix: &str, value: &str) -> Result<Self> {
        Self::set_up_with(prefix, value, &[]).await
    }

    pub async fn set_up_with(prefix: &str, value: &str, flags: &[&str]) -> Result<Self> {
        let plane = audited().await?;
        let kubeconfig = plane.kubeconfig_of(User::Operator);
        Self::set_up_on(plane, &kubeconfig, prefix, value, flags).await
    }

    /// As [`Bench::set_up`], with these variables in the operator's environment.
    pub async fn set_up_in(environment: &[(&str, &str)], prefix: &str, value: &str) -> Result<Self> {
        let plane = audited().await?;
        let kubeconfig = plane.kubeconfig_of(User::Operator);
        let started = launch(&plane, &kubeconfig, environment, &[]).await?;
        Self::around(plane, started, prefix, value).await
    }

    /// As [`Bench::set_up`], with an operator that asks the API server as this kubeconfig says.
    pub async fn set_up_on(
        plane: ControlPlane,
        kubeconfig: &Path,
        prefix: &str,
        value: &str,
        flags: &[&str],
    ) -> Result<Self> {
        let started = start_operator_as(&plane, kubeconfig, flags).await?;
        Self::around(plane, started, prefix, value).await
    }

    async fn around(
        plane: ControlPlane,
        (operator, metrics): (Running, SocketAddr),
        prefix: &str,
        value: &str,
    ) -> Result<Self> {
        let bench = Self {
            client: plane.client().await?,
            namespace: plane.namespace(prefix).await?,
            plane,
            operator,
            metrics,
        };
        bench.apply("SecretStore", "fake", store(value)).await?;
        eventually("the store is ready", SOON, async || {
            bench.ready::<SecretStore>("fake").await
        })
        .await?;
        Ok(bench)
    }

    /// The events about the store are written, too, so that what is counted from now on is not about it. Needs the audit.
    pub async fn store_is_told(&self) -> Result<()> {
        eventually("the store's events are written", SOON, async || {
            let requests = self.plane.requests().map_err(|error| error.to_string())?;
            let of_events = |request: &&Request| request.verb == "create" && request.resource == "events";
            match requests.iter().filter(of_events).count() {
                2 => Ok(()),
                events => Err(format!("{events} events")),
            }
        })
        .await?;
        Ok(())
    }

    pub async fn apply(&self, kind: &str, name: &str, spec: Value) -> Result<()> {
        let version = match kind {
            "Password" => "generators.external-secrets.io/v1alpha1",
            _ => "external-secrets.io/v1",
        };
        let body = json!({
            "apiVersion": version, "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        });
        let object: DynamicObject = serde_json::from_value(body)?;
        let params = PatchParams::apply("test").force();
        match kind {
            "SecretStore" => drop(
                self.api::<SecretStore>()
                    .patch(name, &params, &Patch::Apply(&object))
                    .await?,
            ),
            "Password" => drop(
                self.generators()
                    .patch(name, &params, &Patch::Apply(&object))
                    .await?,
            ),
            _ => drop(
                self.api::<ExternalSecret>()
                    .patch(name, &params, &Patch::Apply(&object))
                    .await?,
            ),
        }
        Ok(())
    }

    /// Password generators.
    pub fn generators(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("generators.external-secrets.io", "v1alpha1", "Password");
        Api::namespaced_with(
            self.client.clone(),
            &self.namespace,
            &ApiResource::from_gvk(&kind),
        )
    }

    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Ready, or the condition that says why not.
    pub async fn ready<K>(&self, name: &str) -> Result<(), String>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        let condition = self.condition::<K>(name).await?;
        if condition["status"] == "True" {
            Ok(())
        } else {
            Err(condition.to_string())
        }
    }

    pub async fn condition<K>(&self, name: &str) -> Result<Value, String>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Ok(self.status::<K>(name).await?["conditions"][0].clone())
    }

    /// As it stands there: the object may be one that our types refuse.
    pub async fn status<K>(&self, name: &str) -> Result<Value, String>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        let kind = ApiResource::erase::<K>(&());
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &self.namespace, &kind);
        let object = api.get(name).await.map_err(|error| error.to_string())?;
        Ok(object.data["status"].clone())
    }

    pub async fn secret(&self, name: &str) -> Result<Option<Secret>> {
        Ok(self.api::<Secret>().get_opt(name).await?)
    }

    pub async fn synced(&self, name: &str) -> Result<()> {
        let what = format!("{name} is synced");
        eventually(&what, SOON, async || self.ready::<ExternalSecret>(name).await).await?;
        Ok(())
    }

    pub async fn failed(&self, name: &str) -> Result<()> {
        let what = format!("{name} has failed");
        eventually(&what, SOON, async || {
            let condition = self.condition::<ExternalSecret>(name).await?;
            if condition["status"] == "False" {
                Ok(())
            } else {
                Err(condition.to_string())
            }
        })
        .await?;
        Ok(())
    }

    /// Whether a kind has failed that often for a reason, as its metric tells.
    pub fn failures(&self, kind: &str, reason: &str, wanted: f64) -> Result<(), String> {
        let metrics = self.metrics().map_err(|error| error.to_string())?;
        let counts = metrics
            .lines()
            .filter(|line| line.contains(kind) && line.contains(reason))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        let failures: f64 = counts.sum();
        if failures >= wanted {
            Ok(())
        } else {
            Err(format!("{failures} failures"))
        }
    }

    /// Turns of ExternalSecrets that came to an end.
    pub fn turns(&self) -> Result<usize> {
        let metrics = self.metrics()?;
        let of_kind = "controller_runtime_reconcile_total{controller=\"externalsecret\"";
        let ended = metrics.lines().filter(|line| line.starts_with(of_kind));
        Ok(ended
            .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
            .sum())
    }

    /// Has it fetched anew, and waits for that.
    pub async fn refresh(&self, name: &str) -> Result<()> {
        let api = self.api::<ExternalSecret>();
        let version = |object: ExternalSecret| object.status.and_then(|it| it.synced_resource_version);
        let before = version(api.get(name).await?);
        let patch = json!({"metadata": {"annotations": {"force-sync": "1"}}});
        api.patch(name, &PatchParams::default(), &Patch::Merge(&patch))
            .await?;
        eventually("it is refreshed", SOON, async || {
            let now = version(api.get(name).await.map_err(|error| error.to_string())?);
            (now != before).then_some(()).ok_or("not yet".to_owned())
        })
        .await?;
        Ok(())
    }

    /// All that events of the namespace say.
    pub async fn events(&self) -> Result<String> {
        let events = self.api::<k8s_openapi::api::events::v1::Event>();
        let listed = events.list(&kube::api::ListParams::default()).await?;
        Ok(serde_json::to_string(&listed.items)?)
    }

    pub async fn put_secret(&self, name: &str, key: &str, value: &str) -> Result<()> {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: value},
        });
        let how = PatchParams::apply("test").force();
        self.api::<Secret>()
            .patch(name, &how, &Patch::Apply(secret))
            .await?;
        Ok(())
    }

    pub fn metrics(&self) -> Result<String> {
        Ok(http_get(self.metrics, "/metrics")?.1)
    }
}

pub async fn audited() -> Result<ControlPlane> {
    let options = Options {
        audit: true,
        ..Options::default()
    };
    Ok(ControlPlane::start_with(&options).await?)
}

pub async fn start_operator(plane: &ControlPlane) -> Result<(Running, SocketAddr)> {
    start_operator_with(plane, &[]).await
}

pub async fn start_operator_with(plane: &ControlPlane, flags: &[&str]) -> Result<(Running, SocketAddr)> {
    start_operator_as(plane, &plane.kubeconfig_of(User::Operator), flags).await
}

pub async fn start_operator_as(
    plane: &ControlPlane,
    kubeconfig: &Path,
    flags: &[&str],
) -> Result<(Running, SocketAddr)> {
    launch(plane, kubeconfig, &[], flags).await
}

async fn launch(
    plane: &ControlPlane,
    kubeconfig: &Path,
    environment: &[(&str, &str)],
    flags: &[&str],
) -> Result<(Running, SocketAddr)> {
    let (metrics, probes) = (free_port()?, free_port()?);
    let mut operator = Program::new(
        env!("CARGO_BIN_EXE_lockstep"),
        plane.folder().join("operator.log"),
    )
    .args([
        "operator".to_owned(),
        format!("--metrics-addr=127.0.0.1:{metrics}"),
        format!("--live-addr=127.0.0.1:{probes}"),
        "--loglevel=debug".to_owned(),
    ])
    .args(flags)
    .env("KUBECONFIG", kubeconfig)
    .ready_on(probes);
    for (name, value) in environment {
        operator = operator.env(*name, *value);
    }
    let operator = operator.start().await?;
    Ok((operator, SocketAddr::from(([127, 0, 0, 1], metrics))))
}

pub fn store(value: &str) -> Value {
    json!({"provider": {"fake": {"data": [{"key": "k", "value": value}]}}})
}

pub fn external_secret(key: &str) -> Value {
    json!({
        "secretStoreRef": {"name": "fake"},
        "refreshInterval": "1h",
        "data": [{"secretKey": "password", "remoteRef": {"key": key}}],
    })
}

/// One whose value the Password generator `made` makes.
pub fn generated(policy: &str) -> Value {
    let generator =
        json!({"apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "name": "made"});
    json!({
        "refreshPolicy": policy,
        "refreshInterval": "1h",
        "dataFrom": [{"sourceRef": {"generatorRef": generator}}],
    })
}

pub fn password(secret: &Secret) -> Option<&[u8]> {
    secret
        .data
        .as_ref()?
        .get("password")
        .map(|value| value.0.as_slice())
}
