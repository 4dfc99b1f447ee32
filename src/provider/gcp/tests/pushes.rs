//! What is written, what is left alone, and what is deleted.

use lockstep_testkit::Fate;

use super::*;

fn remote(key: &str, property: Option<&str>, spec: Option<Value>) -> Remote {
    let metadata = spec.map(|spec| {
        json!({"apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec})
    });
    Remote {
        key: key.to_owned(),
        property: property.map(str::to_owned),
        metadata,
    }
}

async fn push_to(manager: &Arc<dyn Backend>, remote: Remote, value: &[u8]) -> Result<(), String> {
    let push = Push {
        remote,
        secret_key: Some("value".to_owned()),
        values: Values::from([("value".to_owned(), value.into())]),
        source: crate::provider::PushSource::default(),
    };
    manager.write(&push).await.map_err(|problem| told(&problem))
}

async fn push(manager: &Arc<dyn Backend>, key: &str, value: &str) -> Result<(), String> {
    push_to(manager, remote(key, None, None), value.as_bytes()).await
}

async fn push_property(
    manager: &Arc<dyn Backend>,
    key: &str,
    property: &str,
    value: &str,
) -> Result<(), String> {
    push_to(manager, remote(key, Some(property), None), value.as_bytes()).await
}

async fn delete(manager: &Arc<dyn Backend>, key: &str, property: Option<&str>) -> Result<(), String> {
    let deleted = manager.delete(&remote(key, property, None)).await;
    deleted.map_err(|problem| told(&problem))
}

fn newest(scene: &Scene, id: &str) -> (String, usize) {
    let (value, versions) = scene.google.newest(id);
    (
        String::from_utf8_lossy(&value.unwrap_or_default()).into_owned(),
        versions,
    )
}

#[tokio::test]
async fn a_secret_is_written_once_with_what_is_said_of_it() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    let said = json!({
        "labels": {"team": "a"}, "annotations": {"note": "N"}, "topics": ["projects/p/topics/t"],
        "cmekKeyName": "k", "replicationLocation": "unused", "replicationLocations": ["l1", "l2"],
    });
    for _ in 0..3 {
        let remote = remote("app", None, Some(said.clone()));
        assert_eq!(push_to(&manager, remote, CANARY.as_bytes()).await, Ok(()));
    }
    assert_eq!(newest(&scene, "app"), (CANARY.to_owned(), 1));
    let there = scene.google.get("app").expect("it is there");
    assert_eq!(
        there["labels"],
        json!({"team": "a", "managed-by": "external-secrets"})
    );
    assert_eq!(there["annotations"], json!({"note": "N"}));
    assert_eq!(there["topics"], json!([{"name": "projects/p/topics/t"}]));
    let key = json!({"kmsKeyName": "k"});
    assert_eq!(
        there["replication"],
        json!({"userManaged": {"replicas": [
            {"location": "l1", "customerManagedEncryption": key}, {"location": "l2", "customerManagedEncryption": key},
        ]}})
    );
    let traffic = scene.google.faults().traffic();
    assert_eq!(
        (traffic.of("POST /v1/"), traffic.of("PATCH")),
        (2, 0),
        "{traffic:?}"
    );
    assert_eq!(push(&manager, "app", "other").await, Ok(()));
    assert_eq!(newest(&scene, "app"), ("other".to_owned(), 2));
    // Nobody says anything of it any more.
    let there = scene.google.get("app").expect("it is there");
    assert_eq!(there["labels"], json!({"managed-by": "external-secrets"}));
    assert!(there["annotations"].is_null());
}

#[tokio::test]
async fn bytes_and_whole_secrets_are_pushed_as_they_are() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    let binary = push_to(&manager, remote("binary", None, None), &[0, 255]).await;
    assert_eq!(binary, Ok(()));
    assert_eq!(scene.google.newest("binary"), (Some(vec![0, 255]), 1));
    assert_eq!(
        scene.google.get("binary").expect("it is there")["replication"],
        json!({"automatic": {}})
    );
    let whole = Push {
        remote: remote("app", None, None),
        secret_key: None,
        values: Values::from([("b".to_owned(), "<2>".into()), ("a".to_owned(), "1".into())]),
        source: crate::provider::PushSource::default(),
    };
    assert_eq!(manager.write(&whole).await, Ok(()));
    assert_eq!(newest(&scene, "app").0, r#"{"a":"1","b":"<2>"}"#);
}

#[tokio::test]
async fn a_location_replicates_nothing_and_keeps_its_key() {
    let scene = Scene::new().await;
    let regional = scene.connect(json!({"location": "europe-west1"})).await;
    let regional = regional.expect("a connection");
    let said = json!({"cmekKeyName": "k", "replicationLocations": ["l1"]});
    let pushed = push_to(&regional, remote("app", None, Some(said)), b"v").await;
    assert_eq!(pushed, Ok(()));
    assert_eq!(
        scene.google.newest_in("europe-west1", "app"),
        (Some(b"v".to_vec()), 1)
    );
    assert_eq!(scene.google.get("app"), None);
}

#[tokio::test]
async fn labels_are_replaced_or_kept() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    assert_eq!(push(&manager, "app", "v").await, Ok(()));
    let by_others = json!({"managed-by": "external-secrets", "cost": "x", "team": "theirs"});
    for (policy, expected) in [
        (
            "Merge",
            json!({"cost": "x", "team": "theirs", "managed-by": "external-secrets"}),
        ),
        (
            "Replace",
            json!({"team": "ours", "managed-by": "external-secrets"}),
        ),
    ] {
        scene.google.describe("app", &json!({ "labels": by_others }));
        let said = json!({"labels": {"team": "ours"}, "mergePolicy": policy});
        let pushed = push_to(&manager, remote("app", None, Some(said)), b"v").await;
        assert_eq!(pushed, Ok(()));
        assert_eq!(scene.google.get("app").expect("it is there")["labels"], expected);
    }
    assert_eq!(newest(&scene, "app").1, 1);
}

