//! `MFA`: a one-time password that changes with the clock.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::SecretKeySelector;
use crate::common::integer;

generator! {
    /// Computes the one-time password of a seed, as an authenticator app does.
    MFA { plural: "mfas", scope: Namespaced, spec: MFASpec }
}

/// The one-time password of a seed, as an authenticator app shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct MFASpec {
    /// The hash function, sha1 when absent; sha256, sha384 and sha512 are the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// How many digits it has, 6 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "integer")]
    pub length: Option<i64>,
    /// The Secret's key that holds the seed in base 32.
    pub secret: SecretKeySelector,
    /// For how many seconds it is valid, 30 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "integer")]
    pub time_period: Option<i64>,
    /// The time to compute it for, now when absent. For tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Time>,
}
