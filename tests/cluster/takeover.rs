//! What lockstep makes of a cluster that External Secrets Operator left: nothing, until there is something to do.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use lockstep_testkit::{ControlPlane, Options, Request, Running, eventually, http_get};
use serde_json::{Value, json};

use crate::bench::{SOON, generated, start_operator};
use crate::eso::{Eso, Made};

/// One character more than leaves room for the plain field manager, and many more.
const LONG: &str = "an-external-secret-of-more-than-twenty-seven-characters";
const GENERATED: [(&str, &str); 3] = [
    ("once", "CreatedOnce"),
    ("on-change", "OnChange"),
    ("hourly", "Periodic"),
];

/// A cluster that ESO has left, before lockstep and with it.
struct Handover {
    plane: ControlPlane,
    eso: Eso,
}

struct TakenOver {
    plane: ControlPlane,
    eso: Eso,
    /// What the operator asked before it was there.
    before: usize,
    metrics: SocketAddr,
    _operator: Running,
}

impl Handover {
    async fn begin() -> Result<Self> {
        let options = Options {
            audit: true,
            ..Options::default()
        };
        let plane = ControlPlane::start_with(&options).await?;
        let eso = Eso::new(plane.client().await?, &plane.namespace("takeover").await?);
        eso.store(
            "fake",
            json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]),
        )
        .await?;
        eso.generator("made").await?;
        Ok(Self { plane, eso })
    }

    /// Starts lockstep, and waits until it has looked at everything.
    async fn take_over(self) -> Result<TakenOver> {
        let Self { plane, eso } = self;
        let before = plane.requests()?.len();
        let (operator, metrics) = start_operator(&plane).await?;
        let objects = eso
            .objects("ExternalSecret")
            .list(&ListParams::default())
            .await?
            .items
            .len();
        eventually("every object was looked at", SOON, async || {
            let text = http_get(metrics, "/metrics")
                .map_err(|error| error.to_string())?
                .1;
            let known = |family: &str| {
                let of_family = text.lines().filter(|line| line.starts_with(family));
                of_family
                    .filter(|line| line.contains("condition=\"Ready\"") && line.ends_with(" 1"))
                    .count()
            };
            let busy = text
                .lines()
                .filter(|line| line.starts_with("controller_runtime_active_workers"));
            let busy = busy.filter(|line| !line.ends_with(" 0")).count();
            match (
                known("externalsecret_status_condition"),
                known("secretstore_status_condition"),
                busy,
            ) {
                (seen, 1, 0) if seen == objects => Ok(()),
                seen => Err(format!(
                    "ExternalSecrets, stores and busy controllers: {seen:?} of {objects}"
                )),
            }
        })
        .await?;
        Ok(TakenOver {
            plane,
            eso,
            before,
            metrics,
            _operator: operator,
        })
    }
}

impl TakenOver {
    /// The operator's requests since it started, but for those that only look.
    fn writes(&self) -> Result<Vec<Request>> {
        let requests = self.plane.requests()?.split_off(self.before);
        let looks = ["get", "list", "watch"];
        Ok(requests
            .into_iter()
            .filter(|request| !looks.contains(&request.verb.as_str()))
            .collect())
    }

    /// The ExternalSecrets that were fetched.
    fn fetched(&self) -> Result<Vec<String>> {
        let metrics = http_get(self.metrics, "/metrics")?.1;
        let lines = metrics
            .lines()
            .filter(|line| line.starts_with("externalsecret_sync_calls_total{"));
        Ok(lines.map(str::to_owned).collect())
    }

    async fn edit(&self, name: &str, patch: Value) -> Result<()> {
        let params = PatchParams::default();
        self.eso
            .objects("ExternalSecret")
            .patch(name, &params, &Patch::Merge(patch))
            .await?;
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.eso
            .objects("ExternalSecret")
            .delete(name, &DeleteParams::default())
            .await?;
        eventually("the ExternalSecret is released", SOON, async || {
            let left = self.eso.objects("ExternalSecret").get_opt(name).await;
            let left = left.map_err(|error| error.to_string())?;
            if left.is_none() {
                Ok(())
            } else {
                Err("still there".to_owned())
            }
        })
        .await?;
        Ok(())
    }

