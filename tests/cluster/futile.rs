//! What a sync that fails makes elsewhere: nothing where that is known before, and never more at once than one.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lockstep_testkit::{Gitlab, eventually};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::tokens::issuers::{Issuer, introduce, reference};
use crate::tokens::scenes::are_left;

const A_WHILE: Duration = Duration::from_mins(1);
/// The first two pauses are a second and two.
const PAUSES: Duration = Duration::from_millis(2500);

async fn gitlab() -> Result<Gitlab> {
    <Gitlab as Issuer>::start().await
}

fn made(gitlab: &Gitlab) -> usize {
    let traffic = gitlab.faults().traffic();
    traffic.of("POST /api/v4/projects/42/deploy_tokens")
}

fn lent(more: &Value) -> Value {
    let entry = json!({"sourceRef": {"generatorRef": reference::<Gitlab>()}});
    json!({"refreshInterval": "1h", "dataFrom": [entry, more]})
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn nothing_is_made_for_a_sync_that_is_known_to_fail() -> Result<()> {
    let gitlab = gitlab().await?;
    let bench = Bench::set_up("futile", "v").await?;
    introduce(&gitlab, &bench).await?;
    let missing = json!({"kind": "Password", "name": "later"});
    bench
        .apply(
            "ExternalSecret",
            "generator",
            lent(&json!({"sourceRef": {"generatorRef": missing}})),
        )
        .await?;
    let mut spec = lent(&json!({"extract": {"key": "nope"}}));
    spec["secretStoreRef"] = json!({"name": "fake"});
    bench.apply("ExternalSecret", "key", spec).await?;
    for reason in ["GeneratorMissing", "Absent"] {
        eventually(&format!("{reason} is met again and again"), A_WHILE, async || {
            bench.failures("externalsecret", reason, 3.0)
        })
        .await?;
    }
    ensure!(made(&gitlab) == 0, "tokens were made for nobody");
    let spec = json!({"length": 8, "noUpper": false, "allowRepeat": true});
    bench.apply("Password", "later", spec).await?;
    bench.synced("generator").await?;
    ensure!(made(&gitlab) == 1, "each entry is made once");
    Ok(())
}

/// Its own notes of what it makes and undoes are news, but none to try again for.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_sync_that_fails_with_something_in_hand_waits_as_any_other() -> Result<()> {
    let gitlab = gitlab().await?;
    let bench = Bench::set_up("failing", "v").await?;
    introduce(&gitlab, &bench).await?;
    let mut spec = lent(&json!({"sourceRef": {"generatorRef": reference::<Gitlab>()}}));
    spec["target"] = json!({"template": {"data": {"x": "{{ fail \"no\" }}"}}});
    let began = Instant::now();
    bench.apply("ExternalSecret", "app", spec.clone()).await?;
    eventually("it is tried for the third time", A_WHILE, async || {
        match made(&gitlab) {
            made if made >= 6 => Ok(()),
            made => Err(format!("{made} tokens were made")),
        }
    })
    .await?;
    ensure!(began.elapsed() > PAUSES, "it did not wait: {:?}", began.elapsed());
    spec["target"] = json!({});
    bench.apply("ExternalSecret", "app", spec).await?;
    bench.synced("app").await?;
    are_left(&gitlab, 2).await
}
