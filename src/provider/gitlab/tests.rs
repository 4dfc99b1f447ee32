//! Against a small GitLab in this process.

use lockstep_testkit::{Authority, Fate, GitlabVariables as Server, Purpose, Tls};
use serde_json::{Value as Json, json};

use super::*;
use crate::cluster::DocumentKind;
use crate::provider::testing::{
    self, Fault, TestCluster, at, faults_of_http, in_namespace, lines, surroundings, told,
};

/// A part of everything that is to be seen nowhere.
const CANARY: &str = "canary-4f1c";

/// A project in two groups.
async fn server() -> Server {
    let server = Server::start().await.expect("a server");
    server.put_group("1", "org");
    server.put_group("2", "org/team");
    server.put_project("7", "org/team/app", &["2", "1"]);
    server
}

fn spec(server: &Server, extra: &Json) -> Json {
    let token = json!({"accessToken": {"name": "creds", "key": "token"}});
    let mut spec = json!({"url": server.url(), "auth": {"SecretRef": token}, "projectID": "7"});
    let extra = extra.as_object().cloned().unwrap_or_default();
    spec.as_object_mut().expect("an object").extend(extra);
    spec
}

async fn open(spec: Json) -> Result<Gitlab, Problem> {
    let cluster = Arc::<TestCluster>::default();
    let token = format!("{}\n", Server::TOKEN);
    let tokens = [
        ("token", token.as_str()),
        ("wrong", "canary-wrong"),
        ("empty", ""),
    ];
    cluster.put(DocumentKind::Secret, "own", "creds", &tokens);
    let spec = serde_json::from_value(spec).expect("sound");
    Gitlab::open(&spec, &surroundings(cluster, in_namespace("own"))).await
}

async fn store(server: &Server, extra: Json) -> Gitlab {
    open(spec(server, &extra)).await.expect("a connection")
}

async fn value(store: &Gitlab, key: &str, property: &str) -> Result<String, String> {
    testing::value(store, at(key), property).await
}

async fn found(store: &Gitlab, name: &str, scope: Option<&str>) -> Result<Vec<String>, String> {
    let query = Find {
        name: Some(name.to_owned()),
        tags: scope
            .map(|scope| ("environment_scope".to_owned(), scope.to_owned()))
            .into_iter()
            .collect(),
        ..Find::default()
    };
    let found = store.find(&query).await.map_err(|problem| told(&problem))?;
    Ok(lines(&found))
}