    async fn becomes_its_own(&self, name: &str) -> Result<()> {
        eventually(&format!("{name} is as ESO would leave it"), SOON, async || {
            self.eso
                .takes_for_its_own(name)
                .await
                .map_err(|error| error.to_string())
        })
        .await?;
        Ok(())
    }

    async fn secret(&self, name: &str) -> Result<Secret> {
        self.eso
            .secrets()
            .get(name)
            .await
            .with_context(|| format!("Secret {name}"))
    }
}

fn reads(target: Value, keys: &[(&str, &str)]) -> Value {
    let entry =
        |(secret_key, key): &(&str, &str)| json!({"secretKey": secret_key, "remoteRef": {"key": key}});
    json!({
        "secretStoreRef": {"name": "fake"},
        "refreshInterval": "1h",
        "target": target,
        "data": keys.iter().map(entry).collect::<Vec<_>>(),
    })
}

const BOTH: &[(&str, &str)] = &[("x", "a"), ("y", "b")];
const VALUES: &[(&str, &str)] = &[("x", "1"), ("y", "2")];

/// Objects of every creation policy, with labels that ESO copied onto their Secrets.
async fn leave_policies(eso: &Eso) -> Result<()> {
    for name in ["merging", "joining"] {
        eso.foreign(name, json!({"keep": "theirs"})).await?;
    }
    let policies = [
        ("owning", "Owner"),
        (LONG, "Owner"),
        ("orphaning", "Orphan"),
        ("merging", "Merge"),
        ("joining", "CreateOrMerge"),
    ];
    for (name, policy) in policies {
        let labels = json!({"team": "blue", "old": "1"});
        let made = Made {
            labels: labels.clone(),
            ..Made::new(name, VALUES)
        };
        eso.synced(
            name,
            labels,
            reads(json!({"creationPolicy": policy}), BOTH),
            Some(made),
        )
        .await?;
    }
    eso.synced(
        "nothing",
        json!({}),
        reads(json!({"creationPolicy": "None"}), BOTH),
        None,
    )
    .await
}

/// Objects that are refreshed, or written, in a manner of their own.
async fn leave_manners(eso: &Eso) -> Result<()> {
    let template = json!({"metadata": {"labels": {"one": "1", "two": "2"}}, "type": "example.com/typed", "data": {"both": "{{ .x }}-{{ .y }}"}});
    let made = Made {
        labels: json!({"one": "1", "two": "2"}),
        more: json!({"type": "example.com/typed"}),
        ..Made::new("templated", &[("both", "1-2")])
    };
    let unused = json!({"not": "copied"});
    eso.synced(
        "templated",
        unused,
        reads(json!({"template": template}), BOTH),
        Some(made),
    )
    .await?;

    let made = Made {
        more: json!({"immutable": true}),
        ..Made::new("frozen", &[("x", "of-another-time")])
    };
    eso.synced(
        "frozen",
        json!({}),
        reads(json!({"immutable": true}), BOTH),
        Some(made),
    )
    .await?;

    let mut never_again = reads(json!({}), BOTH);
    never_again["refreshInterval"] = json!("0");
    eso.synced(
        "never-again",
        json!({}),
        never_again,
        Some(Made::new("never-again", &[("x", "of-another-time")])),
    )
    .await?;

    eso.synced(
        "renamed",
        json!({}),
        reads(json!({"name": "new-name"}), BOTH),
        Some(Made::new("new-name", VALUES)),
    )
    .await?;
    let renamed = eso.objects("ExternalSecret").get("renamed").await?;
    eso.write(&renamed, Made::new("old-name", VALUES)).await?;

    for (name, policy) in GENERATED {
        let made = Made::new(name, &[("password", "made-by-eso")]);
        eso.synced(name, json!({}), generated(policy), Some(made)).await?;
    }
    Ok(())
}

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
    let finalizers = taken.eso.objects("SecretStore").get("fake").await?;
    ensure!(
        !finalizers.finalizers().is_empty(),
        "the store's finalizer guards what was pushed, and is not ours"
    );
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
