//! The webhook's own objects at a real API server: one Secret, and the configurations that lead to us.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Map, Value, json};

use super::reduce;
use super::requests::Requests;
use crate::cluster::webhook::{Found, WebhookObjects};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::values::Values;

const MANAGER: &str = "lockstep-webhook";

/// What ESO's chart names them.
pub const CONFIGURATIONS: [&str; 2] = ["secretstore-validate", "externalsecret-validate"];

/// Where we are found, and where our certificates are.
#[derive(Clone, Debug)]
pub struct Places {
    /// Of the Service that leads to us.
    pub namespace: String,
    pub service: String,
    pub secret_namespace: String,
    pub secret: String,
    /// `ValidatingWebhookConfiguration`s that may name that Service.
    pub configurations: Vec<String>,
}

impl Places {
    /// The API server asks for the first; the others are for people.
    pub fn names(&self) -> Vec<String> {
        let Self {
            namespace, service, ..
        } = self;
        vec![
            format!("{service}.{namespace}.svc"),
            format!("{service}.{namespace}"),
            service.clone(),
        ]
    }
}

pub struct KubeWebhookObjects {
    requests: Requests,
    places: Places,
}

impl KubeWebhookObjects {
    pub fn new(client: Client, places: Places) -> Self {
        Self {
            requests: Requests::new(client),
            places,
        }
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.requests.client.clone(), &self.places.secret_namespace)
    }

    fn secret(&self) -> ObjectRef {
        let key = ObjectKey::new(&self.places.secret_namespace, &self.places.secret);
        ObjectRef::namespaced("Secret", &key)
    }

    /// One that is not there leads nobody to us.
    async fn announce_in(&self, name: &str, authorities: &str) -> Result<(), Problem> {
        let about = ObjectRef::cluster("ValidatingWebhookConfiguration", name);
        let api: Api<ValidatingWebhookConfiguration> = Api::all(self.requests.client.clone());
        let Some(found) = self.requests.request("get", &about, api.get_opt(name)).await? else {
            return Ok(());
        };
        let Some(patch) = patch(&found, &self.places, authorities) else {
            return Ok(());
        };
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patch = Patch::Strategic(patch);
        let call = api.patch(name, &params, &patch);
        self.requests.request("update", &about, call).await.map(drop)
    }
}

#[async_trait]
impl WebhookObjects for KubeWebhookObjects {
    async fn read(&self) -> Result<Found, Problem> {
        let (api, about) = (self.secrets(), self.secret());
        let secret = self
            .requests
            .request("get", &about, api.get_opt(&self.places.secret))
            .await?;
        Ok(secret.map_or_else(Found::default, |secret| Found {
            version: secret.metadata.resource_version,
            values: reduce::values(secret.data),
        }))
    }

    async fn write(&self, values: &Values, over: &Found) -> Result<(), Problem> {
        let (api, about) = (self.secrets(), self.secret());
        let data: Map<String, Value> = values
            .iter()
            .map(|(key, value)| (key.clone(), STANDARD.encode(value.expose()).into()))
            .collect();
        let field_manager = Some(MANAGER.to_owned());
        if let Some(version) = &over.version {
            let params = PatchParams {
                field_manager,
                ..PatchParams::default()
            };
            let patch = Patch::Merge(json!({"metadata": {"resourceVersion": version}, "data": data}));
            let call = api.patch(&self.places.secret, &params, &patch);
            return self.requests.request("update", &about, call).await.map(drop);
        }
        let params = PostParams {
            field_manager,
            ..PostParams::default()
        };
        let secret = json!({
            "metadata": {"name": self.places.secret, "labels": {"external-secrets.io/component": "webhook"}},
            "data": data,
        });
        let secret: Secret = serde_json::from_value(secret).map_err(|_| super::writes::unwritable(&about))?;
        let call = api.create(&params, &secret);
        self.requests.request("create", &about, call).await.map(drop)
    }

    async fn announce(&self, authorities: &[u8]) -> Result<(), Problem> {
        let authorities = STANDARD.encode(authorities);
        for name in &self.places.configurations {
            self.announce_in(name, &authorities).await?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for KubeWebhookObjects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeWebhookObjects")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

/// What makes every webhook that leads to us trust these authorities; `None` when they all do. The others are not ours
/// to touch.
fn patch(found: &ValidatingWebhookConfiguration, places: &Places, authorities: &str) -> Option<Value> {
    let leads_to_us = |service: &k8s_openapi::api::admissionregistration::v1::ServiceReference| {
        service.name == places.service && service.namespace == places.namespace
    };
    let webhooks = found.webhooks.iter().flatten().filter(|webhook| {
        let client = &webhook.client_config;
        let known = client.ca_bundle.as_ref().map(|bundle| STANDARD.encode(&bundle.0));
        client.service.as_ref().is_some_and(leads_to_us) && known.as_deref() != Some(authorities)
    });
    // Webhooks are merged by their names, so that an edit meanwhile is not undone.
    let webhooks: Vec<Value> = webhooks
        .map(|webhook| json!({"name": webhook.name, "clientConfig": {"caBundle": authorities}}))
        .collect();
    let version = found.metadata.resource_version.as_deref();
    (!webhooks.is_empty()).then(|| json!({"metadata": {"resourceVersion": version}, "webhooks": webhooks}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            namespace: "ns".to_owned(),
            secret_namespace: "ns".to_owned(),
            service: "lockstep-webhook".to_owned(),
            secret: "lockstep-webhook".to_owned(),
            configurations: vec!["externalsecret-validate".to_owned()],
        }
    }

    fn configuration(webhooks: &Value) -> ValidatingWebhookConfiguration {
        let object = json!({"metadata": {"resourceVersion": "7"}, "webhooks": webhooks});
        serde_json::from_value(object).expect("a configuration")
    }

    fn webhook(name: &str, client: &Value) -> Value {
        json!({"name": name, "clientConfig": client, "sideEffects": "None", "admissionReviewVersions": ["v1"]})
    }

    #[test]
    fn only_webhooks_that_lead_to_us_are_touched_and_only_when_they_need_it() {
        let ours = json!({"name": "lockstep-webhook", "namespace": "ns"});
        let found = configuration(&json!([
            webhook("a", &json!({"service": ours})),
            webhook("b", &json!({"service": ours, "caBundle": "b2xk"})),
            webhook("c", &json!({"service": ours, "caBundle": "bmV3"})),
            webhook(
                "d",
                &json!({"service": {"name": "lockstep-webhook", "namespace": "other"}})
            ),
            webhook("e", &json!({"url": "https://elsewhere.example"})),
        ]));
        let patched = |name| json!({"name": name, "clientConfig": {"caBundle": "bmV3"}});
        let expected =
            json!({"metadata": {"resourceVersion": "7"}, "webhooks": [patched("a"), patched("b")]});
        assert_eq!(patch(&found, &places(), "bmV3"), Some(expected));
        let known = configuration(&json!([webhook(
            "c",
            &json!({"service": ours, "caBundle": "bmV3"})
        )]));
        assert_eq!(patch(&known, &places(), "bmV3"), None);
    }
}
