use lockstep_api::provider::CaBundle;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::provider::testing::{TestCluster, in_namespace};

const CA: &str = include_str!("../testdata/ca.pem");

fn cluster() -> Arc<TestCluster> {
    let cluster = Arc::new(TestCluster::default());
    for namespace in ["own", "other"] {
        cluster.put(
            DocumentKind::Secret,
            namespace,
            "creds",
            &[("token", namespace), ("ca", CA)],
        );
        cluster.put(
            DocumentKind::ConfigMap,
            namespace,
            "trust",
            &[("ca", CA), ("bad", "canary")],
        );
    }
    cluster
}

fn of_generator(namespace: &str) -> StoreScope {
    StoreScope::Generator {
        namespace: namespace.to_owned(),
        is_cluster_wide: false,
    }
}

fn cluster_wide(consumer: Option<&str>) -> StoreScope {
    StoreScope::Cluster {
        consumer: consumer.map(str::to_owned),
    }
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("sound")
}

async fn token(references: &References, selector: Value) -> Result<String, String> {
    let value = references
        .secret_key(&read(selector), "f")
        .await
        .map_err(|problem| problem.to_string())?;
    Ok(String::from_utf8_lossy(value.expose()).into_owned())
}

#[tokio::test]
async fn the_one_rule_on_namespaces() {
    let refused = "f.namespace: must be empty or the namespace of the SecretStore";
    let unknown = "f.namespace: is empty and stands for the namespace that uses the store";
    for (scope, namespace, expected) in [
        (in_namespace("own"), None, Ok("own")),
        (in_namespace("own"), Some("own"), Ok("own")),
        (in_namespace("own"), Some("other"), Err(refused)),
        (cluster_wide(Some("own")), None, Ok("own")),
        (cluster_wide(Some("own")), Some("other"), Ok("other")),
        (cluster_wide(None), Some("other"), Ok("other")),
        (cluster_wide(None), None, Err(unknown)),
        (of_generator("own"), None, Ok("own")),
        (of_generator("own"), Some("other"), Ok("own")),
    ] {
        let is_referent = matches!(scope, StoreScope::Cluster { .. }) && namespace.is_none();
        let references = References::new(cluster(), scope);
        let selector = json!({"name": "creds", "key": "token", "namespace": namespace});
        let found = token(&references, selector).await;
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
        assert_eq!(references.is_referent(), is_referent);
        let account = read(json!({"name": "reader", "namespace": namespace}));
        let made = references
            .service_account_token(&account, &[], Duration::from_mins(10), "f")
            .await;
        assert_eq!(made.is_ok(), expected.is_ok());
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let references = References::new(cluster(), in_namespace("own"));
    for (selector, why) in [
        (
            json!({"name": "nope", "key": "token"}),
            "cannot get Secret own/nope: it does not exist",
        ),
        (
            json!({"name": "creds", "key": "nope"}),
            "cannot find key \"nope\" in Secret own/creds",
        ),
        (json!({"name": "creds"}), "f.key: must be set"),
        (json!({"key": "token"}), "f.name: must be set"),
    ] {
        assert_eq!(token(&references, selector).await, Err(why.to_owned()));
    }
    let selector = read(json!({"name": "creds"}));
    let defaulted = references.secret_key_or(&selector, "token", "f").await;
    assert_eq!(defaulted, Ok("own".into()));
}

#[tokio::test]
async fn certificates_come_from_the_bundle_or_from_a_document() {
    let bundle: CaBundle = read(json!("LS0tLS1CRUdJTiBYLS0tLS0K"));
    for (scope, provider, expected) in [
        (
            in_namespace("own"),
            json!({"type": "ConfigMap", "name": "trust", "key": "ca"}),
            Ok(()),
        ),
        (
            in_namespace("own"),
            json!({"type": "Secret", "name": "creds", "key": "ca"}),
            Ok(()),
        ),
        (
            in_namespace("own"),
            json!({"type": "Secret", "name": "creds", "key": "ca", "namespace": "other"}),
            Err("s.caProvider.namespace: must be empty or the namespace of the SecretStore"),
        ),
        (
            cluster_wide(Some("own")),
            json!({"type": "Secret", "name": "creds", "key": "ca"}),
            Err("s.caProvider.namespace: missing namespace on caProvider secret"),
        ),
        (
            cluster_wide(None),
            json!({"type": "Secret", "name": "creds", "key": "ca", "namespace": "other"}),
            Ok(()),
        ),
        (
            in_namespace("own"),
            json!({"type": "Secret", "name": "creds"}),
            Err("s.caProvider.key: must be set"),
        ),
        (
            in_namespace("own"),
            json!({"type": "ConfigMap", "name": "trust", "key": "bad"}),
            Err("s.caProvider: is neither PEM nor base64 of PEM"),
        ),
    ] {
        let references = References::new(cluster(), scope);
        let provider: CaProvider = read(provider);
        let found = references.certificate_authority(None, Some(&provider), "s").await;
        let found = found.map(|found| assert_eq!(found.map(|found| found.len()), Some(1)));
        assert_eq!(
            found.map_err(|problem| problem.to_string()),
            expected.map_err(str::to_owned)
        );
        let wins = references
            .certificate_authority(Some(&bundle), Some(&provider), "s")
            .await;
        let why = wins.expect_err("the bundle wins").to_string();
        assert_eq!(why, "s.caBundle: is neither PEM nor base64 of PEM");
    }
    let references = References::new(cluster(), in_namespace("own"));
    assert_eq!(references.certificate_authority(None, None, "s").await, Ok(None));
}

#[tokio::test]
async fn what_was_read_is_recorded_once_with_its_version() {
    let references = References::new(cluster(), in_namespace("own"));
    let other = references.clone();
    for key in ["token", "ca", "token"] {
        token(&other, json!({"name": "creds", "key": key}))
            .await
            .expect("a value");
    }
    let key = ObjectKey::new("own", "creds");
    assert_eq!(
        references.used(),
        [Used {
            kind: DocumentKind::Secret,
            key,
            version: "0".into()
        }]
    );
}

#[tokio::test]
async fn audiences_add_up() {
    let cluster = cluster();
    let references = References::new(cluster.clone(), in_namespace("own"));
    let account = read(json!({"name": "reader", "audiences": ["mine"]}));
    let token = references
        .service_account_token(&account, &["vault"], Duration::from_mins(10), "f")
        .await;
    assert_eq!(token, Ok("token-0".into()));
    assert_eq!(*cluster.audiences.lock().expect("unpoisoned"), ["mine", "vault"]);
}

#[tokio::test]
async fn what_was_read_has_changed_when_there_is_another_version_or_none() {
    let cluster = cluster();
    let references = References::new(cluster.clone(), in_namespace("own"));
    assert!(!references.have_changed().await);
    for change in [
        |cluster: &TestCluster| cluster.put(DocumentKind::Secret, "own", "creds", &[("token", "newer")]),
        |cluster: &TestCluster| cluster.remove(DocumentKind::Secret, "own", "creds"),
    ] {
        token(&references, json!({"name": "creds", "key": "token"}))
            .await
            .expect("read");
        cluster.put(DocumentKind::Secret, "own", "another", &[]);
        assert!(!references.have_changed().await);
        change(&cluster);
        assert!(references.have_changed().await);
    }
}
