//! What the definitions say beside their fields.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use lockstep_api::crds;
use serde_json::{json, to_value};

#[test]
fn there_is_one_definition_for_each_kind_of_eso() {
    let kinds: Vec<String> = crds().iter().map(summary).collect();
    let generator = |kind: &str, scope: &str| {
        let plural = kind.to_lowercase() + "s";
        format!(
            "{plural}.generators.external-secrets.io {kind} {scope} [] \
             [external-secrets external-secrets-generators] v1alpha1 status"
        )
    };
    let mut expected = vec![
        "externalsecrets.external-secrets.io ExternalSecret Namespaced [es] [external-secrets] v1 v1beta1 status".to_owned(),
        "secretstores.external-secrets.io SecretStore Namespaced [ss] [external-secrets] v1 v1beta1 status".to_owned(),
        "clustersecretstores.external-secrets.io ClusterSecretStore Cluster [css] [external-secrets] v1 v1beta1 status".to_owned(),
        "clusterexternalsecrets.external-secrets.io ClusterExternalSecret Cluster [ces] [external-secrets] v1 v1beta1 status".to_owned(),
        "pushsecrets.external-secrets.io PushSecret Namespaced [ps] [external-secrets] v1alpha1 status".to_owned(),
        "clusterpushsecrets.external-secrets.io ClusterPushSecret Cluster [] [external-secrets] v1alpha1 status".to_owned(),
        generator("GeneratorState", "Namespaced").replace("[]", "[gs]").replace(" status", ""),
        generator("ClusterGenerator", "Cluster"),
    ];
    let generators = "ACRAccessToken BeyondtrustWorkloadCredentialsDynamicSecret CloudsmithAccessToken \
         ECRAuthorizationToken Fake GCRAccessToken GithubAccessToken GitlabDeployToken Grafana MFA Password \
         QuayAccessToken SSHKey STSSessionToken UUID VaultDynamicSecret Webhook";
    expected.extend(
        generators
            .split_whitespace()
            .map(|kind| generator(kind, "Namespaced")),
    );
    for definition in &expected {
        assert!(
            kinds.contains(definition),
            "no {definition} among\n{}",
            kinds.join("\n")
        );
    }
    assert_eq!(kinds.len(), expected.len());
}

fn summary(crd: &CustomResourceDefinition) -> String {
    let list = |texts: &Option<Vec<String>>| texts.as_deref().unwrap_or_default().join(" ");
    let versions: Vec<_> = crd
        .spec
        .versions
        .iter()
        .map(|version| version.name.as_str())
        .collect();
    let status = crd
        .spec
        .versions
        .iter()
        .all(|version| version.subresources.is_some());
    format!(
        "{} {} {} [{}] [{}] {}{}",
        crd.metadata.name.as_deref().unwrap_or_default(),
        crd.spec.names.kind,
        crd.spec.scope,
        list(&crd.spec.names.short_names),
        list(&crd.spec.names.categories),
        versions.join(" "),
        if status { " status" } else { "" },
    )
}

#[test]
fn the_first_version_is_stored_and_the_old_one_warns() {
    for crd in crds() {
        assert!(crd.spec.conversion.is_none());
        assert_eq!(
            crd.metadata.labels.expect("labels")["external-secrets.io/component"],
            "controller"
        );
        for (number, version) in crd.spec.versions.iter().enumerate() {
            assert!(version.served);
            assert_eq!(version.storage, number == 0, "{}", crd.spec.names.kind);
            assert_eq!(version.deprecated.is_some(), version.name == "v1beta1");
            assert_eq!(version.deprecation_warning.is_some(), version.name == "v1beta1");
            assert_eq!(
                version.selectable_fields.is_some(),
                crd.spec.names.kind == "ExternalSecret" && version.name == "v1"
            );
        }
    }
}

/// Kind, name of the column, path; `Ready` stands for the condition of that name.
const COLUMNS: &str = "
ExternalSecret|StoreType|.spec.secretStoreRef.kind
ExternalSecret|Store|.spec.secretStoreRef.name
ExternalSecret|Refresh Interval|.spec.refreshInterval
ExternalSecret|Status|Ready.reason
ExternalSecret|Ready|Ready.status
ExternalSecret|Last Sync|.status.refreshTime
SecretStore|AGE|.metadata.creationTimestamp
SecretStore|Status|Ready.reason
SecretStore|Capabilities|.status.capabilities
SecretStore|Ready|Ready.status
ClusterSecretStore|AGE|.metadata.creationTimestamp
ClusterSecretStore|Status|Ready.reason
ClusterSecretStore|Capabilities|.status.capabilities
ClusterSecretStore|Ready|Ready.status
ClusterExternalSecret|Store|.spec.externalSecretSpec.secretStoreRef.name
ClusterExternalSecret|Refresh Interval|.spec.refreshTime
ClusterExternalSecret|Ready|Ready.status
PushSecret|AGE|.metadata.creationTimestamp
PushSecret|Status|Ready.reason
PushSecret|Last Sync|.status.refreshTime
ClusterPushSecret|AGE|.metadata.creationTimestamp
ClusterPushSecret|Status|Ready.reason
GeneratorState|GC Deadline|.spec.garbageCollectionDeadline
GeneratorState|Age|.metadata.creationTimestamp
";

#[test]
fn kubectl_shows_the_columns_of_eso() {
    let mut shown = vec![String::new()];
    for crd in crds() {
        let columns = crd.spec.versions[0].additional_printer_columns.iter().flatten();
        shown.extend(
            columns
                .filter(|column| column.priority.unwrap_or_default() == 0)
                .map(|column| {
                    let path = column
                        .json_path
                        .replace(r#".status.conditions[?(@.type=="Ready")]"#, "Ready");
                    format!("{}|{}|{path}", crd.spec.names.kind, column.name)
                }),
        );
    }
    assert_eq!(shown.join("\n") + "\n", COLUMNS);
}

/// See `src/v1beta1.rs` for why the old stores are not checked.
#[test]
fn old_stores_take_any_backend() {
    let crds = crds();
    let store = crds
        .iter()
        .find(|crd| crd.spec.names.kind == "SecretStore")
        .expect("a store");
    let schema = to_value(&store.spec.versions[1].schema).expect("serializes");
    let spec = &schema["openAPIV3Schema"]["properties"]["spec"];
    assert_eq!(spec["properties"]["refreshInterval"], json!({"type": "integer"}));
    assert_eq!(
        spec["properties"]["provider"],
        json!({
            "type": "object", "minProperties": 1, "maxProperties": 1, "x-kubernetes-preserve-unknown-fields": true,
        })
    );
    assert_eq!(spec["required"], json!(["provider"]));
}
