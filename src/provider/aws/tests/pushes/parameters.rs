//! Parameter Store.

use super::*;

/// One parameter that holds this, with these tags.
fn parameter(value: &str, tags: &Value) -> Vec<(&'static str, Answer)> {
    let mut answers = vec![
        (
            "GetParameter",
            ok(&json!({"Parameter": {"Name": "app", "Value": value}})),
        ),
        ("ListTagsForResource", ok(&json!({"TagList": tags}))),
    ];
    let writes = [
        "PutParameter",
        "AddTagsToResource",
        "RemoveTagsFromResource",
        "DeleteParameter",
    ];
    answers.extend(writes.map(|operation| (operation, ok(&json!({})))));
    answers
}

#[tokio::test]
async fn a_new_parameter_gets_all_that_is_wished_for() {
    let scene = scene(&[
        ("GetParameter", fault(400, "ParameterNotFound")),
        ("PutParameter", ok(&json!({"Version": 1}))),
    ])
    .await;
    let backend = scene.parameters().await;
    let advanced = json!({
        "secretType": "SecureString", "kmsKeyID": "mine", "tags": {"team": "x"}, "description": "d",
        "tier": {"type": "Advanced", "policies": [{"Type": "Expiration"}]},
    });
    let plain = json!({"kmsKeyID": "mine", "tier": {"type": "Standard", "policies": [1]}});
    for (wishes, expected) in [
        (
            advanced,
            json!({
                "Name": "app", "Value": "canary", "Type": "SecureString", "KeyId": "mine", "Overwrite": false,
                "Description": "d", "Tier": "Advanced", "Policies": r#"[{"Type":"Expiration"}]"#,
                "Tags": [{"Key": "managed-by", "Value": "external-secrets"}, {"Key": "team", "Value": "x"}],
            }),
        ),
        (
            plain,
            json!({
                "Name": "app", "Value": "canary", "Type": "String", "Overwrite": false, "Tags": mark(),
                "Description": "secret 'managed-by:external-secrets'",
            }),
        ),
    ] {
        // A property has no say.
        assert_eq!(
            written(&backend, &push(Some("a"), Some("x"), &wishes)).await,
            Ok(())
        );
        let put = scene.server.asked().pop().expect("a call");
        assert_eq!(put.parameters, expected);
    }
}

#[tokio::test]
async fn a_whole_secret_is_base64_unless_it_is_to_be_text() {
    let scene = scene(&[
        ("GetParameter", fault(400, "ParameterNotFound")),
        ("PutParameter", ok(&json!({}))),
    ])
    .await;
    let backend = scene.parameters().await;
    for (wishes, value) in [
        (json!({}), r#"{"a":"Y2FuYXJ5","b":"/w=="}"#),
        (json!({"encodeAsDecoded": true}), r#"{"a":"canary","b":"\ufffd"}"#),
    ] {
        assert_eq!(written(&backend, &push(None, None, &wishes)).await, Ok(()));
        let put = scene.server.asked().pop().expect("a call");
        assert_eq!(put.parameters["Value"], value);
    }
}

#[tokio::test]
async fn of_a_parameter_only_what_differs_changes() {
    let tags = json!([{"Key": "one", "Value": "1"}, mark()[0]]);
    let wishes = json!({"tags": {"two": "2"}});
    for (current, wishes, changes) in [
        ("canary", &json!({}), vec![]),
        (
            "canary",
            &wishes,
            vec!["RemoveTagsFromResource", "AddTagsToResource"],
        ),
        // What a reader without the right to decrypt would see.
        ("sensitive", &json!({}), vec!["PutParameter"]),
    ] {
        let scene = scene(&parameter(current, &tags)).await;
        let backend = scene.parameters().await;
        assert_eq!(written(&backend, &push(Some("a"), None, wishes)).await, Ok(()));
        let asked = scene.server.asked().split_off(2);
        let operations: Vec<_> = asked.iter().map(|asked| asked.operation.as_str()).collect();
        assert_eq!(operations, changes);
        for put in asked.iter().filter(|asked| asked.operation == "PutParameter") {
            assert_eq!(put.parameters["Overwrite"], true);
            assert!(put.parameters.get("Tags").is_none());
        }
    }
}

#[tokio::test]
async fn a_parameter_without_the_mark_is_left_alone() {
    let scene = scene(&parameter("old", &json!([]))).await;
    let backend = scene.parameters().await;
    let refused = Err("secret not managed by external-secrets".to_owned());
    assert_eq!(
        written(&backend, &push(Some("a"), None, &json!({}))).await,
        refused
    );
    assert_eq!(backend.delete(&remote("app", None)).await, Ok(()));
    assert_eq!(
        scene.server.operations(),
        ["GetParameter", "ListTagsForResource", "ListTagsForResource"]
    );
    let told = written(
        &backend,
        &push(Some("a"), None, &json!({"tags": {"managed-by": "me"}})),
    )
    .await;
    let why = "error parsing tags in metadata: Cannot specify a 'managed-by' tag";
    assert_eq!(told, Err(why.to_owned()));
}

#[tokio::test]
async fn a_version_that_may_have_been_made_is_not_made_again() {
    let mut answers = parameter("old", &mark());
    answers[2].1 = fault(500, "InternalServerError");
    let scene = scene(&answers).await;
    let backend = scene.parameters().await;
    let told = written(&backend, &push(Some("a"), None, &json!({}))).await;
    assert_eq!(told, Err("app: InternalServerError, HTTP 500".to_owned()));
    let operations = scene.server.operations();
    let puts = operations.iter().filter(|operation| *operation == "PutParameter");
    assert_eq!(puts.count(), 1);
}
