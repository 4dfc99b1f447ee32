//! The API server fails in every way it can, and the operator goes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use lockstep_api::ExternalSecret;
use lockstep_testkit::{ControlPlane, Fate, Proxy, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, external_secret, generated, password};
use crate::eso::FINALIZER;
use crate::mishaps::{Counts, Dice, Faults, mishap};

/// A few backoffs one after another.
const AFTER_FAULTS: Duration = Duration::from_mins(1);

async fn set_up(prefix: &str) -> Result<(Bench, Proxy, Faults)> {
    let faults = Faults::none();
    let plane = ControlPlane::start().await?;
    let judge = faults.clone();
    let proxy = Proxy::start(&plane, move |asked| judge.judge(asked)).await?;
    let bench = Bench::set_up_on(plane, proxy.kubeconfig(), prefix, "first", &[]).await?;
    bench.apply("Password", "made", json!({"length": 24})).await?;
    Ok((bench, proxy, faults))
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn an_api_server_that_restarts_is_gone_on_with() -> Result<()> {
    const OBJECTS: usize = 20;
    let mut bench = Bench::set_up("restart", "first").await?;
    for number in 0..OBJECTS {
        bench
            .apply("ExternalSecret", &format!("app-{number}"), external_secret("k"))
            .await?;
    }
    bench.plane.restart_api_server().await?;
    for number in 0..OBJECTS {
        in_the_end_synced(&bench, &format!("app-{number}")).await?;
    }
    // What happens from now on is seen, too.
    bench
        .apply("ExternalSecret", "later", external_secret("k"))
        .await?;
    in_the_end_synced(&bench, "later").await?;
    edit(&bench, "app-0", json!({"data": {"password": "ZWRpdGVk"}})).await?;
    holds(&bench, "app-0", b"first").await?;
    bench.operator.check()?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_watch_that_expires_misses_nothing() -> Result<()> {
    let (bench, proxy, faults) = set_up("expired").await?;
    for (round, expired) in [Fate::expired_watch(), Fate::refusal(410, "Expired")]
        .into_iter()
        .enumerate()
    {
        let (app, gone, late) = (
            format!("app-{round}"),
            format!("gone-{round}"),
            format!("late-{round}"),
        );
        for name in [&app, &gone] {
            bench.apply("ExternalSecret", name, external_secret("k")).await?;
            bench.synced(name).await?;
        }
        let refused = Counts::default();
        let counts = refused.clone();
        faults
            .are(move |asked| counts.fate(asked, asked.is_watch(), Fate::refusal(503, "ServiceUnavailable")));
        proxy.cut_streams();
        refused
            .reach(&["/externalsecrets", "/secrets", "/secretstores"])
            .await?;

        bench.apply("ExternalSecret", &late, external_secret("k")).await?;
        edit(&bench, &app, json!({"data": {"password": "ZWRpdGVk"}})).await?;
        bench
            .api::<Secret>()
            .delete(&gone, &DeleteParams::default())
            .await?;
        let told = Counts::default();
        let counts = told.clone();
        faults.are(move |asked| counts.fate(asked, asked.is_resumed_watch(), expired.clone()));
        holds(&bench, &app, b"first").await?;
        holds(&bench, &gone, b"first").await?;
        in_the_end_synced(&bench, &late).await?;
        told.reach(&["/externalsecrets", "/secrets"]).await?;
        faults.are(|_| Fate::Pass);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn one_failure_in_twenty_delays_and_breaks_nothing() -> Result<()> {
    const OBJECTS: usize = 50;
    let (bench, _proxy, faults) = set_up("flaky").await?;
    let names: Vec<String> = (0..OBJECTS).map(|number| format!("app-{number}")).collect();
    let failed = Arc::new(AtomicUsize::new(0));
    let dice = Mutex::new(Dice(0x5eed));
    let counted = failed.clone();
    faults.are(move |_| {
        let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
        let fate = if dice.roll(20) == 0 {
            mishap(dice.roll(5))
        } else {
            Fate::Pass
        };
        counted.fetch_add(usize::from(fate != Fate::Pass), Ordering::SeqCst);
        fate
    });

    for name in &names {
        apply_finalized(&bench, name, "k").await?;
    }
    for name in &names {
        in_the_end_synced(&bench, name).await?;
        holds(&bench, name, b"first").await?;
    }
    let values = json!([{"key": "k", "value": "first"}, {"key": "other", "value": "second"}]);
    bench
        .apply(
            "SecretStore",
            "fake",
            json!({"provider": {"fake": {"data": values}}}),
        )
        .await?;
    for name in &names {
        apply_finalized(&bench, name, "other").await?;
    }
    for name in &names {
        holds(&bench, name, b"second").await?;
    }
    for name in &names {
        bench
            .api::<ExternalSecret>()
            .delete(name, &DeleteParams::default())
            .await?;
    }
    eventually("everything is gone", AFTER_FAULTS, async || {
        let all = ListParams::default();
        let objects = bench
            .api::<ExternalSecret>()
            .list(&all)
            .await
            .map_err(|error| error.to_string())?;
        let secrets = bench
            .api::<Secret>()
            .list(&all)
            .await
            .map_err(|error| error.to_string())?;
        match (objects.items.len(), secrets.items.len()) {
            (0, 0) => Ok(()),
            left => Err(format!("ExternalSecrets and Secrets left: {left:?}")),
        }
    })
    .await?;
    let failed = failed.load(Ordering::SeqCst);
    ensure!(failed > OBJECTS / 5, "only {failed} requests failed");
    Ok(())
}

/// The Secret is written, the status is not: nothing is generated again for that.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_lost_status_write_makes_no_new_password() -> Result<()> {
    let (bench, _proxy, faults) = set_up("untold").await?;
    let (lost, writes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, written) = (lost.clone(), writes.clone());
    faults.are(move |asked| {
        if asked.is_write() && asked.path.contains("/secrets") {
            written.fetch_add(1, Ordering::SeqCst);
        }
        if !asked.path.ends_with("/app/status") {
            return Fate::Pass;
        }
        match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Fate::refusal(500, "InternalError"),
            1 => Fate::Cut { carried_out: false },
            _ => Fate::Pass,
        }
    });
    // Owned by nobody, so that nothing but memory tells whose it is.
    let mut spec = generated("OnChange");
    spec["target"] = json!({"creationPolicy": "CreateOrMerge"});
    bench.apply("ExternalSecret", "app", spec).await?;
    in_the_end_synced(&bench, "app").await?;
    ensure!(lost.load(Ordering::SeqCst) >= 3, "no status write was lost");
    let writes = writes.load(Ordering::SeqCst);
    ensure!(writes == 1, "the Secret was written {writes} times");
    Ok(())
}

/// The Secret is written and its answer lost, or nobody lived to see it: the Secret itself tells whose it is.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_lost_answer_makes_no_new_password() -> Result<()> {
    let (bench, _proxy, faults) = set_up("unheard").await?;
    let creates = Arc::new(AtomicUsize::new(0));
    let counted = creates.clone();
    faults.are(move |asked| {
        let is_first = asked.is_write()
            && asked.path.contains("/secrets")
            && counted.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first {
            Fate::Cut { carried_out: true }
        } else {
            Fate::Pass
        }
    });
    bench
        .apply("ExternalSecret", "app", generated("CreatedOnce"))
        .await?;
    in_the_end_synced(&bench, "app").await?;
    let writes = creates.load(Ordering::SeqCst);
    ensure!(writes == 1, "the Secret was written {writes} times");
    Ok(())
}

/// Our own create is known although the watch has not told of it yet.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_watch_that_lags_makes_no_new_password() -> Result<()> {
    let (bench, proxy, faults) = set_up("lagging").await?;
    let refused = Counts::default();
    let counts = refused.clone();
    faults.are(move |asked| {
        counts.fate(
            asked,
            asked.is_watch() && asked.path.ends_with("/secrets"),
            Fate::refusal(503, "ServiceUnavailable"),
        )
    });
    proxy.cut_streams();
    refused.reach(&["/secrets"]).await?;
    bench
        .apply("ExternalSecret", "app", generated("CreatedOnce"))
        .await?;
    bench.synced("app").await?;
    let before = bench.secret("app").await?.context("a Secret")?;

    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = asked.clone();
    faults.are(move |asked| {
        if !asked.path.contains("/secrets") {
            return Fate::Pass;
        }
        if asked.is_watch() {
            return Fate::refusal(503, "ServiceUnavailable");
        }
        told.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(asked.clone());
        Fate::Pass
    });
    // Wakes, and changes nothing that would make it due.
    let held = json!({"metadata": {"finalizers": ["test.lockstep.dev/hold"]}});
    let objects = bench.api::<ExternalSecret>();
    objects
        .patch("app", &PatchParams::default(), &Patch::Merge(held))
        .await?;
    let first = eventually("the Secret was asked for", SOON, async || {
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.first().cloned().ok_or("nobody asked yet")
    })
    .await?;
    ensure!(!first.is_write(), "it was written again: {first:?}");
    let after = bench.secret("app").await?.context("a Secret")?;
    ensure!(
        before.resource_version() == after.resource_version(),
        "the Secret was written again"
    );
    Ok(())
}

