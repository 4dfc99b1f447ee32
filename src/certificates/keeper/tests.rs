//! Against objects in memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;

use super::*;
use crate::cluster::webhook::Found;
use crate::engine::object::ObjectRef;
use crate::engine::values::Values;

/// A Secret with a version, and what the API server was told.
#[derive(Debug, Default)]
struct Objects {
    secret: Mutex<(Values, usize)>,
    told: Mutex<Vec<u8>>,
    /// Writes of somebody else that come between our read and our write.
    others: AtomicUsize,
    is_deaf: bool,
}

#[async_trait]
impl WebhookObjects for Objects {
    async fn read(&self) -> Result<Found, Problem> {
        let (values, version) = self.secret.lock().expect("a lock").clone();
        Ok(Found {
            values,
            version: Some(version.to_string()),
        })
    }

    async fn write(&self, values: &Values, over: &Found) -> Result<(), Problem> {
        let mut secret = self.secret.lock().expect("a lock");
        if self.others.load(Ordering::Relaxed) > 0 {
            self.others.fetch_sub(1, Ordering::Relaxed);
            secret.1 += 1;
        }
        if over.version != Some(secret.1.to_string()) {
            return Err(Problem::Conflict { object: about() });
        }
        *secret = (values.clone(), secret.1 + 1);
        Ok(())
    }

    async fn announce(&self, authorities: &[u8]) -> Result<(), Problem> {
        if self.is_deaf {
            return Err(Problem::Forbidden {
                verb: "update",
                object: about(),
            });
        }
        *self.told.lock().expect("a lock") = authorities.to_vec();
        Ok(())
    }
}

fn about() -> ObjectRef {
    ObjectRef::secret("ns", "lockstep-webhook")
}

fn keeper(objects: &Arc<Objects>, clock: fn() -> Timestamp) -> Keeper {
    Keeper {
        objects: objects.clone(),
        names: vec!["lockstep-webhook.ns.svc".to_owned()],
        lives: Lives::of(SignedDuration::from_hours(24)),
        interval: Duration::from_mins(1),
        shown: Shown::default(),
        clock,
    }
}

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a time")
}

fn after_two_thirds() -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 16 * 3600).expect("a time")
}

fn versions(objects: &Objects) -> usize {
    objects.secret.lock().expect("a lock").1
}

#[tokio::test]
async fn the_first_one_makes_it_and_the_second_shows_the_same() {
    let objects = Arc::new(Objects::default());
    let (one, two) = (keeper(&objects, start), keeper(&objects, start));
    one.round().await.expect("kept");
    two.round().await.expect("kept");
    assert!(one.shown.is_good("lockstep-webhook.ns.svc", start()));
    assert_eq!(one.shown.validity(), two.shown.validity());
    assert_eq!(versions(&objects), 1, "one write in all");
    let told = objects.told.lock().expect("a lock").clone();
    assert!(told.starts_with(b"-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn who_was_second_takes_what_the_first_one_made() {
    let objects = Arc::new(Objects {
        others: AtomicUsize::new(2),
        ..Objects::default()
    });
    let keeper = keeper(&objects, start);
    keeper.round().await.expect("kept");
    assert_eq!(versions(&objects), 3);
    assert!(keeper.shown.validity().is_some());
}

#[tokio::test]
async fn it_is_renewed_while_the_old_one_is_still_shown_elsewhere() {
    let objects = Arc::new(Objects::default());
    let (old, new) = (keeper(&objects, start), keeper(&objects, after_two_thirds));
    old.round().await.expect("kept");
    let told = objects.told.lock().expect("a lock").clone();
    new.round().await.expect("kept");
    assert_ne!(old.shown.validity(), new.shown.validity());
    assert_eq!(
        *objects.told.lock().expect("a lock"),
        told,
        "both are of the authority that is trusted"
    );
}

#[tokio::test]
async fn where_nobody_can_be_told_it_is_shown_all_the_same_and_the_problem_is_told() {
    let objects = Arc::new(Objects {
        is_deaf: true,
        ..Objects::default()
    });
    let keeper = keeper(&objects, start);
    let problem = keeper.round().await.expect_err("not announced");
    assert_eq!(problem.reason(), "Forbidden");
    assert!(keeper.shown.validity().is_some());
}
