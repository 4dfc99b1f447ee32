//! Every fault: what it is taken for, and that nothing of what is said with it is repeated.

use lockstep_testkit::Fate;

use super::*;
use crate::provider::testing::{Fault, is_bad_answer, is_refused, is_unreachable};

fn faults() -> Vec<Fault> {
    let fault = |fate, comes_to, says| Fault { fate, comes_to, says };
    let body = json!({"messages": [CANARY], "success": false}).to_string();
    vec![
        fault(Fate::status(500, body.as_str()), is_unreachable, "HTTP 500"),
        fault(Fate::status(503, CANARY), is_unreachable, "HTTP 503"),
        fault(Fate::status(403, body.as_str()), is_refused, "HTTP 403"),
        fault(Fate::status(302, CANARY), is_bad_answer, "HTTP 302"),
        fault(Fate::status(206, "{}"), is_bad_answer, "HTTP 206"),
        fault(Fate::page(CANARY), is_bad_answer, "JSON"),
        fault(Fate::status(200, "[]"), is_bad_answer, "JSON"),
        fault(Fate::status(200, r#"{"A": "canary-77ab""#), is_bad_answer, "JSON"),
        fault(
            Fate::status(200, r#"{"A": ["canary-77ab"]}"#),
            is_bad_answer,
            "the value of A is no text",
        ),
        fault(Fate::Endless(20 << 20), is_bad_answer, "larger than"),
        fault(Fate::Half, is_unreachable, ""),
        fault(Fate::Cut { carried_out: false }, is_unreachable, ""),
        fault(Fate::Cut { carried_out: true }, is_unreachable, ""),
        fault(
            Fate::throttled(Some("7"), CANARY),
            |problem| matches!(problem, Problem::Throttled { retry_after: Some(pause), .. } if pause.as_secs() == 7),
            "HTTP 429",
        ),
    ]
}

#[tokio::test]
async fn a_read_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        // What has not changed is told without a body, and breaks off nowhere.
        scene.doppler.put(PLACE, "LINES", &shown);
        scene.doppler.faults().always(fault.fate);
        let problem = backend.read(&[at("API_KEY")]).await.remove(0).expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(
            text.contains(fault.says) && text.starts_with("Doppler's config: "),
            "{shown}: {text}"
        );
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
    for (nth, fault) in faults().into_iter().enumerate() {
        let backend = scene
            .backend(json!({"auth": auth, "project": "app", "config": "prd"}))
            .await;
        let shown = format!("{:?}", fault.fate);
        scene.doppler.faults().always(fault.fate);
        let problem = backend.check().await.expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(text.starts_with("login at Doppler: "), "{shown}: {text}");
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
}
