//! `provider.webhook`: any HTTP service, described by templates.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CaBundle;
use super::rules::is_default;
use crate::one_of::one_of;
use crate::{CaProvider, GoDuration, PlainText, SecretKeySelector};

/// Calls an HTTP service for each value. URL, headers, body and result path are templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct WebhookProvider {
    /// The address to call.
    pub url: String,
    /// The HTTP method; GET unless set, POST for a PushSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The headers to send.
    #[serde(default, skip_serializing_if = "is_default")]
    pub headers: BTreeMap<String, PlainText>,
    /// The body to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<PlainText>,
    /// How long an answer may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// Where the value stands in the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub result: WebhookResult,
    /// Secrets that the templates can use; each needs the label `external-secrets.io/type: webhook`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<WebhookSecret>,
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<WebhookAuth>,
    /// Base64 of the PEM certificates to trust; wins over `caProvider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
}

/// Where the value stands in an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct WebhookResult {
    /// A JSONPath into the answer; without it, the value is the whole body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_path: Option<String>,
}

/// A Secret that templates can use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct WebhookSecret {
    /// The name that templates know it by.
    pub name: String,
    /// The Secret.
    pub secret_ref: SecretKeySelector,
}

one_of! {
    /// How to log in to a web service.
    WebhookAuth {
        /// With NTLM.
        "ntlm" => Ntlm(WebhookNtlm),
    }
}

/// A user name and password for NTLM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct WebhookNtlm {
    /// The Secret's key that holds the user name.
    pub username_secret: SecretKeySelector,
    /// The Secret's key that holds the password.
    pub password_secret: SecretKeySelector,
}
