//! Many secrets at once.

use super::*;

async fn find(
    backend: &Arc<dyn Backend>,
    name: Option<&str>,
    path: Option<&str>,
) -> Result<Vec<String>, String> {
    let query = Find {
        name: name.map(str::to_owned),
        path: path.map(str::to_owned),
        ..Find::default()
    };
    let found = backend.find(&query).await.map_err(|problem| told(&problem))?;
    Ok(lines(&found))
}

#[tokio::test]
async fn names_match_folders_begin_as_is_wanted_and_imports_fill_the_gaps() {
    let scene = Scene::new().await;
    let flat = scene.store().await;
    let all = find(&flat, None, None).await.expect("all");
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(
        all[0],
        format!("API_KEY={CANARY}"),
        "what is imported comes after"
    );
    assert_eq!(all[2], "SHARED=s");
    assert_eq!(
        find(&flat, Some("^SHA"), None).await,
        Ok(vec!["SHARED=s".to_owned()])
    );

    let deep = scene.backend(scope(&json!({"recursive": true}))).await;
    let below = ["API_KEY=of sub".to_owned(), "DEEP=d".to_owned()];
    assert_eq!(find(&deep, None, Some("/sub")).await, Ok(below.to_vec()));
    assert_eq!(
        find(&deep, Some("DEEP"), Some("/sub")).await,
        Ok(below[1..].to_vec())
    );
    assert_eq!(find(&deep, None, Some("/none")).await, Ok(vec![]));
    let refused = find(&deep, Some("("), None).await.expect_err("no pattern");
    assert!(refused.starts_with("find.name.regexp: "), "{refused}");
}

#[tokio::test]
async fn tags_are_refused_as_in_eso() {
    let scene = Scene::new().await;
    let query = Find {
        tags: [("a".to_owned(), "b".to_owned())].into(),
        ..Find::default()
    };
    let refused = scene.store().await.find(&query).await.expect_err("tags");
    assert_eq!(told(&refused), "find.tags: find by tags not supported");
}
