use serde_json::json;

use super::*;
use crate::provider::testing::{TestCluster, in_namespace, surroundings};
use crate::provider::{Aspect, PushSource};

fn fake(spec: serde_json::Value) -> Arc<dyn Backend> {
    let surroundings = surroundings(Arc::new(TestCluster::default()), in_namespace("n"));
    connect(&serde_json::from_value(spec).expect("sound"), &surroundings)
}

fn at(key: &str, version: Option<&str>) -> Location {
    Location {
        key: key.to_owned(),
        version: version.map(str::to_owned),
        aspect: Aspect::Value,
        property: None,
    }
}

async fn read(backend: &Arc<dyn Backend>, key: &str, version: Option<&str>) -> Result<SecretBytes, Problem> {
    let answer = backend.read(&[at(key, version)]).await.remove(0)?;
    backend
        .select(&answer, None)
        .map(|value| value.expect("there is no property"))
}

fn named(pattern: &str) -> Find {
    Find {
        name: Some(pattern.to_owned()),
        ..Find::default()
    }
}

fn texts(values: &Values) -> Vec<(&str, String)> {
    let text = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
    values
        .iter()
        .map(|(key, value)| (key.as_str(), text(value)))
        .collect()
}

fn push(key: &str, secret_key: Option<&str>) -> Push {
    Push {
        remote: Remote {
            key: key.to_owned(),
            property: None,
            metadata: None,
        },
        secret_key: secret_key.map(str::to_owned),
        values: Values::from([("user".to_owned(), "u".into()), ("pass".to_owned(), "<p>".into())]),
        source: PushSource::default(),
    }
}

#[tokio::test]
async fn a_version_has_to_match_exactly() {
    let backend = fake(json!({"data": [
        {"key": "k", "value": "one", "version": "v1"},
        {"key": "k", "value": "two", "version": "v2"},
        {"key": "k", "value": "none"},
        {"key": "twice", "value": "first"},
        {"key": "twice", "value": "last"},
    ]}));
    for (key, version, expected) in [
        ("k", Some("v1"), Some("one")),
        ("k", Some("v2"), Some("two")),
        ("k", None, Some("none")),
        ("k", Some("v9"), None),
        ("kv1", None, None),
        ("nope", None, None),
        ("twice", None, Some("last")),
    ] {
        let expected = expected
            .map(SecretBytes::from)
            .ok_or(Problem::Absent { key: key.to_owned() });
        assert_eq!(read(&backend, key, version).await, expected, "{key} {version:?}");
    }
}

#[tokio::test]
async fn properties_are_paths_and_extract_spreads_objects() {
    let backend = fake(json!({"data": []}));
    let payload = Payload::Bytes(r#"{"a": {"b": "deep", "n": null}, "list": [1, 2], "f": 1e21}"#.into());
    for (property, expected) in [
        (Some("a.b"), Some("deep")),
        (Some("list.#"), Some("2")),
        (Some("f"), Some("1000000000000000000000")),
        (Some("a.n"), Some("")),
        (Some("zz"), None),
    ] {
        assert_eq!(
            backend.select(&payload, property),
            Ok(expected.map(SecretBytes::from)),
            "{property:?}"
        );
    }
    let inner = backend
        .explode(&payload, Some("a"))
        .expect("an object")
        .expect("it exists");
    assert_eq!(texts(&inner), [("b", "deep".to_owned()), ("n", String::new())]);
    assert_eq!(backend.explode(&payload, Some("zz")), Ok(None));
    let plain = backend
        .explode(&Payload::Bytes("plain canary".into()), None)
        .expect_err("no object");
    assert_eq!(
        plain.to_string(),
        "unable to unmarshal secret: no valid JSON at byte 0"
    );
}

#[tokio::test]
async fn find_takes_the_greatest_version_and_converts_keys() {
    let backend = fake(json!({"data": [
        {"key": "k", "value": "new", "version": "v2"},
        {"key": "k", "value": "old", "version": "v1"},
        {"key": "k", "value": "ten", "version": "v10"},
        {"key": "app/db", "value": "1"},
    ]}));
    let all = backend.find(&named("")).await.expect("all");
    assert_eq!(texts(&all), [("app_db", "1".to_owned()), ("k", "new".to_owned())]);
    let unicode = Find {
        conversion: lockstep_api::ConversionStrategy::Unicode,
        ..named("^app")
    };
    assert_eq!(
        texts(&backend.find(&unicode).await.expect("one")),
        [("app_U002f_db", "1".to_owned())]
    );
    assert_eq!(backend.find(&named("^zzz$")).await, Ok(Values::new()));
    let broken = backend.find(&named("([")).await.expect_err("broken");
    assert!(broken.to_string().starts_with("find.name.regexp: "), "{broken}");
    let tags = Find {
        tags: [("env".to_owned(), "dev".to_owned())].into(),
        ..Find::default()
    };
    assert_eq!(
        backend.find(&tags).await.expect_err("refused").reason(),
        "InvalidSpec"
    );
}

#[tokio::test]
async fn what_is_pushed_is_served_by_every_later_connection_of_the_store() {
    let surroundings = surroundings(Arc::new(TestCluster::default()), in_namespace("n"));
    let spec: FakeProvider =
        serde_json::from_value(json!({"data": [{"key": "a", "value": "1"}]})).expect("sound");
    let first = connect(&spec, &surroundings);
    first.write(&push("pushed", Some("user"))).await.expect("pushed");
    first.write(&push("whole", None)).await.expect("pushed");
    let refused = first
        .write(&push("a", Some("user")))
        .await
        .expect_err("it is in the spec");
    assert_eq!(refused.to_string(), "key already exists");
    let missing = first
        .write(&push("pushed", Some("nope")))
        .await
        .expect_err("no such key");
    assert_eq!(missing.to_string(), "secret key nope does not exist");

    let second = connect(&spec, &surroundings);
    assert_eq!(read(&second, "pushed", None).await, Ok("u".into()));
    assert_eq!(
        read(&second, "whole", None).await,
        Ok(r#"{"pass":"<p>","user":"u"}"#.into())
    );
    assert!(read(&second, "pushed", Some("v1")).await.is_err());
    assert_eq!(
        second.find(&named("^pushed$")).await.map(|found| found.len()),
        Ok(1)
    );
    second
        .delete(&push("pushed", None).remote)
        .await
        .expect("nothing happens");
    for (key, expected) in [("pushed", true), ("a", true), ("nope", false)] {
        assert_eq!(
            second.exists(&push(key, None).remote).await,
            Ok(expected),
            "{key}"
        );
    }
}

#[tokio::test]
async fn the_spec_says_what_a_check_finds() {
    let check = async |result: u8| {
        fake(json!({"data": [], "validationResult": result}))
            .check()
            .await
    };
    assert_eq!(fake(json!({"data": []})).check().await, Ok(Health::Ready));
    assert_eq!(check(0).await, Ok(Health::Ready));
    assert_eq!(
        check(1).await,
        Ok(Health::Doubtful {
            why: "unable to validate".into()
        })
    );
    assert_eq!(
        check(2).await.expect_err("an error").to_string(),
        "unable to validate"
    );
}
