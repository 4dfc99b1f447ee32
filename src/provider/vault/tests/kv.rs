//! What is read, and what it means when it is not there.

use serde_json::json;

use super::*;
use crate::provider::{Aspect, Backend, Find, Location, Payload, vault};

pub(super) async fn backend(server: &Server, extra: Value) -> Arc<dyn Backend> {
    let mut extra = extra;
    extra["auth"] = token(server);
    let surroundings = surroundings(cluster(), in_namespace("own"));
    vault::connect(&spec(server, extra), &surroundings)
        .await
        .expect("open")
}

fn at(key: &str, version: Option<&str>, aspect: Aspect) -> Location {
    Location {
        key: key.to_owned(),
        version: version.map(str::to_owned),
        aspect,
        property: None,
    }
}

async fn read(backend: &dyn Backend, location: Location) -> Result<String, String> {
    let answer = backend.read(&[location]).await.remove(0);
    let payload = answer.map_err(|problem| problem.to_string())?;
    let Payload::Bytes(secret) = payload else {
        panic!("one value")
    };
    Ok(String::from_utf8_lossy(secret.expose()).into_owned())
}

#[tokio::test]
async fn a_secret_is_read_by_version_and_keeps_its_digits() {
    let server = Server::start().await;
    let backend = backend(&server, json!({})).await;
    server.put(
        "kv/data/app",
        200,
        json!({"data": {"data": {"b": "<", "a": 1}, "metadata": {}}}),
    );
    server.script(
        200,
        &[],
        r#"{"data":{"data":{"n":12345678901234567890,"f":1.50}}}"#,
    );
    assert_eq!(
        read(&*backend, at("app", Some("7"), Aspect::Value)).await,
        Ok(r#"{"f":1.50,"n":12345678901234567890}"#.to_owned())
    );
    assert_eq!(
        read(&*backend, at("kv/app", None, Aspect::Value)).await,
        Ok(r#"{"a":1,"b":"\u003c"}"#.to_owned())
    );
    assert_eq!(
        server.lines(),
        ["GET /v1/kv/data/app?version=7", "GET /v1/kv/data/app"]
    );
}

#[tokio::test]
async fn only_what_the_server_itself_calls_missing_is_absent() {
    let server = Server::start().await;
    let backend = backend(&server, json!({})).await;
    let deleted = r#"{"data":{"data":null,"metadata":{"deletion_time":"2020-01-01T00:00:00Z"}}}"#;
    for (status, body, is_absent) in [
        (404, r#"{"errors":[]}"#, true),
        (404, deleted, true),
        (200, r#"{"data":{"data":null}}"#, true),
        (404, "<html>canary-9f3e</html>", false),
        (404, "", false),
        (200, "", false),
        (204, "", false),
        (200, r#"{"data":{"metadata":{}}}"#, false),
        (200, r#"{"data":{"data":"canary-9f3e"}}"#, false),
        (200, "<html>canary-9f3e", false),
        (403, r#"{"errors":["permission denied canary-9f3e"]}"#, false),
        (429, "canary-9f3e", false),
        (500, r#"{"errors":["canary-9f3e"]}"#, false),
        (503, r#"{"errors":["Vault is sealed"]}"#, false),
    ] {
        server.script(status, &[], body);
        let problem = backend
            .read(&[at("app", None, Aspect::Value)])
            .await
            .remove(0)
            .expect_err("nothing to read");
        assert_eq!(problem.is_absent(), is_absent, "{status} {body}: {problem}");
        assert!(!format!("{problem} {problem:?}").contains(CANARY), "{problem:?}");
        assert!(problem.to_string().contains("app"), "{problem}");
    }
}

#[tokio::test]
async fn kv_v1_has_no_envelope_and_no_metadata() {
    let server = Server::start().await;
    let backend = backend(&server, json!({"version": "v1"})).await;
    server.put("kv/app", 200, json!({"data": {"a": "1"}}));
    assert_eq!(
        read(&*backend, at("app", None, Aspect::Value)).await,
        Ok(r#"{"a":"1"}"#.to_owned())
    );
    let problem = read(&*backend, at("app", None, Aspect::Metadata)).await;
    assert_eq!(
        problem,
        Err("cannot perform metadata fetch operations with kv version v1".to_owned())
    );
}

#[tokio::test]
async fn metadata_is_what_the_server_says_and_over_it_what_users_say() {
    let server = Server::start().await;
    let backend = backend(&server, json!({})).await;
    let said = json!({"created_time": "then", "current_version": 3, "delete_version_after": "0s", "max_versions": 0,
        "custom_metadata": {"owner": "a<b", "current_version": "mine"}});
    server.put("kv/metadata/app", 200, json!({"data": said}));
    let all =
        r#"{"created_time":"then","current_version":"mine","delete_version_after":"0s","owner":"a\u003cb"}"#;
    assert_eq!(
        read(&*backend, at("app", None, Aspect::Metadata)).await,
        Ok(all.to_owned())
    );
    assert_eq!(
        read(&*backend, at("gone", None, Aspect::Metadata)).await,
        Err("gone: secret does not exist".to_owned())
    );
}

fn folders(server: &Server) {
    for (folder, names) in [
        ("", json!(["app/", "other", "application"])),
        ("/app", json!(["db", "api", "sub/"])),
        ("/app/sub", json!(["deep", "gone"])),
    ] {
        server.put(
            &format!("kv/metadata{folder}?list=true"),
            200,
            json!({"data": {"keys": names}}),
        );
    }
    for (name, tags) in [
        ("app/db", json!({"env": "prod", "team": "a"})),
        ("app/api", json!({"env": "prod"})),
        ("app/sub/deep", json!(null)),
        ("other", json!({"env": "dev"})),
        ("application", json!(null)),
    ] {
        server.put(
            &format!("kv/data/{name}"),
            200,
            json!({"data": {"data": {"u": name}}}),
        );
        server.put(
            &format!("kv/metadata/{name}"),
            200,
            json!({"data": {"custom_metadata": tags}}),
        );
    }
}

async fn find(backend: &dyn Backend, query: Find) -> Result<Vec<String>, String> {
    let found = backend
        .find(&query)
        .await
        .map_err(|problem| problem.to_string())?;
    Ok(found.into_keys().collect())
}

fn by(name: Option<&str>, path: Option<&str>, tags: &[(&str, &str)]) -> Find {
    let owned = |text: &str| text.to_owned();
    Find {
        name: name.map(owned),
        path: path.map(owned),
        tags: tags
            .iter()
            .map(|(key, value)| (owned(key), owned(value)))
            .collect(),
        ..Find::default()
    }
}

#[tokio::test]
async fn a_search_goes_through_all_folders_and_keeps_their_names() {
    let server = Server::start().await;
    let backend = backend(&server, json!({})).await;
    folders(&server);
    for (query, expected) in [
        (
            by(Some("app"), None, &[]),
            vec!["app/api", "app/db", "app/sub/deep", "application"],
        ),
        (
            by(Some("^app/"), None, &[("env", "dev")]),
            vec!["app/api", "app/db", "app/sub/deep"],
        ),
        (by(Some("deep$"), Some("app/sub"), &[]), vec!["app/sub/deep"]),
        (by(Some("^zzz$"), None, &[]), vec![]),
        (by(None, None, &[("env", "prod")]), vec!["app/api", "app/db"]),
        (by(None, None, &[("env", "prod"), ("team", "a")]), vec!["app/db"]),
    ] {
        let found = find(&*backend, query.clone()).await;
        assert_eq!(
            found,
            Ok(expected.into_iter().map(str::to_owned).collect()),
            "{query:?}"
        );
    }
    assert_eq!(
        find(&*backend, by(Some("."), Some("zzz"), &[])).await,
        Err("zzz/: secret does not exist".to_owned())
    );
}

#[tokio::test]
async fn a_search_that_is_refused_on_its_way_fails_as_a_whole() {
    let server = Server::start().await;
    let backend = backend(&server, json!({})).await;
    folders(&server);
    server.state().denied.insert("kv/data/app/db".to_owned());
    let refused = "reading kv/data/app/db: the backend refuses (HTTP 403: permission denied)";
    assert_eq!(
        find(&*backend, by(Some("app"), None, &[])).await,
        Err(refused.to_owned())
    );
    assert!(
        find(&*backend, by(Some("(["), None, &[]))
            .await
            .is_err_and(|why| why.starts_with("find.name.regexp: "))
    );
}

#[tokio::test]
async fn a_tree_without_end_is_given_up() {
    let server = Server::start().await;
    let backend = backend(&server, json!({})).await;
    let mut folder = "kv/metadata".to_owned();
    for _ in 0..70 {
        server.put(
            &format!("{folder}?list=true"),
            200,
            json!({"data": {"keys": ["f/"]}}),
        );
        folder.push_str("/f");
    }
    let problem = find(&*backend, by(Some("."), None, &[])).await;
    assert!(problem.is_err_and(|why| why.contains("too many")), "it went on");
}

#[tokio::test]
async fn the_check_asks_for_the_token() {
    let server = Server::start().await;
    let backend = backend(&server, json!({})).await;
    assert_eq!(backend.check().await, Ok(crate::provider::Health::Ready));
    server.state().tokens.clear();
    let problem = backend.check().await.expect_err("refused");
    assert_eq!(
        problem.to_string(),
        "reading auth/token/lookup-self: the backend refuses (HTTP 403: invalid token)"
    );
    assert!(matches!(problem, Problem::Refused { .. }));
}
