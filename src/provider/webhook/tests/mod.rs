//! Against a small service in this process, over HTTP.

mod faults;
mod server;

use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::engine::ask::Aspect;
use crate::engine::object::StoreKey;
use crate::provider::testing::{TestCluster, in_namespace, surroundings};
use server::{Reply, Server};

struct Scene {
    server: Server,
    cluster: Arc<TestCluster>,
    scope: StoreScope,
    hosts: &'static [&'static str],
}

impl Scene {
    async fn new() -> Self {
        let cluster = Arc::<TestCluster>::default();
        let values = [("token", "canary-token\n"), ("odd", "a b&c")];
        let label = [("external-secrets.io/type", "webhook")];
        cluster.put_labelled(DocumentKind::Secret, "own", "creds", &values, &label);
        cluster.put(DocumentKind::Secret, "own", "bare", &values);
        Self {
            server: Server::start().await,
            cluster,
            scope: in_namespace("own"),
            hosts: &[],
        }
    }

    /// A store with these fields besides its URL, which is this path.
    async fn open(&self, path: &str, fields: Value) -> Result<Arc<dyn Backend>, Problem> {
        self.open_at(&format!("{}{path}", self.server.url), fields).await
    }

    async fn open_at(&self, url: &str, mut fields: Value) -> Result<Arc<dyn Backend>, Problem> {
        fields["url"] = json!(url);
        let spec: WebhookProvider = serde_json::from_value(fields).expect("sound");
        let hosts = self.hosts.iter().map(|host| host.parse().expect("a pattern"));
        let rules = Rules {
            webhook_hosts: hosts.collect(),
            ..Rules::default()
        };
        let surroundings = Surroundings {
            rules,
            ..surroundings(self.cluster.clone(), self.scope.clone())
        };
        connect(&spec, &surroundings).await
    }

    /// What one entry gets from a store.
    async fn value(&self, path: &str, fields: Value) -> Result<String, Problem> {
        let store = self.open(path, fields).await?;
        value(&store, "one", None).await
    }
}

