//! What is counted at whoever makes tokens, the same for all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, Patch, PatchParams};
use lockstep_api::{ExternalSecret, PushSecret};
use lockstep_testkit::{ControlPlane, Fate, Proxy, eventually};
use serde_json::json;

use super::issuers::{CANARY, Issuer, borrowed, introduce, reference};
use crate::bench::{Bench, start_operator_as, start_operator_with};
use crate::lender::{states, text};
use crate::mishaps::Trap;

pub const SHORT_GRACE: &str = "--generator-gc-grace-period=1s";
/// More writes than the story has.
const MOST_WRITES: usize = 30;
/// The garbage collector hears of new kinds every half a minute.
pub const A_WHILE: Duration = Duration::from_mins(1);

/// Whether exactly so many are left.
pub async fn are_left(issuer: &impl Issuer, wanted: usize) -> Result<()> {
    eventually(&format!("{wanted} tokens are left"), A_WHILE, async || {
        let found = issuer.left().len();
        if found == wanted {
            Ok(())
        } else {
            Err(format!("{found}"))
        }
    })
    .await?;
    Ok(())
}

pub fn is_used(issuer: &impl Issuer, secret: &Secret) -> Result<()> {
    let held = text(secret, "token")?;
    let is_there = issuer.left().contains(&held);
    ensure!(is_there, "the Secret holds a token that is no more");
    Ok(())
}

/// A deletion that fails goes on until it succeeds, and nothing is told.
pub async fn deletion_that_fails<I: Issuer>(issuer: &I) -> Result<()> {
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(issuer, &bench).await?;
    bench.apply("ExternalSecret", "app", borrowed::<I>()).await?;
    bench.synced("app").await?;
    issuer.faults().are(|asked| {
        if asked.method == "DELETE" {
            Fate::status(503, CANARY)
        } else {
            Fate::Pass
        }
    });
    bench.refresh("app").await?;
    let secret = bench.secret("app").await?.unwrap_or_default();
    is_used(issuer, &secret)?;
    bench
        .api::<ExternalSecret>()
        .delete("app", &DeleteParams::default())
        .await?;
    eventually("both are tried, again and again", A_WHILE, async || {
        let tried = issuer.faults().traffic().calls;
        let deletions = tried.iter().filter(|(call, _)| call.starts_with("DELETE "));
        if deletions.filter(|(_, count)| **count > 2).count() == 2 {
            Ok(())
        } else {
            Err(format!("{tried:?}"))
        }
    })
    .await?;
    ensure!(issuer.left().len() == 2, "nothing was deleted");
    issuer.faults().always(Fate::Pass);
    are_left(issuer, 0).await?;
    eventually("no note is left", A_WHILE, async || {
        let left = states(&bench.client, &bench.namespace).await?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{}", left.len()))
        }
    })
    .await?;
    ensure!(issuer.made() == 2, "one for each refresh");
    let log = std::fs::read_to_string(bench.operator.log())?;
    for told in [log, bench.events().await?, bench.metrics()?] {
        ensure!(!told.contains(CANARY), "a token was told");
    }
    issuer.is_intact()
}

/// What fails waits longer each time: its own notes are no reason to try again.
pub async fn failure_that_lasts<I: Issuer>(issuer: &I) -> Result<()> {
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(issuer, &bench).await?;
    issuer.faults().are(|asked| {
        if asked.method == "POST" {
            Fate::status(503, CANARY)
        } else {
            Fate::Pass
        }
    });
    let begun = Instant::now();
    bench.apply("ExternalSecret", "app", borrowed::<I>()).await?;
    eventually("it was tried four times", A_WHILE, async || {
        let tries = issuer.faults().traffic().of("POST ");
        if tries >= 4 {
            Ok(())
        } else {
            Err(format!("{tries}"))
        }
    })
    .await?;
    // Pauses of one, two and four seconds.
    ensure!(
        begun.elapsed() > Duration::from_secs(6),
        "within {:?}",
        begun.elapsed()
    );
    issuer.faults().always(Fate::Pass);
    bench.synced("app").await?;
    is_used(issuer, &bench.secret("app").await?.unwrap_or_default())?;
    issuer.is_intact()
}

