//! What is written and deleted: in which order, on which condition, and what it means when it fails.

use std::collections::BTreeMap;

use axum::body::Body;
use serde_json::json;

use super::kv::backend;
use super::*;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{Backend, Push, PushSource, Remote};

fn remote(key: &str, property: Option<&str>) -> Remote {
    Remote {
        key: key.to_owned(),
        property: property.map(str::to_owned),
        metadata: None,
    }
}

/// One key of a Secret, or all of it.
fn push(secret_key: Option<&str>, remote: Remote) -> Push {
    let values = [
        ("a", SecretBytes::from(CANARY)),
        ("json", r#"{"x":{"n":12345678901234567890}}"#.into()),
        ("bytes", [0xff, 0xfe].as_slice().into()),
    ];
    Push {
        remote,
        secret_key: secret_key.map(str::to_owned),
        values: values.map(|(key, value)| (key.to_owned(), value)).into(),
        source: PushSource::default(),
    }
}

/// A secret as the server tells of it.
fn kept(data: &Value, version: u64, custom: &Value) -> String {
    json!({"data": {"data": data, "metadata": {"version": version, "custom_metadata": custom}}}).to_string()
}

fn said(custom: &Value) -> String {
    json!({"data": {"custom_metadata": custom, "current_version": 0}}).to_string()
}

fn ours() -> Value {
    json!({"managed-by": "external-secrets"})
}

const NOTHING: &str = r#"{"errors":[]}"#;

/// A server that answers like this, one answer a request, and a connection to it.
async fn scene(extra: Value, answers: &[(u16, &str)]) -> (Server, Arc<dyn Backend>) {
    let server = Server::start().await;
    let backend = backend(&server, extra).await;
    for (status, body) in answers {
        server.script(*status, &[], (*body).to_owned());
    }
    (server, backend)
}

/// What was asked, with what was sent.
fn asked(server: &Server) -> Vec<(String, Value)> {
    let asked = server.requests().into_iter();
    asked.map(|asked| (asked.line, asked.body)).collect()
}

fn line(line: &str, body: Value) -> (String, Value) {
    (line.to_owned(), body)
}

fn read(path: &str) -> (String, Value) {
    line(&format!("GET /v1/{path}"), json!(""))
}

#[tokio::test]
async fn a_new_secret_is_marked_before_it_is_written() {
    let said = said(&json!({"owner": "team"}));
    let answers = [(404, NOTHING), (200, said.as_str()), (204, ""), (200, "{}")];
    let (server, backend) = scene(json!({}), &answers).await;
    let written = backend.write(&push(Some("a"), remote("app", Some("x")))).await;
    assert_eq!(written, Ok(()));
    let marked = json!({"custom_metadata": {"managed-by": "external-secrets", "owner": "team"}});
    assert_eq!(
        asked(&server),
        [
            read("kv/data/app"),
            read("kv/metadata/app"),
            line("PUT /v1/kv/metadata/app", marked),
            line(
                "PUT /v1/kv/data/app",
                json!({"data": {"x": CANARY}, "options": {"cas": 0}})
            ),
        ]
    );
}

#[tokio::test]
async fn a_token_that_may_not_read_metadata_may_create_a_secret() {
    let denied = r#"{"errors":["permission denied"]}"#;
    let answers = [(404, NOTHING), (403, denied), (204, ""), (200, "{}")];
    let (server, backend) = scene(json!({}), &answers).await;
    assert_eq!(
        backend.write(&push(Some("json"), remote("app", None))).await,
        Ok(())
    );
    let requests = asked(&server);
    assert_eq!(
        requests[2],
        line("PUT /v1/kv/metadata/app", json!({"custom_metadata": ours()}))
    );
}

#[tokio::test]
async fn what_is_the_same_is_not_written() {
    let existing = kept(&json!({"x": CANARY, "other": 1}), 3, &ours());
    let (server, backend) = scene(json!({}), &[(200, &existing)]).await;
    let written = backend.write(&push(Some("a"), remote("app", Some("x")))).await;
    assert_eq!(written, Ok(()));
    assert_eq!(server.lines(), ["GET /v1/kv/data/app"]);
    // This is what the server makes of the digits.
    let existing = kept(&json!({"x": {"n": 12_345_678_901_234_567_000_u64}}), 3, &ours());
    server.script(200, &[], existing);
    assert_eq!(
        backend.write(&push(Some("json"), remote("app", None))).await,
        Ok(())
    );
    assert_eq!(server.lines(), ["GET /v1/kv/data/app"]);
}

#[tokio::test]
async fn who_comes_second_looks_again_and_gives_up_in_the_end() {
    let overtaken = r#"{"errors":["check-and-set parameter did not match the current version"]}"#;
    let (first, second) = (
        kept(&json!({"y": "1"}), 1, &ours()),
        kept(&json!({"y": "2"}), 2, &ours()),
    );
    let answers = [
        (200, first.as_str()),
        (400, overtaken),
        (200, &second),
        (200, "{}"),
    ];
    let (server, backend) = scene(json!({}), &answers).await;
    let push = push(Some("a"), remote("app", Some("x")));
    assert_eq!(backend.write(&push).await, Ok(()));
    let last = asked(&server).pop();
    let body = json!({"data": {"x": CANARY, "y": "2"}, "options": {"cas": 2}});
    assert_eq!(last, Some(line("PUT /v1/kv/data/app", body)));
    for _ in 0..4 {
        server.script(200, &[], first.clone());
        server.script(400, &[], overtaken);
    }
    let problem = backend.write(&push).await.expect_err("nobody gets through");
    assert_eq!(problem.to_string(), "app: others keep changing it");
    assert_eq!(server.lines().len(), 8);
}

#[tokio::test]
async fn what_is_without_the_mark_is_left_alone() {
    for custom in [json!(null), json!({"managed-by": "canary-9f3e"})] {
        for data in [json!({"x": "foreign"}), json!(null)] {
            let existing = kept(&data, 1, &custom);
            let said = said(&custom);
            let answers = [(200, existing.as_str()), (200, &said)];
            let (server, backend) = scene(json!({}), &answers).await;
            let problem = backend.write(&push(Some("a"), remote("app", Some("x")))).await;
            let problem = problem.expect_err("not ours");
            assert_eq!(problem.to_string(), "secret not managed by external-secrets");
            for (status, body) in answers {
                server.script(status, &[], body.to_owned());
            }
            assert_eq!(backend.delete(&remote("app", None)).await, Ok(()));
            assert!(asked(&server).iter().all(|(line, _)| line.starts_with("GET ")));
        }
    }
}

/// ESO marked `kv/metadata/kv/app` for what is at `kv/data/app`.
#[tokio::test]
async fn the_mark_of_a_key_that_repeats_the_mount_is_found_where_eso_put_it() {
    let existing = kept(&json!({"x": "old"}), 5, &json!(null));
    let (own, other) = (said(&json!({"owner": "team"})), said(&ours()));
    let answers = [
        (200, existing.as_str()),
        (200, &own),
        (200, &other),
        (204, ""),
        (200, "{}"),
    ];
    let (server, backend) = scene(json!({}), &answers).await;
    let written = backend.write(&push(Some("a"), remote("kv/app", Some("x")))).await;
    assert_eq!(written, Ok(()));
    let marked = json!({"custom_metadata": {"managed-by": "external-secrets", "owner": "team"}});
    assert_eq!(
        asked(&server),
        [
            read("kv/data/app"),
            read("kv/metadata/app"),
            read("kv/metadata/kv/app"),
            line("PUT /v1/kv/metadata/app", marked),
            line(
                "PUT /v1/kv/data/app",
                json!({"data": {"x": CANARY}, "options": {"cas": 5}})
            ),
        ]
    );
}

#[tokio::test]
async fn a_property_is_deleted_from_the_rest_and_the_last_one_with_everything() {
    let existing = kept(&json!({"x": "1", "y": 2}), 7, &ours());
    let (server, backend) = scene(json!({}), &[(200, &existing), (200, "{}")]).await;
    assert_eq!(backend.delete(&remote("app", Some("x"))).await, Ok(()));
    let rest = json!({"data": {"y": 2}, "options": {"cas": 7}});
    assert_eq!(asked(&server)[1], line("PUT /v1/kv/data/app", rest));
    for (data, property, calls) in [
        (json!({"x": "1"}), Some("x"), 2),
        (json!({"x": "1", "y": 2}), None, 2),
        (json!({"x": "1"}), Some("z"), 1),
        (json!(null), None, 1),
    ] {
        server.script(200, &[], kept(&data, 7, &ours()));
        server.script(204, &[], "");
        assert_eq!(backend.delete(&remote("app", property)).await, Ok(()));
        let lines = server.lines();
        assert_eq!(lines.len(), calls, "{data} {property:?}: {lines:?}");
        if calls == 2 {
            assert_eq!(lines[1], "DELETE /v1/kv/metadata/app");
        } else {
            server.state().scripted.clear();
        }
    }
}

#[tokio::test]
async fn in_kv_v1_the_mark_is_a_part_of_the_secret() {
    let v1 = || json!({"version": "v1"});
    let (server, backend) = scene(v1(), &[(404, NOTHING), (204, "")]).await;
    assert_eq!(
        backend.write(&push(Some("a"), remote("app", Some("x")))).await,
        Ok(())
    );
    let marked = json!({"x": CANARY, "custom_metadata": ours()});
    assert_eq!(
        asked(&server),
        [read("kv/app"), line("PUT /v1/kv/app", marked.clone())]
    );

    let other =
        json!({"data": {"x": "1", "y": 2, "custom_metadata": {"managed-by": "external-secrets", "k": "v"}}});
    server.script(200, &[], other.to_string());
    server.script(204, &[], "");
    assert_eq!(backend.delete(&remote("app", Some("x"))).await, Ok(()));
    let rest = json!({"y": 2, "custom_metadata": {"managed-by": "external-secrets", "k": "v"}});
    assert_eq!(asked(&server)[1], line("PUT /v1/kv/app", rest));

    server.script(200, &[], json!({"data": marked}).to_string());
    server.script(204, &[], "");
    assert_eq!(backend.delete(&remote("app", Some("x"))).await, Ok(()));
    assert_eq!(server.lines(), ["GET /v1/kv/app", "DELETE /v1/kv/app"]);

    server.script(200, &[], r#"{"data": {"x": "1"}}"#);
    let problem = backend.write(&push(Some("a"), remote("app", Some("x")))).await;
    assert_eq!(
        problem.expect_err("not ours").to_string(),
        "secret not managed by external-secrets"
    );
    let problem = backend
        .write(&push(Some("a"), remote("app", Some("custom_metadata"))))
        .await;
    assert!(problem.is_err_and(|problem| problem.to_string().contains("choose another")));
}

#[tokio::test]
async fn what_is_there_is_found_by_its_key_or_path() {
    let data = kept(&json!({"x": "1", "o": {"p": "2"}}), 1, &json!(null));
    let (server, backend) = scene(json!({}), &[]).await;
    for (property, expected) in [
        (None, true),
        (Some("x"), true),
        (Some("o.p"), true),
        (Some("z"), false),
    ] {
        server.script(200, &[], data.clone());
        assert_eq!(
            backend.exists(&remote("app", property)).await,
            Ok(expected),
            "{property:?}"
        );
    }
    for gone in [NOTHING.to_owned(), kept(&json!(null), 1, &ours())] {
        server.script(404, &[], gone);
        assert_eq!(backend.exists(&remote("app", None)).await, Ok(false));
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_before_anything_is_asked() {
    let (server, backend) = scene(json!({}), &[]).await;
    let problem = backend
        .write(&push(Some("bytes"), remote("app", Some("x"))))
        .await;
    let told = problem.expect_err("no text").to_string();
    assert!(
        told.starts_with("secret key bytes holds bytes that are no text"),
        "{told}"
    );
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn each_fault_is_told_as_what_it_is_wherever_it_strikes() {
    let existing = kept(&json!({"x": "old"}), 1, &ours());
    let expected = BTreeMap::from([
        (400, "BadAnswer"),
        (403, "Refused"),
        (404, "BadAnswer"),
        (429, "Throttled"),
        (500, "Unreachable"),
        (503, "Unreachable"),
    ]);
    for (status, reason) in expected {
        for is_read in [true, false] {
            let (server, backend) = scene(json!({}), &[]).await;
            if !is_read {
                server.script(200, &[], existing.clone());
            }
            server.script(status, &[], Body::from(CANARY));
            let written = backend.write(&push(Some("a"), remote("app", Some("x")))).await;
            let problem = written.expect_err("a fault");
            assert_eq!(problem.reason(), reason, "{status} {is_read}");
            assert!(!format!("{problem} {problem:?}").contains(CANARY), "{problem:?}");
            assert!(problem.to_string().contains("kv/data/app"), "{problem}");
        }
    }
}
