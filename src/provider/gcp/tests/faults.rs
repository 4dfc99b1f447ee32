//! Every fault: what it is taken for, and that nothing of what is said with it is repeated.

use lockstep_testkit::Fate;

use super::*;
use crate::provider::testing::{Fault, is_bad_answer, is_refused, is_unreachable};

fn faults() -> Vec<Fault> {
    let fault = |fate, comes_to, says| Fault { fate, comes_to, says };
    let body = json!({"error": {"code": CANARY, "message": CANARY}, "value": [CANARY]}).to_string();
    vec![
        fault(Fate::status(500, body.as_str()), is_unreachable, "HTTP 500"),
        fault(Fate::status(503, CANARY), is_unreachable, "HTTP 503"),
        fault(Fate::status(403, body.as_str()), is_refused, "HTTP 403"),
        fault(Fate::status(404, CANARY), is_bad_answer, "HTTP 404"),
        fault(Fate::status(302, CANARY), is_bad_answer, "HTTP 302"),
        fault(Fate::page(CANARY), is_bad_answer, ""),
        fault(Fate::status(200, "{}"), is_bad_answer, "it holds no"),
        fault(Fate::status(200, body.as_str()), is_bad_answer, "it holds no"),
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
    scene.google.put("app", CANARY.as_bytes());
    let manager = scene.manager().await;
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        scene.google.faults().are(move |asked| match asked.path.as_str() {
            "/v1/projects/project-1/secrets/app/versions/latest:access" => fault.fate.clone(),
            _ => Fate::Pass,
        });
        let problem = manager.read(&[at("app")]).await.remove(0).expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(
            text.contains(fault.says) && text.starts_with("app: "),
            "{shown}: {text}"
        );
        scene.google.faults().always(Fate::Pass);
        assert_eq!(
            value(&manager, at("app"), "").await,
            Ok(CANARY.to_owned()),
            "after {shown}"
        );
    }
    assert_eq!(scene.google.tokens(), 1);
}

#[tokio::test]
async fn a_login_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    scene.google.put("app", CANARY.as_bytes());
    for fault in faults() {
        let manager = scene.manager().await;
        let shown = format!("{:?}", fault.fate);
        scene.google.faults().always(fault.fate);
        let problem = manager.check().await.expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(
            text.contains(fault.says) && text.contains("login at localhost"),
            "{shown}: {text}"
        );
        scene.google.faults().always(Fate::Pass);
        assert_eq!(manager.check().await, Ok(Health::Ready), "after {shown}");
    }
}

#[tokio::test]
async fn a_manager_that_is_away_fails_the_check() {
    let scene = Scene::new().await;
    let manager = scene.manager().await;
    assert_eq!(manager.check().await, Ok(Health::Ready));
    for fate in [
        Fate::status(503, CANARY),
        Fate::throttled(None, CANARY),
        Fate::Cut { carried_out: false },
    ] {
        scene.google.faults().are(move |asked| match asked.path.as_str() {
            "/v1/projects/project-1/secrets" => fate.clone(),
            _ => Fate::Pass,
        });
        let problem = manager.check().await.expect_err("away");
        assert!(told(&problem).starts_with("project project-1: "), "{problem:?}");
    }
}

#[tokio::test]
async fn a_manager_that_cannot_be_trusted_gets_no_token() {
    let mut scene = Scene::new().await;
    let stranger = lockstep_testkit::Authority::new("stranger").expect("made");
    scene.environment.trusted = Some(certificates::parse(stranger.pem().as_bytes()).expect("a certificate"));
    let manager = scene.manager().await;
    let problem = manager.check().await.expect_err("a stranger");
    assert!(
        is_unreachable(&problem) && told(&problem).contains("UnknownIssuer"),
        "{problem:?}"
    );
    assert_eq!(scene.google.faults().traffic().total(), 0);
}
