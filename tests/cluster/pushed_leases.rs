//! What Vault lends for a PushSecret: renewed as long as it is pushed, replaced before it ends, and given back.

use anyhow::{Context as _, Result, ensure};
use kube::api::{DeleteParams, Patch, PatchParams};
use lockstep_api::PushSecret;
use lockstep_testkit::eventually;
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, start_operator_with};
use crate::leases::{A_WHILE, SHORT_GRACE, outlives};
use crate::lender::{Lender, Terms, borrowed};

/// Everything that the generator `user` makes goes to a store in memory.
fn pushed(interval: &str) -> Value {
    let spec = borrowed("user", interval);
    let data = ["username", "password"]
        .map(|key| json!({"match": {"secretKey": key, "remoteRef": {"remoteKey": key}}}));
    json!({
        "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": {"name": "push"},
        "spec": {
            "refreshInterval": interval, "secretStoreRefs": [{"name": "fake"}], "data": data,
            "selector": {"generatorRef": spec["dataFrom"][0]["sourceRef"]["generatorRef"]},
        },
    })
}

async fn push(bench: &Bench, interval: &str) -> Result<()> {
    let fake = json!({"provider": {"fake": {"data": []}}});
    bench.apply("SecretStore", "fake", fake).await?;
    let how = PatchParams::apply("test").force();
    let api = bench.api::<PushSecret>();
    api.patch("push", &how, &Patch::Apply(pushed(interval))).await?;
    eventually("it is pushed", SOON, async || {
        bench.ready::<PushSecret>("push").await
    })
    .await?;
    Ok(())
}

/// The user at the store, whom the database lets in.
async fn at_the_store(lender: &Lender, bench: &Bench, reader: &str) -> Result<String> {
    let data = ["username", "password"].map(|key| json!({"secretKey": key, "remoteRef": {"key": key}}));
    let spec = json!({"refreshInterval": "1h", "secretStoreRef": {"name": "fake"}, "data": data});
    bench.apply("ExternalSecret", reader, spec).await?;
    bench.synced(reader).await?;
    lender
        .lets_in(&bench.secret(reader).await?.context("the Secret")?)
        .await
}

/// The only user that is there, other than this one.
async fn another_than(lender: &Lender, user: &str) -> Result<String> {
    let mut found = None;
    eventually("another user is the only one", A_WHILE, async || {
        match lender.users().await?.as_slice() {
            [other] if other != user => {
                found = Some(other.clone());
                Ok(())
            }
            users => Err(format!("{users:?}")),
        }
    })
    .await?;
    found.context("a user")
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_is_lent_for_a_push_is_renewed_and_given_back() -> Result<()> {
    let terms = Terms {
        lease: 10,
        longest_lease: 3600,
        token: 10,
    };
    let lender = Lender::set_up(&terms).await?;
    let mut bench = Bench::set_up_with("leases", "v", &[SHORT_GRACE]).await?;
    lender.introduce(&bench.client, &bench.namespace).await?;
    push(&bench, "1h").await?;
    let user = at_the_store(&lender, &bench, "first").await?;
    outlives(&lender, &user, 2).await?;

    bench.operator.kill()?;
    (bench.operator, bench.metrics) = start_operator_with(&bench.plane, &[SHORT_GRACE]).await?;
    outlives(&lender, &user, 2).await?;
    lender.are_left(&[&user]).await?;

    let api = bench.api::<PushSecret>();
    let touch = json!({"metadata": {"annotations": {"force-sync": "1"}}});
    api.patch("push", &PatchParams::default(), &Patch::Merge(touch))
        .await?;
    let newer = another_than(&lender, &user).await?;
    ensure!(at_the_store(&lender, &bench, "second").await? == newer);
    api.delete("push", &DeleteParams::default()).await?;
    lender.are_left(&[]).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_was_pushed_and_ends_is_replaced_though_nothing_is_pushed_by_time() -> Result<()> {
    let terms = Terms {
        lease: 6,
        longest_lease: 9,
        token: 3600,
    };
    let lender = Lender::set_up(&terms).await?;
    let bench = Bench::set_up_with("leases", "v", &[SHORT_GRACE]).await?;
    lender.introduce(&bench.client, &bench.namespace).await?;
    push(&bench, "0s").await?;
    let first = at_the_store(&lender, &bench, "first").await?;
    eventually("another is pushed, and let in", A_WHILE, async || {
        let users = lender.users().await?;
        if users.iter().any(|user| *user != first) {
            Ok(())
        } else {
            Err(format!("{users:?}"))
        }
    })
    .await?;
    Ok(())
}
