//! Against a small API server in this process, over HTTP.

use std::collections::{BTreeMap, VecDeque};
use std::sync::MutexGuard;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::provider::testing::{TestCluster, in_namespace, surroundings};

const DISCOVERY: &str = "/apis/example.io/v1";
const WIDGETS: &str = "/apis/example.io/v1/namespaces/own/widgets";

/// What is answered at which path.
#[derive(Default)]
struct State {
    answers: BTreeMap<String, Value>,
    /// Answered before anything else, one a request.
    scripted: VecDeque<(u16, String)>,
    requests: Vec<String>,
    is_allowed: bool,
}

impl State {
    fn answer(&mut self, path: &str, query: &str) -> (u16, String) {
        self.requests.push(format!("{path}?{query}"));
        if let Some(scripted) = self.scripted.pop_front() {
            return scripted;
        }
        if path.ends_with("/selfsubjectaccessreviews") {
            let review = json!({"spec": {}, "status": {"allowed": self.is_allowed}});
            return (201, review.to_string());
        }
        match self
            .answers
            .get(&format!("{path}?{query}"))
            .or_else(|| self.answers.get(path))
        {
            Some(answer) => (200, answer.to_string()),
            None if path.starts_with(DISCOVERY) && path != DISCOVERY => {
                let details = json!({"kind": "widgets", "group": "example.io"});
                (
                    404,
                    json!({"kind": "Status", "reason": "NotFound", "details": details}).to_string(),
                )
            }
            None => (404, "404 page not found".to_owned()),
        }
    }
}

struct Server {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    async fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = state.clone();
        let app = Router::new().fallback(async move |request: Request| {
            let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
            let (status, body) = shared.lock().expect("unpoisoned").answer(path, query);
            (StatusCode::from_u16(status).expect("a status"), body)
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let server = Self { url, state };
        server.put(
            DISCOVERY,
            json!({"resources": [
                {"name": "widgets/status", "kind": "Widget", "namespaced": true},
                {"name": "widgets", "kind": "Widget", "namespaced": true},
                {"name": "globals", "kind": "Global", "namespaced": false},
            ]}),
        );
        server
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("unpoisoned")
    }

    fn put(&self, path: &str, answer: Value) {
        self.state().answers.insert(path.to_owned(), answer);
    }

    /// What was asked since the last time.
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    async fn open(&self, scope: StoreScope, kind: &str, extra: Value) -> Result<Objects, Problem> {
        let mut spec = json!({
            "server": {"url": self.url}, "auth": {"serviceAccount": {"name": "reader", "namespace": "own"}},
            "resource": {"group": "example.io", "version": "v1", "kind": kind},
        });
        spec.as_object_mut()
            .expect("an object")
            .extend(extra.as_object().cloned().unwrap_or_default());
        let spec: CrdProvider = serde_json::from_value(spec).expect("sound");
        Objects::open(&spec, &surroundings(Arc::<TestCluster>::default(), scope)).await
    }

    async fn widgets(&self, extra: Value) -> Objects {
        self.open(in_namespace("own"), "Widget", extra)
            .await
            .expect("a connection")
    }
}

fn everywhere() -> StoreScope {
    StoreScope::Cluster { consumer: None }
}

fn widget(namespace: &str, name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"user": format!("{name}-user")}})
}

async fn value(store: &Objects, key: &str, property: &str) -> Result<String, Problem> {
    let location = Location {
        key: key.to_owned(),
        version: Some("ignored".to_owned()),
        aspect: Aspect::Metadata,
        property: None,
    };
    let location = store.locate(location, Some(property));
    let payload = store.read(&[location]).await.remove(0)?;
    let value = store
        .select(&payload, Some(property))?
        .expect("crd knows no absent property");
    Ok(String::from_utf8_lossy(value.expose()).into_owned())
}

#[tokio::test]
async fn fields_are_read_and_what_is_not_there_is_absent() {
    let server = Server::start().await;
    server.put(&format!("{WIDGETS}/db"), widget("own", "db"));
    let store = server.widgets(json!({})).await;
    assert_eq!(value(&store, "db", "spec.user").await, Ok("db-user".to_owned()));
    let whole = r#"{"metadata":{"name":"db","namespace":"own"},"spec":{"user":"db-user"}}"#;
    assert_eq!(value(&store, "db", "").await, Ok(whole.to_owned()));
    assert_eq!(
        value(&store, "nope", "").await,
        Err(Problem::Absent { key: "nope".into() })
    );
    let asked = [
        DISCOVERY,
        &format!("{WIDGETS}/db"),
        &format!("{WIDGETS}/db"),
        &format!("{WIDGETS}/nope"),
    ];
    assert_eq!(
        server.requests(),
        asked.map(|path| format!("{path}?")),
        "the kind is looked up once"
    );
}

