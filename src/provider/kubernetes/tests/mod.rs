//! Against a small API server in this process, over HTTP.

mod server;

use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::provider::testing::{TestCluster, in_namespace, surroundings};
use crate::provider::{CallObserver, Calls, PushSource};
use server::Server;

struct Scene {
    server: Server,
    cluster: Arc<TestCluster>,
    backend: Kubernetes,
}

async fn scene() -> Scene {
    scene_in(in_namespace("own"), json!(null), Calls::default()).await
}

async fn scene_in(scope: StoreScope, auth: Value, calls: Calls) -> Scene {
    let server = Server::start().await;
    let cluster = Arc::<TestCluster>::default();
    cluster.put(DocumentKind::Secret, "own", "creds", &[("token", "static\n")]);
    let spec = json!({"server": {"url": server.url}, "auth": auth, "remoteNamespace": "remote"});
    let spec: KubernetesProvider = serde_json::from_value(spec).expect("sound");
    let surroundings = Surroundings {
        calls,
        ..surroundings(cluster.clone(), scope)
    };
    let backend = Kubernetes::open(&spec, &surroundings)
        .await
        .expect("a connection");
    Scene {
        server,
        cluster,
        backend,
    }
}

fn at(key: &str, aspect: Aspect) -> Location {
    Location {
        key: key.to_owned(),
        version: None,
        aspect,
        property: None,
    }
}

impl Scene {
    async fn read(&self, key: &str) -> Result<Payload, Problem> {
        self.backend.read(&[at(key, Aspect::Value)]).await.remove(0)
    }

    fn db(&self) {
        let labels = json!({"team": "blue"});
        self.server.put("db", json!({"metadata": {"labels": labels}, "type": "Opaque", "data": {"user": "YWRtaW4=", "pass": "cA=="}}));
    }

    fn secret(&self, name: &str) -> Option<Value> {
        let mut secret = self.server.state().secrets.get(name).cloned()?;
        let metadata = secret["metadata"].as_object_mut().expect("metadata");
        metadata.retain(|key, _| !matches!(key.as_str(), "uid" | "resourceVersion" | "name"));
        Some(secret)
    }
}

fn push(key: &str, secret_key: Option<&str>, property: Option<&str>) -> Push {
    Push {
        remote: Remote {
            key: key.to_owned(),
            property: property.map(str::to_owned),
            metadata: None,
        },
        secret_key: secret_key.map(str::to_owned),
        values: Values::from([("user".to_owned(), "u".into())]),
        source: PushSource {
            labels: BTreeMap::from([("l".to_owned(), "v".to_owned())]),
            ..PushSource::default()
        },
    }
}

