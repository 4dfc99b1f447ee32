//! Every fault: what it is taken for, and that nothing of what is said with it is repeated.

use lockstep_testkit::Fate;

use super::*;
use crate::provider::testing::{Fault, faults_of_http};

fn faults() -> Vec<Fault> {
    let body = json!({"statusCode": 500, "error": CANARY, "message": CANARY}).to_string();
    let mut faults = faults_of_http(&body);
    faults.extend([
        Fault::new(Fate::status(200, "[]"), "BadAnswer", "it holds no"),
        Fault::new(
            Fate::status(200, r#"{"secret": "canary-9e02"}"#),
            "BadAnswer",
            "it holds no",
        ),
    ]);
    faults
}

#[tokio::test]
async fn a_read_that_fails_is_told_and_the_next_one_succeeds() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    assert_eq!(backend.check().await, Ok(Health::Ready));
    for fault in faults() {
        let shown = format!("{:?}", fault.fate);
        scene.infisical.faults().always(fault.fate.clone());
        let problem = backend.read(&[at("API_KEY")]).await.remove(0).expect_err(&shown);
        fault.came_to(&problem, "API_KEY: ");
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
        scene.infisical.faults().always(fault.fate.clone());
        let problem = backend.check().await.expect_err(&shown);
        fault.came_to(&problem, "login at Infisical: ");
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
