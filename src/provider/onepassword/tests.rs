//! Against a small Connect server in this process.

use std::collections::BTreeMap;

use lockstep_testkit::{Fate, OnePassword as Server};
use serde_json::{Value, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::provider::PushSource;
use crate::provider::calls::counted;
use crate::provider::testing::{
    self, Fault, TestCluster, at, faults_of_http, in_namespace, lines, metadata, surroundings, told,
};

/// A part of everything that is to be seen nowhere.
const CANARY: &str = "canary-4f1c";

struct Scene {
    server: Server,
    first: String,
    second: String,
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start().await.expect("a server");
        let (second, first) = (server.put_vault("second"), server.put_vault("first"));
        Self {
            server,
            first,
            second,
        }
    }

    /// A store of both vaults.
    async fn store(&self) -> OnePassword {
        self.open("token", json!({"first": 1, "second": 2}))
            .await
            .expect("a connection")
    }

    async fn open(&self, key: &str, vaults: Value) -> Result<OnePassword, Problem> {
        let cluster = Arc::<TestCluster>::default();
        let token = format!("{}\n", Server::TOKEN);
        let tokens = [
            ("token", token.as_str()),
            ("wrong", "canary-wrong"),
            ("empty", "\n"),
        ];
        cluster.put(DocumentKind::Secret, "own", "creds", &tokens);
        let spec = json!({
            "connectHost": self.server.url(), "vaults": vaults,
            "auth": {"secretRef": {"connectTokenSecretRef": {"name": "creds", "key": key}}},
        });
        let spec = serde_json::from_value(spec).expect("sound");
        OnePassword::open(&spec, &surroundings(cluster, in_namespace("own"))).await
    }

    /// A login with two fields.
    fn put_login(&self, vault: &str, title: &str, value: &str) -> String {
        let fields = json!([{"label": "username", "value": "me"}, {"label": "password", "value": value}]);
        self.server
            .put_item(vault, title, &json!({"fields": fields, "tags": ["app"]}))
    }

    fn fields(&self, title: &str) -> Vec<(String, String)> {
        let items = self.server.items(title);
        let [item] = items.as_slice() else {
            panic!("{} items", items.len())
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let fields = item["fields"].as_array().expect("fields").iter();
        fields
            .map(|field| (text(&field["label"]), text(&field["value"])))
            .collect()
    }
}

async fn value(store: &OnePassword, key: &str, property: &str) -> Result<String, String> {
    testing::value(store, metadata(key), property).await
}

async fn values(store: &OnePassword, key: &str, property: &str) -> Result<Vec<String>, String> {
    let values = testing::values(store, metadata(key), property).await?;
    let pairs = values.into_iter();
    Ok(pairs.map(|(name, value)| format!("{name}={value}")).collect())
}

fn push(key: &str, property: Option<&str>, value: &str) -> Push {
    Push {
        remote: Remote {
            key: key.to_owned(),
            property: property.map(str::to_owned),
            metadata: None,
        },
        secret_key: Some("k".to_owned()),
        values: BTreeMap::from([("k".to_owned(), value.into())]),
        source: PushSource::default(),
    }
}

fn with_metadata(push: Push, spec: &Value) -> Push {
    let envelope = json!({
        "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec,
    });
    Push {
        remote: Remote {
            metadata: Some(envelope),
            ..push.remote
        },
        ..push
    }
}

#[tokio::test]
async fn a_key_is_a_title_or_an_id_and_the_first_vault_that_has_it_counts() {
    let scene = Scene::new().await;
    scene.put_login(&scene.second, "db", "of-second");
    let only = scene.put_login(&scene.second, "only \"here\"", "there");
    let store = scene.store().await;
    assert_eq!(value(&store, "db", "").await, Ok("of-second".to_owned()));
    scene.put_login(&scene.first, "db", "of-first");
    assert_eq!(value(&store, "db", "").await, Ok("of-first".to_owned()));
    for key in ["only \"here\"", only.as_str()] {
        assert_eq!(
            value(&store, key, "password").await,
            Ok("there".to_owned()),
            "{key}"
        );
    }
    assert_eq!(
        value(&store, "nope", "").await,
        Err("nope: secret does not exist".to_owned())
    );
    let unknown = "z".repeat(26);
    let absent = store
        .read(&[at(&unknown)])
        .await
        .remove(0)
        .expect_err("not there");
    assert!(absent.is_absent());
    assert_eq!(
        scene.server.faults().traffic().calls["GET /v1/vaults"],
        1,
        "asked for once"
    );
    for odd in ["..", "a/b", "\u{e4}".repeat(26).as_str()] {
        let absent = Err(format!("{odd}: secret does not exist"));
        assert_eq!(value(&store, odd, "").await, absent);
    }
    scene.put_login(&scene.first, "db", "twice");
    let twice = value(&store, "db", "").await.expect_err("which?");
    assert_eq!(twice, r#"2 items have the title "db", instead of one: use an id"#);
}

#[tokio::test]
async fn a_property_is_a_field_or_a_file() {
    let scene = Scene::new().await;
    let fields = json!([
        {"label": "password", "value": "p"}, {"label": "a.b", "value": "dotted"}, {"label": "empty"},
        {"label": "twice", "value": "1"}, {"label": "twice", "value": "2"},
    ]);
    let item = scene
        .server
        .put_item(&scene.first, "item", &json!({"fields": fields}));
    scene.server.put_file(&item, "tls.crt", b"PEM");
    let document = scene
        .server
        .put_item(&scene.first, "document", &json!({"category": "DOCUMENT"}));
    scene.server.put_file(&document, "one", b"first");
    scene.server.put_file(&document, "two", b"second");
    let store = scene.store().await;
    for (key, property, expected) in [
        ("item", "", Ok("p")),
        ("item", "a.b", Ok("dotted")),
        ("item", "field/a.b", Ok("dotted")),
        ("item", "field/", Ok("p")),
        ("item", "empty", Ok("")),
        ("item", "file/tls.crt", Ok("PEM")),
        (
            "item",
            "tls.crt",
            Err(r#"item "item" has 0 fields "tls.crt", instead of one"#),
        ),
        (
            "item",
            "twice",
            Err(r#"item "item" has 2 fields "twice", instead of one"#),
        ),
        ("item", "file/nope", Err(r#"the item has no file "nope""#)),
        ("document", "", Ok("first")),
        ("document", "two", Ok("second")),
        ("document", "file/two", Ok("second")),
        (
            "document",
            "field/x",
            Err(r#"item "document" has 0 fields "x", instead of one"#),
        ),
    ] {
        let got = value(&store, key, property).await;
        assert_eq!(
            got.as_deref().map_err(String::as_str),
            expected,
            "{key} {property}"
        );
    }
    assert_eq!(
        values(&store, "document", "").await,
        Ok(vec!["one=first".into(), "two=second".into()])
    );
    assert_eq!(values(&store, "item", "a.b").await, Ok(vec!["a.b=dotted".into()]));
    assert_eq!(
        values(&store, "item", "file/").await,
        Ok(vec!["tls.crt=PEM".into()])
    );
    assert!(
        values(&store, "item", "").await.is_err(),
        "two have the same label"
    );
    // A file that cannot be asked for is not left out.
    let odd = json!({"files": [{"id": "../x", "name": "odd"}, {"id": "0", "name": "sound"}]});
    scene.server.put_item(&scene.first, "odd", &odd);
    let why = "item: the answer cannot be used: a file has no id";
    for property in ["file/", "file/sound"] {
        assert_eq!(values(&store, "odd", property).await, Err(why.to_owned()));
    }
    let version = Location {
        version: Some("1".to_owned()),
        ..at("item")
    };
    let refused = store
        .read(&[store.locate(version, None)])
        .await
        .remove(0)
        .expect_err("no versions");
    assert_eq!(refused.reason(), "InvalidSpec");
}

#[tokio::test]
async fn a_search_takes_the_first_of_each_name() {
    let scene = Scene::new().await;
    scene.put_login(&scene.first, "db", "of-first");
    let other = scene.server.put_item(&scene.second, "other", &json!({
        "fields": [{"label": "password", "value": "hidden"}, {"label": "token", "value": "t"}], "tags": ["app", "x"],
    }));
    scene.server.put_file(&other, "tls.crt", b"PEM");
    let store = scene.store().await;
    let find = async |name: Option<&str>, path: Option<&str>, tags: &[&str]| {
        let query = Find {
            name: name.map(str::to_owned),
            path: path.map(str::to_owned),
            tags: tags
                .iter()
                .map(|tag| ((*tag).to_owned(), String::new()))
                .collect(),
            ..Find::default()
        };
        store
            .find(&query)
            .await
            .map(|found| lines(&found))
            .map_err(|problem| told(&problem))
    };
    let all = ["password=of-first", "tls.crt=PEM", "token=t", "username=me"].map(str::to_owned);
    assert_eq!(find(Some("."), None, &[]).await, Ok(all.to_vec()));
    assert_eq!(find(Some("^t"), None, &[]).await, Ok(all[1..3].to_vec()));
    let of_other = vec![
        "password=hidden".to_owned(),
        "tls.crt=PEM".to_owned(),
        "token=t".to_owned(),
    ];
    assert_eq!(find(None, Some("other"), &[]).await, Ok(of_other.clone()));
    assert_eq!(find(None, Some("OTHER"), &[]).await, Ok(Vec::new()));
    assert_eq!(find(None, None, &["x"]).await, Ok(of_other));
    assert_eq!(find(None, None, &["app"]).await.map(|found| found.len()), Ok(4));
    assert_eq!(find(None, None, &["x", "no"]).await, Ok(Vec::new()));
    assert!(
        find(Some("("), None, &[])
            .await
            .is_err_and(|why| why.starts_with("find.name.regexp"))
    );
}

#[tokio::test]
async fn a_check_looks_for_every_vault() {
    let scene = Scene::new().await;
    assert_eq!(scene.store().await.check().await, Ok(Health::Ready));
    let by_id = scene
        .open("token", json!({scene.first.as_str(): 1}))
        .await
        .expect("a connection");
    assert_eq!(counted(by_id.check()).await, (Ok(Health::Ready), 1), "one call");
    let missing = scene
        .open("token", json!({"first": 1, "nope": 2}))
        .await
        .expect("a connection");
    let why = told(&missing.check().await.expect_err("not there"));
    assert_eq!(
        why,
        r#"0 vaults that the token may see are called "nope", instead of one"#
    );
    scene.server.put_vault("second");
    let why = told(&scene.store().await.check().await.expect_err("which?"));
    assert_eq!(
        why,
        r#"2 vaults that the token may see are called "second", instead of one"#
    );
    let wrong = scene
        .open("wrong", json!({"first": 1}))
        .await
        .expect("a connection");
    assert_eq!(
        told(&wrong.check().await.expect_err("refused")),
        "the list of vaults: the backend refuses (HTTP 401)"
    );
    for (key, vaults) in [
        ("empty", json!({"first": 1})),
        ("nope", json!({"first": 1})),
        ("token", json!({})),
    ] {
        told(&scene.open(key, vaults).await.expect_err("no store"));
    }
}

#[tokio::test]
async fn a_push_makes_an_item_adds_a_field_or_changes_one_and_nothing_else() {
    let scene = Scene::new().await;
    let store = scene.store().await;
    store.write(&push("new", None, "one")).await.expect("made");
    assert_eq!(scene.fields("new"), [("password".to_owned(), "one".to_owned())]);
    let made = &scene.server.items("new")[0];
    assert_eq!(
        (&made["category"], &made["vault"]["id"]),
        (&json!("SERVER"), &json!(scene.first))
    );
    store
        .write(&push("new", Some("user"), "me"))
        .await
        .expect("added");
    store.write(&push("new", None, "two")).await.expect("changed");
    let both = [
        ("password".to_owned(), "two".to_owned()),
        ("user".to_owned(), "me".to_owned()),
    ];
    assert_eq!(scene.fields("new"), both);
    let version = scene.server.items("new")[0]["version"].clone();
    store
        .write(&push("new", None, "two"))
        .await
        .expect("nothing to do");
    assert_eq!(scene.server.items("new")[0]["version"], version);

    let wishes = json!({"tags": ["t"], "vault": "second"});
    store
        .write(&with_metadata(push("other", None, "x"), &wishes))
        .await
        .expect("made");
    let other = &scene.server.items("other")[0];
    assert_eq!(
        (&other["tags"], &other["vault"]["id"]),
        (&json!(["t"]), &json!(scene.second))
    );
    store
        .write(&push("other", Some("user"), "me"))
        .await
        .expect("added");
    let tags = json!({"tags": ["u"]});
    store
        .write(&with_metadata(push("other", None, "x"), &tags))
        .await
        .expect("tagged anew");
    assert_eq!(scene.server.items("other")[0]["tags"], json!(["u"]));
    let both = [
        ("password".to_owned(), "x".to_owned()),
        ("user".to_owned(), "me".to_owned()),
    ];
    assert_eq!(scene.fields("other"), both);
    let elsewhere = with_metadata(push("third", None, "x"), &json!({"vault": "third"}));
    let why = told(&store.write(&elsewhere).await.expect_err("not the store's"));
    assert_eq!(why, r#"metadata vault "third" is not in the vaults of the store"#);
    let bogus = with_metadata(push("third", None, "x"), &json!({"bogus": 1}));
    assert!(
        told(&store.write(&bogus).await.expect_err("unknown"))
            .starts_with("failed to parse push secret metadata")
    );
}

#[tokio::test]
async fn what_is_written_is_waited_for_and_made_once() {
    let scene = Scene::new().await;
    let store = scene.store().await;
    store.check().await.expect("vaults are there");
    scene.server.lag(5);
    store.write(&push("new", Some("a"), "1")).await.expect("made");
    store.write(&push("new", Some("b"), "2")).await.expect("added");
    assert_eq!(
        scene.fields("new"),
        [("a".into(), "1".into()), ("b".into(), "2".into())]
    );
}

#[tokio::test]
async fn deleting_takes_a_field_and_with_the_last_one_the_item() {
    let scene = Scene::new().await;
    scene.put_login(&scene.first, "db", "p");
    let store = scene.store().await;
    let remote = |property: &str| push("db", Some(property), "").remote;
    assert_eq!(store.exists(&remote("username")).await, Ok(true));
    assert_eq!(store.exists(&remote("nope")).await, Ok(false));
    store.delete(&remote("nope")).await.expect("nothing to do");
    store.delete(&remote("username")).await.expect("taken away");
    assert_eq!(scene.fields("db"), [("password".to_owned(), "p".to_owned())]);
    store
        .delete(&push("db", None, "").remote)
        .await
        .expect("the last one");
    assert!(scene.server.items("db").is_empty());
    store.delete(&remote("username")).await.expect("nothing to do");
    assert_eq!(store.exists(&remote("username")).await, Ok(false));

    let document = scene.server.put_item(
        &scene.first,
        "db",
        &json!({"fields": [{"label": "a", "value": "b"}]}),
    );
    scene.server.put_file(&document, "kept", b"x");
    store.delete(&remote("a")).await.expect("taken away");
    assert_eq!(scene.server.items("db").len(), 1, "it has a file");
    let sections = json!([{"id": "add more", "label": "Notes"}]);
    let whole = json!({"fields": [{"label": "a", "value": "b"}], "sections": sections});
    scene.server.put_item(&scene.first, "noted", &whole);
    let of_noted = push("noted", Some("a"), "").remote;
    store.delete(&of_noted).await.expect("taken away");
    assert_eq!(scene.server.items("noted").len(), 1, "it has a section");
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_neither_changed_nor_taken_away() {
    let scene = Scene::new().await;
    let twice = json!([{"label": "a", "value": "1"}, {"label": "a", "value": "2"}]);
    scene
        .server
        .put_item(&scene.first, "db", &json!({ "fields": twice }));
    let store = scene.store().await;
    let pushed = push("db", Some("a"), "3");
    let why = r#"item "db" has 2 fields "a", instead of one"#;
    assert_eq!(told(&store.write(&pushed).await.expect_err("which?")), why);
    let deleted = store.delete(&pushed.remote).await;
    assert_eq!(told(&deleted.expect_err("which?")), why);
    let both = ["1", "2"].map(|value| ("a".to_owned(), value.to_owned()));
    assert_eq!(scene.fields("db"), both);
}

#[tokio::test]
async fn a_deletion_is_believed_from_the_server_alone() {
    let scene = Scene::new().await;
    let fields = json!({"fields": [{"label": "a", "value": "b"}]});
    scene.server.put_item(&scene.first, "db", &fields);
    let store = scene.store().await;
    let remote = push("db", Some("a"), "").remote;
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
        let problem = store.delete(&remote).await.expect_err("it is there");
        assert_eq!(problem.reason(), reason);
        assert!(told(&problem).starts_with("db: "), "{problem}");
    }
    let gone = json!({"status": 404, "message": CANARY}).to_string();
    let hidden = std::sync::atomic::AtomicBool::new(false);
    scene
        .server
        .faults()
        .are(move |asked| match asked.method.as_str() {
            "DELETE" => {
                hidden.store(true, std::sync::atomic::Ordering::SeqCst);
                Fate::status(404, gone.as_str())
            }
            _ if hidden.load(std::sync::atomic::Ordering::SeqCst) => Fate::status(200, "[]"),
            _ => Fate::Pass,
        });
    assert_eq!(store.delete(&remote).await, Ok(()), "gone already");
}

#[tokio::test]
async fn a_list_is_looked_at_entry_by_entry() {
    let scene = Scene::new().await;
    let store = scene.store().await;
    store.check().await.expect("vaults are there");
    let answers = |items: Value| {
        let items = items.to_string();
        scene.server.faults().are(move |asked| {
            if asked.path.ends_with("/items") {
                Fate::status(200, items.as_str())
            } else {
                Fate::Pass
            }
        });
    };
    let id = scene.put_login(&scene.first, "other", "x");
    // A server that knows no filter lists what nobody asked for.
    answers(json!([{"id": id, "title": "other"}]));
    let absent = Err("app: secret does not exist".to_owned());
    assert_eq!(value(&store, "app", "").await, absent);
    for entry in [
        json!({"id": "../../../vaults", "title": "app"}),
        json!({"id": id}),
        json!({"title": "app"}),
        json!("app"),
    ] {
        answers(json!([entry]));
        let refused = value(&store, "app", "").await.expect_err("no item");
        assert!(
            refused.starts_with("app: the answer cannot be used: "),
            "{refused}"
        );
    }
    let many: Vec<_> = (0..5_001)
        .map(|nth| json!({"id": format!("{nth:0>26}"), "title": "t"}))
        .collect();
    answers(json!(many));
    let refused = told(&store.find(&Find::default()).await.expect_err("too many"));
    assert!(
        refused.ends_with("there are too many; narrow the search"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_read_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    let id = scene.put_login(&scene.first, "app", CANARY);
    let store = scene.store().await;
    assert_eq!(value(&store, "app", "").await, Ok(CANARY.to_owned()));
    let body = json!({"status": 500, "message": CANARY}).to_string();
    let mut faults = faults_of_http(&body);
    let unusable = |fate| Fault::new(fate, "BadAnswer", "");
    faults.extend([
        Fault::new(Fate::status(401, body.as_str()), "Refused", "HTTP 401"),
        Fault::new(Fate::status(404, CANARY), "BadAnswer", "HTTP 404"),
        Fault::new(Fate::status(404, body.as_str()), "BadAnswer", "HTTP 404"),
        unusable(Fate::status(200, "{}")),
        unusable(Fate::status(200, body.as_str())),
    ]);
    for fault in faults {
        for path in ["/items".to_owned(), format!("/items/{id}")] {
            let (fate, shown) = (fault.fate.clone(), format!("{:?} at {path}", fault.fate));
            scene.server.faults().are(move |asked| {
                if asked.path.ends_with(&path) {
                    fate.clone()
                } else {
                    Fate::Pass
                }
            });
            let problem = store.read(&[at("app")]).await.remove(0);
            fault.came_to(&problem.expect_err(&shown), "app: ");
            scene.server.faults().always(Fate::Pass);
            assert_eq!(
                value(&store, "app", "").await,
                Ok(CANARY.to_owned()),
                "after {shown}"
            );
        }
    }
    assert!(!format!("{store:?}").contains("canary"));
}

#[tokio::test]
async fn a_refusal_in_passing_is_asked_again() {
    let scene = Scene::new().await;
    scene.put_login(&scene.first, "app", "p");
    let store = scene.store().await;
    let asked = std::sync::atomic::AtomicUsize::new(0);
    scene.server.faults().are(
        move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 3 {
            2 => Fate::Pass,
            _ => Fate::status(403, "{}"),
        },
    );
    assert_eq!(value(&store, "app", "").await, Ok("p".to_owned()));
}
