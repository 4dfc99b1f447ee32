use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use lockstep_api::Parsed;
use serde_json::{Value, json};

use super::*;

const DIFFERENCE: Due = Due::Now(Round::DIFFERENCE);
const WHOLE: Due = Due::Now(Round::WHOLE);

struct Scene {
    spec: PushSecretSpec,
    status: PushSecretStatus,
    has_last: bool,
    began: i64,
    unfinished: Option<Round>,
    pushed: BTreeMap<String, u64>,
    seen: BTreeMap<String, Sighting>,
    is_outdated: bool,
    loan: Option<Loan>,
    now: i64,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn spec(interval: &str) -> PushSecretSpec {
    let spec = json!({"secretStoreRefs": [{"name": "s"}], "selector": {"secret": {"name": "src"}}, "refreshInterval": interval});
    match Parsed::from_json(spec) {
        Parsed::Sound(spec) => spec,
        Parsed::Broken(fault) => panic!("{fault}"),
    }
}

fn conditions(status: &str) -> Value {
    json!({"conditions": [{"type": "Ready", "status": status}]})
}

/// One that was pushed at second 100, with an interval of a minute, and is looked at ten seconds later.
fn check(change: impl FnOnce(&mut Scene)) -> Due {
    let mut status: PushSecretStatus = serde_json::from_value(conditions("True")).expect("a status");
    status.synced_resource_version = Some("1-a".to_owned());
    status.refresh_time = Some(Time(at(100)));
    let mut scene = Scene {
        spec: spec("1m"),
        status,
        has_last: true,
        began: 100,
        unfinished: None,
        pushed: [("src".to_owned(), 7)].into(),
        seen: [sighting("src", 7, 50)].into(),
        is_outdated: false,
        loan: None,
        now: 110,
    };
    change(&mut scene);
    let last = scene.has_last.then_some(Last {
        version: "1-a",
        began: at(scene.began),
        unfinished: scene.unfinished,
        sources: &scene.pushed,
    });
    due(&Facts {
        spec: &scene.spec,
        status: &scene.status,
        version: "1-a",
        last,
        sources: &scene.seen,
        is_outdated: scene.is_outdated,
        loan: scene.loan,
        now: at(scene.now),
    })
}

fn sighting(name: &str, version: u64, changed: i64) -> (String, Sighting) {
    let changed = Some(at(changed));
    (name.to_owned(), Sighting { version, changed })
}

#[test]
fn what_is_pushed_and_as_it_was_rests_until_the_interval_is_over() {
    assert_eq!(check(|_| ()), Due::At(at(160)));
    assert_eq!(check(|scene| scene.now = 160), WHOLE);
    assert_eq!(check(|scene| scene.now = 20), WHOLE, "a clock that went back");
    assert_eq!(check(|scene| scene.spec = spec("0s")), Due::Never);
}

#[test]
fn an_edit_pushes_everything_whatever_the_interval() {
    for interval in ["1m", "0s"] {
        let edited = check(|scene| {
            scene.spec = spec(interval);
            scene.has_last = false;
            scene.status.synced_resource_version = Some("1-b".to_owned());
        });
        assert_eq!(edited, WHOLE);
    }
    let new = check(|scene| {
        scene.has_last = false;
        scene.status = PushSecretStatus::default();
    });
    assert_eq!(new, WHOLE);
}

#[test]
fn a_newer_source_pushes_what_differs_and_deletes_nothing() {
    let newer = |scene: &mut Scene| scene.seen = [sighting("src", 8, 105)].into();
    assert_eq!(check(newer), DIFFERENCE);
    let older = |scene: &mut Scene| scene.seen = [sighting("src", 6, 105)].into();
    assert_eq!(check(older), Due::At(at(160)), "a watch that lags behind");
    let other = |scene: &mut Scene| scene.seen = [sighting("more", 3, 20)].into();
    assert_eq!(check(other), DIFFERENCE, "another one is selected");
    assert_eq!(check(|scene| scene.is_outdated = true), DIFFERENCE);
    let asked_not_to = check(|scene| {
        newer(scene);
        scene.spec = spec("0s");
    });
    assert_eq!(
        asked_not_to,
        Due::Never,
        "zero pushes when the object changes only"
    );
}

#[test]
fn after_a_restart_a_source_is_newer_that_was_written_since_the_last_push() {
    let restarted = |changed: i64| {
        check(|scene| {
            scene.has_last = false;
            scene.seen = [sighting("src", 8, changed)].into();
        })
    };
    assert_eq!(restarted(99), Due::At(at(160)));
    assert_eq!(restarted(100), DIFFERENCE);
    assert_eq!(restarted(101), DIFFERENCE);
}

#[test]
fn what_failed_is_tried_again_and_what_was_pushed_meanwhile_is_left() {
    for (unfinished, deletes) in [(Round::WHOLE, true), (Round::DIFFERENCE, false)] {
        let again = check(|scene| scene.unfinished = Some(unfinished));
        let pushes_all = false;
        assert_eq!(again, Due::Now(Round { pushes_all, deletes }));
    }
    let restarted = check(|scene| {
        scene.has_last = false;
        scene.status.conditions[0].status = ConditionStatus::False;
    });
    assert_eq!(restarted, WHOLE);
}

#[test]
fn one_whose_source_was_deleted_waits_for_another_even_without_an_interval() {
    let cleaned = |seen: bool| {
        check(|scene| {
            scene.spec = spec("0s");
            scene.status.conditions[0].status = ConditionStatus::False;
            scene.pushed.clear();
            if !seen {
                scene.seen.clear();
            }
        })
    };
    assert_eq!(cleaned(false), Due::Never);
    assert_eq!(cleaned(true), DIFFERENCE);
}

#[test]
fn what_was_lent_is_looked_after_in_time_and_replaced_before_it_ends() {
    let until = |second| Some(Loan::Until(at(second)));
    assert_eq!(check(|scene| scene.loan = until(130)), Due::At(at(130)));
    assert_eq!(check(|scene| scene.loan = until(999)), Due::At(at(160)));
    assert_eq!(check(|scene| scene.loan = Some(Loan::Over)), WHOLE);
    let half_pushed = |scene: &mut Scene| {
        scene.unfinished = Some(Round::DIFFERENCE);
        scene.loan = Some(Loan::Over);
    };
    assert_eq!(check(half_pushed), WHOLE);
    // Also where nothing is pushed by time.
    let once = |scene: &mut Scene| scene.spec = spec("0s");
    assert_eq!(check(once), Due::Never);
    for (loan, due) in [(until(130), Due::At(at(130))), (Some(Loan::Over), WHOLE)] {
        let change = |scene: &mut Scene| {
            once(scene);
            scene.loan = loan;
        };
        assert_eq!(check(change), due);
    }
}
