//! `Webhook`: the answer of an HTTP request.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LocalSecretKeySelector, generator};
use crate::provider::{CaBundle, WebhookAuth, WebhookResult};
use crate::{CaProvider, GoDuration, PlainText};

generator! {
    /// Takes values from the answer of an HTTP request.
    Webhook { plural: "webhooks", scope: Namespaced, spec: WebhookSpec }
}

/// What an HTTP request answers: which request, and what to take from the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct WebhookSpec {
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<WebhookAuth>,
    /// A template of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<PlainText>,
    /// Base64 of the PEM certificates to trust; wins over caProvider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
    /// Headers of the request, their values being templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, PlainText>,
    /// The method of the request, GET when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What to take from the answer.
    pub result: WebhookResult,
    /// Secrets whose data the templates may use. Each needs the label external-secrets.io/type: webhook.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<WebhookGeneratorSecret>,
    /// How long to wait for the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// A template of the address.
    pub url: String,
}

/// A Secret whose data the templates may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct WebhookGeneratorSecret {
    /// The name that the templates know it by.
    pub name: String,
    /// The Secret.
    pub secret_ref: LocalSecretKeySelector,
}
