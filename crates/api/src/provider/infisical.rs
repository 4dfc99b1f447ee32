//! `provider.infisical`: Infisical.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CaBundle, InfisicalAuth};
use crate::CaProvider;

/// Reads and writes one environment of an Infisical project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalProvider {
    /// How to log in.
    pub auth: InfisicalAuth,
    /// The address of the API.
    #[serde(rename = "hostAPI", default = "app_infisical_com")]
    pub host_api: String,
    /// Which secrets the store serves.
    pub secrets_scope: InfisicalSecretsScope,
    /// Base64 of the PEM certificates to trust; wins over `caProvider`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<CaBundle>,
    /// The Secret or ConfigMap that holds the certificates to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
}

/// A folder of secrets in one environment of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct InfisicalSecretsScope {
    /// The project's slug.
    pub project_slug: String,
    /// The environment's slug.
    pub environment_slug: String,
    /// The slug of the organization to log in to, where the identity is in several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_slug: Option<String>,
    /// The folder to read.
    #[serde(default = "root_folder")]
    pub secrets_path: String,
    /// Read the folders below as well.
    #[serde(default)]
    pub recursive: bool,
    /// Have Infisical resolve references between secrets.
    #[serde(default = "yes")]
    pub expand_secret_references: bool,
}

fn app_infisical_com() -> String {
    "https://app.infisical.com/api".to_owned()
}

fn root_folder() -> String {
    "/".to_owned()
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_absent_has_the_defaults_of_the_schema() {
        let infisical: InfisicalProvider = serde_json::from_value(json!({
            "auth": {"universalAuthCredentials": {
                "clientId": {"name": "infisical", "key": "id"},
                "clientSecret": {"name": "infisical", "key": "secret"},
            }},
            "secretsScope": {"projectSlug": "p", "environmentSlug": "dev"},
        }))
        .expect("sound");
        assert_eq!(infisical.host_api, "https://app.infisical.com/api");
        let scope = &infisical.secrets_scope;
        assert_eq!((scope.secrets_path.as_str(), scope.recursive), ("/", false));
        assert!(scope.expand_secret_references);
    }
}
