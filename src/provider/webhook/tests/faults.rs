//! Services that answer badly, and stores that send us where we must not go.

use super::server::{Reply, SHORT};
use super::*;

/// What is told must be of use, and hold nothing of the answer or of the credentials.
async fn told(scene: &Scene, path: &str, fields: Value) -> String {
    let problem = scene.value(path, fields).await.expect_err(path);
    let told = format!("{problem} {problem:?}");
    assert!(!told.contains("canary"), "{told}");
    problem.to_string()
}

fn hook(fields: &Value) -> Value {
    let mut hook = json!({
        "headers": {"X-Token": "{{ .auth.token }}", "Accept": "application/json"},
        "secrets": creds(),
        "timeout": "20s",
    });
    let all = hook.as_object_mut().expect("an object");
    all.extend(fields.as_object().expect("an object").clone());
    hook
}

#[tokio::test]
async fn every_bad_answer_is_told_by_what_it_is() {
    let scene = Scene::new().await;
    for (reply, expected) in [
        (Reply::Status(500), "one: HTTP 500"),
        (Reply::Status(401), "one: the backend refuses (HTTP 401)"),
        (Reply::Status(403), "one: the backend refuses (HTTP 403)"),
        (Reply::Status(418), "one: the answer cannot be used: HTTP 418"),
        (
            Reply::Status(304),
            "one: nothing has changed since it was last read",
        ),
        (Reply::Status(302), "one: the answer cannot be used: HTTP 302"),
        (
            Reply::RetryAfter("7"),
            "one: the backend asks for fewer requests (HTTP 429)",
        ),
        (
            Reply::Megabytes(100),
            "one: the answer cannot be used: it is larger than 8 MiB",
        ),
        (
            Reply::Body("canary"),
            "one: the answer cannot be used: failed to parse response json: no valid JSON at byte 0",
        ),
    ] {
        scene.server.on("/one", reply.clone());
        let fields = hook(&json!({"result": {"jsonPath": "$.data"}}));
        assert_eq!(told(&scene, "/one", fields).await, expected, "{reply:?}");
    }
    for reply in [Reply::Cut, Reply::Stall] {
        scene.server.on("/one", reply.clone());
        let told = told(
            &scene,
            "/one",
            hook(&json!({"timeout": format!("{}ms", SHORT.as_millis())})),
        )
        .await;
        assert!(told.starts_with("one: "), "{reply:?}: {told}");
    }
}

#[tokio::test]
async fn a_pause_that_was_asked_for_is_kept() {
    let scene = Scene::new().await;
    scene.server.on("/one", Reply::RetryAfter("7"));
    let problem = scene
        .value("/one", hook(&json!({})))
        .await
        .expect_err("throttled");
    let Problem::Throttled {
        retry_after: Some(pause),
        ..
    } = problem
    else {
        panic!("{problem}");
    };
    // Those who wait for the same thing do not all come back at once.
    assert!((7..=10).contains(&pause.as_secs()), "{pause:?}");
}

#[tokio::test]
async fn redirects_are_followed_and_end() {
    let scene = Scene::new().await;
    let to = |code, path: &str| Reply::Redirect(code, path.to_owned());
    scene.server.on("/a", to(308, "/b?x"));
    scene.server.on("/b?x", to(303, "c"));
    scene.server.on("/c", Reply::Body("there"));
    let post = hook(&json!({"method": "POST", "body": "sent"}));
    assert_eq!(scene.value("/a", post).await, Ok("there".to_owned()));
    let seen: Vec<_> = scene
        .server
        .seen()
        .into_iter()
        .map(|seen| (seen.line, seen.body, seen.headers.contains_key("x-token")))
        .collect();
    let expected = [("POST /a", "sent"), ("POST /b?x", "sent"), ("GET /c", "")];
    assert_eq!(
        seen,
        expected.map(|(line, body)| (line.to_owned(), body.to_owned(), true))
    );

    scene.server.on("/loop", to(302, "/loop"));
    let expected = "one: the answer cannot be used: it redirects more than 10 times";
    assert_eq!(told(&scene, "/loop", hook(&json!({}))).await, expected);
    assert_eq!(scene.server.seen().len(), 11);

    scene.server.on("/file", to(302, "file:///etc/canary"));
    let expected =
        "one: the answer cannot be used: HTTP 302: it redirects to something that is no http or https URL";
    assert_eq!(told(&scene, "/file", hook(&json!({}))).await, expected);
}