#[tokio::test]
async fn a_key_has_a_namespace_where_the_store_has_none_and_the_kind_has_some() {
    let server = Server::start().await;
    server.put(
        "/apis/example.io/v1/namespaces/shop/widgets/db",
        widget("shop", "db"),
    );
    server.put(
        "/apis/example.io/v1/globals/all",
        json!({"metadata": {"name": "all"}, "spec": {"user": "u"}}),
    );
    let widgets = server
        .open(everywhere(), "Widget", json!({}))
        .await
        .expect("a connection");
    assert_eq!(
        value(&widgets, "shop/db", "spec.user").await,
        Ok("db-user".to_owned())
    );
    let why = |told: Result<String, Problem>| told.expect_err("unfit").to_string();
    assert!(why(value(&widgets, "db", "").await).contains("NAMESPACE/NAME"));
    let globals = server
        .open(everywhere(), "Global", json!({}))
        .await
        .expect("a connection");
    assert_eq!(value(&globals, "all", "spec.user").await, Ok("u".to_owned()));
    assert!(why(value(&globals, "shop/all", "").await).contains("a name alone"));
    let globals = server
        .open(in_namespace("own"), "Global", json!({}))
        .await
        .expect("a connection");
    assert_eq!(value(&globals, "all", "spec.user").await, Ok("u".to_owned()));
    assert!(why(value(&globals, "shop/all", "").await).contains("no slash"));
}

#[tokio::test]
async fn the_whitelist_stands_before_every_read() {
    let server = Server::start().await;
    for name in ["app", "other"] {
        server.put(&format!("{WIDGETS}/{name}"), widget("own", name));
    }
    let items = json!({"items": [widget("own", "app"), widget("own", "other")], "metadata": {}});
    server.put(WIDGETS, items);
    let rules = json!({"whitelist": {"rules": [{"name": "^app$", "properties": ["^spec\\."]}]}});
    let store = server.widgets(rules).await;
    assert_eq!(value(&store, "app", "spec.user").await, Ok("app-user".to_owned()));
    server.requests();
    for (key, property) in [("app", ""), ("app", "metadata.name"), ("other", "spec.user")] {
        let problem = value(&store, key, property).await.expect_err("denied");
        assert_eq!(
            problem.to_string(),
            format!("{key}: the store's whitelist does not allow to read this")
        );
    }
    assert_eq!(server.requests(), Vec::<String>::new());
    assert_eq!(
        store.find(&Find::default()).await,
        Ok(Values::new()),
        "whole objects"
    );
    let store = server
        .widgets(json!({"whitelist": {"rules": [{"name": "^app$"}]}}))
        .await;
    let found = store.find(&Find::default()).await.expect("found");
    assert_eq!(found.keys().collect::<Vec<_>>(), ["app"]);
}

#[tokio::test]
async fn a_search_goes_page_by_page_and_names_say_where_objects_are() {
    let server = Server::start().await;
    let all = "/apis/example.io/v1/widgets";
    let page = |items: Value, next: &str| json!({"items": items, "metadata": {"continue": next}});
    server.put(
        &format!("{all}?limit=200"),
        page(json!([widget("a", "db"), widget("a", "other")]), "next"),
    );
    server.put(
        &format!("{all}?limit=200&continue=next"),
        page(json!([widget("b", "db")]), ""),
    );
    let store = server
        .open(everywhere(), "Widget", json!({}))
        .await
        .expect("a connection");
    let query = Find {
        name: Some("/db$".to_owned()),
        tags: [("ignored".to_owned(), "as in ESO".to_owned())].into(),
        ..Find::default()
    };
    let found = store.find(&query).await.expect("found");
    assert_eq!(found.keys().collect::<Vec<_>>(), ["a_db", "b_db"]);
    let said = r#"{"apiVersion":"example.io/v1","kind":"Widget","metadata":{"name":"db","namespace":"a"},"spec":{"user":"db-user"}}"#;
    assert_eq!(
        found["a_db"],
        said.into(),
        "what the list says for all is said for each"
    );
    server.put(&format!("{all}?limit=200"), page(json!([]), "a&b"));
    let problem = store.find(&query).await.expect_err("no continuation");
    assert_eq!(problem.reason(), "BadAnswer");
}

#[tokio::test]
async fn a_large_page_is_asked_for_in_smaller_ones_and_too_many_are_refused() {
    let server = Server::start().await;
    let large = "x".repeat(20 << 10);
    let object = json!({"metadata": {"name": "a"}, "spec": large});
    server.put(
        &format!("{WIDGETS}?limit=8"),
        json!({"items": [object, object], "metadata": {}}),
    );
    server.put(
        &format!("{WIDGETS}?limit=2"),
        json!({"items": [object], "metadata": {"continue": "next"}}),
    );
    let mut store = server.widgets(json!({})).await;
    store.bounds = Bounds {
        page: 8,
        page_bytes: 30 << 10,
        looked_at: 100,
        found_bytes: 10 << 10,
    };
    let problem = store.find(&Find::default()).await.expect_err("too much");
    assert!(
        problem
            .to_string()
            .ends_with("there are too many; narrow the search"),
        "{problem}"
    );
    let asked = [format!("{WIDGETS}?limit=8"), format!("{WIDGETS}?limit=2")];
    assert_eq!(server.requests()[1..], asked);
    store.bounds = Bounds {
        page: 2,
        page_bytes: 30 << 10,
        looked_at: 1,
        found_bytes: 1 << 20,
    };
    let problem = store.find(&Find::default()).await.expect_err("too many");
    let why = "there are too many; narrow the search";
    assert!(problem.to_string().ends_with(why), "{problem}");
}

