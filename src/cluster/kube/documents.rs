//! Reads that go to the API server: what stores and templates refer to, and targets that nobody watches.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use kube::api::{Api, PostParams};

use super::super::{Document, DocumentKind};
use super::requests::Requests;
use super::{errors, reduce};
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::Target;
use crate::engine::values::Values;

pub async fn read(
    requests: &Requests,
    kind: DocumentKind,
    key: &ObjectKey,
) -> Result<Option<Document>, Problem> {
    match kind {
        DocumentKind::Secret => Ok(secret(requests, key).await?.map(of_secret)),
        DocumentKind::ConfigMap => Ok(config_map(requests, key).await?.map(of_config_map)),
    }
}

pub async fn read_target(requests: &Requests, key: &ObjectKey) -> Result<Option<(Target, Values)>, Problem> {
    Ok(secret(requests, key).await?.map(reduce::target_and_values))
}

pub async fn service_account_annotations(
    requests: &Requests,
    account: &ObjectKey,
) -> Result<Option<BTreeMap<String, String>>, Problem> {
    let api: Api<ServiceAccount> = Api::namespaced(requests.client.clone(), &account.namespace);
    let object = ObjectRef::namespaced("ServiceAccount", account);
    let found = requests
        .request("get", &object, api.get_metadata_opt(&account.name))
        .await?;
    Ok(found.map(|account| account.metadata.annotations.unwrap_or_default()))
}

pub async fn service_account_token(
    requests: &Requests,
    account: &ObjectKey,
    audiences: &[String],
    lifetime: Duration,
) -> Result<SecretBytes, Problem> {
    let api: Api<ServiceAccount> = Api::namespaced(requests.client.clone(), &account.namespace);
    let object = ObjectRef::namespaced("ServiceAccount", account);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            audiences: audiences.to_vec(),
            expiration_seconds: i64::try_from(lifetime.as_secs()).ok(),
            bound_object_ref: None,
        },
        ..TokenRequest::default()
    };
    let answer = requests
        .request("create a token for", &object, async {
            match api
                .create_token_request(&account.name, &PostParams::default(), &request)
                .await
            {
                Err(error) if errors::is_not_found(&error) => Ok(None),
                answer => answer.map(Some),
            }
        })
        .await?;
    let Some(answer) = answer else {
        return Err(Problem::ReferenceMissing { object });
    };
    match answer.status {
        Some(status) => Ok(SecretBytes::from(status.token)),
        None => Err(Problem::ApiUnavailable {
            object,
            why: "the answer holds no token".to_owned(),
        }),
    }
}

async fn secret(requests: &Requests, key: &ObjectKey) -> Result<Option<Secret>, Problem> {
    let api: Api<Secret> = Api::namespaced(requests.client.clone(), &key.namespace);
    requests
        .request(
            "get",
            &ObjectRef::namespaced("Secret", key),
            api.get_opt(&key.name),
        )
        .await
}

async fn config_map(requests: &Requests, key: &ObjectKey) -> Result<Option<ConfigMap>, Problem> {
    let api: Api<ConfigMap> = Api::namespaced(requests.client.clone(), &key.namespace);
    requests
        .request(
            "get",
            &ObjectRef::namespaced("ConfigMap", key),
            api.get_opt(&key.name),
        )
        .await
}

fn of_secret(secret: Secret) -> Document {
    Document {
        version: secret.metadata.resource_version.unwrap_or_default(),
        labels: secret.metadata.labels.unwrap_or_default(),
        values: reduce::values(secret.data),
    }
}

fn of_config_map(map: ConfigMap) -> Document {
    let texts = map
        .data
        .unwrap_or_default()
        .into_iter()
        .map(|(key, text)| (key, SecretBytes::from(text)));
    let binaries = map
        .binary_data
        .unwrap_or_default()
        .into_iter()
        .map(|(key, bytes)| (key, SecretBytes::from(bytes.0)));
    Document {
        version: map.metadata.resource_version.unwrap_or_default(),
        labels: map.metadata.labels.unwrap_or_default(),
        values: texts.chain(binaries).collect(),
    }
}
