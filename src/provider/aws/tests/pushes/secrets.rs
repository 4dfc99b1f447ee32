//! Secrets Manager.

use super::*;

fn described(more: &Value) -> Answer {
    let mut secret = json!({"Name": "app", "Tags": mark(), "VersionIdsToStages": {"v1": ["AWSCURRENT"]}});
    let more = more.as_object().cloned().unwrap_or_default();
    secret.as_object_mut().expect("an object").extend(more);
    ok(&secret)
}

fn absent() -> Answer {
    fault(400, "ResourceNotFoundException")
}

/// One secret that holds this, and has no policy.
fn existing(value: &str) -> Vec<(&'static str, Answer)> {
    vec![
        ("DescribeSecret", described(&json!({}))),
        ("GetSecretValue", ok(&json!({"SecretString": value}))),
        ("GetResourcePolicy", ok(&json!({}))),
        ("PutSecretValue", ok(&json!({}))),
        ("DeleteSecret", ok(&json!({}))),
    ]
}

#[tokio::test]
async fn a_new_secret_gets_all_that_is_wished_for() {
    let scene = scene(&[
        ("DescribeSecret", absent()),
        ("CreateSecret", ok(&json!({}))),
        ("PutResourcePolicy", ok(&json!({}))),
    ])
    .await;
    let policy = [("p.json", r#"{"Version": "2012-10-17"}"#)];
    scene
        .cluster
        .put(DocumentKind::ConfigMap, "own", "policy", &policy);
    let wishes = json!({
        "secretPushFormat": "string", "kmsKeyId": "mine", "tags": {"team": "x"}, "replicationLocations": ["us-west-2"],
        "resourcePolicy": {"blockPublicPolicy": true, "policySourceRef": {"kind": "ConfigMap", "name": "policy", "key": "p.json"}},
    });
    let backend = scene.secrets().await;
    assert_eq!(
        written(&backend, &push(Some("a"), Some("x.y"), &wishes)).await,
        Ok(())
    );
    let asked = scene.server.asked();
    let parameters: Vec<_> = asked.iter().map(|asked| &asked.parameters).collect();
    let created = json!({
        "Name": "app", "ClientRequestToken": "00000000-0000-0000-0000-000000000001",
        "Description": "secret 'managed-by:external-secrets'", "KmsKeyId": "mine",
        "SecretString": r#"{"x":{"y":"canary"}}"#, "AddReplicaRegions": [{"Region": "us-west-2", "KmsKeyId": "mine"}],
        "Tags": [{"Key": "managed-by", "Value": "external-secrets"}, {"Key": "team", "Value": "x"}],
    });
    let policy = json!({
        "SecretId": "app", "ResourcePolicy": r#"{"Version": "2012-10-17"}"#, "BlockPublicPolicy": true,
    });
    assert_eq!(parameters, [&json!({"SecretId": "app"}), &created, &policy]);
}

#[tokio::test]
async fn a_policy_that_is_not_there_is_told_before_anything_is_written() {
    let scene = scene(&[]).await;
    let backend = scene.secrets().await;
    let source =
        |kind: &str, name: &str| json!({"policySourceRef": {"kind": kind, "name": name, "key": "canary"}});
    for (policy, why) in [
        (
            source("ConfigMap", "nowhere"),
            "cannot get ConfigMap own/nowhere: it does not exist",
        ),
        (
            source("Pod", "x"),
            "unsupported PolicySourceRef kind: Pod (must be ConfigMap or Secret)",
        ),
        (json!({}), "policySourceRef is nil"),
    ] {
        let told = written(
            &backend,
            &push(Some("a"), None, &json!({"resourcePolicy": policy})),
        )
        .await;
        assert_eq!(told, Err(format!("failed to resolve resource policy: {why}")));
    }
    assert!(scene.server.asked().is_empty());
}

#[tokio::test]
async fn what_is_the_same_is_not_written() {
    let scene = scene(&existing("canary")).await;
    let backend = scene.secrets().await;
    assert_eq!(
        written(&backend, &push(Some("a"), None, &json!({}))).await,
        Ok(())
    );
    let looks = ["DescribeSecret", "GetSecretValue", "GetResourcePolicy"];
    assert_eq!(scene.server.operations(), looks);
}

#[tokio::test]
async fn what_differs_is_changed_and_nothing_else() {
    let mut answers = existing(r#"{"z": 1.50}"#);
    let tags = json!([{"Key": "one", "Value": "1"}, {"Key": "two", "Value": "2"}, mark()[0]]);
    let more = json!({"Tags": tags, "KmsKeyId": "mine", "ReplicationStatus": [{"Region": "us-west-1"}]});
    answers[0].1 = described(&more);
    for operation in [
        "UntagResource",
        "TagResource",
        "RemoveRegionsFromReplication",
        "ReplicateSecretToRegions",
    ] {
        answers.push((operation, ok(&json!({}))));
    }
    let scene = scene(&answers).await;
    let wishes = json!({"tags": {"two": "22"}, "replicationLocations": ["us-west-2"]});
    let backend = scene.secrets().await;
    assert_eq!(
        written(&backend, &push(Some("a"), Some("x"), &wishes)).await,
        Ok(())
    );
    let changes = scene.server.asked().split_off(2);
    let changes: Vec<_> = changes
        .iter()
        .map(|asked| (asked.operation.as_str(), &asked.parameters))
        .collect();
    let mut put = changes.last().expect("a change").1.clone();
    let version = put["ClientRequestToken"].take();
    assert_eq!(
        version.as_str().map(str::len),
        Some(36),
        "a version has an id of its own"
    );
    assert_eq!(
        changes[..changes.len() - 1],
        [
            ("UntagResource", &json!({"SecretId": "app", "TagKeys": ["one"]})),
            (
                "TagResource",
                &json!({"SecretId": "app", "Tags": [{"Key": "two", "Value": "22"}]})
            ),
            ("GetResourcePolicy", &json!({"SecretId": "app"})),
            (
                "RemoveRegionsFromReplication",
                &json!({"SecretId": "app", "RemoveReplicaRegions": ["us-west-1"]})
            ),
            (
                "ReplicateSecretToRegions",
                &json!({"SecretId": "app", "AddReplicaRegions": [{"Region": "us-west-2", "KmsKeyId": "mine"}]})
            ),
        ]
    );
    // {"z": 1.50,"x":"canary"}
    let binary = "eyJ6IjogMS41MCwieCI6ImNhbmFyeSJ9";
    assert_eq!(
        put,
        json!({"SecretId": "app", "SecretBinary": binary, "ClientRequestToken": null})
    );
}

#[tokio::test]
async fn a_policy_follows_what_is_wished_for() {
    let put = |policy: &str| ok(&json!({"ResourcePolicy": policy}));
    let wish =
        json!({"resourcePolicy": {"policySourceRef": {"kind": "Secret", "name": "policy", "key": "p"}}});
    let none = json!({});
    for (current, wishes, expected) in [
        (put(r#"{"a":[1]}"#), &wish, None),
        (put("{}"), &wish, Some("PutResourcePolicy")),
        (ok(&json!({})), &wish, Some("PutResourcePolicy")),
        (ok(&json!({})), &none, None),
        (put("{}"), &none, Some("DeleteResourcePolicy")),
        (
            fault(400, "AccessDeniedException"),
            &none,
            Some("DeleteResourcePolicy"),
        ),
    ] {
        let mut answers = existing("canary");
        answers[2].1 = current.clone();
        answers.extend(["PutResourcePolicy", "DeleteResourcePolicy"].map(|name| (name, ok(&json!({})))));
        let scene = scene(&answers).await;
        let policy = [("p", r#"{ "a": [1] }"#)];
        scene.cluster.put(DocumentKind::Secret, "own", "policy", &policy);
        let backend = scene.secrets().await;
        assert_eq!(written(&backend, &push(Some("a"), None, wishes)).await, Ok(()));
        let operations = scene.server.operations();
        assert_eq!(
            operations.get(3).map(String::as_str),
            expected,
            "{current:?} {wishes}"
        );
    }
}

#[tokio::test]
async fn what_is_not_ours_or_waits_for_its_deletion_is_left_alone() {
    for (more, why) in [
        (json!({"Tags": []}), "secret not managed by external-secrets"),
        (
            json!({"Tags": [{"Key": "managed-by", "Value": "me"}]}),
            "secret not managed by external-secrets",
        ),
        (
            json!({"DeletedDate": 1.0}),
            "app waits for its deletion: restore it, or wait until it is gone",
        ),
    ] {
        let scene = scene(&[("DescribeSecret", described(&more))]).await;
        let backend = scene.secrets().await;
        assert_eq!(
            written(&backend, &push(Some("a"), None, &json!({}))).await,
            Err(why.to_owned())
        );
        assert_eq!(backend.delete(&remote("app", None)).await, Ok(()));
        assert_eq!(scene.server.operations(), ["DescribeSecret", "DescribeSecret"]);
    }
}

#[tokio::test]
async fn who_comes_second_finds_what_the_first_created() {
    let mut answers = existing("canary");
    answers.insert(0, ("DescribeSecret", absent()));
    answers.push(("CreateSecret", fault(400, "ResourceExistsException")));
    let scene = scene(&answers).await;
    let backend = scene.secrets().await;
    assert_eq!(
        written(&backend, &push(Some("a"), None, &json!({}))).await,
        Ok(())
    );
    let expected = [
        "DescribeSecret",
        "CreateSecret",
        "DescribeSecret",
        "GetSecretValue",
        "GetResourcePolicy",
    ];
    assert_eq!(scene.server.operations(), expected);
}

#[tokio::test]
async fn a_secret_without_a_value_gets_its_first() {
    let scene = scene(&[
        ("DescribeSecret", described(&json!({"VersionIdsToStages": {}}))),
        ("GetResourcePolicy", ok(&json!({}))),
        ("PutSecretValue", ok(&json!({}))),
    ])
    .await;
    let backend = scene.secrets().await;
    assert_eq!(
        written(&backend, &push(Some("b"), None, &json!({}))).await,
        Ok(())
    );
    let put = scene.server.asked().pop().expect("a call");
    let version = "00000000-0000-0000-0000-000000000001";
    let expected = json!({"SecretId": "app", "ClientRequestToken": version, "SecretBinary": "/w=="});
    assert_eq!(put.parameters, expected);
}

#[tokio::test]
async fn bytes_are_no_text_and_no_property() {
    let scene = scene(&[]).await;
    let backend = scene.secrets().await;
    for push in [
        push(Some("b"), Some("x"), &json!({})),
        push(Some("b"), None, &json!({"secretPushFormat": "string"})),
    ] {
        let told = written(&backend, &push).await.expect_err("no text");
        assert!(
            told.starts_with("secret key b holds bytes that are no text"),
            "{told}"
        );
    }
    assert!(scene.server.asked().is_empty());
}

#[tokio::test]
async fn with_the_last_property_the_secret_goes_as_the_store_says() {
    let mut answers = existing(r#"{"x":{"y":"1"},"z":"2"}"#);
    answers.insert(
        2,
        ("GetSecretValue", ok(&json!({"SecretString": r#"{"z":"2"}"#}))),
    );
    answers[0].1 = described(&json!({"ReplicationStatus": [{"Region": "us-west-2"}]}));
    answers.push(("RemoveRegionsFromReplication", ok(&json!({}))));
    let scene = scene(&answers).await;
    let force = json!({"secretsManager": {"forceDeleteWithoutRecovery": true}});
    let backend = scene
        .connect("SecretsManager", force)
        .await
        .expect("a connection");
    assert_eq!(backend.delete(&remote("app", Some("x.y"))).await, Ok(()));
    let put = scene.server.asked().pop().expect("a call");
    assert_eq!(put.parameters["SecretString"], r#"{"z":"2"}"#);
    assert_eq!(backend.delete(&remote("app", Some("nope"))).await, Ok(()));
    assert_eq!(scene.server.operations(), ["DescribeSecret", "GetSecretValue"]);
    assert_eq!(backend.delete(&remote("app", Some("z"))).await, Ok(()));
    let asked = scene.server.asked().split_off(2);
    assert_eq!(
        asked[0].parameters,
        json!({"SecretId": "app", "RemoveReplicaRegions": ["us-west-2"]})
    );
    assert_eq!(
        asked[1].parameters,
        json!({"SecretId": "app", "ForceDeleteWithoutRecovery": true})
    );
}

#[tokio::test]
async fn faults_are_told_as_what_they_are_wherever_they_strike() {
    for (status, code, reason) in [
        (400, "ThrottlingException", "Throttled"),
        (400, "AccessDeniedException", "Refused"),
        (400, "ValidationException", "BadAnswer"),
        (500, "InternalServerError", "Unreachable"),
    ] {
        for at in ["DescribeSecret", "GetSecretValue", "PutSecretValue"] {
            let mut answers = existing("old");
            let answer = answers.iter_mut().find(|(operation, _)| *operation == at);
            answer.expect("among them").1 = fault(status, code);
            let scene = scene(&answers).await;
            let problem = scene
                .secrets()
                .await
                .write(&push(Some("a"), None, &json!({})))
                .await;
            let problem = problem.expect_err("a fault");
            assert_eq!(problem.reason(), reason, "{at}: {problem}");
            assert!(problem.to_string().starts_with("app: "), "{problem}");
            assert!(!format!("{problem:?}").contains("canary"), "{problem:?}");
        }
    }
}
