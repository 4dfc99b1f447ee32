//! Every fault: what it is taken for, and that nothing of what is said with it is repeated.

use lockstep_testkit::Fate;

use super::*;
use crate::provider::testing::{Fault, is_bad_answer, is_refused, is_unreachable};

fn faults() -> Vec<Fault> {
    let fault = |fate, comes_to, says| Fault { fate, comes_to, says };
    let body = json!({"statusCode": 500, "error": CANARY, "message": CANARY}).to_string();
    vec![
        fault(Fate::status(500, body.as_str()), is_unreachable, "HTTP 500"),
        fault(Fate::status(503, CANARY), is_unreachable, "HTTP 503"),
        fault(Fate::status(403, body.as_str()), is_refused, "HTTP 403"),
        fault(Fate::status(302, CANARY), is_bad_answer, "HTTP 302"),
        fault(Fate::page(CANARY), is_bad_answer, "it holds no"),
        fault(Fate::status(200, "[]"), is_bad_answer, "it holds no"),
        fault(
            Fate::status(200, r#"{"secret": "canary-9e02"}"#),
            is_bad_answer,
            "it holds no",
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
    assert_eq!(backend.check().await, Ok(Health::Ready));
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        scene.infisical.faults().always(fault.fate);
        let problem = backend.read(&[at("API_KEY")]).await.remove(0).expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(
            text.contains(fault.says) && text.starts_with("API_KEY: "),
            "{shown}: {text}"
        );
        told(&backend.find(&Find::default()).await.expect_err(&shown));
        scene.infisical.faults().always(Fate::Pass);
        assert_eq!(
            value(&backend, "API_KEY", "").await,
            Ok(CANARY.to_owned()),
            "after {shown}"
        );
    }
    assert_eq!(scene.infisical.log_ins(), 1);
}

#[tokio::test]
async fn a_login_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    for fault in faults() {
        let backend = scene.store().await;
        let shown = format!("{:?}", fault.fate);
        scene.infisical.faults().always(fault.fate);
        let problem = backend.check().await.expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(text.starts_with("login at Infisical: "), "{shown}: {text}");
        scene.infisical.faults().always(Fate::Pass);
        assert_eq!(backend.check().await, Ok(Health::Ready), "after {shown}");
    }
}

#[tokio::test]
async fn a_check_that_fails_is_told_in_eso_s_words() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    scene.infisical.faults().always(Fate::status(403, CANARY));
    assert_eq!(
        told(&backend.check().await.expect_err("refused")),
        "cannot read secrets with provided project scope project:app environment:prd secret-path:/ recursive:false: the \
         backend refuses (HTTP 403; the identity may not do this in the project)"
    );
}