/// A restart makes nothing anew, and a refresh leaves one token.
pub async fn restart<I: Issuer>(issuer: &I) -> Result<()> {
    let mut bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(issuer, &bench).await?;
    bench.apply("ExternalSecret", "app", borrowed::<I>()).await?;
    bench.synced("app").await?;
    let version = async |bench: &Bench| {
        let secret = bench.secret("app").await?.unwrap_or_default();
        is_used(issuer, &secret)?;
        anyhow::Ok(secret.metadata.resource_version)
    };
    let before = version(&bench).await?;
    bench.operator.kill()?;
    (bench.operator, bench.metrics) = start_operator_with(&bench.plane, &[SHORT_GRACE]).await?;
    eventually("the ExternalSecret had its turn", A_WHILE, async || {
        match bench.turns() {
            Ok(turns) if turns > 0 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    ensure!(version(&bench).await? == before, "a restart wrote the Secret");
    ensure!(issuer.made() == 1, "a restart made another token");
    bench.refresh("app").await?;
    are_left(issuer, 1).await?;
    ensure!(version(&bench).await? != before, "a refresh asks anew");
    ensure!(issuer.made() == 2, "one for the refresh");
    issuer.is_intact()
}

/// What a push makes is deleted when another takes its place, and when it goes.
pub async fn push<I: Issuer>(issuer: &I) -> Result<()> {
    let bench = Bench::set_up_with("tokens", "v", &[SHORT_GRACE]).await?;
    introduce(issuer, &bench).await?;
    let spec = json!({
        "refreshInterval": "1h", "secretStoreRefs": [{"name": "fake", "kind": "SecretStore"}],
        "selector": {"generatorRef": reference::<I>()},
        "data": [{"match": {"secretKey": "token", "remoteRef": {"remoteKey": "pushed"}}}],
    });
    bench
        .apply("SecretStore", "fake", json!({"provider": {"fake": {"data": []}}}))
        .await?;
    let api = bench.api::<PushSecret>();
    let object = json!({
        "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": {"name": "push"},
        "spec": spec,
    });
    let how = PatchParams::apply("test").force();
    api.patch("push", &how, &Patch::Apply(&object)).await?;
    let synced = async || bench.ready::<PushSecret>("push").await;
    eventually("it is pushed", A_WHILE, synced).await?;
    are_left(issuer, 1).await?;
    let first = issuer.left();
    let noted = states(&bench.client, &bench.namespace)
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(noted.len() == 1, "{} notes", noted.len());
    let name = noted[0].metadata.name.clone().unwrap_or_default();
    ensure!(name.starts_with("gen-pushsecret-push-"), "{name}");

    let touch = json!({"metadata": {"annotations": {"force-sync": "1"}}});
    api.patch("push", &PatchParams::default(), &Patch::Merge(touch))
        .await?;
    eventually("another is made", A_WHILE, async || {
        let made = issuer.made();
        if made == 2 { Ok(()) } else { Err(format!("{made}")) }
    })
    .await?;
    are_left(issuer, 1).await?;
    ensure!(issuer.left() != first, "the newer one is left");
    api.delete("push", &DeleteParams::default()).await?;
    are_left(issuer, 0).await?;
    ensure!(issuer.made() == 2, "one for each round");
    issuer.is_intact()
}

/// A kill at any write leaves no token behind.
pub async fn kill_at_any_write<I: Issuer>(issuer: &I) -> Result<()> {
    let trap = Arc::new(Trap::default());
    let plane = ControlPlane::start().await?;
    let judge = trap.clone();
    let proxy = Proxy::start(&plane, move |asked| judge.judge(asked)).await?;
    let mut bench = Bench::set_up_on(plane, proxy.kubeconfig(), "tokens", "v", &[SHORT_GRACE]).await?;
    introduce(issuer, &bench).await?;
    let mut write = 1;
    loop {
        trap.set(write, true);
        let name = format!("app-{write}");
        bench.apply("ExternalSecret", &name, borrowed::<I>()).await?;
        let met = met(&trap, &bench, &name).await?;
        if met {
            bench.operator.kill()?;
            let started = start_operator_as(&bench.plane, proxy.kubeconfig(), &[SHORT_GRACE]).await?;
            (bench.operator, bench.metrics) = started;
        }
        trap.set(usize::MAX, true);
        bench.synced(&name).await?;
        let secret = bench.secret(&name).await?.unwrap_or_default();
        is_used(issuer, &secret)?;
        bench
            .api::<ExternalSecret>()
            .delete(&name, &DeleteParams::default())
            .await?;
        are_left(issuer, 0).await?;
        if !met {
            break;
        }
        write += 1;
        ensure!(write < MOST_WRITES, "the story has no end");
    }
    // Intent, note, Secret and status.
    ensure!(write > 4, "only {write} writes were met");
    issuer.is_intact()
}

/// Whether the trap sprang before the ExternalSecret was at rest.
async fn met(trap: &Trap, bench: &Bench, name: &str) -> Result<bool> {
    let mut has_sprung = false;
    eventually("a write to kill at, or none left", A_WHILE, async || {
        has_sprung = trap.has_sprung();
        if has_sprung {
            return Ok(());
        }
        bench.ready::<ExternalSecret>(name).await
    })
    .await?;
    Ok(has_sprung || trap.has_sprung())
}