#[tokio::test]
async fn a_check_asks_for_the_right_to_read_the_kind() {
    let server = Server::start().await;
    let store = server.widgets(json!({})).await;
    let refused = store.check().await.expect_err("not allowed");
    assert_eq!(refused.reason(), "Refused");
    server.state().is_allowed = true;
    assert_eq!(store.check().await, Ok(Health::Ready));
    let gadgets = server
        .open(in_namespace("own"), "Gadget", json!({}))
        .await
        .expect("a connection");
    let unknown = gadgets.check().await.expect_err("no such kind");
    assert!(
        unknown
            .to_string()
            .starts_with("the API server knows no kind Gadget of example.io/v1: check")
    );
    server.state().answers.remove(DISCOVERY);
    let unknown = gadgets.check().await.expect_err("no such group");
    assert!(
        unknown
            .to_string()
            .starts_with("the API server knows no kind Gadget of example.io/v1: check")
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_the_body_and_nothing_is_taken_for_absent() {
    let server = Server::start().await;
    let path = format!("{WIDGETS}/db");
    server.put(&path, widget("own", "db"));
    let store = server.widgets(json!({})).await;
    let canary = || json!({"reason": "canary in a reason", "message": "canary"}).to_string();
    for (status, body, reason) in [
        (403, canary(), "Refused"),
        (404, canary(), "BadAnswer"),
        (404, "404 page not found".to_owned(), "BadAnswer"),
        (
            404,
            json!({"reason": "NotFound", "details": {"kind": "secrets"}}).to_string(),
            "BadAnswer",
        ),
        (429, canary(), "Throttled"),
        (500, canary(), "Unreachable"),
        (200, "<html>canary</html>".to_owned(), "BadAnswer"),
        (200, "{}".to_owned(), "BadAnswer"),
        (200, widget("own", "canary").to_string(), "BadAnswer"),
        (200, "canary".repeat(1 << 20), "BadAnswer"),
    ] {
        assert_eq!(value(&store, "db", "spec.user").await, Ok("db-user".to_owned()));
        server.state().scripted.push_back((status, body));
        let problem = value(&store, "db", "").await.expect_err("it failed");
        assert_eq!(problem.reason(), reason, "{status}");
        let told = format!("{problem} {problem:?} {store:?}");
        assert!(
            told.contains("Widget of example.io/v1 db") && !told.contains("canary"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_kind_that_is_replaced_is_looked_up_anew() {
    let server = Server::start().await;
    server.put(&format!("{WIDGETS}/db"), widget("own", "db"));
    let store = server.widgets(json!({})).await;
    assert!(value(&store, "db", "").await.is_ok());
    server.put(
        DISCOVERY,
        json!({"resources": [{"name": "gizmos", "kind": "Widget", "namespaced": true}]}),
    );
    server.put(
        "/apis/example.io/v1/namespaces/own/gizmos/db",
        widget("own", "db"),
    );
    server.state().answers.remove(format!("{WIDGETS}/db").as_str());
    server
        .state()
        .scripted
        .push_back((404, "404 page not found".to_owned()));
    assert_eq!(
        value(&store, "db", "").await.expect_err("gone").reason(),
        "BadAnswer"
    );
    assert!(value(&store, "db", "").await.is_ok());
}

#[tokio::test]
async fn a_store_that_could_read_secrets_or_leave_its_path_is_no_store() {
    let server = Server::start().await;
    for (resource, field) in [
        (
            json!({"group": "", "version": "v1", "kind": "Secret"}),
            "spec.provider.crd.resource.kind",
        ),
        (
            json!({"group": "a/../..", "version": "v1", "kind": "X"}),
            "spec.provider.crd.resource.group",
        ),
        (
            json!({"group": "a", "version": "v1?x", "kind": "X"}),
            "spec.provider.crd.resource.version",
        ),
    ] {
        let opened = server.open(everywhere(), "", json!({"resource": resource})).await;
        let told = opened.expect_err("refused").to_string();
        assert!(told.starts_with(field), "{told}");
    }
    let rules = json!({"whitelist": {"rules": [{"namespace": "a"}]}});
    let opened = server.open(in_namespace("own"), "Widget", rules).await;
    assert_eq!(opened.expect_err("refused").reason(), "InvalidSpec");
}
