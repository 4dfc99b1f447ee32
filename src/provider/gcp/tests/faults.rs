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
    scene.google.put("app", CANARY.as_bytes());
    let manager = scene.manager().await;
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        let fate = fault.fate.clone();
        scene.google.faults().are(move |asked| match asked.path.as_str() {
            "/v1/projects/project-1/secrets/app/versions/latest:access" => fate.clone(),
            _ => Fate::Pass,
        });
        let problem = manager.read(&[at("app")]).await.remove(0).expect_err(&shown);
        fault.came_to(&problem, "app: ");
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
        scene.google.faults().always(fault.fate.clone());
        let problem = manager.check().await.expect_err(&shown);
        fault.came_to(&problem, "");
        assert!(told(&problem).contains("login at localhost"), "{problem}");
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
        problem.reason() == "Unreachable" && told(&problem).contains("UnknownIssuer"),
        "{problem:?}"
    );
    assert_eq!(scene.google.faults().traffic().total(), 0);
}
