//! The life of a login: made once, kept alive, made anew when it is gone, given back in the end.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use http::Method;
use lockstep_testkit::{Fate, Faults, eventually};
use serde_json::{Value, json};

use super::{Bench, reference, told};
use crate::canary::{self, CANARY};
use crate::readers::at;

const SOON: Duration = Duration::from_secs(20);
/// What a connection asks for at the same time, at most.
const PARALLEL: usize = 32;

impl Bench {
    /// The accessors of all tokens that logins at this method have made, and that still live.
    async fn accessors(&self, method: &str) -> Result<Vec<String>> {
        let (_, all) = self
            .vault
            .ask(
                Method::GET,
                "auth/token/accessors?list=true",
                self.vault.root_token(),
                None,
            )
            .await?;
        let mut found = Vec::new();
        for accessor in all["data"]["keys"].as_array().into_iter().flatten() {
            let ask = json!({"accessor": accessor});
            // Other tests' tokens come and go.
            let Ok(token) = self.vault.write("auth/token/lookup-accessor", ask).await else {
                continue;
            };
            if token["data"]["path"].as_str() == Some(&format!("auth/{method}/login")) {
                found.extend(accessor.as_str().map(str::to_owned));
            }
        }
        Ok(found)
    }
}

fn method_of(auth: &Value) -> Result<&str> {
    auth["appRole"]["path"].as_str().context("a path")
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn many_reads_take_one_login() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    before.always(Fate::Late(Duration::from_millis(20)));
    for number in 0..100 {
        bench.put(&format!("many/{number}"), json!({"k": CANARY})).await?;
    }
    let auth = bench.app_role(json!({})).await?;
    let store = bench.vault_store(&before.url(), auth);
    let reads = (0..100).map(async |number| {
        let key = format!("many/{number}");
        bench.connect(&store).await?.value(at(&key), Some("k")).await
    });
    ensure!(
        join_all(reads)
            .await
            .iter()
            .all(|read| *read == Ok(CANARY.into()))
    );
    let traffic = before.traffic();
    ensure!((traffic.of("/login"), traffic.total()) == (1, 101), "{traffic:?}");
    ensure!(traffic.peak <= PARALLEL, "{traffic:?}");

    before.forget();
    let reader = bench.connect(&store).await?;
    let reads = join_all((0..200).map(|_| reader.value(at("app"), Some("user")))).await;
    ensure!(reads.iter().all(|read| *read == Ok(CANARY.into())));
    ensure!(before.traffic().total() == 1, "{:?}", before.traffic());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_token_is_renewed_before_it_ends() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench
        .app_role(json!({"token_ttl": "6s", "token_max_ttl": "1h"}))
        .await?;
    let store = bench.vault_store(&before.url(), auth);
    let reader = bench.connect(&store).await?;
    eventually("the token was renewed", SOON, async || {
        let read = reader.value(at("app"), Some("user")).await;
        if read != Ok(CANARY.into()) {
            return Ok(Err(anyhow::anyhow!("a read failed meanwhile: {read:?}")));
        }
        match before.traffic().of("renew-self") {
            1.. => Ok(Ok(())),
            _ => Err("not yet"),
        }
    })
    .await??;
    assert_eq!(before.traffic().of("/login"), 1);
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_token_that_cannot_be_renewed_any_longer_is_made_anew() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench
        .app_role(json!({"token_ttl": "2s", "token_max_ttl": "4s"}))
        .await?;
    let store = bench.vault_store(&before.url(), auth);
    let reader = bench.connect(&store).await?;
    eventually("there was a second login", SOON, async || {
        let read = reader.value(at("app"), Some("user")).await;
        if read != Ok(CANARY.into()) {
            return Ok(Err(anyhow::anyhow!("a read failed meanwhile: {read:?}")));
        }
        match before.traffic().of("/login") {
            2.. => Ok(Ok(())),
            logins => Err(format!("{logins} logins")),
        }
    })
    .await??;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_token_that_was_revoked_costs_one_login() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench.app_role(json!({})).await?;
    let method = method_of(&auth)?.to_owned();
    for number in 0..20 {
        bench.put(&format!("many/{number}"), json!({"k": CANARY})).await?;
    }
    let reader = bench.connect(&bench.vault_store(&before.url(), auth)).await?;
    for accessor in bench.accessors(&method).await? {
        let body = json!({"accessor": accessor});
        bench.vault.write("auth/token/revoke-accessor", body).await?;
    }
    // What is proven is believed for a moment.
    eventually("it is back", SOON, async || {
        let keys = (0..20).map(|number| format!("many/{number}"));
        let reads = join_all(keys.map(async |key| reader.value(at(&key), Some("k")).await)).await;
        match reads.into_iter().find_map(Result::err) {
            None => Ok(()),
            Some(problem) => Err(told(&problem)),
        }
    })
    .await?;
    assert_eq!(before.traffic().of("/login"), 2, "{:?}", before.traffic());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn our_own_token_is_given_back_and_a_given_one_is_not() -> Result<()> {
    let bench = Bench::set_up().await?;
    let auth = bench.app_role(json!({})).await?;
    let method = method_of(&auth)?.to_owned();
    let store = bench.vault_store(&bench.vault.url(), auth);
    drop(bench.connect(&store).await?);
    ensure!(bench.accessors(&method).await?.len() == 1);
    bench.pool.forget(&store.key);
    eventually("the token is revoked", SOON, async || {
        match bench.accessors(&method).await {
            Ok(left) if left.is_empty() => Ok(()),
            Ok(left) => Err(format!("{} tokens", left.len())),
            Err(error) => Err(error.to_string()),
        }
    })
    .await?;

    let given = bench.token(json!({})).await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let store = bench.vault_store(&before.url(), json!({"tokenSecretRef": reference("token")}));
    let reader = bench.connect(&store).await?;
    assert_eq!(reader.value(at("app"), Some("user")).await, Ok(CANARY.into()));
    drop(reader);
    bench.pool.forget(&store.key);
    let (status, _) = bench
        .vault
        .ask(Method::GET, "auth/token/lookup-self", &given, None)
        .await?;
    ensure!(status == 200, "a given token was revoked");
    let changes = |asked: &str| !asked.starts_with("GET ");
    let traffic = before.traffic();
    ensure!(!traffic.calls.keys().any(|call| changes(call)), "{traffic:?}");
    canary::assert_nothing_logged();
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_server_that_comes_back_is_not_stormed() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench.app_role(json!({})).await?;
    let store = bench.hasty_store("store", &before.url(), &auth);
    let reader = bench.connect(&store).await?;
    before.are(|asked| {
        if asked.path.contains("/data/") {
            Fate::status(503, CANARY)
        } else {
            Fate::Pass
        }
    });
    before.forget();
    for number in 0..50 {
        let missing = reader.value(at(&format!("none/{number}")), None).await.err();
        let missing = missing.context("the server is away")?;
        ensure!(!missing.is_absent(), "{}", told(&missing));
    }
    // After the first failures in a row, one call goes now and then, to see.
    let calls = before.traffic().of("/data/");
    ensure!(calls <= 10, "{calls} calls for 50 reads");
    before.always(Fate::Pass);
    before.forget();
    eventually("reads succeed again", SOON, async || {
        reader
            .value(at("app"), Some("user"))
            .await
            .map_err(|problem| told(&problem))
    })
    .await?;
    assert_eq!(before.traffic().of("/login"), 0);
    Ok(())
}
