//! What lockstep makes of a cluster that External Secrets Operator left: nothing, until there is something to do.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use kube::ResourceExt as _;
use kube::api::{ListParams, Patch, PatchParams};
use lockstep_testkit::Request;
use serde_json::json;

use crate::bench::generated;
use crate::eso::{Eso, Made};
use crate::handover::{BOTH, GENERATED, Handover, LONG, VALUES, leave_manners, leave_policies, reads};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn taking_over_writes_nothing_and_fetches_nothing() -> Result<()> {
    let handover = Handover::begin().await?;
    leave_policies(&handover.eso).await?;
    leave_manners(&handover.eso).await?;
    let before = versions(&handover.eso).await?;
    let taken = handover.take_over().await?;
    // The store's condition tells from now on which generation it is about, which ESO leaves out.
    let writes = taken.writes()?;
    let untold = |request: &&Request| request.resource != "secretstores/status";
    ensure!(
        writes.iter().filter(untold).count() == 0 && writes.len() <= 1,
        "taking over wrote: {writes:?}"
    );
    ensure!(
        taken.fetched()?.is_empty(),
        "taking over fetched: {:?}",
        taken.fetched()?
    );
    ensure!(
        versions(&taken.eso).await? == before,
        "something else than lockstep wrote"
    );
    Ok(())
}

/// Every ExternalSecret and every Secret, with its version.
async fn versions(eso: &Eso) -> Result<BTreeMap<String, Option<String>>> {
    let all = ListParams::default();
    let objects = eso.objects("ExternalSecret").list(&all).await?;
    let secrets = eso.secrets().list(&all).await?;
    let objects = objects
        .iter()
        .map(|object| (object.name_any(), object.resource_version()));
    let secrets = secrets
        .iter()
        .map(|secret| (format!("Secret {}", secret.name_any()), secret.resource_version()));
    Ok(objects.chain(secrets).collect())
}

/// What ESO wrote is known for what it is by its field manager, and goes when the spec drops it.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_eso_wrote_goes_when_the_spec_drops_it() -> Result<()> {
    let handover = Handover::begin().await?;
    leave_policies(&handover.eso).await?;
    leave_manners(&handover.eso).await?;
    let taken = handover.take_over().await?;
    let less = json!([{"secretKey": "x", "remoteRef": {"key": "a"}}]);
    for name in ["owning", LONG, "orphaning", "merging", "joining"] {
        let patch = json!({"metadata": {"labels": {"old": null}}, "spec": {"data": less}});
        taken.edit(name, patch).await?;
        taken.becomes_its_own(name).await?;
        let secret = taken.secret(name).await?;
        let keys: Vec<&String> = secret.data.iter().flatten().map(|(key, _)| key).collect();
        let theirs = matches!(name, "merging" | "joining");
        ensure!(
            keys == if theirs { vec!["keep", "x"] } else { vec!["x"] },
            "{name}: {keys:?}"
        );
        let labels = secret.labels();
        ensure!(
            labels.contains_key("team") && !labels.contains_key("old"),
            "{name}: {labels:?}"
        );
        ensure!(labels.contains_key("theirs") == theirs, "{name}: {labels:?}");
    }
    taken
        .edit(
            "templated",
            json!({"spec": {"target": {"template": {"metadata": {"labels": {"one": null}}}}}}),
        )
        .await?;
    taken.becomes_its_own("templated").await?;
    let labels = taken.secret("templated").await?;
    let labels = labels.labels();
    ensure!(
        !labels.contains_key("one") && labels.contains_key("two"),
        "{labels:?}"
    );

    taken
        .edit(
            "renamed",
            json!({"metadata": {"annotations": {"force-sync": "1"}}}),
        )
        .await?;
    taken.becomes_its_own("renamed").await?;
    ensure!(
        taken.eso.secrets().get_opt("old-name").await?.is_none(),
        "the old target is still there"
    );
    for (name, _) in GENERATED {
        let made = taken
            .secret(name)
            .await?
            .data
            .and_then(|mut data| data.remove("password"));
        ensure!(
            made.is_some_and(|made| made.0 == b"made-by-eso"),
            "{name} was generated anew"
        );
    }
    Ok(())
}

/// A finalizer that ESO set is honoured: with `Delete` the Secret goes, otherwise it stays where nobody owns it.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_esos_finalizer_promised_is_done() -> Result<()> {
    let handover = Handover::begin().await?;
    handover.eso.foreign("merging", json!({"keep": "theirs"})).await?;
    for (name, target) in [
        ("going", json!({"deletionPolicy": "Delete"})),
        ("orphaning", json!({"creationPolicy": "Orphan"})),
        ("merging", json!({"creationPolicy": "Merge"})),
    ] {
        handover
            .eso
            .synced(
                name,
                json!({}),
                reads(target, BOTH),
                Some(Made::new(name, VALUES)),
            )
            .await?;
    }
    let taken = handover.take_over().await?;
    for name in ["going", "orphaning", "merging"] {
        taken.delete(name).await?;
    }
    // Before its owner was released, not by the garbage collector later.
    ensure!(
        taken.eso.secrets().get_opt("going").await?.is_none(),
        "the Secret outlived its owner"
    );
    for name in ["orphaning", "merging"] {
        ensure!(
            taken
                .secret(name)
                .await?
                .data
                .is_some_and(|data| data.contains_key("x")),
            "{name} lost its values"
        );
    }
    Ok(())
}

/// What was due is done as ESO would have done it, whatever Go's empty values look like.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_eso_left_undone_is_done() -> Result<()> {
    let handover = Handover::begin().await?;
    handover.eso.failed("failed", reads(json!({}), BOTH)).await?;
    handover
        .eso
        .failed("ungenerated", generated("CreatedOnce"))
        .await?;
    let spec = reads(json!({}), BOTH);
    handover
        .eso
        .synced("drifted", json!({}), spec, Some(Made::new("drifted", VALUES)))
        .await?;
    let edit = json!({"stringData": {"x": "edited"}});
    handover
        .eso
        .secrets()
        .patch("drifted", &PatchParams::default(), &Patch::Merge(edit))
        .await?;
    let taken = handover.take_over().await?;
    for name in ["failed", "ungenerated", "drifted"] {
        taken.becomes_its_own(name).await?;
    }
    for name in ["failed", "drifted"] {
        let data = taken.secret(name).await?.data.unwrap_or_default();
        let data: BTreeMap<&str, &[u8]> = data
            .iter()
            .map(|(key, value)| (key.as_str(), value.0.as_slice()))
            .collect();
        ensure!(
            data == BTreeMap::from([("x", b"1".as_slice()), ("y", b"2")]),
            "{name} holds other keys or values"
        );
    }
    Ok(())
}

/// ESO wrote a generated value and did not live to tell: it stays.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_value_that_eso_did_not_live_to_tell_of_stays() -> Result<()> {
    let handover = Handover::begin().await?;
    handover.eso.failed("once", generated("CreatedOnce")).await?;
    let object = handover.eso.objects("ExternalSecret").get("once").await?;
    handover
        .eso
        .write(&object, Made::new("once", &[("password", "made-by-eso")]))
        .await?;
    let taken = handover.take_over().await?;
    taken.becomes_its_own("once").await?;
    let made = taken
        .secret("once")
        .await?
        .data
        .and_then(|mut data| data.remove("password"));
    ensure!(
        made.is_some_and(|made| made.0 == b"made-by-eso"),
        "it was generated anew"
    );
    Ok(())
}