/// With a finalizer to be honoured: its end takes two writes.
async fn apply_finalized(bench: &Bench, name: &str, key: &str) -> Result<()> {
    let mut spec = external_secret(key);
    spec["target"] = json!({"deletionPolicy": "Delete"});
    let object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": name, "finalizers": [FINALIZER]}, "spec": spec,
    });
    let how = PatchParams::apply("test").force();
    bench
        .api::<ExternalSecret>()
        .patch(name, &how, &Patch::Apply(object))
        .await?;
    Ok(())
}

async fn edit(bench: &Bench, name: &str, patch: Value) -> Result<()> {
    let how = PatchParams::default();
    bench
        .api::<Secret>()
        .patch(name, &how, &Patch::Merge(patch))
        .await?;
    Ok(())
}

async fn in_the_end_synced(bench: &Bench, name: &str) -> Result<()> {
    eventually(&format!("{name} is synced"), AFTER_FAULTS, async || {
        bench.ready::<ExternalSecret>(name).await
    })
    .await?;
    Ok(())
}

async fn holds(bench: &Bench, name: &str, value: &[u8]) -> Result<()> {
    eventually(
        &format!("{name} holds what it should"),
        AFTER_FAULTS,
        async || {
            let secret = bench.secret(name).await.map_err(|error| error.to_string())?;
            match secret.as_ref().and_then(password) {
                Some(there) if there == value => Ok(()),
                Some(_) => Err("another value".to_owned()),
                None => Err("no value".to_owned()),
            }
        },
    )
    .await?;
    Ok(())
}
