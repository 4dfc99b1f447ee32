//! Calls, as they come of reads.

use std::sync::LazyLock;
use std::time::Duration;

use super::*;
use crate::engine::ask::Aspect;

/// So many milliseconds after the beginning.
fn ms(count: u64) -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START + Duration::from_millis(count)
}

fn at(key: &str) -> Location {
    Location {
        key: key.to_owned(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    }
}

/// A batcher whose waiters are numbers; negative ones are gone.
fn batcher(batch: usize, parallel: usize, keys: &[&str]) -> Batcher<i32> {
    let mut batcher = Batcher::new(batch, parallel);
    ask_all(&mut batcher, keys);
    batcher
}

fn ask_all(batcher: &mut Batcher<i32>, keys: &[&str]) {
    for (waiter, key) in (0..).zip(keys) {
        ask(batcher, key, waiter);
    }
}

fn ask(batcher: &mut Batcher<i32>, key: &str, waiter: i32) {
    batcher.ask(at(key), waiter, ms(0), ms(60_000));
}

fn next(batcher: &mut Batcher<i32>) -> Option<Call> {
    next_at(batcher, ms(0))
}

fn next_at(batcher: &mut Batcher<i32>, now: Instant) -> Option<Call> {
    batcher
        .claim(now)
        .then(|| batcher.fill(|&waiter| waiter < 0))
        .flatten()
}

/// Lands a call whose questions are all answered.
fn land(batcher: &mut Batcher<i32>, call: Call) -> Vec<Vec<i32>> {
    batcher.land(call, &[]).0
}

fn keys(call: Option<&Call>) -> String {
    call.map_or_else(String::new, |call| {
        call.locations
            .iter()
            .map(|location| location.key.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    })
}

#[test]
fn a_lone_read_goes_at_once_and_sets_no_timer() {
    let mut batcher = batcher(10, 4, &["a"]);
    assert_eq!(keys(next(&mut batcher).as_ref()), "a");
    assert_eq!(batcher.sets_timer(ms(0)), None);
}

#[test]
fn reads_that_follow_wait_for_company_also_when_nothing_is_under_way_any_more() {
    let mut batcher = batcher(10, 4, &["a"]);
    let first = next(&mut batcher).expect("a call");
    ask_all(&mut batcher, &["b", "c"]);
    assert!(next(&mut batcher).is_none());
    assert_eq!(batcher.sets_timer(ms(0)), Some(ms(25)));
    assert_eq!(batcher.sets_timer(ms(0)), None, "one is enough");
    assert_eq!(land(&mut batcher, first), [[0]]);
    assert!(next_at(&mut batcher, ms(24)).is_none());
    batcher.rings(ms(25));
    assert_eq!(keys(next_at(&mut batcher, ms(25)).as_ref()), "b c");
    assert_eq!((batcher.sets_timer(ms(0)), batcher.timer), (None, None));
}

#[test]
fn what_was_alone_for_a_moment_only_waits_for_company_after_all() {
    let mut batcher = batcher(10, 4, &["a"]);
    assert!(
        batcher.claim(ms(0)) && !batcher.thinks_better(ms(0)),
        "it is alone"
    );
    ask(&mut batcher, "b", 1);
    assert!(batcher.thinks_better(ms(0)));
    assert!(next(&mut batcher).is_none());
    assert_eq!(keys(next_at(&mut batcher, ms(25)).as_ref()), "a b");
}

#[test]
fn a_timer_that_goes_off_too_early_is_set_anew() {
    let mut batcher = batcher(10, 4, &["a"]);
    let _first = next(&mut batcher);
    ask(&mut batcher, "b", 1);
    assert_eq!(batcher.sets_timer(ms(0)), Some(ms(25)));
    batcher.ask(at("c"), 2, ms(20), ms(60_000));
    assert_eq!(batcher.sets_timer(ms(0)), None);
    batcher.rings(ms(25));
    assert!(next_at(&mut batcher, ms(25)).is_none());
    assert_eq!(batcher.sets_timer(ms(25)), Some(ms(45)));
}

#[test]
fn a_full_batch_does_not_wait() {
    let mut batcher = batcher(2, 4, &["a"]);
    let _first = next(&mut batcher);
    ask_all(&mut batcher, &["b", "c", "d"]);
    assert_eq!(keys(next(&mut batcher).as_ref()), "b c");
    assert!(next(&mut batcher).is_none(), "d waits for company");
    assert!(batcher.sets_timer(ms(0)).is_some());
}

#[test]
fn no_more_calls_than_allowed_and_the_rest_goes_as_they_land() {
    let mut batcher = batcher(1, 2, &["a", "b", "c", "d"]);
    let (first, second) = (next(&mut batcher), next(&mut batcher));
    assert_eq!(
        (keys(first.as_ref()), keys(second.as_ref())),
        ("a".into(), "b".into())
    );
    assert!(next(&mut batcher).is_none());
    land(&mut batcher, second.expect("a call"));
    assert_eq!(keys(next(&mut batcher).as_ref()), "c");
    assert!(next(&mut batcher).is_none());
}

#[test]
fn those_who_have_waited_enough_while_all_calls_are_taken_go_with_the_next_one() {
    let mut batcher = batcher(10, 1, &["a"]);
    let first = next(&mut batcher).expect("a call");
    ask(&mut batcher, "b", 1);
    assert!(next_at(&mut batcher, ms(30)).is_none());
    assert_eq!(batcher.sets_timer(ms(30)), None, "it goes when one lands");
    land(&mut batcher, first);
    assert_eq!(keys(next_at(&mut batcher, ms(30)).as_ref()), "b");
    batcher.ask(at("c"), 2, ms(31), ms(60_000));
    assert!(
        next_at(&mut batcher, ms(31)).is_none(),
        "the next one collects again"
    );
}

#[test]
fn equal_reads_are_asked_once_also_while_under_way() {
    let mut batcher = batcher(10, 4, &["a", "a"]);
    let call = next(&mut batcher).expect("a call");
    ask(&mut batcher, "a", 2);
    assert_eq!(keys(Some(&call)), "a");
    assert_eq!(land(&mut batcher, call), [[0, 1, 2]]);
    ask(&mut batcher, "a", 3);
    assert_eq!(keys(next(&mut batcher).as_ref()), "a", "an answer is not kept");
}

#[test]
fn after_a_write_nobody_joins_what_was_asked_before() {
    let mut batcher = batcher(10, 4, &["a"]);
    let before = next(&mut batcher).expect("a call");
    ask(&mut batcher, "b", 1);
    batcher.seal();
    ask(&mut batcher, "a", 2);
    ask(&mut batcher, "b", 3);
    assert_eq!(land(&mut batcher, before), [[0]]);
    let after = next_at(&mut batcher, ms(25)).expect("a call");
    assert_eq!(keys(Some(&after)), "b a");
    assert_eq!(land(&mut batcher, after), [vec![1, 3], vec![2]]);
}

#[test]
fn questions_that_nobody_waits_for_are_dropped() {
    let mut batcher = batcher(10, 1, &["a"]);
    let first = next(&mut batcher).expect("a call");
    ask(&mut batcher, "gone", -1);
    ask(&mut batcher, "half", -1);
    ask(&mut batcher, "half", 1);
    land(&mut batcher, first);
    assert_eq!(keys(next_at(&mut batcher, ms(25)).as_ref()), "half");
    assert!(batcher.open.len() == 1 && batcher.questions.len() == 1);
}

#[test]
fn what_comes_while_a_call_waits_for_leave_goes_with_it() {
    let mut batcher = batcher(3, 4, &["a"]);
    assert!(batcher.claim(ms(0)));
    ask_all(&mut batcher, &["b", "c"]);
    assert!(
        !batcher.claim(ms(99)) && batcher.sets_timer(ms(0)).is_none(),
        "one call will do"
    );
    ask(&mut batcher, "d", 9);
    assert!(!batcher.claim(ms(0)) && batcher.sets_timer(ms(0)).is_some());
    let call = batcher.fill(|_| false);
    assert_eq!(keys(call.as_ref()), "a b c");
}

#[test]
fn a_call_that_finds_nothing_to_ask_is_given_back() {
    let mut batcher = batcher(1, 1, &[]);
    ask(&mut batcher, "gone", -1);
    assert!(batcher.claim(ms(0)));
    assert!(batcher.fill(|&waiter| waiter < 0).is_none());
    ask(&mut batcher, "a", 1);
    assert_eq!(keys(next(&mut batcher).as_ref()), "a");
}

#[test]
fn what_was_asked_in_vain_can_be_joined_and_goes_before_all_others() {
    let mut batcher = batcher(2, 1, &["a", "b"]);
    let call = next(&mut batcher).expect("a call");
    ask(&mut batcher, "c", 2);
    let (waiters, resting) = batcher.land(call, &[Fate::Answered, Fate::Again { failed: true }]);
    assert_eq!(waiters, [vec![0], vec![]]);
    ask(&mut batcher, "b", 3);
    batcher.again(resting);
    let again = next(&mut batcher).expect("a call");
    assert_eq!(keys(Some(&again)), "b c");
    assert_eq!(
        again.standings.iter().map(|it| it.failures).collect::<Vec<_>>(),
        [1, 0]
    );
    assert_eq!(land(&mut batcher, again), [vec![1, 3], vec![2]]);
}

#[test]
fn only_what_is_queued_and_pointless_is_given_up() {
    let mut batcher = batcher(1, 1, &["under way"]);
    let call = next(&mut batcher).expect("a call");
    let (soon, late) = (ms(0), ms(60_000));
    for (key, waiter, until) in [("a", 1, soon), ("b", 2, late), ("c", 3, soon), ("c", 4, late)] {
        batcher.ask(at(key), waiter, ms(0), until);
    }
    let given_up = batcher.give_up(|standing| standing.until < late);
    assert_eq!(given_up, [(at("a"), vec![1])]);
    assert_eq!(batcher.calls_ahead(), 2);
    land(&mut batcher, call);
    assert_eq!(keys(next(&mut batcher).as_ref()), "b");
}
