//! Many secrets at once, by other names, and as one file.

use super::*;

async fn find(
    backend: &Arc<dyn Backend>,
    name: Option<&str>,
    path: Option<&str>,
) -> Result<Vec<String>, String> {
    let query = Find {
        name: name.map(str::to_owned),
        path: path.map(str::to_owned),
        tags: [("has no".to_owned(), "meaning".to_owned())].into(),
        ..Find::default()
    };
    let found = backend.find(&query).await.map_err(|problem| told(&problem))?;
    Ok(lines(&found))
}

#[tokio::test]
async fn names_match_and_begin_as_is_wanted() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let all = find(&backend, None, None).await.expect("all");
    assert_eq!(all.len(), 7, "Doppler's own are there too: {all:?}");
    let one = ["DB__USER_NAME=u".to_owned()];
    assert_eq!(find(&backend, Some("NAME$"), None).await, Ok(one.to_vec()));
    assert_eq!(find(&backend, None, Some("DB_")).await, Ok(one.to_vec()));
    assert_eq!(find(&backend, Some("^DB"), Some("DB")).await, Ok(one.to_vec()));
    assert_eq!(find(&backend, Some("^API"), Some("DB")).await, Ok(vec![]));
    assert_eq!(
        find(&backend, None, Some("NAME")).await,
        Ok(vec![]),
        "no beginning"
    );
    let refused = find(&backend, Some("("), None).await.expect_err("no pattern");
    assert!(refused.starts_with("find.name.regexp: "), "{refused}");
}

#[tokio::test]
async fn every_transformer_is_doppler_s_own() {
    let scene = Scene::new().await;
    for (transformer, expected) in [
        ("upper-camel", "DbUserName=u"),
        ("camel", "dbUserName=u"),
        ("lower-snake", "db_user_name=u"),
        ("tf-var", "TF_VAR_db_user_name=u"),
        ("dotnet-env", "Db__UserName=u"),
        ("lower-kebab", "db-user-name=u"),
    ] {
        let backend = scene.backend(json!({"nameTransformer": transformer})).await;
        let found = find(&backend, Some("(?i)user"), None).await;
        assert_eq!(found, Ok(vec![expected.to_owned()]), "{transformer}");
    }
}

#[tokio::test]
async fn every_format_is_one_file() {
    let scene = Scene::new().await;
    for (format, expected) in [
        ("json", r#""DB__USER_NAME":"u""#),
        ("dotnet-json", r#""Db":{"UserName":"u"}"#),
        ("env", "\nDB__USER_NAME=\"u\"\n"),
        ("yaml", "\nDB__USER_NAME: \"u\"\n"),
        ("docker", "\nDB__USER_NAME=u\n"),
    ] {
        let backend = scene.backend(json!({ "format": format })).await;
        let found = find(&backend, None, None).await.expect("a file");
        let [file] = found.as_slice() else {
            panic!("one file: {found:?}")
        };
        let content = file.strip_prefix("DOPPLER_SECRETS_FILE=").expect("of that name");
        assert!(content.contains(expected), "{format}: {content}");
        assert_eq!(find(&backend, Some("USER"), None).await, Ok(vec![]), "{format}");
    }
}
