//! The fault proxy, before a backend of a few lines: does each fault look as it should to a client?

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::any;
use futures::future::join_all;
use lockstep_testkit::{Answer, Authority, Fate, Faults, Purpose, Tls};
use reqwest::{Certificate, Client};
use tokio::net::TcpListener;

const BODY: &str = r#"{"a": "an answer that is long enough to break in its middle"}"#;

/// Answers everything the same, and the proxy before it.
async fn set_up() -> Result<Faults> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(any(async || BODY));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Faults::before(&url).await?)
}

async fn get(faults: &Faults) -> reqwest::Result<(u16, String)> {
    let response = reqwest::get(format!("{}/some/path?q=1", faults.url())).await?;
    Ok((response.status().as_u16(), response.text().await?))
}

#[tokio::test]
async fn answers_are_passed_on_made_up_or_broken() -> Result<()> {
    let faults = set_up().await?;
    ensure!(get(&faults).await? == (200, BODY.to_owned()));
    faults.always(Fate::status(503, "busy"));
    ensure!(get(&faults).await? == (503, "busy".to_owned()));
    for fate in [
        Fate::Half,
        Fate::Cut { carried_out: true },
        Fate::Cut { carried_out: false },
    ] {
        faults.always(fate.clone());
        ensure!(get(&faults).await.is_err(), "{fate:?} goes unnoticed");
    }
    faults.always(Fate::Endless(3_000_000));
    let (status, body) = get(&faults).await?;
    ensure!(status == 200 && body.len() >= 3_000_000, "{} bytes", body.len());
    ensure!(faults.traffic().of("GET /some/path") == 6);
    Ok(())
}

#[tokio::test]
async fn half_an_answer_begins_as_the_whole_one() -> Result<()> {
    let faults = set_up().await?;
    faults.always(Fate::Half);
    let mut response = reqwest::get(faults.url()).await?;
    ensure!(response.status() == 200);
    ensure!(response.content_length() == Some(u64::try_from(BODY.len())?));
    let first = response.chunk().await?.context("nothing was said")?;
    ensure!(first == BODY[..BODY.len() / 2]);
    ensure!(response.chunk().await.is_err(), "it was not cut");
    Ok(())
}

#[tokio::test]
async fn made_up_answers_have_their_headers() -> Result<()> {
    let faults = set_up().await?;
    let header = async |fate: Fate, name: &str| {
        faults.always(fate);
        let response = reqwest::get(faults.url()).await?;
        let value = response.headers().get(name).context("no such header")?;
        anyhow::Ok(value.to_str()?.to_owned())
    };
    ensure!(header(Fate::throttled(Some("7"), ""), "retry-after").await? == "7");
    ensure!(header(Fate::throttled(None, ""), "retry-after").await.is_err());
    ensure!(header(Fate::page("x"), "content-type").await? == "text/html; charset=utf-8");
    let dated = Answer::new(200, "").header(http::header::DATE, "then");
    ensure!(header(Fate::Answer(dated), "date").await? == "then");
    Ok(())
}

#[tokio::test]
async fn calls_that_are_under_way_together_are_counted() -> Result<()> {
    let faults = set_up().await?;
    let latency = Duration::from_millis(100);
    faults.always(Fate::Late(latency));
    let begun = Instant::now();
    let answers = join_all((0..5).map(|_| get(&faults))).await;
    ensure!(answers.iter().all(Result::is_ok));
    ensure!(begun.elapsed() >= latency);
    let traffic = faults.traffic();
    ensure!((traffic.total(), traffic.peak) == (5, 5), "{traffic:?}");
    ensure!(traffic.busiest(Duration::from_secs(5)) == 5);
    faults.forget();
    ensure!(faults.traffic().total() == 0);
    Ok(())
}

#[tokio::test]
async fn what_never_answers_is_given_up_by_the_client() -> Result<()> {
    let faults = set_up().await?;
    faults.always(Fate::Hang { carried_out: false });
    let client = Client::builder().timeout(Duration::from_millis(100)).build()?;
    let refused = client.get(faults.url()).send().await.err().context("an answer")?;
    ensure!(refused.is_timeout(), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn certificates_are_wrong_in_the_way_that_was_asked_for() -> Result<()> {
    let faults = set_up().await?;
    let authority = Authority::new("testkit")?;
    let trusted = Certificate::from_pem(authority.pem().as_bytes())?;
    let client = Client::builder().tls_certs_only([trusted]).build()?;
    for (purpose, expected) in [
        (Purpose::Server, None),
        (Purpose::ExpiredServer, Some("Expired")),
        (Purpose::OtherServer, Some("NotValidForName")),
    ] {
        let shown = authority.issue("backend", purpose)?;
        let tls = Tls::before(faults.address(), &shown).await?;
        let answer = client.get(tls.url()).send().await;
        let said = answer.err().map(|error| format!("{error:?}"));
        match (expected, said) {
            (None, None) => {}
            (Some(word), Some(said)) if said.contains(word) => {}
            (_, said) => anyhow::bail!("{purpose:?}: {said:?}"),
        }
    }
    Ok(())
}