#[tokio::test]
async fn the_project_comes_before_its_groups_and_the_environment_before_all() {
    let server = server().await;
    for (folder, id, key, environment, value) in [
        ("projects", "7", "A", "*", "project"),
        ("groups", "1", "A", "*", "outer"),
        ("groups", "1", "B", "*", "outer"),
        ("groups", "2", "B", "*", "inner"),
        ("groups", "1", "C", "prod", "outer-prod"),
        ("projects", "7", "D", "prod", "project-prod"),
        ("projects", "7", "D", "*", "project"),
        ("projects", "7", "WITH_HYPHEN", "*", "h"),
    ] {
        server.put_variable(folder, id, key, environment, Some(value));
    }
    let inherited = json!({"inheritFromGroups": true, "environment": "prod"});
    let named = json!({"groupIDs": ["org", "2"], "environment": "prod"});
    for extra in [inherited, named] {
        let store = store(&server, extra).await;
        for (key, expected) in [
            ("A", Ok("project")),
            ("B", Ok("inner")),
            ("C", Ok("outer-prod")),
            ("D", Ok("project-prod")),
            ("with-hyphen", Err("with-hyphen: secret does not exist")),
            ("WITH-HYPHEN", Ok("h")),
            ("NOPE", Err("NOPE: secret does not exist")),
            ("a.b", Err(r#"key "a.b" cannot name a variable of GitLab"#)),
            ("..", Err(r#"key ".." cannot name a variable of GitLab"#)),
        ] {
            let got = value(&store, key, "").await;
            assert_eq!(got.as_deref().map_err(String::as_str), expected, "{key}");
        }
        assert_eq!(store.check().await, Ok(Health::Ready));
    }
    let groups = server.faults().traffic().of("GET /api/v4/projects/7/groups");
    assert_eq!(groups, 1, "asked for once");
    let ambiguous = value(&store(&server, json!({})).await, "D", "")
        .await
        .expect_err("two");
    assert_eq!(
        ambiguous,
        "D: the answer cannot be used: several environments have it: name one in the store's environment, HTTP 409"
    );
}

#[tokio::test]
async fn a_place_that_is_not_there_makes_nothing_absent() {
    let server = server().await;
    server.put_variable("groups", "1", "A", "*", Some("outer"));
    let store = store(&server, json!({"projectID": "8", "groupIDs": ["1"]})).await;
    assert_eq!(value(&store, "A", "").await, Ok("outer".to_owned()));
    let why = "B: project 8 is not there, or the token may not see it";
    assert_eq!(value(&store, "B", "").await, Err(why.to_owned()));
    let problem = told(&store.check().await.expect_err("no project"));
    assert_eq!(
        problem,
        "the variables of project 8: the answer cannot be used: HTTP 404"
    );
}

#[tokio::test]
async fn properties_are_paths_and_extract_takes_texts() {
    let server = server().await;
    let json = r#"{"user": "me", "port": 5432, "a": {"b": "c"}}"#;
    server.put_variable("projects", "7", "JSON", "*", Some(json));
    server.put_variable("projects", "7", "TEXTS", "*", Some(r#"{"a": "b", "n": null}"#));
    server.put_variable("projects", "7", "EMPTY", "*", Some(""));
    server.put_variable("projects", "7", "HIDDEN", "*", None);
    let store = store(&server, json!({})).await;
    for (key, property, expected) in [
        ("JSON", "", Ok(json)),
        ("JSON", "a.b", Ok("c")),
        ("JSON", "port", Ok("5432")),
        (
            "JSON",
            "nope",
            Err("property nope does not exist in the variable"),
        ),
        ("EMPTY", "", Err("the variable is empty")),
        (
            "HIDDEN",
            "",
            Err("HIDDEN: the variable is hidden, and GitLab does not tell its value"),
        ),
    ] {
        let got = value(&store, key, property).await;
        assert_eq!(
            got.as_deref().map_err(String::as_str),
            expected,
            "{key} {property}"
        );
    }
    let explode = async |key: &str, property: Option<&str>| {
        let payload = store.read(&[at(key)]).await.remove(0).expect("there");
        let values = store
            .explode(&payload, property)
            .map_err(|problem| told(&problem))?;
        Ok::<_, String>(values.map(|values| values.into_keys().collect::<Vec<_>>()))
    };
    assert_eq!(
        explode("TEXTS", None).await,
        Ok(Some(vec!["a".into(), "n".into()]))
    );
    assert_eq!(explode("JSON", Some("a")).await, Ok(Some(vec!["b".into()])));
    let why = "unable to unmarshal secret: port is a number, where a string is needed";
    assert!(
        explode("JSON", None)
            .await
            .is_err_and(|told| told == why || told.contains("a is an object"))
    );
}

#[tokio::test]
async fn a_search_is_of_one_environment_and_goes_page_by_page() {
    let server = server().await;
    for nth in 0..150 {
        server.put_variable("groups", "1", &format!("V{nth:03}"), "*", Some("outer"));
    }
    for (folder, id, key, environment, value) in [
        ("groups", "2", "V000", "*", "inner-for-all"),
        ("groups", "2", "V001", "prod", "inner"),
        ("groups", "2", "V002", "test", "test"),
        ("projects", "7", "V003", "prod", "prod"),
        ("projects", "7", "V003", "*", "all"),
        ("projects", "7", "OTHER", "*", "x"),
    ] {
        server.put_variable(folder, id, key, environment, Some(value));
    }
    server.put_variable("projects", "7", "V004", "*", None);
    let of = async |extra: Json| store(&server, extra).await;
    let prod = of(json!({"inheritFromGroups": true, "environment": "prod"})).await;
    let all = found(&prod, "^V", None).await.expect("found");
    assert_eq!(all.len(), 150);
    assert_eq!(
        all[..5],
        [
            "V000=outer",
            "V001=inner",
            "V002=outer",
            "V003=prod",
            "V004=outer"
        ]
    );
    let any = of(json!({"inheritFromGroups": true})).await;
    assert_eq!(
        found(&any, "^V00[1-3]$", Some("test")).await,
        Ok(vec!["V001=outer".into(), "V002=test".into(), "V003=all".into()])
    );
    assert!(
        found(&prod, "", Some("test"))
            .await
            .is_err_and(|why| why.starts_with("find.tags: "))
    );
    assert!(
        found(&prod, "(", None)
            .await
            .is_err_and(|why| why.starts_with("find.name.regexp: "))
    );
    for query in [
        Find {
            path: Some("p".into()),
            name: Some(String::new()),
            ..Find::default()
        },
        Find {
            tags: [("x".to_owned(), String::new())].into(),
            name: Some(String::new()),
            ..Find::default()
        },
        Find::default(),
    ] {
        assert_eq!(
            prod.find(&query).await.expect_err("refused").reason(),
            "InvalidSpec",
            "{query:?}"
        );
    }
}

#[tokio::test]
async fn a_read_that_fails_is_told_and_the_next_one_succeeds() {
    let server = server().await;
    server.put_variable("projects", "7", "APP", "*", Some(CANARY));
    let store = store(&server, json!({})).await;
    let body = json!({"message": CANARY, "value": CANARY}).to_string();
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
        let shown = format!("{:?}", fault.fate);
        server.faults().always(fault.fate.clone());
        let problem = store.read(&[at("APP")]).await.remove(0).expect_err(&shown);
        fault.came_to(&problem, "APP: ");
        told(&store.check().await.expect_err(&shown));
        assert!(found(&store, "", None).await.is_err(), "{shown}");
        server.faults().always(Fate::Pass);
        assert_eq!(
            value(&store, "APP", "").await,
            Ok(CANARY.to_owned()),
            "after {shown}"
        );
    }
    assert!(!format!("{store:?}").contains("canary"));
}

#[tokio::test]
async fn what_cannot_be_a_store_is_none() {
    let server = server().await;
    for (extra, field) in [
        (
            json!({"projectID": "", "groupIDs": []}),
            "spec.provider.gitlab.projectID",
        ),
        (
            json!({"inheritFromGroups": true, "groupIDs": ["1"]}),
            "spec.provider.gitlab.groupIDs",
        ),
        (json!({"groupIDs": [".."]}), "spec.provider.gitlab.groupIDs"),
        (json!({"url": "gitlab"}), "spec.provider.gitlab.url"),
        (
            json!({"auth": {"SecretRef": {"accessToken": {"name": "creds", "key": "empty"}}}}),
            "spec.provider.gitlab.auth.SecretRef.accessToken",
        ),
    ] {
        let why = told(&open(spec(&server, &extra)).await.expect_err(field));
        assert!(why.starts_with(field), "{why}");
    }
    let wrong = json!({"auth": {"SecretRef": {"accessToken": {"name": "creds", "key": "wrong"}}}});
    let store = store(&server, wrong).await;
    assert_eq!(store.check().await.expect_err("refused").reason(), "Refused");
    let below = spec(&server, &json!({"url": format!("{}/api/v4/", server.url())}));
    assert_eq!(
        open(below).await.expect("a connection").check().await,
        Ok(Health::Ready)
    );
}

#[tokio::test]
async fn a_list_is_read_to_its_end_entry_by_entry() {
    let server = server().await;
    let store = store(&server, json!({})).await;
    // Of long lists, GitLab does not say which page comes next.
    server.faults().are(|asked| {
        let entries = if asked.query.ends_with("&page=1") {
            0..100
        } else {
            100..101
        };
        let entries: Vec<_> = entries
            .map(|nth| json!({"key": format!("K{nth}"), "value": "v"}))
            .collect();
        Fate::status(200, json!(entries).to_string())
    });
    assert_eq!(found(&store, "", None).await.map(|found| found.len()), Ok(101));
    for entry in [json!({"value": CANARY}), json!(CANARY)] {
        let entries = json!([{"key": "A", "value": "a"}, entry]).to_string();
        server.faults().always(Fate::status(200, entries));
        let refused = found(&store, "", None).await.expect_err("no variable");
        assert!(refused.ends_with("an entry lacks a part"), "{refused}");
    }
    let inherited = self::store(&server, json!({"inheritFromGroups": true})).await;
    server.faults().are(|asked| {
        if asked.path.ends_with("/groups") {
            Fate::status(200, r#"[{"id": 1.5, "full_path": "org"}]"#)
        } else {
            Fate::Pass
        }
    });
    let refused = value(&inherited, "NOPE", "").await.expect_err("no group");
    assert!(
        refused.starts_with("the groups of project 7: ") && refused.ends_with("an entry lacks a part"),
        "{refused}"
    );
}

#[tokio::test]
async fn only_a_server_that_is_trusted_is_shown_the_token() {
    let server = server().await;
    let authority = Authority::new("gitlab").expect("made");
    let shown = authority.issue("gitlab", Purpose::Server).expect("issued");
    let tls = Tls::before(server.faults().address(), &shown).await.expect("TLS");
    let url = tls.url().replace("127.0.0.1", "localhost");
    let trusting = |authority: &Authority| {
        let bundle = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, authority.pem());
        json!({"url": url, "caBundle": bundle})
    };
    let trusted = store(&server, trusting(&authority)).await;
    assert_eq!(trusted.check().await, Ok(Health::Ready));
    let asked = server.faults().traffic().total();
    let stranger = Authority::new("stranger").expect("made");
    let strange = store(&server, trusting(&stranger)).await;
    assert_eq!(
        strange.check().await.expect_err("a stranger").reason(),
        "Unreachable"
    );
    assert_eq!(server.faults().traffic().total(), asked);
}
