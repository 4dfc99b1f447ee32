//! The crd provider against a real API server: what a service account may read of which kinds, and what is absent.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams};
use lockstep::cluster::Store;
use lockstep::engine::ask::Find;
use lockstep::provider::pool::Verdict;
use lockstep_testkit::eventually;
use serde_json::{Value, json};

use crate::readers::{Readers, at};

const SOON: Duration = Duration::from_secs(20);
const RBAC: &str = "rbac.authorization.k8s.io";

/// Defines a kind of its own for each test: definitions are the whole cluster's.
async fn define(readers: &Readers, group: &str) -> Result<()> {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let version =
        json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}});
    let names =
        json!({"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"});
    let spec = json!({"group": group, "scope": "Namespaced", "names": names, "versions": [version]});
    let (kind, name) = ("CustomResourceDefinition", format!("widgets.{group}"));
    readers
        .make_everywhere("apiextensions.k8s.io/v1", kind, &name, json!({"spec": spec}))
        .await
}

async fn widget(readers: &Readers, group: &str, name: &str, spec: Value) -> Result<()> {
    let version = format!("{group}/v1");
    let make = async || {
        let body = json!({"spec": spec});
        let made = readers.make(&version, "Widget", &readers.own, name, body).await;
        made.map_err(|error| error.to_string())
    };
    eventually("the kind is served", SOON, make).await?;
    Ok(())
}

/// Lets the service account `reader` do things with widgets of the own namespace.
async fn allow(readers: &Readers, group: &str, verbs: &[&str]) -> Result<()> {
    let version = format!("{RBAC}/v1");
    let rules = json!({"rules": [{"apiGroups": [group], "resources": ["widgets"], "verbs": verbs}]});
    readers
        .make(&version, "Role", &readers.own, "widgets", rules)
        .await?;
    let binding = json!({
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "widgets"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": readers.own}],
    });
    readers
        .make(&version, "RoleBinding", &readers.own, "widgets", binding)
        .await
}

/// A store of a kind, as the service account `reader` and nobody else.
fn store(readers: &Readers, name: &str, resource: &Value, whitelist: Value) -> Result<Arc<Store>> {
    let config: Value = serde_json::from_str(&std::fs::read_to_string(readers.plane.kubeconfig())?)?;
    let ca = config["clusters"][0]["cluster"]["certificate-authority-data"].clone();
    let mut provider = json!({
        "server": {"url": readers.plane.url(), "caBundle": ca},
        "auth": {"serviceAccount": {"name": "reader"}}, "resource": resource,
    });
    if !whitelist.is_null() {
        provider["whitelist"] = whitelist;
    }
    Ok(readers.store_named(name, json!({"provider": {"crd": provider}})))
}

