//! Every fault: what it is taken for, what is said of it, and that nothing is lost by it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lockstep::engine::problem::Problem;
use lockstep::provider::pool::Verdict;
use lockstep_testkit::{Authority, Fate, Faults, Purpose, Tls, eventually, free_port};
use serde_json::{Value, json};

use super::{Bench, told};
use crate::canary::{self, CANARY};
use crate::readers::at;

const SOON: Duration = Duration::from_secs(30);

/// A fault, what it comes to, and what the message says.
struct Fault {
    fate: Fate,
    comes_to: fn(&Problem) -> bool,
    says: &'static str,
}

fn is_unreachable(problem: &Problem) -> bool {
    matches!(problem, Problem::Unreachable { .. })
}

fn is_bad_answer(problem: &Problem) -> bool {
    matches!(problem, Problem::BadAnswer { .. })
}

fn is_refused(problem: &Problem) -> bool {
    matches!(problem, Problem::Refused { .. })
}

/// What a body says that must be repeated nowhere.
fn body() -> String {
    json!({"errors": [CANARY]}).to_string()
}

fn faults() -> Vec<Fault> {
    let body = body();
    let fault = |fate, comes_to, says| Fault { fate, comes_to, says };
    vec![
        fault(Fate::status(500, body.as_str()), is_unreachable, "HTTP 500"),
        fault(Fate::status(502, CANARY), is_unreachable, "HTTP 502"),
        fault(Fate::status(503, body.as_str()), is_unreachable, "HTTP 503"),
        fault(Fate::status(403, body.as_str()), is_refused, "HTTP 403"),
        fault(Fate::status(404, ""), is_bad_answer, "HTTP 404"),
        fault(Fate::status(404, CANARY), is_bad_answer, "HTTP 404"),
        fault(Fate::page(CANARY), is_bad_answer, "HTTP 200"),
        fault(Fate::status(200, "{}"), is_bad_answer, "cannot be used"),
        fault(Fate::status(200, ""), is_bad_answer, "cannot be used"),
        fault(
            Fate::status(200, format!("{{\"data\":\"{CANARY}\"}}")),
            is_bad_answer,
            "cannot be used",
        ),
        fault(Fate::Endless(100 << 20), is_bad_answer, "larger than"),
        fault(Fate::Half, is_unreachable, ""),
        fault(Fate::Cut { carried_out: false }, is_unreachable, ""),
        fault(Fate::Cut { carried_out: true }, is_unreachable, ""),
    ]
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_read_that_fails_is_told_and_the_next_one_succeeds() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench.app_role(json!({})).await?;
    let faults = faults();
    let count = faults.len();
    for (number, fault) in faults.into_iter().enumerate() {
        let shown = format!("{:?}", fault.fate);
        let store = bench.hasty_store(&format!("store-{number}"), &before.url(), &auth);
        let reader = bench.connect(&store).await?;
        // Only reads: whether the login is still good may be asked.
        before.are(move |asked| {
            if asked.path.contains("/data/app") {
                fault.fate.clone()
            } else {
                Fate::Pass
            }
        });
        let problem = reader.extract(at("app"), None).await.err();
        let problem = problem.with_context(|| shown.clone())?;
        let text = told(&problem);
        ensure!((fault.comes_to)(problem.root()), "{shown} comes to {problem:?}");
        ensure!(text.contains(fault.says), "{shown}: {text}");
        ensure!(text.contains("app"), "{shown}: {text}");
        before.always(Fate::Pass);
        eventually(&format!("reads succeed after {shown}"), SOON, async || {
            let read = reader.value(at("app"), Some("user")).await;
            let value = read.map_err(|problem| told(&problem))?;
            if value == CANARY.into() {
                Ok(())
            } else {
                Err("another value".to_owned())
            }
        })
        .await?;
    }
    // Not even the refusal takes another login: it would be the same, for nothing that it was made of has changed.
    assert_eq!(before.traffic().of("/login"), count);
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_server_that_asks_for_fewer_requests_gets_them() -> Result<()> {
    let bench = Bench::set_up().await?;
    let auth = bench.app_role(json!({})).await?;
    for (name, retry_after) in [("said", Some("1")), ("unsaid", None)] {
        let before = Faults::before(&bench.vault.url()).await?;
        let store = bench.hasty_store(name, &before.url(), &auth);
        let reader = bench.connect(&store).await?;
        let left = AtomicU32::new(2);
        before.are(move |asked| {
            let refuses = asked.path.contains("/data/app")
                && left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_ok();
            if refuses {
                Fate::throttled(retry_after, body())
            } else {
                Fate::Pass
            }
        });
        let begun = Instant::now();
        assert_eq!(reader.value(at("app"), Some("user")).await, Ok(CANARY.into()));
        ensure!(
            retry_after.is_none() || begun.elapsed() >= Duration::from_secs(2),
            "too soon"
        );
        ensure!(before.traffic().of("/data/app") == 3, "{:?}", before.traffic());
        canary::assert_nothing_logged();
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_login_that_fails_is_told_and_the_next_one_succeeds() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench.app_role(json!({})).await?;
    let store = bench.hasty_store("store", &before.url(), &auth);
    let throttled = Fault {
        fate: Fate::throttled(Some("7"), body()),
        comes_to: |problem| {
            matches!(problem, Problem::Throttled { retry_after, .. }
                if *retry_after == Some(Duration::from_secs(7)))
        },
        says: "fewer requests",
    };
    for fault in faults().into_iter().chain([throttled]) {
        let shown = format!("{:?}", fault.fate);
        before.always(fault.fate);
        bench.pool.reset(&store.key);
        let Verdict::NoConnection(problem) = bench.pool.check(&store).await else {
            anyhow::bail!("{shown} is no obstacle to a login");
        };
        let text = told(&problem);
        ensure!((fault.comes_to)(problem.root()), "{shown} comes to {problem:?}");
        ensure!(text.contains(fault.says), "{shown}: {text}");
        ensure!(text.contains("/login"), "{shown}: {text}");
    }
    before.always(Fate::Pass);
    bench.pool.reset(&store.key);
    assert_eq!(bench.pool.check(&store).await, Verdict::Valid);
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_server_that_says_nothing_is_given_up() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench.app_role(json!({})).await?;
    let store = bench.hasty_store("store", &before.url(), &auth);
    let reader = bench.connect(&store).await?;
    before.always(Fate::Hang { carried_out: false });
    let problem = reader.extract(at("app"), None).await.err().context("no answer")?;
    let text = told(&problem);
    ensure!(is_unreachable(problem.root()), "{text}");
    before.always(Fate::Pass);
    eventually("reads succeed again", SOON, async || {
        let read = reader.value(at("app"), Some("user")).await;
        read.map(drop).map_err(|problem| told(&problem))
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_server_that_cannot_be_trusted_or_found_is_not_talked_to() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.token(json!({})).await?;
    let faults = Faults::before(&bench.vault.url()).await?;
    let (ours, theirs) = (Authority::new("ours")?, Authority::new("theirs")?);
    let bundle = json!({"caBundle": BASE64_STANDARD.encode(ours.pem())});
    let mut fronts = Vec::new();
    for (authority, purpose, says) in [
        (&ours, Purpose::ExpiredServer, "expired"),
        (&ours, Purpose::OtherServer, "not valid for"),
        (&theirs, Purpose::Server, "UnknownIssuer"),
    ] {
        let shown = authority.issue("vault", purpose)?;
        fronts.push((Tls::before(faults.address(), &shown).await?, says));
    }
    let mut cases: Vec<(String, Value, &str)> = fronts
        .iter()
        .map(|(tls, says)| (tls.url(), bundle.clone(), *says))
        .collect();
    cases.push((format!("http://127.0.0.1:{}", free_port()?), json!({}), "refused"));
    cases.push(("http://vault.invalid:8200".to_owned(), json!({}), ""));
    for (server, more, says) in cases {
        let store = bench.vault_store_with(
            &server,
            json!({"tokenSecretRef": super::reference("token")}),
            more,
        );
        bench.pool.reset(&store.key);
        let problem = match bench.pool.check(&store).await {
            Verdict::NoConnection(problem) | Verdict::Failed(problem) => problem,
            other => anyhow::bail!("{server}: {other:?}"),
        };
        let text = told(&problem);
        ensure!(is_unreachable(problem.root()), "{server}: {problem:?}");
        ensure!(text.contains(says), "{server}: {text}");
    }
    assert_eq!(faults.traffic().total(), 0, "a token went to a stranger");
    Ok(())
}
