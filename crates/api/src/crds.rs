//! The CustomResourceDefinitions of all kinds.

use std::collections::BTreeMap;

use k8s_openapi::Resource;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresourceStatus,
    CustomResourceSubresources, CustomResourceValidation, JSONSchemaProps, SelectableField,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use crate::generator::{
    ACRAccessToken, BeyondtrustWorkloadCredentialsDynamicSecret, CloudsmithAccessToken, ClusterGenerator,
    ECRAuthorizationToken, Fake, GCRAccessToken, GeneratorState, GithubAccessToken, GitlabDeployToken,
    Grafana, MFA, Password, QuayAccessToken, SSHKey, STSSessionToken, UUID, VaultDynamicSecret, Webhook,
};
use crate::kind::{Column, ColumnType, Kind, Scope};
use crate::{
    ClusterExternalSecret, ClusterPushSecret, ClusterSecretStore, ExternalSecret, PushSecret, SecretStore,
    schema, v1beta1,
};

/// One definition a kind, those that ESO still has in v1beta1 with both versions.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![
        old_and_new::<ExternalSecret>(v1beta1::external_secret),
        old_and_new::<SecretStore>(v1beta1::secret_store),
        old_and_new::<ClusterSecretStore>(v1beta1::secret_store),
        old_and_new::<ClusterExternalSecret>(v1beta1::cluster_external_secret),
        definition::<PushSecret>(),
        definition::<ClusterPushSecret>(),
        definition::<ACRAccessToken>(),
        definition::<BeyondtrustWorkloadCredentialsDynamicSecret>(),
        definition::<CloudsmithAccessToken>(),
        definition::<ClusterGenerator>(),
        definition::<ECRAuthorizationToken>(),
        definition::<Fake>(),
        definition::<GCRAccessToken>(),
        definition::<GeneratorState>(),
        definition::<GithubAccessToken>(),
        definition::<GitlabDeployToken>(),
        definition::<Grafana>(),
        definition::<MFA>(),
        definition::<Password>(),
        definition::<QuayAccessToken>(),
        definition::<SSHKey>(),
        definition::<STSSessionToken>(),
        definition::<UUID>(),
        definition::<VaultDynamicSecret>(),
        definition::<Webhook>(),
    ]
}

/// A kind has its names twice: for this crate, and for the clients that only know of `k8s_openapi`.
fn names_agree<K: Kind + Resource>() -> bool {
    let ours = [
        <K as Kind>::GROUP,
        <K as Kind>::VERSION,
        <K as Kind>::KIND,
        K::PLURAL,
    ];
    ours == [
        <K as Resource>::GROUP,
        <K as Resource>::VERSION,
        <K as Resource>::KIND,
        K::URL_PATH_SEGMENT,
    ]
}

/// Without a conversion: all versions of a kind are the same object, seen through different schemas.
fn definition<K: Kind + Resource>() -> CustomResourceDefinition {
    debug_assert!(names_agree::<K>(), "{} has two sets of names", <K as Kind>::KIND);
    let strings = |texts: &[&str]| unless_empty(texts.iter().map(|&text| text.to_owned()));
    CustomResourceDefinition {
        metadata: ObjectMeta {
            name: Some(format!("{}.{}", K::PLURAL, <K as Kind>::GROUP)),
            labels: Some(BTreeMap::from([(
                "external-secrets.io/component".to_owned(),
                "controller".to_owned(),
            )])),
            ..ObjectMeta::default()
        },
        spec: CustomResourceDefinitionSpec {
            group: <K as Kind>::GROUP.to_owned(),
            names: CustomResourceDefinitionNames {
                categories: strings(K::CATEGORIES),
                kind: <K as Kind>::KIND.to_owned(),
                list_kind: Some(format!("{}List", <K as Kind>::KIND)),
                plural: K::PLURAL.to_owned(),
                short_names: strings(K::SHORT_NAMES),
                singular: Some(<K as Kind>::KIND.to_lowercase()),
            },
            scope: match K::SCOPE {
                Scope::Namespaced => "Namespaced".to_owned(),
                Scope::Cluster => "Cluster".to_owned(),
            },
            versions: vec![version::<K>(&root_schema::<K>())],
            ..CustomResourceDefinitionSpec::default()
        },
        status: None,
    }
}

fn version<K: Kind + Resource>(schema: &Value) -> CustomResourceDefinitionVersion {
    CustomResourceDefinitionVersion {
        name: <K as Kind>::VERSION.to_owned(),
        served: true,
        storage: true,
        additional_printer_columns: unless_empty(K::columns().into_iter().map(column)),
        selectable_fields: unless_empty(K::SELECTABLE.iter().map(|&path| SelectableField {
            json_path: path.to_owned(),
        })),
        subresources: K::STATUS_SUBRESOURCE.then(|| CustomResourceSubresources {
            status: Some(CustomResourceSubresourceStatus(json!({}))),
            scale: None,
        }),
        schema: Some(CustomResourceValidation {
            open_api_v3_schema: Some(props(schema)),
        }),
        ..CustomResourceDefinitionVersion::default()
    }
}

/// The same kind in v1beta1 as well: still served, so that old manifests apply, with a warning.
fn old_and_new<K: Kind + Resource>(into_old: fn(&mut Value)) -> CustomResourceDefinition {
    let mut definition = definition::<K>();
    let mut schema = root_schema::<K>();
    into_old(&mut schema);
    definition.spec.versions.push(CustomResourceDefinitionVersion {
        name: "v1beta1".to_owned(),
        storage: false,
        deprecated: Some(true),
        deprecation_warning: Some(format!(
            "{group}/v1beta1 {kind} is deprecated: write apiVersion {group}/v1",
            group = <K as Kind>::GROUP,
            kind = <K as Kind>::KIND
        )),
        selectable_fields: None,
        ..version::<K>(&schema)
    });
    definition
}

fn unless_empty<T>(items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    Some(items.collect::<Vec<_>>()).filter(|items| !items.is_empty())
}

fn column(column: Column) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: column.name.to_owned(),
        type_: match column.kind {
            ColumnType::Text => "string".to_owned(),
            ColumnType::Date => "date".to_owned(),
        },
        json_path: column.path.to_owned(),
        priority: Some(column.priority).filter(|&priority| priority != 0),
        ..CustomResourceColumnDefinition::default()
    }
}

fn root_schema<K: Kind>() -> Value {
    let spec = schema::structural::<K::Spec>();
    let description = spec.as_ref().and_then(|spec| spec.get("description")).cloned();
    let mut properties = Map::from_iter([
        ("apiVersion".to_owned(), json!({"type": "string"})),
        ("kind".to_owned(), json!({"type": "string"})),
        ("metadata".to_owned(), json!({"type": "object"})),
    ]);
    properties.extend(spec.map(|schema| ("spec".to_owned(), schema)));
    properties.extend(schema::structural::<K::Status>().map(|schema| ("status".to_owned(), schema)));
    json!({"type": "object", "description": description, "properties": properties})
}

fn props(schema: &Value) -> JSONSchemaProps {
    serde_json::from_value(schema.clone()).expect("a structural schema is made of what Kubernetes knows")
}