#[tokio::test]
async fn credentials_stay_with_the_host_they_were_meant_for() {
    let (scene, other) = (Scene::new().await, Server::start().await);
    other.on("/there", Reply::Body("found"));
    scene
        .server
        .on("/one", Reply::Redirect(302, format!("{}/there", other.url)));
    assert_eq!(
        scene.value("/one", hook(&json!({}))).await,
        Ok("found".to_owned())
    );
    let seen = other.seen().remove(0);
    assert!(!seen.headers.contains_key("x-token"));
    assert_eq!(seen.headers["accept"], "application/json");

    scene
        .server
        .on("/one", Reply::Redirect(307, format!("{}/there", other.url)));
    let told = told(
        &scene,
        "/one",
        hook(&json!({"method": "POST", "body": "{{ .auth.token }}"})),
    )
    .await;
    let expected = "one: the answer cannot be used: HTTP 307: it redirects to another host, which must not see the body; name that host in the URL";
    assert_eq!(told, expected);
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn only_hosts_that_the_operator_allows_are_talked_to() {
    let mut scene = Scene::new().await;
    scene.server.on("/one", Reply::Body("x"));
    scene.hosts = &["127.0.0.1"];
    assert_eq!(scene.value("/one", hook(&json!({}))).await, Ok("x".to_owned()));
    scene
        .server
        .on("/one", Reply::Redirect(302, "http://localhost:1/".to_owned()));
    let refused = "HTTP 302: it redirects to a host that is none of those that the operator's --webhook-allowed-hosts names";
    let expected = format!("one: the answer cannot be used: {refused}");
    assert_eq!(told(&scene, "/one", hook(&json!({}))).await, expected);

    scene.hosts = &["*.example.com"];
    scene.server.seen();
    let expected = "spec.provider.webhook.url: host 127.0.0.1 is none of those that the operator's --webhook-allowed-hosts names";
    assert_eq!(told(&scene, "/one", hook(&json!({}))).await, expected);
    let store = scene.open("/one", json!({})).await.expect("a connection");
    assert_eq!(
        store.check().await.map_err(|problem| problem.to_string()),
        Err(expected.to_owned())
    );
    assert!(scene.server.seen().is_empty());

    // A host made of a credential is not told.
    let store = scene
        .open_at("http://{{ .auth.token | trim }}/", hook(&json!({})))
        .await;
    let problem = value(&store.expect("a connection"), "one", None)
        .await
        .expect_err("no such host");
    assert!(!problem.to_string().contains("canary"), "{problem}");
}

#[tokio::test]
async fn what_a_template_makes_must_fit_where_it_goes() {
    let scene = Scene::new().await;
    for (fields, expected) in [
        (
            json!({"headers": {"X": "{{ .auth.token }}{{ .auth.token }}"}}),
            "headers.X: comes to a value that no header may have, such as one with a line break",
        ),
        (
            json!({"headers": {"X Y": ""}}),
            "headers.X Y: is no name of a header",
        ),
        (
            json!({"headers": {"X": "{{ canary"}}),
            "headers.X: unable to parse the template: parse error in line 1: ",
        ),
        (
            json!({"headers": {"X": "{{ fail .auth.token }}"}}),
            "headers.X: unable to execute the template: error in line 1, column 3: ",
        ),
        (json!({"method": "NO WAY"}), "method: is no HTTP method"),
        (
            json!({"result": {"jsonPath": "{{ .nobody.x }}"}}),
            "result.jsonPath: ",
        ),
    ] {
        scene.server.on("/one", Reply::Body("{}"));
        let told = told(&scene, "/one", hook(&fields)).await;
        let expected = format!("spec.provider.webhook.{expected}");
        assert!(told.starts_with(&expected), "{told}\n{expected}");
    }
    for url in ["", "one", "ftp://host/", "http://h:{{ .auth.odd }}/"] {
        let store = scene.open_at(url, hook(&json!({}))).await.expect("a connection");
        let problem = value(&store, "one", None).await.expect_err(url);
        assert!(
            problem.to_string().starts_with("spec.provider.webhook.url: "),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn debug_shows_no_credential() {
    let scene = Scene::new().await;
    let fields = hook(&json!({"headers": {"X": "canary"}, "body": "canary"}));
    let store = scene
        .open("/canary?{{ .auth.token }}", fields)
        .await
        .expect("a connection");
    let _ = value(&store, "one", None).await;
    assert!(!format!("{store:?}").contains("canary"), "{store:?}");
}
