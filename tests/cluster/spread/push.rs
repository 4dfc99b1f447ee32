//! `ClusterPushSecrets`: what is their own.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt as _;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use lockstep_testkit::eventually;
use serde_json::{Value, json};

use super::{Field, gold};
use crate::bench::SOON;

const CPS: &str = "ClusterPushSecret";
const VERSION: &str = "external-secrets.io/v1alpha1";

fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("external-secrets.io", "v1alpha1", kind))
}

fn parents(field: &Field) -> Api<DynamicObject> {
    Api::all_with(field.client.clone(), &resource(CPS))
}

fn children(field: &Field, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(field.client.clone(), namespace, &resource("PushSecret"))
}

/// As a child has it, from the hand of ESO.
fn pushed() -> Value {
    json!({
        "refreshInterval": "1h0m0s",
        "updatePolicy": "Replace",
        "deletionPolicy": "None",
        "secretStoreRefs": [{"name": "none", "kind": "ClusterSecretStore"}],
        "selector": {"secret": {"name": "src"}},
        "data": [{"match": {"secretKey": "k", "remoteRef": {"remoteKey": "r"}}, "conversionStrategy": "None"}],
    })
}

async fn create(field: &Field, selector: Value) -> Result<DynamicObject> {
    let mut spec = json!({"pushSecretSpec": pushed(), "namespaceSelectors": [selector]});
    // As people write it.
    spec["pushSecretSpec"]["refreshInterval"] = json!("60m");
    let object = json!({"apiVersion": VERSION, "kind": CPS, "metadata": {"name": "all"}, "spec": spec});
    let object = serde_json::from_value(object)?;
    Ok(parents(field).create(&PostParams::default(), &object).await?)
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn push_secrets_that_eso_spread_are_kept_and_those_that_are_missing_made() -> Result<()> {
    let mut field = Field::bare().await?;
    let parent = create(&field, json!({"matchLabels": {"tier": "gold"}})).await?;
    for name in ["one", "two"] {
        field.namespace(name, gold()).await?;
    }
    let owner = json!({
        "apiVersion": VERSION, "kind": CPS, "name": "all", "uid": parent.uid(),
        "controller": true, "blockOwnerDeletion": true,
    });
    let child = json!({
        "apiVersion": VERSION, "kind": "PushSecret",
        "metadata": {"name": "all", "ownerReferences": [owner]}, "spec": pushed(),
    });
    let one = children(&field, "one");
    let there = one
        .create(&PostParams::default(), &serde_json::from_value(child)?)
        .await?;
    let status = json!({"status": {
        "pushSecretName": "all", "provisionedNamespaces": ["one"],
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    }});
    let params = PatchParams::default();
    parents(&field)
        .patch_status("all", &params, &Patch::Merge(status))
        .await?;

    let start = field.plane.requests()?.len();
    field.start().await?;
    eventually("the other one is made", SOON, async || {
        let status = parents(&field)
            .get("all")
            .await
            .map_err(|error| error.to_string())?
            .data["status"]
            .clone();
        (status["provisionedNamespaces"] == json!(["one", "two"]))
            .then_some(())
            .ok_or(status.to_string())
    })
    .await?;
    let made = children(&field, "two").get("all").await?;
    ensure!(
        serde_json::to_value(made.owner_references())? == json!([owner]),
        "{made:?}"
    );
    ensure!(made.data["spec"] == pushed(), "{}", made.data["spec"]);
    ensure!(one.get("all").await?.metadata.generation == there.metadata.generation);
    let written = ["create", "update", "patch"].map(|verb| field.count(start, verb, "pushsecrets"));
    ensure!(matches!(written, [Ok(1), Ok(0), Ok(0)]), "{written:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_selector_that_cannot_be_used_is_told_as_eso_does() -> Result<()> {
    let field = Field::set_up().await?;
    create(
        &field,
        json!({"matchExpressions": [{"key": "tier", "operator": "Like", "values": ["gold"]}]}),
    )
    .await?;
    eventually("it is refused", SOON, async || {
        let object = parents(&field)
            .get("all")
            .await
            .map_err(|error| error.to_string())?;
        let ready = &object.data["status"]["conditions"][0];
        let is_right = ready["status"] == "False"
            && ready["reason"] == "Errored"
            && ready["message"] == "failed to get target Namespaces";
        is_right.then_some(()).ok_or(ready.to_string())
    })
    .await?;
    let events: Api<Event> = Api::namespaced(field.client.clone(), "default");
    let told = eventually("an event tells", SOON, async || {
        let all = events
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let mut about = all.items.into_iter();
        about
            .find(|event| {
                event
                    .regarding
                    .as_ref()
                    .is_some_and(|it| it.kind.as_deref() == Some(CPS))
            })
            .context("none yet")
            .map_err(|error| error.to_string())
    })
    .await?;
    ensure!(
        told.reporting_controller.as_deref() == Some("external-secrets-controller")
            && told.reason.as_deref() == Some("Errored")
            && told.type_.as_deref() == Some("Warning"),
        "{told:?}"
    );
    Ok(())
}
