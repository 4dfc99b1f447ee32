//! Every fault: what it is taken for, and that nothing of what is said with it is repeated.

use lockstep_testkit::Fate;

use super::*;
use crate::provider::testing::{Fault, faults_of_http};

fn faults() -> Vec<Fault> {
    let body = json!({"messages": [CANARY], "success": false}).to_string();
    let mut faults = faults_of_http(&body);
    faults.extend([
        Fault::new(Fate::status(206, "{}"), "BadAnswer", "HTTP 206"),
        Fault::new(Fate::status(200, "[]"), "BadAnswer", "JSON"),
        Fault::new(Fate::status(200, r#"{"A": "canary-77ab""#), "BadAnswer", "JSON"),
        Fault::new(
            Fate::status(200, r#"{"A": ["canary-77ab"]}"#),
            "BadAnswer",
            "the value of A is no text",
        ),
    ]);
    faults
}

#[tokio::test]
async fn a_read_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        // What has not changed is told without a body, and breaks off nowhere.
        scene.doppler.put(PLACE, "LINES", &shown);
        scene.doppler.faults().always(fault.fate.clone());
        let problem = backend.read(&[at("API_KEY")]).await.remove(0).expect_err(&shown);
        fault.came_to(&problem, "Doppler's config: ");
        assert!(backend.find(&Find::default()).await.is_err(), "{shown}");
        assert!(backend.check().await.is_err(), "{shown}");
        scene.doppler.faults().always(Fate::Pass);
        assert_eq!(
            value(&backend, "API_KEY").await,
            Ok(CANARY.to_owned()),
            "after {shown}"
        );
    }
}

#[tokio::test]
async fn a_login_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    let auth = json!({"oidcConfig": {"identity": "i", "serviceAccountRef": {"name": "a"}}});
    let mut faults = faults_of_http(&json!({"token": [CANARY]}).to_string());
    faults.push(Fault::new(
        Fate::status(200, "{}"),
        "BadAnswer",
        "it holds no token",
    ));
    for (nth, fault) in faults.into_iter().enumerate() {
        let backend = scene
            .backend(json!({"auth": auth, "project": "app", "config": "prd"}))
            .await;
        let shown = format!("{:?}", fault.fate);
        scene.doppler.faults().always(fault.fate.clone());
        let problem = backend.check().await.expect_err(&shown);
        fault.came_to(&problem, "login at Doppler: ");
        scene.doppler.faults().always(Fate::Pass);
        let token = format!("token-{}", nth * 2 + 1);
        scene.doppler.trust("i", &token, "");
        assert_eq!(backend.check().await, Ok(Health::Ready), "after {shown}");
    }
}

#[tokio::test]
async fn a_write_that_fails_is_told_and_what_is_read_then_is_what_is_there() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let push = Push {
        remote: Remote {
            key: "NEW".to_owned(),
            property: None,
            metadata: None,
        },
        secret_key: Some("k".to_owned()),
        values: Values::from([("k".to_owned(), CANARY.into())]),
        source: crate::engine::ask::PushSource::default(),
    };
    for (fate, is_written) in [
        (Fate::status(500, CANARY), false),
        (Fate::status(403, CANARY), false),
        (Fate::Cut { carried_out: false }, false),
        (Fate::Cut { carried_out: true }, true),
    ] {
        scene
            .doppler
            .faults()
            .are(move |asked| match asked.method.as_str() {
                "POST" => fate.clone(),
                _ => Fate::Pass,
            });
        let problem = backend.write(&push).await.expect_err("failed");
        assert!(told(&problem).starts_with("NEW: "), "{problem:?}");
        assert_eq!(value(&backend, "NEW").await.is_ok(), is_written);
    }
    // Nor is it what was downloaded before, to those who would be content with that.
    let backend = scene.store().await;
    let due = Instant::now();
    backend
        .hold(Hold {
            since: due,
            wanted: READS,
        })
        .await
        .expect("held");
    let other = Push {
        values: Values::from([("k".to_owned(), "other".into())]),
        ..push
    };
    backend.write(&other).await.expect_err("cut");
    let held = backend
        .hold(Hold {
            since: due,
            wanted: READS,
        })
        .await
        .expect("held");
    assert_eq!(value(&held, "NEW").await, Ok("other".to_owned()));
}
