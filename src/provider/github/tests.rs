//! Against a small GitHub in this process.

use std::collections::BTreeMap;

use aws_lc_rs::agreement::{PrivateKey, X25519};
use lockstep_testkit::{Fate, GithubActions as Server, RsaIdentity};
use serde_json::Value;

use super::*;
use crate::cluster::DocumentKind;
use crate::provider::PushSource;
use crate::provider::testing::{Fault, TestCluster, at, faults_of_http, in_namespace, surroundings, told};

/// A part of everything that is to be seen nowhere.
const CANARY: &str = "canary-4f1c";
const ORGANIZATION: &str = "orgs/acme/actions/secrets";
const REPOSITORY: &str = "repos/acme/app/actions/secrets";
const ENVIRONMENT: &str = "repositories/99/environments/prod/eu/secrets";

struct Scene {
    server: Server,
    cluster: Arc<TestCluster>,
    /// Opens what is sealed.
    recipient: PrivateKey,
}

impl Scene {
    async fn new() -> Self {
        let recipient = PrivateKey::generate(&X25519).expect("a key");
        let public = STANDARD.encode(recipient.compute_public_key().expect("a public key"));
        let cluster = Arc::<TestCluster>::default();
        let identity = RsaIdentity::new("app").expect("made");
        let keys = [("key", identity.key.as_str()), ("none", CANARY)];
        cluster.put(DocumentKind::Secret, "own", "creds", &keys);
        Self {
            server: Server::start(&public).await.expect("a GitHub"),
            cluster,
            recipient,
        }
    }

    async fn open(&self, extra: Value) -> Result<Github, Problem> {
        self.open_in(in_namespace("own"), extra).await
    }

    async fn open_in(&self, scope: StoreScope, extra: Value) -> Result<Github, Problem> {
        let mut spec = json!({
            "url": self.server.url(), "organization": "acme", "appID": 17, "installationID": Server::INSTALLATION,
            "auth": {"privateKey": {"name": "creds", "key": "key", "namespace": "own"}},
        });
        spec.as_object_mut()
            .expect("an object")
            .extend(extra.as_object().cloned().unwrap_or_default());
        let spec = serde_json::from_value(spec).expect("sound");
        Github::open(&spec, &surroundings(self.cluster.clone(), scope)).await
    }

    async fn store(&self, extra: Value) -> Github {
        self.open(extra).await.expect("a connection")
    }
}

fn push(key: &str, secret_key: Option<&str>) -> Push {
    Push {
        remote: Remote {
            key: key.to_owned(),
            property: None,
            metadata: None,
        },
        secret_key: secret_key.map(str::to_owned),
        values: BTreeMap::from([("k".to_owned(), CANARY.into())]),
        source: PushSource::default(),
    }
}

#[tokio::test]
async fn secrets_are_sealed_for_the_place_that_they_go_to() {
    let scene = Scene::new().await;
    for (extra, folder) in [
        (json!({}), ORGANIZATION),
        (json!({"repository": "app"}), REPOSITORY),
        (
            json!({"repository": "app", "environment": "prod/eu"}),
            ENVIRONMENT,
        ),
    ] {
        let store = scene.store(extra).await;
        assert_eq!(store.check().await, Ok(Health::Ready), "{folder}");
        assert_eq!(
            store.exists(&push("token", None).remote).await,
            Ok(false),
            "{folder}"
        );
        store.write(&push("token", Some("k"))).await.expect("written");
        let put = scene.server.secret(folder, "TOKEN").expect("it is there");
        let sealed = put["encrypted_value"].as_str();
        let sealed = sealed.and_then(|sealed| STANDARD.decode(sealed).ok());
        let opened = seal::tests::open(&sealed.expect("base64"), &scene.recipient);
        assert_eq!(opened.as_deref(), Some(CANARY.as_bytes()), "{folder}");
        assert_eq!(put["key_id"], "012345678912345678");
        let visibility = if folder == ORGANIZATION {
            json!("all")
        } else {
            Value::Null
        };
        assert_eq!(put["visibility"], visibility, "{folder}");
        assert_eq!(
            store.exists(&push("Token", None).remote).await,
            Ok(true),
            "{folder}"
        );
        store.delete(&push("token", None).remote).await.expect("deleted");
        store
            .delete(&push("token", None).remote)
            .await
            .expect("nothing to do");
        assert_eq!(scene.server.secret(folder, "TOKEN"), None);
        assert!(!format!("{store:?}").contains("canary"));
    }
    assert_eq!(scene.server.tokens(), 3, "one a store");
    let jwt = &scene.server.apps()[0];
    let claims = jwt.split('.').nth(1).and_then(|claims| {
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(claims)
            .ok()?;
        serde_json::from_slice::<Value>(&claims).ok()
    });
    let claims = claims.expect("a JWT");
    assert_eq!(claims["iss"], "17");
    let time = |name: &str| claims[name].as_i64().expect("a time");
    let now = jiff::Timestamp::now().as_second();
    // GitHub's clock may be behind, and it takes ten minutes at most.
    assert!(time("iat") < now && now < time("exp"), "{claims}");
    assert!(time("exp") - time("iat") <= 600, "{claims}");
}

