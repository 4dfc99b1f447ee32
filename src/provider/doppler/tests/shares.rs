//! One download for many, and never one that is older than is asked for.

use futures::future::join_all;
use lockstep_testkit::Fate;

use super::*;

async fn held(backend: &Arc<dyn Backend>, since: Instant, wanted: Wanted) -> Arc<dyn Backend> {
    backend.hold(Hold { since, wanted }).await.expect("held")
}

#[tokio::test]
async fn a_thousand_that_fell_due_before_it_share_a_download() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let due = Instant::now();
    let a_little_later = Instant::now();
    let turns = (0..1000).map(async |_| {
        let held = held(&backend, due, READS).await;
        value(&held, "API_KEY").await
    });
    let answers = join_all(turns).await;
    assert!(answers.into_iter().all(|answer| answer == Ok(CANARY.to_owned())));
    assert_eq!(scene.doppler.downloads().asked(), 1);
    // Later ones of the same time, too.
    held(&backend, a_little_later, FINDS).await;
    assert_eq!(scene.doppler.downloads().asked(), 1, "finding is as reading");
}

#[tokio::test]
async fn whoever_asks_later_is_told_what_is_so_then() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let first = held(&backend, Instant::now(), READS).await;
    held(&backend, Instant::now(), READS).await;
    let downloads = scene.doppler.downloads();
    assert_eq!((downloads.whole, downloads.unchanged), (1, 1));
    scene.doppler.put(PLACE, "API_KEY", "new");
    let second = held(&backend, Instant::now(), READS).await;
    assert_eq!(value(&second, "API_KEY").await, Ok("new".to_owned()));
    assert_eq!(
        value(&first, "API_KEY").await,
        Ok(CANARY.to_owned()),
        "it is held"
    );
    scene.doppler.remove(PLACE, "API_KEY");
    let third = held(&backend, Instant::now(), READS).await;
    assert!(value(&third, "API_KEY").await.is_err());
    assert_eq!(scene.doppler.downloads().whole, 3);
    held(&backend, Instant::now(), READS).await;
    assert_eq!(scene.doppler.downloads().unchanged, 2, "since the last change");
}

#[tokio::test]
async fn other_names_are_downloaded_by_those_who_find_and_nobody_else() {
    let scene = Scene::new().await;
    let backend = scene.backend(json!({"nameTransformer": "camel"})).await;
    let due = Instant::now();
    held(&backend, due, READS).await;
    assert_eq!(scene.doppler.downloads().asked(), 1);
    let both = Wanted {
        reads: true,
        finds: true,
    };
    let held = held(&backend, due, both).await;
    assert_eq!(scene.doppler.downloads().asked(), 2);
    assert_eq!(value(&held, "API_KEY").await, Ok(CANARY.to_owned()));
    assert!(
        held.find(&Find::default())
            .await
            .expect("all")
            .contains_key("apiKey")
    );
}

#[tokio::test]
async fn a_failure_is_told_and_what_was_kept_is_not_shown_in_its_place() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    let due = Instant::now();
    held(&backend, due, READS).await;
    scene.doppler.faults().always(Fate::status(503, CANARY));
    let hold = Hold::now(READS);
    let problem = backend.hold(hold).await.expect_err("away");
    assert_eq!(told(&problem), "Doppler's config: HTTP 503");
    // Who was due before has an answer.
    held(&backend, due, READS).await;
    scene.doppler.faults().always(Fate::Pass);
    held(&backend, hold.since, READS).await;
    assert_eq!(scene.doppler.downloads().unchanged, 1);
}

#[tokio::test]
async fn what_was_never_told_cannot_be_unchanged() {
    let scene = Scene::new().await;
    let backend = scene.store().await;
    scene.doppler.faults().always(Fate::status(304, ""));
    let problem = backend.check().await.expect_err("no answer");
    assert_eq!(
        told(&problem),
        "Doppler's config: the answer cannot be used: HTTP 304"
    );
}