async fn becomes_valid(readers: &Readers, store: &Arc<Store>) -> Result<()> {
    // The API server learns of new rights a moment later.
    eventually("the rights are known", SOON, async || {
        match readers.pool.check(store).await {
            Verdict::Valid => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_service_account_reads_the_fields_that_it_may() -> Result<()> {
    let (readers, group) = (Readers::set_up().await?, "read.lockstep.test");
    readers.account("reader").await?;
    define(&readers, group).await?;
    widget(
        &readers,
        group,
        "app-db",
        json!({"user": "admin", "login": {"port": 5432, "tls": true}}),
    )
    .await?;
    widget(&readers, group, "other", json!({"user": "nobody"})).await?;
    let resource = json!({"group": group, "version": "v1", "kind": "Widget"});
    let all = store(&readers, "all", &resource, Value::Null)?;
    let verdict = readers.pool.check(&all).await;
    ensure!(
        matches!(verdict, Verdict::Failed(_)),
        "nobody has allowed it: {verdict:?}"
    );

    allow(&readers, group, &["get", "list"]).await?;
    becomes_valid(&readers, &all).await?;
    let reader = readers.connect(&all).await?;
    assert_eq!(
        reader.value(at("app-db"), Some("spec.user")).await,
        Ok("admin".into())
    );
    let login = reader.extract(at("app-db"), Some("spec.login")).await?;
    assert_eq!(
        login,
        [("port", "5432"), ("tls", "true")]
            .map(|(key, value)| (key.to_owned(), value.into()))
            .into()
    );
    let found = reader
        .find(&Find {
            name: Some("^app-".into()),
            ..Find::default()
        })
        .await?;
    assert_eq!(found.keys().collect::<Vec<_>>(), ["app-db"]);
    ensure!(
        found["app-db"]
            .expose()
            .starts_with(br#"{"apiVersion":"read.lockstep.test/v1","kind":"Widget","#)
    );
    let absent = reader
        .value(at("nope"), Some("spec.user"))
        .await
        .expect_err("it is not there");
    ensure!(absent.is_absent(), "{absent:?}");

    let rules = json!({"rules": [{"name": "^app-", "properties": ["^spec\\.user$"]}]});
    let some = store(&readers, "some", &resource, rules)?;
    let reader = readers.connect(&some).await?;
    assert_eq!(
        reader.value(at("app-db"), Some("spec.user")).await,
        Ok("admin".into())
    );
    for (key, property) in [
        ("app-db", Some("spec.login")),
        ("app-db", None),
        ("other", Some("spec.user")),
    ] {
        let denied = reader
            .value(at(key), property)
            .await
            .expect_err("not on the list");
        ensure!(denied.to_string().contains("whitelist"), "{denied}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn rights_are_those_of_the_service_account_and_not_ours() -> Result<()> {
    let (readers, group) = (Readers::set_up().await?, "rights.lockstep.test");
    readers.account("reader").await?;
    define(&readers, group).await?;
    widget(&readers, group, "db", json!({"user": "admin"})).await?;
    let resource = json!({"group": group, "version": "v1", "kind": "Widget"});
    let widgets = store(&readers, "widgets", &resource, Value::Null)?;
    let reader = readers.connect(&widgets).await?;
    let refused = reader
        .value(at("db"), Some("spec.user"))
        .await
        .expect_err("it may not");
    assert_eq!(
        refused.to_string(),
        "Widget of rights.lockstep.test/v1 db: the backend refuses (403 Forbidden)"
    );
    let maps = json!({"group": "", "version": "v1", "kind": "ConfigMap"});
    let reader = readers
        .connect(&store(&readers, "maps", &maps, Value::Null)?)
        .await?;
    let refused = reader.find(&Find::default()).await.expect_err("it may not");
    ensure!(refused.root().reason() == "Refused", "{refused:?}");
    let secrets = json!({"group": "", "version": "v1", "kind": "Secret"});
    let refused = readers
        .connect(&store(&readers, "secrets", &secrets, Value::Null)?)
        .await;
    ensure!(refused.is_err_and(|problem| problem.to_string().contains("provider kubernetes")));
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_definition_that_is_deleted_makes_nothing_absent() -> Result<()> {
    let (readers, group) = (Readers::set_up().await?, "gone.lockstep.test");
    readers.account("reader").await?;
    define(&readers, group).await?;
    widget(&readers, group, "db", json!({"user": "admin"})).await?;
    allow(&readers, group, &["get"]).await?;
    let resource = json!({"group": group, "version": "v1", "kind": "Widget"});
    let widgets = store(&readers, "widgets", &resource, Value::Null)?;
    becomes_valid(&readers, &widgets).await?;
    let reader = readers.connect(&widgets).await?;
    assert_eq!(
        reader.value(at("db"), Some("spec.user")).await,
        Ok("admin".into())
    );

    let definitions: Api<CustomResourceDefinition> = Api::all(readers.client.clone());
    definitions
        .delete(&format!("widgets.{group}"), &DeleteParams::default())
        .await?;
    eventually("the kind is gone", SOON, async || {
        match reader.value(at("db"), Some("spec.user")).await {
            Err(problem) if problem.to_string().contains("knows no kind") => Ok(()),
            // The object goes first.
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    define(&readers, group).await?;
    widget(&readers, group, "db", json!({"user": "new"})).await?;
    eventually("it is read again", SOON, async || {
        match reader.value(at("db"), Some("spec.user")).await {
            Ok(value) if value == "new".into() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    Ok(())
}