#[tokio::test]
async fn data_and_metadata_are_read() {
    let scene = scene().await;
    scene.db();
    let Ok(Payload::Map(data)) = scene.read("db").await else {
        panic!("data is a map")
    };
    assert_eq!(
        data,
        Values::from([
            ("user".to_owned(), "admin".into()),
            ("pass".to_owned(), "p".into())
        ])
    );
    let metadata = scene.backend.read(&[at("db", Aspect::Metadata)]).await.remove(0);
    assert_eq!(
        metadata,
        Ok(Payload::Bytes(
            r#"{"annotations":null,"labels":{"team":"blue"}}"#.into()
        ))
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_the_body() {
    let scene = scene().await;
    let what = || "Secret remote/db".to_owned();
    let unreachable = |why: &str| Problem::Unreachable {
        what: what(),
        why: why.to_owned(),
    };
    let bad = |why: &str| Problem::BadAnswer {
        what: what(),
        why: why.to_owned(),
    };
    let refused = |why: &str| Problem::Refused {
        what: what(),
        why: why.to_owned(),
    };
    let large = format!(r#"{{"data": {{"a": "{}"}}}}"#, "canary00".repeat(1 << 19));
    for (code, body, expected) in [
        (
            403,
            json!({"reason": "Forbidden", "message": "canary"}).to_string(),
            refused("403 Forbidden"),
        ),
        (401, "canary".to_owned(), refused("401")),
        (404, "<html>canary</html>".to_owned(), bad("404")),
        (
            429,
            "canary".to_owned(),
            Problem::Throttled {
                what: what(),
                why: "429".to_owned(),
                retry_after: Some(Duration::from_secs(7)),
            },
        ),
        (
            500,
            json!({"reason": "InternalError"}).to_string(),
            unreachable("500 InternalError"),
        ),
        (503, "canary".repeat(100_000), unreachable("503")),
        (
            200,
            "canary".to_owned(),
            bad("200 without the JSON of what was asked for"),
        ),
        (
            200,
            r#"{"data": {"a": "not base64: canary"}}"#.to_owned(),
            bad("200 without the JSON of what was asked for"),
        ),
        (200, large, bad("it is too large")),
    ] {
        scene.server.state().scripted.push_back((code, body));
        assert_eq!(scene.read("db").await, Err(expected));
    }
    assert_eq!(scene.read("db").await, Err(Problem::Absent { key: "db".into() }));
    let single = scene.backend.missing_value("db");
    assert!(!single.is_absent() && single.to_string().contains("remote/db"));
    for key in ["../pods/x", "a/b", "Upper", "", "a?b"] {
        assert_eq!(
            scene.read(key).await.expect_err("no name").reason(),
            "BadData",
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let spec = json!({"server": {"url": "http://127.0.0.1:1"}});
    let spec: KubernetesProvider = serde_json::from_value(spec).expect("sound");
    let surroundings = surroundings(Arc::default(), in_namespace("own"));
    let backend = connect(&spec, &surroundings).await.expect("a connection");
    let problem = backend
        .read(&[at("db", Aspect::Value)])
        .await
        .remove(0)
        .expect_err("nobody there");
    assert!(
        problem
            .to_string()
            .starts_with("Secret default/db: Connection refused"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_static_token_is_sent_and_not_renewed() {
    let auth = json!({"token": {"bearerToken": {"name": "creds", "key": "token"}}});
    let scene = scene_in(in_namespace("own"), auth, Calls::default()).await;
    scene.db();
    scene.server.state().admitted = Some("Bearer static".into());
    assert!(scene.read("db").await.is_ok());
    scene.server.state().admitted = Some("Bearer other".into());
    scene.server.requests();
    assert_eq!(scene.read("db").await.expect_err("refused").reason(), "Refused");
    assert_eq!(scene.server.requests().len(), 1);
}

#[tokio::test]
async fn a_service_account_s_token_is_made_anew_when_it_is_refused_and_only_once() {
    let auth = json!({"serviceAccount": {"name": "reader", "audiences": ["aud"]}});
    let scene = scene_in(in_namespace("own"), auth, Calls::default()).await;
    scene.db();
    assert_eq!(*scene.cluster.audiences.lock().expect("unpoisoned"), ["aud"]);
    scene.server.state().admitted = Some("Bearer token-1".into());
    let both = scene
        .backend
        .read(&[at("db", Aspect::Value), at("db", Aspect::Metadata)])
        .await;
    assert!(both.iter().all(Result::is_ok));
    assert_eq!(scene.cluster.tokens.load(SeqCst), 2);
    scene.server.state().admitted = Some("Bearer none".into());
    scene.server.requests();
    assert_eq!(scene.read("db").await.expect_err("refused").reason(), "Refused");
    assert_eq!(scene.server.requests().len(), 2);
    assert_eq!(scene.cluster.tokens.load(SeqCst), 3);
}

#[tokio::test]
async fn a_check_asks_for_rules_and_then_for_the_right() {
    let scene = scene().await;
    scene.server.state().rules = vec![json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})];
    assert_eq!(scene.backend.check().await, Ok(Health::Ready));
    scene.server.state().rules.clear();
    let refused = scene.backend.check().await.expect_err("not allowed");
    assert!(
        refused
            .to_string()
            .contains("client is not allowed to get secrets")
    );
    scene.server.state().allowed = true;
    assert_eq!(scene.backend.check().await, Ok(Health::Ready));
    scene.server.state().scripted.push_back((401, "canary".into()));
    let Ok(Health::Doubtful { why }) = scene.backend.check().await else {
        panic!("it cannot be told")
    };
    assert_eq!(
        why,
        "could not verify if client is valid: the backend refuses (401)"
    );
}

#[tokio::test]
async fn a_search_goes_page_by_page_and_takes_smaller_ones_of_large_secrets() {
    let mut scene = scene().await;
    scene.backend.bounds = Bounds {
        page: 20,
        page_bytes: 16 << 10,
        looked_at: 100,
        found_bytes: 32 << 10,
    };
    for nth in 0..45 {
        scene
            .server
            .put(&format!("app-{nth:02}"), json!({"data": {"k": "dg=="}}));
    }
    scene.server.put("other", json!({"data": {"k": "dg=="}}));
    let query = Find {
        name: Some("^app-".into()),
        ..Find::default()
    };
    let found = scene.backend.find(&query).await.expect("found");
    assert_eq!(found.len(), 45);
    assert_eq!(found.get("app-07"), Some(&r#"{"k":"v"}"#.into()));
    assert_eq!(scene.server.requests().len(), 3);

    let large = "eHh4".repeat(1 << 9);
    for nth in 0..15 {
        scene
            .server
            .put(&format!("app-{nth:02}"), json!({"data": {"k": large}}));
    }
    assert_eq!(scene.backend.find(&query).await.map(|found| found.len()), Ok(45));
    let requests = scene.server.requests();
    assert!(requests[0].ends_with("?limit=20") && requests[1].ends_with("?limit=5"));
    assert!(requests[2].ends_with("?limit=5&continue=5"));

    for nth in 15..30 {
        scene
            .server
            .put(&format!("app-{nth:02}"), json!({"data": {"k": large}}));
    }
    let problem = scene.backend.find(&query).await.expect_err("too much");
    assert_eq!(
        problem.to_string(),
        "Secrets of namespace remote: the answer cannot be used: there are too many; narrow the search"
    );
}

#[tokio::test]
async fn a_push_creates_merges_and_leaves_alone_what_is_as_it_should_be() {
    let scene = scene().await;
    let one = push("dest", Some("user"), Some("p"));
    scene.backend.write(&one).await.expect("created");
    let created = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"labels": {"l": "v"}}, "data": {"p": "dQ=="}});
    assert_eq!(scene.secret("dest"), Some(created));
    scene
        .backend
        .write(&push("dest", None, Some("all")))
        .await
        .expect("merged");
    let merged = scene.secret("dest").expect("it is there");
    assert_eq!(merged["data"], json!({"p": "dQ==", "all": "eyJ1c2VyIjoidSJ9"}));
    scene.server.requests();
    scene.backend.write(&one).await.expect("nothing to do");
    assert_eq!(
        scene.server.requests(),
        ["GET /api/v1/namespaces/remote/secrets/dest"]
    );
    scene
        .backend
        .write(&push("dest", None, None))
        .await
        .expect("replaced");
    assert_eq!(
        scene.secret("dest").expect("it is there")["data"],
        json!({"user": "dQ=="})
    );
    let put = "PUT /api/v1/namespaces/remote/secrets/dest?fieldManager=external-secrets";
    assert_eq!(scene.server.requests()[1], put);
}

#[tokio::test]
async fn who_gets_in_between_is_looked_at_again_but_not_for_ever() {
    let scene = scene().await;
    scene.db();
    let conflict = || (409, json!({"reason": "Conflict"}).to_string());
    let db = scene.server.state().secrets["db"].to_string();
    scene
        .server
        .state()
        .scripted
        .extend([(200, db.clone()), conflict()]);
    scene
        .backend
        .write(&push("db", Some("user"), Some("p")))
        .await
        .expect("merged");
    assert_eq!(scene.secret("db").expect("it is there")["data"]["p"], "dQ==");
    for _ in 0..4 {
        scene
            .server
            .state()
            .scripted
            .extend([(200, db.clone()), conflict()]);
    }
    let problem = scene
        .backend
        .write(&push("db", Some("user"), Some("p")))
        .await
        .expect_err("no end");
    assert_eq!(problem.to_string(), "Secret remote/db: others keep changing it");
}

#[tokio::test]
async fn pushes_that_cannot_be_are_refused_in_eso_s_words() {
    let scene = scene().await;
    let envelope = |spec: Value| {
        Some(
            json!({"apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec}),
        )
    };
    let with = |spec: Value| {
        let mut push = push("d", None, None);
        push.remote.metadata = envelope(spec);
        push
    };
    let (elsewhere, bogus) = (with(json!({"remoteNamespace": "b"})), with(json!({"bogus": 1})));
    for (push, why) in [
        (
            push("d", Some("user"), None),
            "requires property in RemoteRef to push secret value if secret key is defined",
        ),
        (
            elsewhere,
            "remoteNamespace override is only supported with ClusterSecretStore",
        ),
        (
            bogus,
            "unable to parse metadata parameters: failed to parse kubernetes.external-secrets.io/v1alpha1 \
                 PushSecretMetadata: error unmarshaling JSON: while decoding JSON: json: unknown field \"bogus\"",
        ),
    ] {
        assert_eq!(
            scene.backend.write(&push).await.expect_err("refused").to_string(),
            why
        );
    }
    assert!(scene.server.requests().is_empty());

    let cluster_wide = StoreScope::Cluster { consumer: None };
    let scene = scene_in(cluster_wide, json!(null), Calls::default()).await;
    let elsewhere = with(json!({"remoteNamespace": "b"}));
    // The small server has only one namespace; that the other one was asked is what counts.
    scene.backend.write(&elsewhere).await.expect_err("there is none");
    scene
        .backend
        .exists(&elsewhere.remote)
        .await
        .expect_err("as above");
    scene
        .backend
        .delete(&elsewhere.remote)
        .await
        .expect_err("as above");
    assert_eq!(
        scene.server.requests(),
        ["GET /api/v1/namespaces/b/secrets/d"; 3],
        "whoever looks and whoever deletes goes where the write went"
    );
}

#[tokio::test]
async fn deleting_takes_a_property_or_with_the_last_one_the_secret() {
    let scene = scene().await;
    scene.db();
    let remote = |property: Option<&str>| Remote {
        key: "db".into(),
        property: property.map(str::to_owned),
        metadata: None,
    };
    for (property, expected) in [(None, true), (Some("user"), true), (Some("nope"), false)] {
        assert_eq!(
            scene.backend.exists(&remote(property)).await,
            Ok(expected),
            "{property:?}"
        );
    }
    scene
        .backend
        .delete(&remote(Some("nope")))
        .await
        .expect("nothing to do");
    scene
        .backend
        .delete(&remote(Some("user")))
        .await
        .expect("taken away");
    assert_eq!(
        scene.secret("db").expect("it is there")["data"],
        json!({"pass": "cA=="})
    );
    scene
        .backend
        .delete(&remote(Some("pass")))
        .await
        .expect("deleted");
    assert_eq!(scene.secret("db"), None);
    scene.backend.delete(&remote(None)).await.expect("nothing to do");
    assert_eq!(scene.backend.exists(&remote(None)).await, Ok(false));
    scene.db();
    scene.backend.delete(&remote(None)).await.expect("deleted");
    assert_eq!(scene.secret("db"), None);
}

#[derive(Default)]
struct Heard(Mutex<Vec<(&'static str, &'static str, bool)>>);

impl CallObserver for Heard {
    fn called(&self, provider: &'static str, call: &'static str, ok: bool) {
        self.0.lock().expect("unpoisoned").push((provider, call, ok));
    }
}

#[tokio::test]
async fn calls_are_counted_under_eso_s_names() {
    let heard = Arc::<Heard>::default();
    let scene = scene_in(in_namespace("own"), json!(null), Calls::new(heard.clone())).await;
    scene
        .backend
        .write(&push("dest", Some("user"), Some("p")))
        .await
        .expect("created");
    scene
        .backend
        .find(&Find {
            name: Some(String::new()),
            ..Find::default()
        })
        .await
        .expect("found");
    let calls = [
        ("GetSecret", false),
        ("CreateSecret", true),
        ("ListSecrets", true),
    ];
    assert_eq!(
        *heard.0.lock().expect("unpoisoned"),
        calls.map(|(call, ok)| ("Kubernetes", call, ok))
    );
}
