//! What External Secrets Operator left.

use anyhow::{Result, ensure};
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use lockstep_testkit::eventually;
use serde_json::json;

use super::{CES, Field, spec};
use crate::bench::SOON;

const NAMESPACE_FINALIZER: &str = "externalsecrets.external-secrets.io/ces-all";
const FINALIZER: &str = "externalsecrets.external-secrets.io/clusterexternalsecret-cleanup";

/// ESO's child, with the empty values that Go does not leave out, its status and its finalizers.
async fn left_by_eso(field: &Field, namespaces: &[&str]) -> Result<()> {
    let parent = field.create(json!({"finalizers": [FINALIZER]}), spec()).await?;
    for namespace in namespaces {
        let metadata =
            json!({"labels": {"tier": "gold"}, "finalizers": [NAMESPACE_FINALIZER, "example.com/theirs"]});
        field.namespace(namespace, metadata).await?;
        let child = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": "all", "ownerReferences": [{
                "apiVersion": "external-secrets.io/v1", "kind": CES, "name": "all",
                "uid": parent.uid(), "controller": true, "blockOwnerDeletion": true,
            }]},
            "spec": {
                "refreshInterval": "1h0m0s",
                "secretStoreRef": {"name": "none", "kind": "ClusterSecretStore"},
                "target": {"creationPolicy": "Owner", "deletionPolicy": "Retain"},
                "data": [{"secretKey": "x", "remoteRef": {"key": "a"}}],
            },
        });
        let params = PostParams {
            field_manager: Some("external-secrets".to_owned()),
            ..PostParams::default()
        };
        field
            .children(namespace)
            .create(&params, &serde_json::from_value(child)?)
            .await?;
    }
    let status = json!({"status": {
        "externalSecretName": "all", "provisionedNamespaces": namespaces,
        "conditions": [{"type": "Ready", "status": "True"}],
    }});
    let params = PatchParams::default();
    field
        .parents()
        .patch_status("all", &params, &Patch::Merge(status))
        .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_eso_spread_is_kept_as_it_is_and_its_finalizers_are_honoured() -> Result<()> {
    let mut field = Field::bare().await?;
    left_by_eso(&field, &["one", "two"]).await?;
    // A namespace of a ClusterExternalSecret that is no more: nobody else would let go of it.
    let leaked = json!({"finalizers": ["externalsecrets.external-secrets.io/ces-long-gone"]});
    field.namespace("leaked", leaked).await?;
    let other = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "other"}, "spec": spec()["externalSecretSpec"],
    });
    let one = field.children("one");
    one.create(&PostParams::default(), &serde_json::from_value(other)?)
        .await?;

    let start = field.plane.requests()?.len();
    field.start().await?;
    eventually("the namespaces are released", SOON, async || {
        let all = field
            .namespaces()
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let held: Vec<_> = all.iter().flat_map(|it| it.finalizers().to_vec()).collect();
        (held == ["example.com/theirs"; 2])
            .then_some(())
            .ok_or(format!("{held:?}"))
    })
    .await?;
    eventually("all was looked at", SOON, async || {
        let log = field.plane.folder().join("operator.log");
        let log = std::fs::read_to_string(log).map_err(|error| error.to_string())?;
        log.contains("looked at the namespaces")
            .then_some(())
            .ok_or("not yet".to_owned())
    })
    .await?;
    for verb in ["create", "update", "patch", "delete"] {
        for resource in [
            "externalsecrets",
            "clusterexternalsecrets",
            "clusterexternalsecrets/status",
        ] {
            let count = field.count(start, verb, resource)?;
            ensure!(count == 0, "{count} times {verb} {resource}");
        }
    }

    field.parents().delete("all", &DeleteParams::default()).await?;
    for namespace in ["one", "two"] {
        field.is_gone(namespace, "all").await?;
    }
    eventually("it is gone", SOON, async || {
        let found = field
            .parents()
            .get_opt("all")
            .await
            .map_err(|error| error.to_string())?;
        found.is_none().then_some(()).ok_or("it is there".to_owned())
    })
    .await?;
    one.get("other").await?;
    Ok(())
}
