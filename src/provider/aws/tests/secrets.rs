//! Secrets Manager.

use super::server::{fault, ok};
use super::*;

/// Any secret is there and holds its own id, but those that begin with a word for what is wrong with them.
fn one(asked: &Asked) -> Answer {
    let id = asked.parameters["SecretId"].as_str().unwrap_or_default();
    match id.split('-').next() {
        Some("absent") => fault(400, "ResourceNotFoundException"),
        Some("denied") => fault(400, "AccessDeniedException"),
        Some("odd") => fault(400, "InvalidParameterException"),
        _ => {
            let stage = asked.parameters["VersionStage"].as_str();
            let version = asked.parameters["VersionId"].as_str();
            let value = format!("{id} {}", stage.or(version).unwrap_or_default());
            ok(&json!({"Name": id, "SecretString": value}))
        }
    }
}

fn batch(asked: &Asked) -> Answer {
    let ids = asked.parameters["SecretIdList"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids.iter().filter_map(Value::as_str) {
        match id.split('-').next() {
            Some("absent") => errors.push(json!({"SecretId": id, "ErrorCode": "ResourceNotFoundException"})),
            Some("marked") => errors.push(json!({
                "SecretId": id, "ErrorCode": "InvalidRequestException",
                "Message": "You can't perform this operation on the secret because it was marked for deletion."
            })),
            Some("denied") => errors.push(json!({
                "SecretId": id, "ErrorCode": "AccessDeniedException", "Message": "a canary sang"
            })),
            Some("forgotten") => {}
            Some("odd") => return fault(400, "InvalidParameterException"),
            _ => values.push(json!({"Name": id, "ARN": format!("arn:{id}"), "SecretString": format!("{id} batch")})),
        }
    }
    ok(&json!({"SecretValues": values, "Errors": errors}))
}

fn aws(asked: &Asked) -> Answer {
    match asked.operation.as_str() {
        "BatchGetSecretValue" => batch(asked),
        "GetSecretValue" => one(asked),
        "DescribeSecret" if asked.parameters["SecretId"] == "absent" => {
            fault(400, "ResourceNotFoundException")
        }
        "DescribeSecret" => {
            ok(&json!({"Tags": [{"Key": "b.c", "Value": "<2>"}, {"Key": "a", "Value": "1"}]}))
        }
        _ => fault(400, "UnknownOperationException"),
    }
}

#[tokio::test]
async fn plain_reads_go_together_and_each_hears_of_its_own() {
    let scene = Scene::new(aws).await;
    let backend = scene.secrets().await;
    let wanted = ["b", "absent-1", "denied-1", "marked-1", "a"].map(at);
    let answers = read(&backend, &wanted).await;
    assert_eq!(
        answers,
        [
            Ok("b batch".to_owned()),
            Err("absent-1: secret does not exist".to_owned()),
            Err("denied-1: the backend refuses (AccessDeniedException)".to_owned()),
            Err("marked-1: secret does not exist".to_owned()),
            Ok("a batch".to_owned()),
        ]
    );
    let asked = scene.server.asked();
    assert_eq!(asked.len(), 1);
    let ids = json!(["a", "absent-1", "b", "denied-1", "marked-1"]);
    assert_eq!(asked[0].parameters, json!({"SecretIdList": ids}));
    assert_eq!(asked[0].key, "STATIC", "without the newline of the Secret");
}

#[tokio::test]
async fn what_a_batch_leaves_open_and_what_it_cannot_read_is_read_alone() {
    let scene = Scene::new(aws).await;
    let backend = scene.secrets().await;
    let wanted = [
        at("a"),
        at("forgotten-1"),
        version("a", Some("AWSCURRENT")),
        version("a", Some("blue")),
        version("a", Some("uuid/7")),
        version("absent-1", Some("AWSPREVIOUS")),
    ];
    let answers = read(&backend, &wanted).await;
    assert_eq!(
        answers,
        [
            Ok("a batch".to_owned()),
            Ok("forgotten-1 AWSCURRENT".to_owned()),
            Ok("a batch".to_owned()),
            Ok("a blue".to_owned()),
            Ok("a 7".to_owned()),
            Err("absent-1: secret does not exist".to_owned()),
        ]
    );
    assert_eq!(scene.server.operations().len(), 5);
    assert_eq!(read(&backend, &[at("a")]).await, [Ok("a AWSCURRENT".to_owned())]);
    assert_eq!(
        scene.server.operations(),
        ["GetSecretValue"],
        "one alone makes no batch"
    );
}

#[tokio::test]
async fn one_bad_id_does_not_spoil_the_others() {
    let scene = Scene::new(aws).await;
    let answers = read(&scene.secrets().await, &["a", "odd-1"].map(at)).await;
    let odd = "odd-1: the answer cannot be used: InvalidParameterException, HTTP 400";
    assert_eq!(answers, [Ok("a AWSCURRENT".to_owned()), Err(odd.to_owned())]);
}

#[tokio::test]
async fn where_batches_are_not_allowed_secrets_are_read_one_by_one() {
    let scene = Scene::new(|asked: &Asked| match asked.operation.as_str() {
        "BatchGetSecretValue" => fault(400, "AccessDeniedException"),
        _ => one(asked),
    })
    .await;
    let backend = scene.secrets().await;
    let both = ["a", "b"].map(at);
    let answers = [Ok("a AWSCURRENT".to_owned()), Ok("b AWSCURRENT".to_owned())];
    assert_eq!(read(&backend, &both).await, answers);
    assert_eq!(scene.server.operations().len(), 3);
    assert_eq!(read(&backend, &both).await, answers);
    assert_eq!(
        scene.server.operations(),
        ["GetSecretValue"; 2],
        "that is remembered"
    );
}

#[tokio::test]
async fn a_refused_id_does_not_end_batches() {
    let scene = Scene::new(|asked: &Asked| match asked.operation.as_str() {
        "BatchGetSecretValue" => fault(400, "AccessDeniedException"),
        _ => one(asked),
    })
    .await;
    let backend = scene.secrets().await;
    for _ in 0..2 {
        read(&backend, &["a", "denied-1"].map(at)).await;
        assert!(
            scene
                .server
                .operations()
                .contains(&"BatchGetSecretValue".to_owned())
        );
    }
}

#[tokio::test]
async fn tags_are_read_as_one_object() {
    let scene = Scene::new(aws).await;
    let backend = scene.secrets().await;
    let answers = backend.read(&[metadata("a"), metadata("absent")]).await;
    assert_eq!(
        answers[1],
        Err(Problem::Absent {
            key: "absent".to_owned()
        })
    );
    let tags = answers[0].clone().expect("tags");
    let select = |property: Option<&str>| {
        backend
            .select(&tags, property)
            .map(|value| value.map(|value| text(&value)))
    };
    assert_eq!(
        select(None),
        Ok(Some(r#"{"a":"1","b.c":"\u003c2\u003e"}"#.to_owned()))
    );
    assert_eq!(select(Some("b.c")), Ok(Some("<2>".to_owned())));
    let refused = select(Some("z")).expect_err("no such tag");
    assert_eq!(refused.to_string(), "key z does not exist in the secret");
    let all = backend.explode(&tags, None).expect("an object").expect("tags");
    assert_eq!(text(&all["b.c"]), "<2>");
}

#[tokio::test]
async fn a_key_with_dots_comes_before_a_path() {
    let scene = Scene::new(aws).await;
    let backend = scene.secrets().await;
    let value = Payload::Bytes(r#"{"a.b": 1.50, "a": {"b": 2, "c": 3}}"#.into());
    let select = |property| {
        backend
            .select(&value, Some(property))
            .map(|value| value.map(|value| text(&value)))
    };
    assert_eq!(select("a.b"), Ok(Some("1.5".to_owned())));
    assert_eq!(select("a.c"), Ok(Some("3".to_owned())));
    let whole = backend
        .explode(&value, Some(""))
        .expect("an object")
        .expect("members");
    assert_eq!(text(&whole["a.b"]), "1.50");
    let canary = Payload::Bytes("canary".into());
    let refused = backend.explode(&canary, None).expect_err("no object");
    assert!(!refused.to_string().contains("canary"), "{refused}");
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_code_and_status_alone() {
    for (answer, calls, message) in [
        (
            fault(400, "ThrottlingException"),
            2,
            "a: the backend asks for fewer requests (ThrottlingException, HTTP 400)",
        ),
        (
            (429, String::new()),
            1,
            "a: the backend asks for fewer requests (HTTP 429)",
        ),
        (
            fault(400, "ExpiredTokenException"),
            1,
            "a: the backend refuses (ExpiredTokenException, HTTP 400)",
        ),
        (
            fault(403, "Strange"),
            1,
            "a: the backend refuses (Strange, HTTP 403)",
        ),
        (
            fault(500, "InternalServiceError"),
            2,
            "a: InternalServiceError, HTTP 500",
        ),
        ((503, "<html>canary</html>".to_owned()), 2, "a: HTTP 503"),
        (
            fault(400, "DecryptionFailure"),
            1,
            "a: the answer cannot be used: DecryptionFailure, HTTP 400",
        ),
        (
            fault(400, "a canary, sang"),
            1,
            "a: the answer cannot be used: HTTP 400",
        ),
        (
            (200, "a canary sang".to_owned()),
            1,
            "a: the answer cannot be used: it is not what the service answers",
        ),
        (
            (200, "{}".to_owned()),
            1,
            "a: the answer cannot be used: it holds neither a string nor a binary value",
        ),
        (
            (200, format!("{{\"SecretString\": \"{}\"}}", "a".repeat(9 << 20))),
            2,
            "a: the answer cannot be used: it is larger than 8 MiB",
        ),
    ] {
        let scene = Scene::new(move |_: &Asked| answer.clone()).await;
        let backend = scene.secrets().await;
        assert_eq!(read(&backend, &[at("a")]).await, [Err(message.to_owned())]);
        assert_eq!(scene.server.operations().len(), calls, "{message}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_and_one_that_throttles_are_told_of_each_id() {
    let scene = Scene::new(|_: &Asked| fault(400, "ThrottlingException")).await;
    let backend = scene.secrets().await;
    let answers = backend.read(&["a", "b"].map(at)).await;
    for (answer, key) in answers.into_iter().zip(["a", "b"]) {
        let retry_after = Some(std::time::Duration::from_secs(7));
        let what = key.to_owned();
        let why = "ThrottlingException, HTTP 400".to_owned();
        let throttled = Problem::Throttled {
            what,
            why,
            retry_after,
        };
        assert_eq!(answer, Err(throttled));
    }
    assert_eq!(
        scene.server.operations().len(),
        2,
        "and not asked one by one on top of it"
    );
    let mut scene = scene;
    scene.server.url = "http://127.0.0.1:1".to_owned();
    let answers = read(&scene.secrets().await, &[at("a")]).await;
    let gone = answers[0].clone().expect_err("nobody is there");
    assert!(gone.starts_with("a: Connection refused"), "{gone}");
}

/// Two pages, and tags of which the filters of AWS would take too many.
fn listing(asked: &Asked) -> Answer {
    let entry = |name: &str, tags: Value| json!({"Name": name, "ARN": format!("arn:{name}"), "Tags": tags});
    match (asked.operation.as_str(), asked.parameters["NextToken"].as_str()) {
        ("ListSecrets", None) => ok(&json!({"NextToken": "2", "SecretList": [
            entry("app/db", json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])),
            entry("app/api", json!([{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}])),
        ]})),
        ("ListSecrets", Some("2")) => ok(&json!({"SecretList": [
            entry("absent-1", json!([{"Key": "a", "Value": "1"}])),
            entry("other", json!([])),
        ]})),
        ("BatchGetSecretValue", None) => {
            let ids = asked.parameters["SecretIdList"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let ids = ids.iter().filter_map(Value::as_str);
            let entries = ids.filter(|id| !id.contains("absent"));
            let values: Vec<_> = entries
                .map(|id| json!({"ARN": id, "SecretString": format!("value of {id}")}))
                .collect();
            ok(&json!({"SecretValues": values, "Errors": [
                {"SecretId": "arn:absent-1", "ErrorCode": "ResourceNotFoundException"}
            ]}))
        }
        ("GetSecretValue", None) => ok(&json!({"SecretString": "alone"})),
        _ => fault(400, "UnknownOperationException"),
    }
}

#[tokio::test]
async fn secrets_are_found_by_name_over_all_pages() {
    let scene = Scene::new(listing).await;
    let backend = scene.secrets().await;
    let found = find(&backend, &by_name("(db|er|absent-1)$", None)).await;
    assert_eq!(
        found,
        Ok(pairs(&[
            ("app/db", "value of arn:app/db"),
            ("other", "value of arn:other")
        ])),
        "and what has no value is not there"
    );
    assert_eq!(
        scene.server.operations(),
        ["ListSecrets", "ListSecrets", "BatchGetSecretValue"]
    );
    let found = find(&backend, &by_name(".*", Some("app/"))).await;
    assert_eq!(found.map(|found| found.len()), Ok(2));
    let filters = json!([{"Key": "name", "Values": ["app/"]}]);
    assert_eq!(scene.server.asked()[0].parameters["Filters"], filters);
}

#[tokio::test]
async fn tags_are_found_with_their_own_values_and_no_others() {
    let scene = Scene::new(listing).await;
    let backend = scene.secrets().await;
    let both = by_tags(&[("a", "1"), ("b", "2")], None);
    assert_eq!(find(&backend, &both).await, Ok(pairs(&[("app/db", "alone")])));
    let filters = json!([{"Key": "tag-key", "Values": ["a"]}, {"Key": "tag-key", "Values": ["b"]}]);
    assert_eq!(scene.server.asked()[0].parameters["Filters"], filters);
}

#[tokio::test]
async fn a_search_that_cannot_be_done_says_so() {
    let scene = Scene::new(|asked: &Asked| match asked.operation.as_str() {
        // It never ends.
        "ListSecrets" => ok(&json!({"NextToken": "on", "SecretList": vec![json!({"Name": "x"}); 9_000]})),
        _ => fault(400, "UnknownOperationException"),
    })
    .await;
    let backend = scene.secrets().await;
    let endless = find(&backend, &by_name("nothing", None)).await;
    let why = "the list of secrets: the answer cannot be used: there are too many; narrow the search";
    assert_eq!(endless, Err(why.to_owned()));
    let bad = find(&backend, &by_name("(", None)).await.expect_err("no pattern");
    assert!(bad.starts_with("find.name.regexp: "), "{bad}");
    let nothing = find(&backend, &Find::default()).await;
    let why = "find.name: the aws provider finds by name or tags";
    assert_eq!(nothing, Err(why.to_owned()));
}
