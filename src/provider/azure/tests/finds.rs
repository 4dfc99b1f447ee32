//! Many secrets at once.

use std::collections::BTreeMap;

use lockstep_testkit::Fate;

use super::*;

async fn find(
    vault: &Arc<dyn Backend>,
    name: Option<&str>,
    tags: &[(&str, &str)],
) -> Result<Vec<String>, String> {
    let tags = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let query = Find {
        path: Some("has no meaning".to_owned()),
        name: name.map(str::to_owned),
        tags: tags.collect::<BTreeMap<_, _>>(),
        ..Find::default()
    };
    let found = vault.find(&query).await.map_err(|problem| told(&problem))?;
    let found = shown(&found).into_iter();
    Ok(found.map(|(name, value)| format!("{name}={value}")).collect())
}

#[tokio::test]
async fn names_and_tags_choose_among_all_pages() {
    let scene = Scene::new().await;
    for nth in 0..60 {
        let tags: &[_] = if nth % 20 == 0 {
            &[("team", "a"), ("env", "x")]
        } else {
            &[("env", "y")]
        };
        scene
            .azure
            .put_secret(&format!("app-{nth:02}"), &nth.to_string(), tags);
    }
    scene.azure.put_secret("app-off", CANARY, &[("team", "a")]);
    scene.azure.set_attributes("app-off", &json!({"enabled": false}));
    scene.azure.put_secret("other", "o", &[("team", "a")]);
    let vault = scene.vault().await;
    assert_eq!(
        find(&vault, Some("^app-.9$"), &[]).await.map(|found| found.len()),
        Ok(6)
    );
    let of_team = ["app-00=0", "app-20=20", "app-40=40", "other=o"].map(str::to_owned);
    assert_eq!(find(&vault, None, &[("team", "a")]).await, Ok(of_team.to_vec()));
    let both = ["app-00=0", "app-20=20", "app-40=40"].map(str::to_owned);
    assert_eq!(
        find(&vault, Some("app"), &[("team", "a"), ("env", "x")]).await,
        Ok(both.to_vec())
    );
    assert_eq!(find(&vault, Some("app"), &[("team", "b")]).await, Ok(vec![]));
    assert_eq!(find(&vault, None, &[]).await.map(|found| found.len()), Ok(61));
    let refused = find(&vault, Some("("), &[]).await.expect_err("no pattern");
    assert!(refused.starts_with("find.name.regexp: "), "{refused}");
}

#[tokio::test]
async fn a_list_goes_on_nowhere_but_in_itself() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    for next in [
        "https://evil.example/secrets?x=1",
        "http://localhost/secrets",
        "/secrets",
        "canary",
        &format!("{}/keys?x=1", scene.azure.url()),
    ] {
        let page = json!({"value": [], "nextLink": next}).to_string();
        scene.azure.faults().are(move |asked| match asked.path.as_str() {
            "/secrets" => Fate::status(200, page.as_str()),
            _ => Fate::Pass,
        });
        let refused = find(&vault, Some("a"), &[]).await.expect_err("refused");
        assert_eq!(
            refused,
            "the list of secrets: the answer cannot be used: it goes on somewhere else"
        );
    }
}

#[tokio::test]
async fn a_list_that_is_none_or_has_no_end_is_an_error() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    let entry = |id: &str| json!({"value": [{"id": id, "attributes": {"enabled": true}}]}).to_string();
    let endless = json!({"value": [], "nextLink": format!("{}/secrets?more", scene.azure.url())}).to_string();
    for (page, why) in [
        (entry("https://x/secrets/../canary?"), "an entry has no name"),
        (entry(""), "an entry has no name"),
        (r#"{"value":"canary"}"#.to_owned(), "it is no list"),
        (
            r#"{"value":["canary"]}"#.to_owned(),
            "an entry of the list is no object",
        ),
        (endless, "there are too many; narrow the search"),
    ] {
        scene.azure.faults().are(move |asked| match asked.path.as_str() {
            "/secrets" => Fate::status(200, page.as_str()),
            _ => Fate::Pass,
        });
        let refused = find(&vault, Some("a"), &[]).await.expect_err("refused");
        assert_eq!(
            refused,
            format!("the list of secrets: the answer cannot be used: {why}")
        );
    }
}

#[tokio::test]
async fn what_goes_while_we_look_is_not_found() {
    let scene = Scene::new().await;
    scene.azure.put_secret("here", "1", &[]);
    scene.azure.put_secret("gone", "2", &[]);
    let vault = scene.vault().await;
    scene.azure.faults().are(|asked| match asked.path.as_str() {
        "/secrets/gone" => Fate::status(404, r#"{"error":{"code":"SecretNotFound"}}"#),
        _ => Fate::Pass,
    });
    assert_eq!(find(&vault, None, &[]).await, Ok(vec!["here=1".to_owned()]));
}
