//! Every fault: what it is taken for, and that nothing of what is said with it is repeated.

use lockstep_testkit::Fate;

use super::*;
use crate::provider::testing::{Fault, faults_of_http};

fn faults() -> Vec<Fault> {
    let body = json!({"error": {"code": CANARY, "message": CANARY}, "value": [CANARY]}).to_string();
    let mut faults = faults_of_http(&body);
    faults.extend([
        Fault::new(Fate::status(404, CANARY), "BadAnswer", "HTTP 404"),
        Fault::new(Fate::status(200, "{}"), "BadAnswer", "it holds no"),
        Fault::new(Fate::status(200, body.as_str()), "BadAnswer", "it holds no"),
    ]);
    faults
}

#[tokio::test]
async fn a_read_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    scene.azure.put_secret("app", CANARY, &[]);
    let vault = scene.vault().await;
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        let fate = fault.fate.clone();
        scene.azure.faults().are(move |asked| match asked.path.as_str() {
            "/secrets/app" => fate.clone(),
            _ => Fate::Pass,
        });
        let problem = vault.read(&[at("app")]).await.remove(0).expect_err(&shown);
        fault.came_to(&problem, "app: ");
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
        scene.azure.faults().always(fault.fate.clone());
        let problem = vault.check().await.expect_err(&shown);
        fault.came_to(&problem, "");
        assert!(told(&problem).contains("login at localhost"), "{problem}");
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
        problem.reason() == "Unreachable" && told(&problem).contains("UnknownIssuer"),
        "{problem:?}"
    );
    assert_eq!(scene.azure.faults().traffic().total(), 0);
}
