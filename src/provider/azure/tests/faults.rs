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
    scene.azure.put_secret("app", CANARY, &[]);
    let vault = scene.vault().await;
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        scene.azure.faults().are(move |asked| match asked.path.as_str() {
            "/secrets/app" => fault.fate.clone(),
            _ => Fate::Pass,
        });
        let problem = vault.read(&[at("app")]).await.remove(0).expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(
            text.contains(fault.says) && text.starts_with("app: "),
            "{shown}: {text}"
        );
        scene.azure.faults().always(Fate::Pass);
        assert_eq!(
            value(&vault, at("app"), "").await,
            Ok(CANARY.to_owned()),
            "after {shown}"
        );
    }
    assert_eq!(scene.azure.tokens(), 1);
}

#[tokio::test]
async fn a_login_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    scene.azure.put_secret("app", CANARY, &[]);
    for fault in faults() {
        let vault = scene.vault().await;
        let shown = format!("{:?}", fault.fate);
        scene.azure.faults().always(fault.fate);
        let problem = vault.check().await.expect_err(&shown);
        let text = told(&problem);
        assert!((fault.comes_to)(&problem), "{shown} comes to {problem:?}");
        assert!(
            text.contains(fault.says) && text.contains("login at localhost"),
            "{shown}: {text}"
        );
        scene.azure.faults().always(Fate::Pass);
        assert_eq!(vault.check().await, Ok(Health::Ready), "after {shown}");
    }
}

#[tokio::test]
async fn a_vault_that_is_away_fails_the_check() {
    let scene = Scene::new().await;
    let vault = scene.vault().await;
    assert_eq!(vault.check().await, Ok(Health::Ready));
    for fate in [
        Fate::status(503, CANARY),
        Fate::throttled(None, CANARY),
        Fate::Cut { carried_out: false },
    ] {
        scene.azure.faults().are(move |asked| match asked.path.as_str() {
            "/secrets" => fate.clone(),
            _ => Fate::Pass,
        });
        let problem = vault.check().await.expect_err("away");
        assert!(told(&problem).starts_with("localhost: "), "{problem:?}");
    }
}

#[tokio::test]
async fn a_vault_that_cannot_be_trusted_gets_no_token() {
    let mut scene = Scene::new().await;
    let stranger = lockstep_testkit::Authority::new("stranger").expect("made");
    scene.environment.trusted = Some(certificates::parse(stranger.pem().as_bytes()).expect("a certificate"));
    let vault = scene.vault().await;
    let problem = vault.check().await.expect_err("a stranger");
    assert!(
        is_unreachable(&problem) && told(&problem).contains("UnknownIssuer"),
        "{problem:?}"
    );
    assert_eq!(scene.azure.faults().traffic().total(), 0);
}
