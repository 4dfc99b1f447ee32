//! Against moto: what is there in the end, and that it is once, whatever fails on the way.

use std::time::Duration;

use lockstep_testkit::{Fate, eventually};

use super::super::moto::{Bed, CANARY};
use super::*;

const SOON: Duration = Duration::from_secs(30);

fn text(key: &str, property: Option<&str>, spec: Value) -> Push {
    let mut spec = spec;
    spec["secretPushFormat"] = "string".into();
    let mut push = push(Some("a"), property, &spec);
    push.remote.key = key.to_owned();
    push.values.insert("a".to_owned(), CANARY.into());
    push
}

fn parameter(key: &str, spec: &Value) -> Push {
    let mut push = push(Some("a"), None, spec);
    push.remote.key = key.to_owned();
    push.values.insert("a".to_owned(), CANARY.into());
    push
}

async fn do_push(backend: &Arc<dyn Backend>, push: &Push) -> Result<(), String> {
    let written = backend.write(push).await;
    written.map_err(|problem| {
        assert!(
            !format!("{problem:?} {problem}").contains("canary"),
            "{problem:?}"
        );
        problem.to_string()
    })
}

impl Bed {
    /// The value of a secret, and how many versions of it there are.
    async fn kept(&self, name: &str) -> (String, usize) {
        let id = json!({"SecretId": name});
        let value = self.ask("secretsmanager", "GetSecretValue", id.clone()).await;
        let value = value["SecretString"].as_str().expect("a text").to_owned();
        let versions = self.ask("secretsmanager", "ListSecretVersionIds", id).await;
        (value, versions["Versions"].as_array().map_or(0, Vec::len))
    }

    async fn described(&self, name: &str) -> Value {
        let id = json!({"SecretId": name});
        self.ask("secretsmanager", "DescribeSecret", id).await
    }

