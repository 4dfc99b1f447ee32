//! Servers that fail in every way there is: each fault is told as what it is, and a good server is not told apart
//! from a bad one by a Secret that vanishes.

use axum::body::{Body, Bytes};
use futures::stream;

use super::*;
use crate::provider::vault::Call;

async fn faulty(status: u16, headers: &[(&'static str, &str)], body: Body) -> Problem {
    let server = Server::start().await;
    let session = session(&spec(&server, json!({"auth": token(&server)})))
        .await
        .expect("open");
    server.script(status, headers, body);
    let problem = session
        .call(&Call::read("kv/data/app"))
        .await
        .expect_err("a fault");
    assert!(
        problem.to_string().starts_with("reading kv/data/app: "),
        "{problem}"
    );
    assert!(!format!("{problem} {problem:?}").contains(CANARY), "{problem:?}");
    problem
}

#[tokio::test]
async fn each_fault_is_told_as_what_it_is() {
    let canary = || Body::from(CANARY);
    let throttled = faulty(429, &[("retry-after", "7")], canary()).await;
    let after = Some(Duration::from_secs(7));
    assert!(matches!(throttled, Problem::Throttled { retry_after, .. } if retry_after == after));
    for status in [500, 502, 503, 504, 412] {
        let problem = faulty(status, &[], canary()).await;
        assert!(
            matches!(problem, Problem::Unreachable { .. }),
            "{status}: {problem:?}"
        );
    }
    for (status, kind) in [
        (200, "text/html"),
        (404, "text/html"),
        (400, "application/json"),
        (302, "text/plain"),
    ] {
        let problem = faulty(status, &[("content-type", kind)], canary()).await;
        assert!(
            matches!(problem, Problem::BadAnswer { .. }),
            "{status}: {problem:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_or_too_large_is_no_answer() {
    let broken = Body::from_stream(stream::iter([
        Ok(Bytes::from_static(br#"{"data":{"a":"canary-9f3e"#)),
        Err(std::io::Error::other("cut")),
    ]));
    let problem = faulty(200, &[], broken).await;
    assert!(matches!(problem, Problem::Unreachable { .. }), "{problem:?}");
    let mebibyte = Bytes::from(vec![b'['; 1 << 20]);
    let endless = Body::from_stream(stream::iter(
        (0..100).map(move |_| Ok::<_, std::io::Error>(mebibyte.clone())),
    ));
    let problem = faulty(200, &[], endless).await;
    assert_eq!(
        problem.to_string(),
        "reading kv/data/app: the answer cannot be used: it is larger than 8 MiB"
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_or_is_not_there_is_unreachable() {
    let server = Server::start().await;
    let session = super::session(&spec(&server, json!({"auth": token(&server)})))
        .await
        .expect("open");
    // The request goes out, and nothing ever comes back.
    server.script(
        200,
        &[],
        Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()),
    );
    let reading = tokio::spawn(async move { session.call(&Call::read("kv/data/app")).await.map(drop) });
    let has_asked = || !server.lines().is_empty();
    while !has_asked() {
        tokio::task::yield_now().await;
    }
    pass(31).await;
    let problem = reading.await.expect("no panic").expect_err("no answer");
    assert_eq!(problem.to_string(), "reading kv/data/app: no answer in time");

    let nowhere = json!({"server": "http://127.0.0.1:9"});
    let session = super::session(&spec(&server, nowhere)).await.expect("open");
    let problem = session
        .call(&Call::read("kv/data/app"))
        .await
        .expect_err("nobody there");
    assert!(matches!(problem, Problem::Unreachable { .. }), "{problem:?}");
}
