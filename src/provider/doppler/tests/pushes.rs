//! Writing: what differs, and nothing else.

use super::*;
use crate::engine::ask::PushSource;

fn push(name: &str, value: &[u8]) -> Push {
    Push {
        remote: remote(name),
        secret_key: Some("k".to_owned()),
        values: Values::from([("k".to_owned(), value.into())]),
        source: PushSource::default(),
    }
}

fn remote(name: &str) -> Remote {
    Remote {
        key: name.to_owned(),
        property: None,
        metadata: None,
    }
}

#[tokio::test]
async fn what_differs_is_written_and_read_at_once() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    assert_eq!(backend.exists(&remote("NEW")).await, Ok(false));
    for (value, updates) in [("1", 1), ("1", 1), ("2\"\u{1f600}", 2)] {
        backend
            .write(&push("NEW", value.as_bytes()))
            .await
            .expect("written");
        assert_eq!(scene.doppler.get(PLACE, "NEW").as_deref(), Some(value));
        assert_eq!(scene.doppler.updates(), updates);
    }
    assert_eq!(backend.exists(&remote("NEW")).await, Ok(true));
    assert_eq!(value(&backend, "NEW").await, Ok("2\"\u{1f600}".to_owned()));
    // Whoever would be content with an older download is told of it, too.
    let hold = Hold::now(READS);
    backend.hold(hold).await.expect("held");
    backend.write(&push("NEW", b"3")).await.expect("written");
    let still = backend.hold(hold).await.expect("held");
    assert_eq!(value(&still, "NEW").await, Ok("3".to_owned()));
}

#[tokio::test]
async fn all_of_a_secret_is_pushed_as_json() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let whole = Push {
        secret_key: None,
        ..push("NEW", b"v")
    };
    backend.write(&whole).await.expect("written");
    assert_eq!(scene.doppler.get(PLACE, "NEW").as_deref(), Some(r#"{"k":"v"}"#));
}

#[tokio::test]
async fn deleting_what_is_not_there_asks_for_nothing() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    backend.delete(&remote("API_KEY")).await.expect("deleted");
    assert_eq!(scene.doppler.get(PLACE, "API_KEY"), None);
    backend
        .delete(&remote("API_KEY"))
        .await
        .expect("nothing to delete");
    assert_eq!(scene.doppler.updates(), 1);
    let missing = value(&backend, "API_KEY").await;
    assert_eq!(missing, Err("API_KEY: secret does not exist".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_written_is_told_without_the_value() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let problem = backend
        .write(&push("lower", CANARY.as_bytes()))
        .await
        .expect_err("no name");
    assert_eq!(
        told(&problem),
        "lower: the answer cannot be used: HTTP 422; names are made of A to Z, 0 to 9 and _"
    );
    let problem = backend
        .write(&push("BYTES", b"\xffcanary"))
        .await
        .expect_err("no text");
    assert_eq!(problem.reason(), "BadData");
    told(&problem);
    scene.doppler.allow_config(TOKEN, PLACE, false);
    let problem = backend
        .write(&push("NEW", CANARY.as_bytes()))
        .await
        .expect_err("read only");
    assert_eq!(
        told(&problem),
        "NEW: the backend refuses (HTTP 403; the token may not do this)"
    );
    assert_eq!(scene.doppler.updates(), 0);
}
