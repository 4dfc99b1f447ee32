//! ClusterExternalSecrets against a real API server: what they cost, what they take over, and what befalls them.

mod cost;
mod faults;
mod push;
mod takeover;

use std::collections::BTreeSet;

use anyhow::Result;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use lockstep_testkit::{ControlPlane, Options, Request, Running, eventually};
use serde_json::{Value, json};

use crate::bench::{SOON, start_operator};

const CES: &str = "ClusterExternalSecret";

/// A control plane, the operator on it, and namespaces for one ClusterExternalSecret, `all`.
struct Field {
    plane: ControlPlane,
    client: Client,
    operator: Option<Running>,
}

impl Field {
    async fn bare() -> Result<Self> {
        let options = Options {
            audit: true,
            ..Options::default()
        };
        let plane = ControlPlane::start_with(&options).await?;
        Ok(Self {
            client: plane.client().await?,
            plane,
            operator: None,
        })
    }

    async fn set_up() -> Result<Self> {
        let mut field = Self::bare().await?;
        field.start().await?;
        Ok(field)
    }

    async fn start(&mut self) -> Result<()> {
        self.operator = Some(start_operator(&self.plane).await?.0);
        Ok(())
    }

    fn namespaces(&self) -> Api<Namespace> {
        Api::all(self.client.clone())
    }

    fn parents(&self) -> Api<DynamicObject> {
        Api::all_with(self.client.clone(), &resource(CES))
    }

    fn children(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &resource("ExternalSecret"))
    }

    async fn namespace(&self, name: &str, metadata: Value) -> Result<()> {
        let mut body = json!({"metadata": metadata});
        body["metadata"]["name"] = json!(name);
        let namespace = serde_json::from_value(body)?;
        self.namespaces()
            .create(&PostParams::default(), &namespace)
            .await?;
        Ok(())
    }

    async fn label(&self, namespace: &str, tier: Value) -> Result<()> {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"tier": tier}}}));
        self.namespaces()
            .patch(namespace, &PatchParams::default(), &patch)
            .await?;
        Ok(())
    }

    async fn create(&self, metadata: Value, spec: Value) -> Result<DynamicObject> {
        let mut object =
            json!({"apiVersion": "external-secrets.io/v1", "kind": CES, "metadata": metadata, "spec": spec});
        object["metadata"]["name"] = json!("all");
        let object = serde_json::from_value(object)?;
        Ok(self.parents().create(&PostParams::default(), &object).await?)
    }

    async fn edit(&self, patch: Value) -> Result<()> {
        let patch = Patch::Merge(patch);
        self.parents()
            .patch("all", &PatchParams::default(), &patch)
            .await?;
        Ok(())
    }

    async fn status(&self) -> Result<Value, String> {
        let object = self
            .parents()
            .get("all")
            .await
            .map_err(|error| error.to_string())?;
        Ok(object.data["status"].clone())
    }

    /// Waits until just these namespaces have the child, and these others are told as failed.
    async fn reaches(&self, provisioned: &[String], failed: &[&str]) -> Result<()> {
        let what = format!(
            "{} namespaces are provisioned, and {failed:?} failed",
            provisioned.len()
        );
        eventually(&what, SOON * 3, async || {
            let status = self.status().await?;
            let names = |list: &Value, member: Option<&str>| -> BTreeSet<String> {
                let entries = list.as_array().into_iter().flatten();
                let names =
                    entries.filter_map(|entry| member.map_or(entry, |member| &entry[member]).as_str());
                names.map(str::to_owned).collect()
            };
            let is_right = names(&status["provisionedNamespaces"], None)
                == provisioned.iter().cloned().collect()
                && names(&status["failedNamespaces"], Some("namespace"))
                    == failed.iter().map(|name| (*name).to_owned()).collect()
                && status["conditions"][0]["status"] == if failed.is_empty() { "True" } else { "False" };
            is_right.then_some(()).ok_or(status.to_string())
        })
        .await?;
        Ok(())
    }

    async fn is_gone(&self, namespace: &str, name: &str) -> Result<()> {
        eventually(&format!("{namespace}/{name} is gone"), SOON, async || {
            let found = self.children(namespace).get_opt(name).await;
            let found = found.map_err(|error| error.to_string())?;
            found.is_none().then_some(()).ok_or("it is there".to_owned())
        })
        .await?;
        Ok(())
    }

    fn count(&self, from: usize, verb: &str, resource: &str) -> Result<usize> {
        let requests = self.plane.requests()?;
        // What met another write was not carried out.
        let meant =
            |request: &&Request| request.verb == verb && request.resource == resource && request.code != 409;
        Ok(requests[from..].iter().filter(meant).count())
    }
}

fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("external-secrets.io", "v1", kind))
}

/// Of a store that nobody has, so that nothing else is written in the namespaces.
fn spec() -> Value {
    json!({
        "externalSecretSpec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"name": "none", "kind": "ClusterSecretStore"},
            "data": [{"secretKey": "x", "remoteRef": {"key": "a"}}],
        },
        "namespaceSelectors": [{"matchLabels": {"tier": "gold"}}],
    })
}

fn gold() -> Value {
    json!({"labels": {"tier": "gold"}})
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}-{number}")).collect()
}
