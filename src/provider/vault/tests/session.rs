//! The life of a session: its login, its token, and what goes along with each call.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::*;
use crate::provider::vault::{Call, Session};

async fn by_app_role(server: &Server) -> Session {
    let auth = app_role(server);
    let session = session(&spec(server, json!({"auth": auth}))).await;
    server.put("kv/data/app", 200, json!({"data": {"data": {}}}));
    session.expect("logged in")
}

async fn read(session: &Session) -> Result<bool, String> {
    let answer = session.call(&Call::read("kv/data/app")).await;
    answer
        .map(|envelope| envelope.is_some())
        .map_err(|problem| problem.to_string())
}

fn count(lines: &[String], end: &str) -> usize {
    lines.iter().filter(|line| line.ends_with(end)).count()
}

#[tokio::test]
async fn many_calls_share_a_login_and_one_of_them_renews() {
    let server = Server::start().await;
    let session = by_app_role(&server).await;
    for (seconds, logins, renewals) in [(0, 1, 0), (590, 0, 0), (10, 0, 1), (610, 0, 1), (1000, 1, 0)] {
        pass(seconds).await;
        let answers = join_all((0..50).map(|_| read(&session))).await;
        assert!(answers.into_iter().all(|answer| answer == Ok(true)));
        let lines = server.lines();
        assert_eq!(count(&lines, "/login"), logins, "after {seconds}s: {lines:?}");
        assert_eq!(
            count(&lines, "/renew-self"),
            renewals,
            "after {seconds}s: {lines:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_renewed_any_further_takes_a_login_ahead_of_its_end() {
    let server = Server::start().await;
    let session = by_app_role(&server).await;
    server.state().renewed_ttl = 100;
    pass(600).await;
    assert_eq!(read(&session).await, Ok(true));
    assert_eq!(count(&server.lines(), "/renew-self"), 1);
    pass(70).await;
    assert_eq!(read(&session).await, Ok(true));
    let lines = server.lines();
    assert_eq!(
        (count(&lines, "/login"), count(&lines, "/renew-self")),
        (1, 0),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_login_ahead_of_time_that_fails_does_no_harm() {
    let server = Server::start().await;
    server.state().renewable = false;
    let session = by_app_role(&server).await;
    server
        .state()
        .logins
        .insert("auth/approle/login".to_owned(), json!("another"));
    pass(600).await;
    assert_eq!(read(&session).await, Ok(true));
    assert_eq!(read(&session).await, Ok(true));
    assert_eq!(count(&server.lines(), "/login"), 2);
    pass(300).await;
    let problem = read(&session).await.expect_err("no token any more");
    assert_eq!(
        problem,
        "login: writing auth/approle/login: the backend refuses (HTTP 403: invalid role or secret ID)"
    );
}

#[tokio::test]
async fn a_token_that_the_server_forgot_is_made_anew_once() {
    let server = Server::start().await;
    let session = by_app_role(&server).await;
    server.state().tokens.clear();
    server.requests();
    pass(6).await;
    let answers = join_all((0..20).map(|_| read(&session))).await;
    assert!(answers.into_iter().all(|answer| answer == Ok(true)));
    let lines = server.lines();
    assert_eq!(
        (count(&lines, "/login"), count(&lines, "/lookup-self")),
        (1, 1),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_a_token_may_not_do_is_no_reason_to_log_in() {
    let server = Server::start().await;
    let session = by_app_role(&server).await;
    server.state().denied.insert("kv/data/app".to_owned());
    pass(6).await;
    for _ in 0..3 {
        let refused = read(&session).await.expect_err("denied");
        assert_eq!(
            refused,
            "reading kv/data/app: the backend refuses (HTTP 403: permission denied)"
        );
    }
    let lines = server.lines();
    assert_eq!(
        (count(&lines, "/login"), count(&lines, "/lookup-self")),
        (1, 1),
        "{lines:?}"
    );
}

#[tokio::test]
async fn only_a_token_of_our_own_is_given_back() {
    let server = Server::start().await;
    let session = by_app_role(&server).await;
    assert!(session.token_age().is_some(), "it is our own");
    session.close().await;
    assert_eq!(session.token_age(), None);
    assert!(server.state().tokens.is_empty());
    session.close().await;
    assert_eq!(count(&server.lines(), "/revoke-self"), 1);

    let auth = token(&server);
    let given = super::session(&spec(&server, json!({"auth": auth})))
        .await
        .expect("open");
    given.close().await;
    assert!(server.lines().is_empty());

    server.state().token_type = "batch";
    by_app_role(&server).await.close().await;
    assert_eq!(count(&server.lines(), "/revoke-self"), 0);
}

#[tokio::test]
async fn namespaces_and_headers_go_where_they_belong() {
    let server = Server::start().await;
    let mut extra = json!({"namespace": "data-ns", "headers": {"X-Team": "a", "X-Vault-Token": "no"}});
    extra["auth"] = app_role(&server);
    extra["auth"]["namespace"] = "login-ns".into();
    let session = super::session(&spec(&server, extra)).await.expect("logged in");
    assert_eq!(read(&session).await, Ok(false));
    let [login, read] = &server.requests()[..] else {
        panic!("two requests")
    };
    let header = |asked: &super::server::Asked, name| {
        asked
            .headers
            .get(name)
            .map(|value| value.to_str().expect("text").to_owned())
    };
    assert_eq!(login.line, "PUT /v1/auth/approle/login");
    assert_eq!(header(login, "x-vault-namespace").as_deref(), Some("login-ns"));
    assert_eq!(header(read, "x-vault-namespace").as_deref(), Some("data-ns"));
    assert_eq!(header(read, "x-vault-token"), Some(format!("{CANARY}-token-1")));
    assert_eq!(header(read, "x-vault-request").as_deref(), Some("true"));
    assert_eq!(header(read, "x-team").as_deref(), Some("a"));
    assert_eq!(header(read, "x-vault-inconsistent"), None);
}

#[tokio::test]
async fn our_own_writes_are_read() {
    let server = Server::start().await;
    let extra = json!({"auth": token(&server), "readYourWrites": true, "forwardInconsistent": true});
    let session = super::session(&spec(&server, extra)).await.expect("open");
    let index = "djE6YToxOjE6eA==";
    server.script(200, &[("x-vault-index", index)], "{}");
    server.script(412, &[], "");
    assert_eq!(read(&session).await, Ok(true));
    assert_eq!(read(&session).await, Ok(false));
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].headers.get("x-vault-index"), None);
    for asked in &requests[1..] {
        assert_eq!(asked.headers["x-vault-index"], index);
        assert_eq!(asked.headers["x-vault-inconsistent"], "forward-active-node");
    }
}

#[tokio::test]
async fn a_standby_sends_us_on_once() {
    let (standby, active) = (Server::start().await, Server::start().await);
    let session = super::session(&spec(&standby, json!({"auth": token(&active)})))
        .await
        .expect("open");
    let there = format!("{}/v1/kv/data/app", active.url);
    standby.script(307, &[("location", &there)], "");
    assert_eq!(read(&session).await, Ok(false));
    standby.script(307, &[("location", &there)], "");
    active.script(307, &[("location", &there)], "");
    assert_eq!(
        read(&session).await,
        Err("reading kv/data/app: the answer cannot be used: HTTP 307".to_owned())
    );
}

#[tokio::test]
async fn a_token_that_is_no_header_fails_where_it_is_used_and_is_not_quoted() {
    let server = Server::start().await;
    let auth = json!({"tokenSecretRef": {"name": "creds", "key": "jwt"}});
    let session = super::session(&spec(&server, json!({"auth": auth})))
        .await
        .expect("open");
    let why = "the token has characters that no token can have, such as a line break at its end";
    assert_eq!(
        read(&session).await,
        Err(format!("{FIELD}.auth.tokenSecretRef: {why}"))
    );
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn leases_are_renewed_and_revoked() {
    let server = Server::start().await;
    let session = by_app_role(&server).await;
    let renewed = json!({"lease_id": "db/1", "lease_duration": 60, "renewable": true});
    server.put("sys/leases/renew", 200, renewed);
    server.requests();
    let lease = session
        .renew_lease("db/1", Duration::from_secs(90))
        .await
        .expect("renewed");
    assert_eq!(lease.lease_duration, Duration::from_mins(1));
    server.script(204, &[], "");
    session.revoke_lease("db/1").await.expect("revoked");
    let bodies: Vec<_> = server.requests().into_iter().map(|asked| asked.body).collect();
    assert_eq!(
        bodies,
        [
            json!({"lease_id": "db/1", "increment": "90s"}),
            json!({"lease_id": "db/1"})
        ]
    );
}
