//! Every fault: what it is taken for, what is said of it, and that nothing is lost by it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lockstep::engine::problem::Problem;
use lockstep::provider::pool::Verdict;
use lockstep_testkit::{Authority, Fate, Faults, Purpose, Tls, free_port};
use serde_json::{Value, json};

use super::{Bench, told};
use crate::canary::CANARY;
use crate::readers::at;

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

/// The bodies say what must be repeated nowhere.
fn faults() -> Vec<Fault> {
    let body = json!({"errors": [CANARY]}).to_string();
    let fault = |fate, comes_to, says| Fault { fate, comes_to, says };
    vec![
        fault(
            Fate::throttled(Some("7"), body.as_str()),
            |problem| {
                matches!(problem, Problem::Throttled { retry_after, .. }
                if *retry_after == Some(Duration::from_secs(7)))
            },
            "fewer requests",
        ),
        fault(
            Fate::throttled(None, body.as_str()),
            |problem| {
                matches!(
                    problem,
                    Problem::Throttled {
                        retry_after: None,
                        ..
                    }
                )
            },
            "fewer requests",
        ),
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
    let reader = bench.connect(&bench.vault_store(&before.url(), auth)).await?;
    for Fault { fate, comes_to, says } in faults() {
        let shown = format!("{fate:?}");
        // Only reads: whether the login is still good may be asked.
        before.are(move |asked| {
            if asked.path.contains("/data/app") {
                fate.clone()
            } else {
                Fate::Pass
            }
        });
        let problem = reader
            .extract(at("app"), None)
            .await
            .err()
            .context(shown.clone())?;
        let text = told(&problem);
        ensure!(comes_to(problem.root()), "{shown} comes to {problem:?}");
        ensure!(text.contains(says), "{shown}: {text}");
        ensure!(
            text.contains(&format!("{}/data/app", bench.mount)),
            "{shown}: {text}"
        );
        before.always(Fate::Pass);
        assert_eq!(
            reader.value(at("app"), Some("user")).await,
            Ok(CANARY.into()),
            "after {shown}"
        );
    }
    // The refusal makes the connection anew once, for credentials may have changed; no other fault takes a login.
    assert_eq!(before.traffic().of("/login"), 2);
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_login_that_fails_is_told_and_the_next_one_succeeds() -> Result<()> {
    let bench = Bench::set_up().await?;
    let before = Faults::before(&bench.vault.url()).await?;
    let auth = bench.app_role(json!({})).await?;
    let store = bench.vault_store(&before.url(), auth);
    let login = format!("auth/{}", bench.mount);
    for Fault { fate, comes_to, says } in faults() {
        let shown = format!("{fate:?}");
        before.always(fate);
        bench.pool.reset(&store.key);
        let Verdict::NoConnection(problem) = bench.pool.check(&store).await else {
            anyhow::bail!("{shown} is no obstacle to a login at {login}");
        };
        let text = told(&problem);
        // A login that is not there is no secret that is not there.
        let is_missing = matches!(problem.root(), Problem::BadAnswer { .. }) && shown.contains("404");
        ensure!(
            comes_to(problem.root()) || is_missing,
            "{shown} comes to {problem:?}"
        );
        ensure!(text.contains(says) || is_missing, "{shown}: {text}");
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
    let reader = bench.connect(&bench.vault_store(&before.url(), auth)).await?;
    before.always(Fate::Hang { carried_out: false });
    let problem = reader.extract(at("app"), None).await.err().context("no answer")?;
    let text = told(&problem);
    ensure!(is_unreachable(problem.root()), "{text}");
    before.always(Fate::Pass);
    assert_eq!(reader.value(at("app"), Some("user")).await, Ok(CANARY.into()));
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
