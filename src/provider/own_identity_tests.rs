//! Every way to be lockstep itself at a backend, and that none of them is open where the operator has shut it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::pool::Pool;
use super::testing::{TestCluster, in_namespace, store, surroundings};
use super::{Calls, OwnIdentity, Rules, StoreScope, connect};
use crate::cluster::DocumentKind;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::problem::Problem;

/// Nobody is asked anything: what is refused is refused before.
const NOWHERE: &str = "http://127.0.0.1:9";

fn cluster_wide() -> StoreScope {
    StoreScope::Cluster {
        consumer: Some("own".to_owned()),
    }
}

fn rules(own_identity: OwnIdentity) -> Rules {
    Rules {
        own_identity,
        ..Rules::default()
    }
}

async fn connected(
    cluster: &Arc<TestCluster>,
    provider: &Value,
    scope: StoreScope,
    rules: &Rules,
) -> Result<(), Problem> {
    let store = store(StoreKey::Cluster("s".to_owned()), 1, provider);
    let spec = store.spec.as_ref().expect("a sound spec");
    let mut surroundings = surroundings(cluster.clone(), scope);
    surroundings.references = surroundings.references.under(rules);
    surroundings.rules = rules.clone();
    Box::pin(connect(&spec.provider, &surroundings)).await.map(drop)
}

/// A provider that names nobody, and where it leaves that open.
fn ways() -> Vec<(Value, &'static str)> {
    let vault = |auth: Value| json!({"server": NOWHERE, "path": "kv", "auth": auth});
    let azure = |kind: &str| json!({"vaultUrl": "https://a.vault.azure.net", "authType": kind});
    let federated = json!({"workloadIdentityFederation": {"credConfig": {"name": "trust", "key": "file"}}});
    let of_aws = json!({"workloadIdentityFederation": {"credConfig": {"name": "trust", "key": "aws"}}});
    let mut ways = vec![
        (
            json!({"vault": vault(json!({"kubernetes": {"mountPath": "k", "role": "r"}}))}),
            "spec.provider.vault.auth.kubernetes",
        ),
        (
            json!({"vault": vault(json!({"iam": {"vaultRole": "r"}}))}),
            "spec.provider.vault.auth.iam",
        ),
        (
            json!({"vault": vault(json!({"gcp": {"role": "r"}}))}),
            "spec.provider.vault.auth.gcp",
        ),
        (
            json!({"openBao": vault(json!({"kubernetes": {"mountPath": "k", "role": "r"}}))}),
            "spec.provider.openBao.auth.kubernetes",
        ),
        (
            json!({"azurekv": azure("ManagedIdentity")}),
            "spec.provider.azurekv",
        ),
        (
            json!({"azurekv": azure("WorkloadIdentity")}),
            "spec.provider.azurekv.serviceAccountRef",
        ),
        (json!({"gcpsm": {"projectID": "p"}}), "spec.provider.gcpsm.auth"),
        (
            json!({"gcpsm": {"projectID": "p", "auth": federated}}),
            "spec.provider.gcpsm.auth.workloadIdentityFederation.credConfig",
        ),
        (
            json!({"gcpsm": {"projectID": "p", "auth": of_aws}}),
            "spec.provider.gcpsm.auth.workloadIdentityFederation.credConfig",
        ),
    ];
    ways.extend([
        (
            infisical("kubernetesAuthCredentials"),
            "spec.provider.infisical.auth.kubernetesAuthCredentials",
        ),
        (
            infisical("azureAuthCredentials"),
            "spec.provider.infisical.auth.azureAuthCredentials",
        ),
        (
            infisical("awsAuthCredentials"),
            "spec.provider.infisical.auth.awsAuthCredentials",
        ),
        (
            infisical("gcpIdTokenAuthCredentials"),
            "spec.provider.infisical.auth.gcpIdTokenAuthCredentials",
        ),
        (
            infisical("gcpIamAuthCredentials"),
            "spec.provider.infisical.auth.gcpIamAuthCredentials",
        ),
    ]);
    if cfg!(feature = "aws") {
        for service in ["SecretsManager", "ParameterStore"] {
            let aws = json!({"aws": {"service": service, "region": "eu-west-1"}});
            ways.push((aws, "spec.provider.aws.auth"));
        }
    }
    ways
}

fn infisical(way: &str) -> Value {
    let selector = json!({"name": "creds", "key": "id"});
    let mut auth = json!({"identityId": selector});
    if way == "gcpIamAuthCredentials" {
        auth["serviceAccountKeyFilePath"] = selector;
    }
    json!({"infisical": {
        "auth": {way: auth}, "secretsScope": {"projectSlug": "p", "environmentSlug": "e"},
    }})
}