    /// The value of a parameter, and its version.
    async fn kept_parameter(&self, name: &str) -> (String, u64) {
        let wanted = json!({"Name": name, "WithDecryption": true});
        let found = self.ask("ssm", "GetParameter", wanted).await["Parameter"].take();
        let value = found["Value"].as_str().expect("a text").to_owned();
        (value, found["Version"].as_u64().expect("a number"))
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn properties_of_a_secret_come_and_go() {
    let bed = Bed::new().await;
    let backend = bed.secrets().await;
    for property in ["x.y", "z", "x.y"] {
        assert_eq!(
            do_push(&backend, &text("w/p", Some(property), json!({}))).await,
            Ok(())
        );
    }
    let (value, versions) = bed.kept("w/p").await;
    assert_eq!(value, format!(r#"{{"x":{{"y":"{CANARY}"}},"z":"{CANARY}"}}"#));
    assert_eq!(versions, 2, "what is the same makes no version");
    assert_eq!(backend.exists(&remote("w/p", None)).await, Ok(true));
    assert_eq!(backend.delete(&remote("w/p", Some("x.y"))).await, Ok(()));
    assert_eq!(bed.kept("w/p").await.0, format!(r#"{{"z":"{CANARY}"}}"#));
    assert_eq!(backend.delete(&remote("w/p", Some("z"))).await, Ok(()));
    assert!(bed.described("w/p").await["DeletedDate"].is_number());
    assert_eq!(backend.exists(&remote("w/p", None)).await, Ok(false));
    // It is gone already, and cannot be written as long as it waits.
    assert_eq!(backend.delete(&remote("w/p", None)).await, Ok(()));
    let told = do_push(&backend, &text("w/p", None, json!({})))
        .await
        .expect_err("waits");
    assert!(told.starts_with("w/p waits for its deletion"), "{told}");
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_secret_is_as_its_push_wishes_and_deleted_with_its_copies() {
    let bed = Bed::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    bed.cluster
        .put(DocumentKind::ConfigMap, "own", "policy", &[("p", policy)]);
    let force = json!({"secretsManager": {"forceDeleteWithoutRecovery": true}});
    let backend = bed.connect("SecretsManager", force).await;
    let source = json!({"policySourceRef": {"kind": "ConfigMap", "name": "policy", "key": "p"}});
    let wishes =
        json!({"tags": {"one": "1"}, "replicationLocations": ["us-west-2"], "resourcePolicy": source});
    let other = json!({"tags": {"two": "2"}, "replicationLocations": ["us-east-1"]});
    for (wishes, tag, region, expected) in [
        (&wishes, "one", "us-west-2", Some(policy)),
        (&wishes, "one", "us-west-2", Some(policy)),
        (&other, "two", "us-east-1", None),
    ] {
        assert_eq!(
            do_push(&backend, &text("w/all", None, wishes.clone())).await,
            Ok(())
        );
        let described = bed.described("w/all").await;
        let mut tags: Vec<_> = described["Tags"].as_array().expect("tags").iter().collect();
        tags.sort_by_key(|tag| tag["Key"].as_str());
        let keys: Vec<_> = tags.iter().map(|tag| &tag["Key"]).collect();
        assert_eq!(keys, ["managed-by", tag]);
        assert_eq!(described["ReplicationStatus"][0]["Region"], region);
        let found = bed.ask(
            "secretsmanager",
            "GetResourcePolicy",
            json!({"SecretId": "w/all"}),
        );
        assert_eq!(found.await["ResourcePolicy"].as_str(), expected);
    }
    assert_eq!(bed.kept("w/all").await.1, 1);
    assert_eq!(backend.delete(&remote("w/all", None)).await, Ok(()));
    assert_eq!(backend.exists(&remote("w/all", None)).await, Ok(false));
    assert_eq!(do_push(&backend, &text("w/all", None, json!({}))).await, Ok(()));
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_parameter_is_as_its_push_wishes() {
    let bed = Bed::new().await;
    let backend = bed.parameters().await;
    let wishes = json!({"secretType": "SecureString", "tags": {"one": "1"}});
    for wishes in [
        &wishes,
        &wishes,
        &json!({"secretType": "SecureString", "tags": {"two": "2"}}),
    ] {
        assert_eq!(do_push(&backend, &parameter("/w/p", wishes)).await, Ok(()));
    }
    assert_eq!(bed.kept_parameter("/w/p").await, (CANARY.to_owned(), 1));
    let tags = json!({"ResourceType": "Parameter", "ResourceId": "/w/p"});
    let tags = bed.ask("ssm", "ListTagsForResource", tags).await["TagList"].take();
    let mut keys: Vec<_> = tags
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| tag["Key"].to_string())
        .collect();
    keys.sort();
    assert_eq!(keys, ["\"managed-by\"", "\"two\""]);
    assert_eq!(backend.exists(&remote("/w/p", None)).await, Ok(true));
    for _ in 0..2 {
        assert_eq!(backend.delete(&remote("/w/p", None)).await, Ok(()));
        assert_eq!(backend.exists(&remote("/w/p", None)).await, Ok(false));
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_others_made_is_neither_overwritten_nor_deleted() {
    let bed = Bed::new().await;
    bed.secret("w/theirs", "theirs", json!({})).await;
    bed.parameter("/w/theirs", "theirs", json!({})).await;
    let refused = Err("secret not managed by external-secrets".to_owned());
    let secrets = bed.secrets().await;
    assert_eq!(
        do_push(&secrets, &text("w/theirs", Some("x"), json!({}))).await,
        refused
    );
    assert_eq!(secrets.delete(&remote("w/theirs", None)).await, Ok(()));
    let parameters = bed.parameters().await;
    assert_eq!(
        do_push(&parameters, &parameter("/w/theirs", &json!({}))).await,
        refused
    );
    assert_eq!(parameters.delete(&remote("/w/theirs", None)).await, Ok(()));
    assert_eq!(bed.kept("w/theirs").await, ("theirs".to_owned(), 1));
    assert_eq!(bed.kept_parameter("/w/theirs").await, ("theirs".to_owned(), 1));
}

fn fates() -> Vec<Fate> {
    let denied = json!({"__type": "AccessDeniedException", "message": CANARY}).to_string();
    vec![
        Fate::status(500, CANARY),
        Fate::status(400, denied),
        Fate::page(CANARY),
        Fate::Half,
        Fate::Endless(100 << 20),
        Fate::Cut { carried_out: false },
        Fate::Cut { carried_out: true },
    ]
}

/// What fails at one operation is completed by the next push, and makes no version more than it has to.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_push_that_fails_anywhere_is_completed_by_the_next_and_made_once() {
    let bed = Bed::new().await;
    let (secrets, parameters) = (bed.secrets().await, bed.parameters().await);
    let mut number = 0;
    for (operation, is_update) in [
        ("DescribeSecret", false),
        ("CreateSecret", false),
        ("GetSecretValue", true),
        ("PutSecretValue", true),
        ("GetParameter", false),
        ("PutParameter", false),
        ("ListTagsForResource", true),
        ("PutParameter", true),
    ] {
        for fate in fates() {
            number += 1;
            let key = format!("/w/f{number}");
            let shown = format!("{fate:?} at {operation} of {key}, update: {is_update}");
            let of_secret = operation.contains("Secret");
            let (backend, push) = if of_secret {
                (&secrets, text(&key, None, json!({})))
            } else {
                (&parameters, parameter(&key, &json!({})))
            };
            if is_update {
                let mut older = push.clone();
                older.values.insert("a".to_owned(), "older".into());
                assert_eq!(do_push(backend, &older).await, Ok(()), "{shown}");
            }
            bed.before.are(move |asked| match &asked.operation {
                Some(asked) if asked.ends_with(&format!(".{operation}")) => fate.clone(),
                _ => Fate::Pass,
            });
            // A call that was carried out may be repeated to no effect.
            let _ = do_push(backend, &push).await;
            bed.before.always(Fate::Pass);
            let written = eventually("it is written", SOON, async || do_push(backend, &push).await);
            written.await.expect(&shown);
            let kept = if of_secret {
                bed.kept(&key).await
            } else {
                let (value, version) = bed.kept_parameter(&key).await;
                (value, usize::try_from(version).expect("small"))
            };
            assert_eq!(kept, (CANARY.to_owned(), 1 + usize::from(is_update)), "{shown}");
        }
    }
}
