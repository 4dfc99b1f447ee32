//! Parameter Store.

use super::server::{fault, ok};
use super::*;

fn parameter(name: &str) -> Value {
    json!({"Name": name, "Value": format!("value of {name}"), "Type": "SecureString"})
}

fn aws(asked: &Asked) -> Answer {
    let name = asked.parameters["Name"].as_str().unwrap_or_default();
    match asked.operation.as_str() {
        "GetParameters" => {
            let names = asked.parameters["Names"].as_array().cloned().unwrap_or_default();
            let (bad, good): (Vec<_>, Vec<_>) = names
                .iter()
                .filter_map(Value::as_str)
                .partition(|name| name.starts_with("/bad"));
            let good: Vec<_> = good.into_iter().map(parameter).collect();
            ok(&json!({"Parameters": good, "InvalidParameters": bad}))
        }
        "GetParameter" if name.starts_with("/bad/name") => fault(400, "ValidationException"),
        "GetParameter" if name.starts_with("/bad") => fault(400, "ParameterNotFound"),
        "GetParameter" if name.ends_with(":9") => fault(400, "ParameterVersionNotFound"),
        "GetParameter" => ok(&json!({"Parameter": parameter(name)})),
        "ListTagsForResource" if asked.parameters["ResourceId"] == "/a" => {
            ok(&json!({"TagList": [{"Key": "k", "Value": "v"}]}))
        }
        "ListTagsForResource" => fault(400, "InvalidResourceId"),
        _ => fault(400, "UnknownOperationException"),
    }
}

#[tokio::test]
async fn parameters_are_read_together_and_what_is_invalid_once_more() {
    let scene = Scene::new(aws).await;
    let backend = scene.parameters().await;
    let answers = read(&backend, &["/b", "/bad/gone", "/bad/name", "/a"].map(at)).await;
    assert_eq!(
        answers,
        [
            Ok("value of /b".to_owned()),
            Err("/bad/gone: secret does not exist".to_owned()),
            Err("/bad/name: the answer cannot be used: ValidationException, HTTP 400".to_owned()),
            Ok("value of /a".to_owned()),
        ]
    );
    let asked = scene.server.asked();
    let names = json!(["/a", "/b", "/bad/gone", "/bad/name"]);
    assert_eq!(
        asked[0].parameters,
        json!({"Names": names, "WithDecryption": true})
    );
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn versions_and_tags_are_asked_for_alone() {
    let scene = Scene::new(aws).await;
    let backend = scene.connect("ParameterStore", json!({"prefix": "/"})).await;
    let backend = backend.expect("a connection");
    let wanted = [
        version("a", Some("blue")),
        version("a", Some("9")),
        metadata("a"),
        metadata("b"),
    ];
    let answers = read(&backend, &wanted).await;
    assert_eq!(
        answers,
        [
            Ok("value of /a:blue".to_owned()),
            Err("/a:9: secret does not exist".to_owned()),
            Ok(r#"{"k":"v"}"#.to_owned()),
            Err("/b: secret does not exist".to_owned()),
        ],
        "the version is no part of what has tags"
    );
}

#[tokio::test]
async fn parameters_are_found_below_a_path_over_all_pages() {
    let scene = Scene::new(|asked: &Asked| {
        match (asked.operation.as_str(), asked.parameters["NextToken"].as_str()) {
            ("GetParametersByPath", None) => {
                ok(&json!({"NextToken": "2", "Parameters": [parameter("/a/x")]}))
            }
            ("GetParametersByPath", _) => ok(&json!({"Parameters": [parameter("/a/y"), parameter("/a/z")]})),
            _ => fault(400, "UnknownOperationException"),
        }
    })
    .await;
    let backend = scene.parameters().await;
    let found = find(&backend, &by_name("[xz]$", Some("/a"))).await;
    assert_eq!(
        found,
        Ok(pairs(&[("/a/x", "value of /a/x"), ("/a/z", "value of /a/z")]))
    );
    let first = json!({"Path": "/a", "Recursive": true, "WithDecryption": true, "MaxResults": 10});
    assert_eq!(scene.server.asked()[0].parameters, first);
}

#[tokio::test]
async fn where_reading_by_path_is_not_allowed_names_are_listed_and_read() {
    let scene = Scene::new(|asked: &Asked| match asked.operation.as_str() {
        "GetParametersByPath" => fault(400, "AccessDeniedException"),
        "DescribeParameters" => ok(&json!({"Parameters": [{"Name": "/a"}, {"Name": "/b"}, {"Name": "/c"}]})),
        _ => aws(asked),
    })
    .await;
    let backend = scene.parameters().await;
    let found = find(&backend, &by_name("[ab]", None)).await;
    assert_eq!(found, Ok(pairs(&[("/a", "value of /a"), ("/b", "value of /b")])));
}

#[tokio::test]
async fn each_tag_is_asked_for_with_its_own_value() {
    let scene = Scene::new(|asked: &Asked| match asked.operation.as_str() {
        "DescribeParameters" => ok(&json!({"Parameters": [{"Name": "/a"}]})),
        _ => aws(asked),
    })
    .await;
    let backend = scene.parameters().await;
    let query = by_tags(&[("env", "prod"), ("team", "a")], Some("/p"));
    assert_eq!(find(&backend, &query).await, Ok(pairs(&[("/a", "value of /a")])));
    let filters = json!([
        {"Key": "Path", "Option": "Recursive", "Values": ["/p"]},
        {"Key": "tag:env", "Option": "Equals", "Values": ["prod"]},
        {"Key": "tag:team", "Option": "Equals", "Values": ["a"]},
    ]);
    assert_eq!(scene.server.asked()[0].parameters["ParameterFilters"], filters);
}