fn external(source: &Value) -> String {
    let account = json!({
        "type": "external_account", "audience": "a", "credential_source": source,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
    });
    account.to_string()
}

fn cluster() -> Arc<TestCluster> {
    let cluster = Arc::<TestCluster>::default();
    cluster.put(DocumentKind::Secret, "own", "creds", &[("id", "i")]);
    let metadata = "http://169.254.169.254/latest/meta-data";
    let of_aws = json!({
        "environment_id": "aws1", "url": format!("{metadata}/iam/security-credentials"),
        "region_url": format!("{metadata}/placement/availability-zone"),
        "regional_cred_verification_url":
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    });
    let trust = [
        ("file", external(&json!({"file": "/var/run/token"}))),
        ("aws", external(&of_aws)),
        ("url", external(&json!({"url": format!("{NOWHERE}/token")}))),
    ];
    let trust = trust.each_ref().map(|(key, text)| (*key, text.as_str()));
    cluster.put(DocumentKind::ConfigMap, "own", "trust", &trust);
    cluster
}

#[tokio::test]
async fn no_store_is_lockstep_itself_where_the_operator_says_so() {
    let cluster = cluster();
    for (provider, field) in ways() {
        for (whose, scope, hint) in [
            (OwnIdentity::ClusterStores, in_namespace("own"), "cluster-stores"),
            (OwnIdentity::Nowhere, in_namespace("own"), "nowhere"),
            (OwnIdentity::Nowhere, cluster_wide(), "nowhere"),
        ] {
            let refused = connected(&cluster, &provider, scope, &rules(whose)).await;
            let refused = refused.expect_err(&provider.to_string());
            let text = refused.to_string();
            assert!(
                matches!(refused.root(), Problem::InvalidSpec { field: named, .. } if named == field),
                "{provider}: {refused:?}"
            );
            assert!(
                text.contains(&format!("--own-identity={hint}")),
                "{provider}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn what_names_somebody_is_not_refused() {
    let cluster = cluster();
    for provider in [
        json!({"azurekv": {
            "vaultUrl": "https://a.vault.azure.net", "authType": "ServicePrincipal", "tenantId": "t",
            "authSecretRef": {
                "clientId": {"name": "creds", "key": "id"}, "clientSecret": {"name": "creds", "key": "id"},
            },
        }}),
        json!({"vault": {
            "server": NOWHERE, "path": "kv", "auth": {"tokenSecretRef": {"name": "creds", "key": "id"}},
        }}),
        json!({"fake": {"data": []}}),
    ] {
        let made = connected(
            &cluster,
            &provider,
            in_namespace("own"),
            &rules(OwnIdentity::Nowhere),
        )
        .await;
        let why = made.err().map(|problem| problem.to_string()).unwrap_or_default();
        assert!(!why.contains("own-identity"), "{provider}: {why}");
    }
}

#[tokio::test]
async fn a_configuration_names_no_host_that_webhooks_may_not_talk_to() {
    let cluster = cluster();
    let url = format!("{NOWHERE}/token");
    let provider = json!({"gcpsm": {"projectID": "p", "auth": {"workloadIdentityFederation": {
        "credConfig": {"name": "trust", "key": "url"}, "externalTokenEndpoint": url,
    }}}});
    for (hosts, is_allowed) in [
        (&[][..], true),
        (&["127.0.0.1:9"], true),
        (&["api.example"], false),
    ] {
        let hosts = hosts.iter().map(|host| host.parse().expect("a host"));
        let rules = Rules {
            webhook_hosts: hosts.collect(),
            ..Rules::default()
        };
        let made = connected(&cluster, &provider, in_namespace("own"), &rules).await;
        let why = made.err().map(|problem| problem.to_string()).unwrap_or_default();
        assert_eq!(why.contains("--webhook-allowed-hosts"), !is_allowed, "{why}");
    }
}

#[tokio::test]
async fn what_the_operator_says_reaches_every_connection() {
    let cluster = cluster();
    let key = StoreKey::Namespaced(ObjectKey::new("own", "s"));
    let (provider, field) = ways().remove(0);
    let store = store(key, 1, &provider);
    let pool = Pool::new(cluster, Calls::default(), rules(OwnIdentity::ClusterStores));
    let refused = pool.connection(&store, "own").await.map(drop);
    let refused = refused.expect_err("refused").to_string();
    assert!(
        refused.contains(&format!("{field}: would use the identity")),
        "{refused}"
    );
}
