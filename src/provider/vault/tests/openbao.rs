//! The stricter rules of openBao.

use serde_json::json;

use super::*;
use crate::provider::{Aspect, Backend, Find, Location, vault};

async fn backend(server: &Server, version: &str) -> Arc<dyn Backend> {
    let body = json!({"server": server.url, "version": version, "auth": token(server)});
    let spec = serde_json::from_value(body).expect("a provider");
    let surroundings = surroundings(cluster(), in_namespace("own"));
    vault::connect_openbao(&spec, &surroundings).await.expect("open")
}

async fn read(backend: &dyn Backend, key: &str, version: Option<&str>) -> Result<(), String> {
    let location = Location {
        key: key.to_owned(),
        version: version.map(str::to_owned),
        aspect: Aspect::Value,
        property: None,
    };
    let answer = backend.read(&[location]).await.remove(0);
    answer.map(drop).map_err(|problem| problem.to_string())
}

#[tokio::test]
async fn a_key_is_what_stands_below_the_mount() {
    let server = Server::start().await;
    let backend = backend(&server, "v2").await;
    let secret = json!({"data": {"data": {"a": {"b": 1}}}});
    server.put("kv/data/one", 200, secret.clone());
    server.put("kv/data/one?version=2", 200, secret);
    assert_eq!(read(&*backend, "one", None).await, Ok(()));
    assert_eq!(read(&*backend, "one", Some("2")).await, Ok(()));
    assert_eq!(
        read(&*backend, "one", Some("latest")).await,
        Err("\"latest\" is not the number of a version".to_owned())
    );
    assert_eq!(
        read(&*backend, "kv/one", None).await,
        Err("kv/one: secret does not exist".to_owned())
    );
    let payload = crate::provider::Payload::Bytes(r#"{"a":{"b":1}}"#.into());
    assert_eq!(backend.select(&payload, Some("a")), Ok(Some(r#"{"b":1}"#.into())));
    assert!(backend.select(&payload, Some("a.b")).is_err());
    let problem = backend.find(&Find::default()).await.expect_err("by name only");
    assert_eq!(
        problem.to_string(),
        "find.name: the openBao provider finds by name only"
    );
}

#[tokio::test]
async fn the_check_looks_at_the_mount() {
    let server = Server::start().await;
    for (version, mount, expected) in [
        ("v2", json!({"type": "kv", "options": {"version": "2"}}), Ok(())),
        ("v1", json!({"type": "kv", "options": null}), Ok(())),
        (
            "v2",
            json!({"type": "kv", "options": {"version": "1"}}),
            Err("expected kv engine version 2 found version 1"),
        ),
        (
            "v1",
            json!({"type": "kv", "options": {"version": "2"}}),
            Err("expected kv engine version 1 found version 2"),
        ),
        ("v1", json!({"type": "pki"}), Err("it is not a kv engine")),
    ] {
        server.put("sys/mounts/kv", 200, json!({"data": mount}));
        let health = backend(&server, version).await.check().await;
        let what = "mount kv: the answer cannot be used";
        let expected = expected.map_err(|why| format!("{what}: {why}"));
        assert_eq!(health.map(drop).map_err(|problem| problem.to_string()), expected);
    }
    server.put(
        "sys/mounts/kv",
        400,
        json!({"errors": ["No secret engine mount at kv/"]}),
    );
    let problem = backend(&server, "v2").await.check().await.expect_err("no mount");
    assert_eq!(
        problem.to_string(),
        "reading sys/mounts/kv: the answer cannot be used: HTTP 400: No secret engine mount"
    );
}