#[tokio::test]
async fn who_sees_a_secret_goes_on_to_see_it_unless_the_store_says_otherwise() {
    let scene = Scene::new().await;
    let repositories: Vec<u64> = (1..=150).collect();
    scene.server.select(&repositories);
    for (before, extra, after) in [
        ("private", json!({}), "private"),
        ("private", json!({"orgSecretVisibility": "all"}), "all"),
        ("selected", json!({"orgSecretVisibility": "private"}), "private"),
        ("selected", json!({}), "selected"),
    ] {
        scene.server.put_secret(ORGANIZATION, "TOKEN", before);
        let store = scene.store(extra).await;
        store.write(&push("TOKEN", Some("k"))).await.expect("written");
        let put = scene.server.secret(ORGANIZATION, "TOKEN").expect("it is there");
        assert_eq!(put["visibility"], after);
        let selected = if after == "selected" {
            json!(repositories)
        } else {
            Value::Null
        };
        assert_eq!(put["selected_repository_ids"], selected, "{before} {after}");
    }
}

#[tokio::test]
async fn a_whole_secret_is_json_of_base64_and_none_is_larger_than_github_takes() {
    let whole = value(&push("t", None)).expect("a value");
    assert_eq!(whole, format!(r#"{{"k":"{}"}}"#, STANDARD.encode(CANARY)).into());
    assert!(value(&push("t", Some("nope"))).is_err());
    let scene = Scene::new().await;
    let store = scene.store(json!({})).await;
    let mut large = push("token", Some("k"));
    large
        .values
        .insert("k".to_owned(), "x".repeat(LARGEST + 1).into());
    assert!(told(&store.write(&large).await.expect_err("too large")).contains("48 KiB"));
    for key in ["", "a-b", "..", "a/b"] {
        let why = told(&store.write(&push(key, Some("k"))).await.expect_err("no name"));
        assert!(
            why.starts_with(&format!("remote key {key:?} cannot name")),
            "{why}"
        );
    }
    assert_eq!(scene.server.faults().traffic().total(), 0);
}

#[tokio::test]
async fn a_young_token_that_is_refused_is_not_made_anew() {
    let scene = Scene::new().await;
    let store = scene.store(json!({})).await;
    store.check().await.expect("ready");
    scene.server.end_tokens();
    // So soon, GitHub would hand out no better one.
    assert_eq!(store.check().await.expect_err("refused").reason(), "Refused");
    assert_eq!(scene.server.tokens(), 1);
    assert!(store.token_age().is_some());
}

#[tokio::test]
async fn nothing_is_read() {
    let scene = Scene::new().await;
    let store = scene.store(json!({})).await;
    let read = store.read(&[at("TOKEN")]).await.remove(0);
    assert_eq!(read.expect_err("write-only").reason(), "NotSupported");
    assert!(store.find(&Find::default()).await.is_err());
    let everywhere = StoreScope::Cluster { consumer: None };
    let store = scene.open_in(everywhere, json!({})).await.expect("a connection");
    assert_eq!(store.check().await, Ok(Health::Unknown));
}

#[tokio::test]
async fn what_cannot_be_a_store_is_none() {
    let scene = Scene::new().await;
    let key = json!({"privateKey": {"name": "creds", "key": "none"}});
    for (extra, field) in [
        (json!({"organization": ""}), "spec.provider.github.organization"),
        (json!({"organization": ".."}), "spec.provider.github.organization"),
        (json!({"repository": ".."}), "spec.provider.github.repository"),
        (json!({"url": "github"}), "spec.provider.github.url"),
        (json!({ "auth": key }), "spec.provider.github.auth.privateKey"),
    ] {
        let why = told(&scene.open(extra).await.expect_err(field));
        assert!(why.starts_with(field), "{why}");
    }
    let store = scene.store(json!({"installationID": 1})).await;
    let why = told(&store.check().await.expect_err("not installed"));
    assert_eq!(
        why,
        "login to installation 1: the answer cannot be used: HTTP 404"
    );
    let store = scene.store(json!({"repository": "other"})).await;
    let why = told(
        &store
            .write(&push("TOKEN", Some("k")))
            .await
            .expect_err("no such repository"),
    );
    assert_eq!(why, "TOKEN: the answer cannot be used: HTTP 404");
    // What may be there, unseen, is not said to be deleted.
    let why = told(
        &store
            .delete(&push("TOKEN", None).remote)
            .await
            .expect_err("no such repository"),
    );
    assert_eq!(why, "the list of secrets: the answer cannot be used: HTTP 404");
}

#[tokio::test]
async fn a_push_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    let store = scene.store(json!({"repository": "app"})).await;
    store.check().await.expect("logged in");
    let body = json!({"message": CANARY, "name": CANARY}).to_string();
    let mut faults = faults_of_http(&body);
    let unusable = |fate| Fault::new(fate, "BadAnswer", "");
    faults.extend([
        Fault::new(Fate::status(401, body.as_str()), "Refused", "HTTP 401"),
        Fault::new(Fate::status(404, CANARY), "BadAnswer", "HTTP 404"),
        Fault::new(Fate::status(422, body.as_str()), "BadAnswer", "HTTP 422"),
        unusable(Fate::status(200, "{}")),
        unusable(Fate::status(200, body.as_str())),
    ]);
    for fault in faults {
        let shown = format!("{:?}", fault.fate);
        scene.server.put_secret(REPOSITORY, "TOKEN", "");
        for path in ["/secrets/TOKEN", "/secrets/public-key"] {
            let fate = fault.fate.clone();
            scene.server.faults().are(move |asked| {
                if asked.path.ends_with(path) {
                    fate.clone()
                } else {
                    Fate::Pass
                }
            });
            let problem = store.write(&push("TOKEN", Some("k"))).await.expect_err(&shown);
            fault.came_to(&problem, "TOKEN: ");
            if path == "/secrets/TOKEN" {
                let problem = store.exists(&push("TOKEN", None).remote).await.expect_err(&shown);
                fault.came_to(&problem, "TOKEN: ");
            }
        }
        scene.server.faults().always(Fate::Pass);
        store.write(&push("TOKEN", Some("k"))).await.expect("written");
    }
    let limit = lockstep_testkit::Answer::new(403, CANARY)
        .header(http::HeaderName::from_static("x-ratelimit-remaining"), "0");
    scene.server.faults().always(Fate::Answer(limit));
    let problem = store
        .exists(&push("TOKEN", None).remote)
        .await
        .expect_err("limited");
    assert_eq!(
        (problem.reason(), told(&problem).contains("HTTP 403")),
        ("Throttled", true)
    );
}

#[tokio::test]
async fn a_deletion_is_believed_from_github_alone() {
    let scene = Scene::new().await;
    let store = scene.store(json!({"repository": "app"})).await;
    scene.server.put_secret(REPOSITORY, "TOKEN", "");
    for (fate, reason) in [
        (Fate::status(404, CANARY), "BadAnswer"),
        (Fate::status(500, CANARY), "Unreachable"),
    ] {
        scene
            .server
            .faults()
            .are(move |asked| match asked.method.as_str() {
                "DELETE" => fate.clone(),
                _ => Fate::Pass,
            });
        let problem = store.delete(&push("TOKEN", None).remote).await;
        assert_eq!(problem.expect_err("it is there").reason(), reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_of_its_end_and_where_it_is_refused() {
    let scene = Scene::new().await;
    scene.server.tokens_live(600);
    let store = scene.store(json!({})).await;
    for (passed, tokens) in [(0, 1), (470, 1), (20, 2)] {
        tokio::time::advance(Duration::from_secs(passed)).await;
        assert_eq!(store.check().await, Ok(Health::Ready));
        assert_eq!(scene.server.tokens(), tokens, "{passed}");
    }
    scene.server.end_tokens();
    tokio::time::advance(Duration::from_mins(2)).await;
    assert_eq!(store.check().await, Ok(Health::Ready));
    assert_eq!(scene.server.tokens(), 3);
}
