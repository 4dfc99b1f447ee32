//! `Grafana`: a token of a Grafana service account.

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LocalSecretKeySelector, generator};

generator! {
    /// Makes a token of a Grafana service account, and the account if it is missing.
    Grafana { plural: "grafanas", scope: Namespaced, spec: GrafanaSpec }
}

/// A token of a Grafana service account: of which account, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GrafanaSpec {
    /// How to log in.
    pub auth: GrafanaAuth,
    /// The service account that the token belongs to.
    pub service_account: GrafanaServiceAccount,
    /// The address of Grafana.
    pub url: String,
}

/// How to log in to Grafana: set one of the members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GrafanaAuth {
    /// The Secret's key that holds a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<LocalSecretKeySelector>,
    /// A user and a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic: Option<GrafanaBasicAuth>,
}

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GrafanaBasicAuth {
    /// The name of the user.
    pub username: String,
    /// The Secret's key that holds the password.
    pub password: LocalSecretKeySelector,
}

/// The service account that a token belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GrafanaServiceAccount {
    /// The name of the account. It is made if there is none.
    pub name: String,
    /// The role that an account made here gets.
    pub role: String,
    /// The seconds after which a token expires by itself. Without them, it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>", range(min = 1))]
    pub seconds_to_live: Option<NonZeroU64>,
}