#[tokio::test]
async fn properties_are_set_and_taken_one_by_one() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    assert_eq!(push_property(&manager, "app", "db.user", "u").await, Ok(()));
    assert_eq!(push_property(&manager, "app", "n", "5").await, Ok(()));
    assert_eq!(push_property(&manager, "app", "n", "5").await, Ok(()));
    assert_eq!(
        newest(&scene, "app"),
        (r#"{"db":{"user":"u"},"n":"5"}"#.to_owned(), 2)
    );
    let both = push_to(&manager, remote("app", Some("n"), Some(json!({}))), b"5").await;
    let why = "cannot specify metadata and property at the same time";
    assert_eq!(both, Err(why.to_owned()));
    assert_eq!(delete(&manager, "app", Some("n")).await, Ok(()));
    assert_eq!(delete(&manager, "app", Some("n")).await, Ok(()));
    assert_eq!(newest(&scene, "app"), (r#"{"db":{"user":"u"}}"#.to_owned(), 3));
    assert_eq!(delete(&manager, "app", Some("db.user")).await, Ok(()));
    assert_eq!(scene.google.get("app"), None);
    assert_eq!(push(&manager, "plain", "text").await, Ok(()));
    let refused = push_property(&manager, "plain", "x", "v").await;
    let why = "PushSecret for gcp secret manager with a pushSecretData property requires a json secret";
    assert_eq!(refused, Err(why.to_owned()));
}

#[tokio::test]
async fn what_is_not_ours_is_neither_overwritten_nor_deleted() {
    let scene = Scene::new().await;
    scene.google.put("theirs", b"{}");
    scene
        .google
        .describe("theirs", &json!({"labels": {"managed-by": "somebody"}}));
    let manager = scene.manager().await;
    let why = Err("secret theirs is not managed by external secrets".to_owned());
    assert_eq!(push(&manager, "theirs", "v").await, why);
    assert_eq!(push_property(&manager, "theirs", "x", "v").await, why);
    assert_eq!(delete(&manager, "theirs", None).await, Ok(()));
    assert_eq!(delete(&manager, "theirs", Some("x")).await, Ok(()));
    assert_eq!(delete(&manager, "never", None).await, Ok(()));
    assert_eq!(newest(&scene, "theirs"), ("{}".to_owned(), 1));
}

#[tokio::test]
async fn what_is_there_has_a_version_that_can_be_read() {
    let scene = Scene::new().await;
    scene.google.put("app", b"v");
    scene.google.put("shut", b"v");
    scene.google.set_state("shut", 1, "DISABLED");
    scene.google.describe("bare", &json!({}));
    let manager = scene.manager().await;
    for (key, expected) in [("app", true), ("shut", true), ("bare", false), ("never", false)] {
        let exists = manager.exists(&remote(key, None, None)).await;
        assert_eq!(exists, Ok(expected), "{key}");
    }
}

#[tokio::test]
async fn a_disabled_version_is_left_alone_and_a_destroyed_one_followed() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    assert_eq!(push(&manager, "app", "one").await, Ok(()));
    scene.google.set_state("app", 1, "DISABLED");
    let why = "app: its latest version is disabled; enable or destroy it, and it is pushed again";
    assert_eq!(push(&manager, "app", "two").await, Err(why.to_owned()));
    scene.google.set_state("app", 1, "DESTROYED");
    assert_eq!(push(&manager, "app", "two").await, Ok(()));
    assert_eq!(newest(&scene, "app"), ("two".to_owned(), 2));
}

#[tokio::test]
async fn a_write_that_fails_anywhere_is_completed_by_the_next_and_made_once() {
    for (call, is_done) in [
        ("GET /v1/projects/project-1/secrets/app", false),
        ("POST /v1/projects/project-1/secrets", false),
        ("POST /v1/projects/project-1/secrets", true),
        ("POST /v1/projects/project-1/secrets/app:addVersion", false),
        ("POST /v1/projects/project-1/secrets/app:addVersion", true),
    ] {
        let scene = Scene::new().await;
        let manager = scene.manager().await;
        scene.google.faults().are(move |asked| {
            if asked.call() == call {
                Fate::Cut { carried_out: is_done }
            } else {
                Fate::Pass
            }
        });
        assert!(push(&manager, "app", "v").await.is_err(), "{call}");
        scene.google.faults().always(Fate::Pass);
        assert_eq!(push(&manager, "app", "v").await, Ok(()), "{call}");
        assert_eq!(newest(&scene, "app"), ("v".to_owned(), 1), "{call} {is_done}");
    }
}

#[tokio::test]
async fn whoever_is_overtaken_looks_again_and_gives_up_in_the_end() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    assert_eq!(push(&manager, "app", "v").await, Ok(()));
    let aborted = json!({"error": {"code": 409, "status": "ABORTED", "message": CANARY}}).to_string();
    let times = std::sync::atomic::AtomicUsize::new(0);
    let once = aborted.clone();
    scene.google.faults().are(move |asked| {
        let is_first = || times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        if asked.call().starts_with("PATCH") && is_first() {
            Fate::status(409, once.as_str())
        } else {
            Fate::Pass
        }
    });
    let said = || remote("app", None, Some(json!({"labels": {"team": "a"}})));
    assert_eq!(push_to(&manager, said(), b"v").await, Ok(()));
    assert_eq!(
        scene.google.get("app").expect("it is there")["labels"]["team"],
        "a"
    );
    scene.google.faults().are(move |asked| {
        if asked.call().starts_with("DELETE") && asked.query.contains("etag=") {
            Fate::status(409, aborted.as_str())
        } else {
            Fate::Pass
        }
    });
    let refused = delete(&manager, "app", None).await;
    let why = "gcp secret manager: app: others keep creating, changing or deleting it";
    assert_eq!(refused, Err(why.to_owned()));
}

#[tokio::test]
async fn metadata_that_are_not_understood_are_refused_before_anything_is_written() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    let refused = push_to(&manager, remote("app", None, Some(json!({"unknown": 1}))), b"v").await;
    assert!(refused.is_err());
    let refused = push(&manager, "a/b", "v").await.expect_err("no name");
    assert!(refused.contains("must be the id of a secret"), "{refused}");
    assert_eq!(scene.google.faults().traffic().total(), 0);
}