fn at(key: &str) -> Location {
    Location {
        key: key.to_owned(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}

/// As the reader asks, but for what it repeats and holds back.
async fn value(store: &Arc<dyn Backend>, key: &str, property: Option<&str>) -> Result<String, Problem> {
    let location = store.locate(at(key), property);
    let payload = store.read(&[location]).await.remove(0)?;
    let value = store
        .select(&payload, property)?
        .expect("a webhook has one value");
    Ok(String::from_utf8_lossy(value.expose()).into_owned())
}

fn creds() -> Value {
    json!([{"name": "auth", "secretRef": {"name": "creds"}}])
}

#[tokio::test]
async fn a_request_is_made_of_templates_and_escaped_only_in_the_url() {
    let scene = Scene::new().await;
    scene.server.on(
        "/q?k=a+b%2F%26&o=a+b%26c",
        Reply::Body(r#"{"data": {"a b/&": "found"}}"#),
    );
    let fields = json!({
        "method": "POST",
        "headers": {"X-Token": "{{ .auth.token }}", "Host": "elsewhere", "Content-Type": "application/json"},
        "body": r#"{"key":"{{ .remoteRef.key }}","ns":"{{ .remoteRef.namespace }}"}"#,
        "secrets": creds(),
        "result": {"jsonPath": r#"$.data["{{ .remoteRef.key }}"]"#},
    });
    let store = scene
        .open("/q?k={{ .remoteRef.key }}&o={{ .auth.odd }}", fields)
        .await
        .expect("a connection");
    assert_eq!(value(&store, "a b/&", None).await, Ok("found".to_owned()));
    let seen = scene.server.seen().remove(0);
    assert_eq!(seen.line, "POST /q?k=a+b%2F%26&o=a+b%26c");
    assert_eq!(seen.body, r#"{"key":"a b/&","ns":"own"}"#);
    assert_eq!(seen.headers["x-token"], "canary-token");
    assert_eq!(seen.headers["content-type"], "application/json");
    assert!(scene.server.url.ends_with(&seen.headers["host"]));
}

#[tokio::test]
async fn without_a_path_the_whole_body_is_the_value() {
    let scene = Scene::new().await;
    scene.server.on("/one", Reply::Body("raw <body>\n"));
    let fields = json!({});
    assert_eq!(
        scene.value("/{{ .remoteRef.key }}", fields.clone()).await,
        Ok("raw <body>\n".to_owned())
    );
    assert_eq!(scene.server.lines(), ["GET /one"]);
    let missing = scene.value("/none", fields).await;
    assert_eq!(missing, Err(Problem::Absent { key: "one".into() }));
}

#[tokio::test]
async fn entries_that_take_other_parts_of_an_answer_share_the_request() {
    let scene = Scene::new().await;
    scene
        .server
        .on("/v", Reply::Body(r#"{"a": 42, "b": [3.70, "x"], "c": null}"#));
    let fields = json!({"result": {"jsonPath": "$.{{ .remoteRef.property }}"}});
    let store = scene
        .open("/{{ .remoteRef.key }}", fields)
        .await
        .expect("a connection");
    let asked = ["a", "b", "c"].map(|property| value(&store, "v", Some(property)));
    let answers = join_all(asked).await;
    assert_eq!(answers, ["42", "3.7", ""].map(|answer| Ok(answer.to_owned())));
    assert_eq!(scene.server.lines(), ["GET /v"]);

    scene.server.on("/v/a", Reply::Body("1"));
    scene.server.on("/v/b", Reply::Body("2"));
    let store = scene
        .open("/{{ .remoteRef.key }}/{{ .remoteRef.property }}", json!({}))
        .await;
    let store = store.expect("a connection");
    let answers = join_all(["a", "b"].map(|property| value(&store, "v", Some(property)))).await;
    assert_eq!(answers, ["1", "2"].map(|answer| Ok(answer.to_owned())));
}

#[tokio::test]
async fn an_object_can_be_taken_apart() {
    let scene = Scene::new().await;
    scene.server.on(
        "/one",
        Reply::Body(r#"{"data": "{\"user\": \"u\", \"n\": 5}", "list": [{}]}"#),
    );
    let extract = async |path: &str| {
        let store = scene.open("/one", json!({"result": {"jsonPath": path}})).await?;
        let payload = store.read(&[at("one")]).await.remove(0)?;
        store.explode(&payload, None)
    };
    let expected = Values::from([("user".to_owned(), "u".into()), ("n".to_owned(), "5".into())]);
    assert_eq!(extract("$.data").await, Ok(Some(expected)));
    let told = extract("$.list").await.expect_err("an array").to_string();
    assert_eq!(
        told,
        "the answer: the result is an array, where an object is needed"
    );
}

#[tokio::test]
async fn a_secret_says_itself_that_webhooks_may_have_it() {
    let scene = Scene::new().await;
    scene.server.on("/one", Reply::Body("x"));
    let fields = |name: &str| {
        json!({
            "headers": {"X-Token": "{{ .auth.token }}"},
            "secrets": [{"name": "auth", "secretRef": {"name": name}}],
        })
    };
    let store = scene
        .open("/one", fields("bare"))
        .await
        .expect("the store itself is sound");
    assert_eq!(store.check().await, Ok(Health::Ready));
    let refused = value(&store, "one", None)
        .await
        .expect_err("no label")
        .to_string();
    let expected =
        "Secret own/bare: it must carry the label external-secrets.io/type: webhook to be used here";
    assert_eq!(refused, expected);
    assert!(scene.server.seen().is_empty());

    // Put right, it is used by the same connection.
    let label = [("external-secrets.io/type", "webhook")];
    scene
        .cluster
        .put_labelled(DocumentKind::Secret, "own", "bare", &[("token", "t")], &label);
    assert_eq!(value(&store, "one", None).await, Ok("x".to_owned()));

    let missing = scene.value("/one", fields("nobody")).await;
    assert!(
        matches!(missing, Err(Problem::ReferenceMissing { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_credential_that_is_not_there_is_not_replaced_by_a_word() {
    let scene = Scene::new().await;
    scene.server.on("/one", Reply::Body("x"));
    for header in ["{{ .auth.tokn }}", "{{ .nobody.token }}"] {
        let fields = json!({"headers": {"X-Token": header}, "secrets": creds()});
        let told = scene.value("/one", fields).await.expect_err(header).to_string();
        assert!(
            told.starts_with("spec.provider.webhook.headers.X-Token: "),
            "{told}"
        );
    }
    assert!(scene.server.seen().is_empty());
    let optional = json!({"headers": {"X-Token": "{{ if .auth.tokn }}x{{ end }}"}, "secrets": creds()});
    assert_eq!(scene.value("/one", optional).await, Ok("x".to_owned()));
}

#[tokio::test]
async fn a_cluster_wide_store_is_as_wide_as_what_it_uses() {
    let mut scene = Scene::new().await;
    let cluster = |consumer: Option<&str>| {
        let key = StoreKey::Cluster("all".to_owned());
        StoreScope::new(&key, consumer)
    };
    scene.server.on("/one", Reply::Body("all"));
    scene.server.on("/team/one", Reply::Body("own"));
    scene.scope = cluster(None);
    assert!(scene.open("/{{ .remoteRef.key }}", json!({})).await.is_ok());
    let path = "/{{ .remoteRef.namespace }}/{{ .remoteRef.key }}";
    assert!(scene.open(path, json!({})).await.is_err(), "nobody uses it yet");
    scene.scope = cluster(Some("team"));
    assert_eq!(scene.value(path, json!({})).await, Ok("own".to_owned()));
}

#[tokio::test]
async fn what_is_pushed_is_the_body_or_part_of_it() {
    let scene = Scene::new().await;
    scene.server.on("/put/dest", Reply::Status(201));
    let path = "/put/{{ .remoteRef.remoteKey }}";
    let push = Push {
        remote: Remote {
            key: "dest".to_owned(),
            property: None,
            metadata: None,
        },
        secret_key: Some("k".to_owned()),
        values: Values::from([("k".to_owned(), "val&".into())]),
        source: crate::provider::PushSource::default(),
    };
    let store = scene.open(path, json!({})).await.expect("a connection");
    assert_eq!(store.write(&push).await, Ok(()));
    assert_eq!(store.delete(&push.remote).await, Ok(()));
    let body = json!({"method": "PUT", "body": "{{ .remoteRef.secretKey }}={{ .remoteRef.dest }}"});
    let store = scene.open(path, body).await.expect("a connection");
    assert_eq!(store.write(&push).await, Ok(()));
    assert_eq!(store.delete(&push.remote).await, Ok(()));
    let seen: Vec<_> = scene
        .server
        .seen()
        .into_iter()
        .map(|seen| (seen.line, seen.body))
        .collect();
    let expected = [
        ("POST /put/dest", "val&"),
        ("DELETE /put/dest", ""),
        ("PUT /put/dest", "k=val&"),
        ("DELETE /put/dest", ""),
    ];
    assert_eq!(
        seen,
        expected.map(|(line, body)| (line.to_owned(), body.to_owned()))
    );
}

#[tokio::test]
async fn a_look_whether_something_is_there_never_writes() {
    let scene = Scene::new().await;
    scene.server.on("/put/dest", Reply::Body("val"));
    scene.server.on("/put/none", Reply::Status(404));
    scene.server.on("/put/broken", Reply::Status(500));
    let remote = |key: &str| Remote {
        key: key.to_owned(),
        property: None,
        metadata: None,
    };
    for path in ["/put/{{ .remoteRef.remoteKey }}", "/put/{{ .remoteRef.key }}"] {
        let store = scene.open(path, json!({})).await.expect("a connection");
        assert_eq!(store.exists(&remote("dest")).await, Ok(true));
        assert_eq!(store.exists(&remote("none")).await, Ok(false));
        assert!(store.exists(&remote("broken")).await.is_err());
    }
    let lines = scene.server.lines();
    assert_eq!(lines.len(), 6);
    assert!(lines.iter().all(|line| line.starts_with("GET ")), "{lines:?}");
    let store = scene.open("/put/{{ .remoteRef.remoteKey }}", json!({"method": "POST"}));
    let problem = store.await.expect("a connection").exists(&remote("dest")).await;
    let told = problem.expect_err("nothing to ask with").to_string();
    assert!(
        told.starts_with("spec.provider.webhook.method: only GET"),
        "{told}"
    );
    assert!(scene.server.lines().is_empty());
}

#[tokio::test]
async fn a_generator_asks_anew_each_time() {
    let scene = Scene::new().await;
    scene
        .server
        .on("/gen?a+b%26c", Reply::Body(r#"{"data": {"user": "u", "n": 5}}"#));
    let spec: lockstep_api::generator::WebhookSpec = serde_json::from_value(json!({
        "url": format!("{}/gen?{{{{ .auth.odd }}}}", scene.server.url),
        "secrets": creds(),
        "result": {"jsonPath": "$.data"},
    }))
    .expect("sound");
    let scope = StoreScope::Generator {
        namespace: "own".to_owned(),
        is_cluster_wide: false,
    };
    let references = References::new(scene.cluster.clone(), scope);
    let (spec, rules) = (Spec::from(&spec), Rules::default());
    let open = Webhook::open(&spec, &references, Calls::default(), &rules);
    let webhook = open.await.expect("a connection");
    let expected = Values::from([("user".to_owned(), "u".into()), ("n".to_owned(), "5".into())]);
    let made = join_all([webhook.generate("it"), webhook.generate("it")]).await;
    assert_eq!(made, [Ok(expected.clone()), Ok(expected)]);
    assert_eq!(scene.server.lines().len(), 2);
    scene.server.on("/gen?a+b%26c", Reply::Body("[]"));
    assert!(webhook.generate("it").await.is_err());
}

#[tokio::test]
async fn what_webhooks_cannot_do_is_said() {
    let scene = Scene::new().await;
    let auth =
        json!({"auth": {"ntlm": {"usernameSecret": {"name": "creds"}, "passwordSecret": {"name": "creds"}}}});
    let told = scene.open("/", auth).await.expect_err("NTLM").to_string();
    let expected = "spec.provider.webhook.auth.ntlm is not supported by this version of lockstep";
    assert_eq!(told, expected);
    let store = scene.open("/", json!({})).await.expect("a connection");
    let told = store.find(&Find::default()).await.expect_err("find").to_string();
    assert!(told.starts_with("`find` with provider `webhook`"), "{told}");
}

#[tokio::test]
async fn a_check_asks_whether_somebody_is_there() {
    let scene = Scene::new().await;
    let store = scene
        .open("/{{ .remoteRef.key }}", json!({}))
        .await
        .expect("a connection");
    assert_eq!(store.check().await, Ok(Health::Ready));
    let store = scene
        .open_at("http://127.0.0.1:9/{{ .remoteRef.key }}", json!({}))
        .await;
    let told = store
        .expect("a connection")
        .check()
        .await
        .expect_err("nobody")
        .to_string();
    assert_eq!(told, "spec.provider.webhook.url: connection refused");
    let store = scene
        .open_at("http://{{ .auth.host }}/", json!({}))
        .await
        .expect("a connection");
    assert_eq!(store.check().await, Ok(Health::Unknown));
}
