use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn term(granted: i64, span: u64, sort: Sort) -> Term {
    Term {
        granted: at(granted),
        span,
        sort,
    }
}

fn lease(granted: i64, span: u64) -> Term {
    term(granted, span, Sort::Renewable)
}

#[test]
fn a_lease_is_renewed_when_about_four_fifths_of_it_are_over() {
    let life = Life::begun("a", [lease(0, 1000)]);
    let Some(Step::Rest(due)) = life.step(at(0)) else {
        panic!("not at rest")
    };
    assert!((700..=800).contains(&due.as_second()), "{due}");
    assert_eq!(life.step(at(800)), Some(Step::Renew));
    assert_eq!(
        life.step(at(960)),
        Some(Step::Replace),
        "too late to wait for a renewal"
    );
    let others = (0..50).map(|number| Life::begun(number.to_string(), [lease(0, 1000)]).step(at(0)));
    let times: std::collections::HashSet<_> = others.map(|step| format!("{step:?}")).collect();
    assert!(times.len() > 25, "all at once: {times:?}");
}

#[test]
fn a_renewal_that_grants_less_announces_the_end() {
    let mut life = Life::begun("a", [lease(0, 1000)]);
    life.renewed([lease(800, 1000)]);
    assert_eq!(life.step(at(1600)), Some(Step::Renew));
    life.renewed([lease(1600, 400)]);
    assert!(matches!(life.step(at(1700)), Some(Step::Rest(_))));
    assert_eq!(life.step(at(1920)), Some(Step::Replace));
}

#[test]
fn the_token_underneath_counts_as_much_as_the_lease() {
    let life = Life::begun("a", [lease(0, 10_000), term(0, 100, Sort::Fixed)]);
    assert_eq!(life.step(at(80)), Some(Step::Replace));
    let life = Life::begun("a", [lease(0, 10_000), lease(0, 100)]);
    assert_eq!(life.step(at(80)), Some(Step::Renew));
    let forever = Life::begun("a", [lease(0, 0)]);
    assert_eq!(forever.step(at(1_000_000)), None);
}

#[test]
fn what_ends_first_is_told_as_it_was_renewed() {
    let mut life = Life::begun(
        "a",
        [lease(0, 1000), lease(0, 100), term(0, 5000, Sort::Certificate)],
    );
    assert_eq!(life.soonest(), Some(lease(0, 100)));
    life.renewed([lease(80, 1000), lease(80, 2000)]);
    assert_eq!(life.soonest(), Some(lease(80, 1000)));
    assert_eq!(Life::begun("a", [lease(0, 0)]).soonest(), None, "it does not end");
}

#[test]
fn what_cannot_be_renewed_is_replaced_in_time() {
    let life = Life::begun("a", [term(0, 1000, Sort::Fixed)]);
    assert_eq!(life.step(at(800)), Some(Step::Replace));
    let days = |days: i64| at(days * 86_400);
    let certificate = |span: u64| Life::begun("a", [term(0, span * 86_400, Sort::Certificate)]);
    for (span, due) in [(365, 335), (90, 60), (30, 20), (3, 2)] {
        assert_eq!(
            certificate(span).step(days(0)),
            Some(Step::Rest(days(due))),
            "{span}"
        );
        assert_eq!(certificate(span).step(days(due)), Some(Step::Replace), "{span}");
    }
}

#[test]
fn a_failed_renewal_is_tried_again_while_there_is_time() {
    let mut life = Life::begun("a", [lease(0, 1000)]);
    life.not_renewed(at(800));
    assert_eq!(life.step(at(801)), Some(Step::Rest(at(825))));
    assert_eq!(life.step(at(825)), Some(Step::Renew));
    life.over();
    assert_eq!(life.step(at(825)), Some(Step::Replace));
}

#[test]
fn after_a_restart_a_renewal_tells_what_became_of_it() {
    let mut life = Life::remembered("a", [lease(0, 1000)]);
    assert!(
        matches!(life.step(at(500)), Some(Step::Rest(_))),
        "nothing happens because of a restart"
    );
    assert_eq!(
        life.step(at(50_000)),
        Some(Step::Renew),
        "others may have renewed it"
    );
    life.renewed([lease(50_000, 1000)]);
    assert!(matches!(life.step(at(50_001)), Some(Step::Rest(_))));
    let fixed = Life::remembered("a", [term(0, 1000, Sort::Fixed)]);
    assert_eq!(fixed.step(at(50_000)), Some(Step::Replace));
}

#[test]
fn a_backend_may_say_any_number() {
    for sort in [Sort::Renewable, Sort::Fixed, Sort::Certificate] {
        let life = Life::begun("a", [term(0, u64::MAX, sort)]);
        assert!(matches!(life.step(at(0)), Some(Step::Rest(_))), "{sort:?}");
        assert!(life.ends_by_itself(at(0)).is_some(), "{sort:?}");
    }
}

#[test]
fn what_nobody_renews_ends_by_itself() {
    let life = Life::remembered("a", [lease(0, 1000), term(0, 90_000, Sort::Fixed)]);
    assert_eq!(life.ends_by_itself(at(50_000)), Some(at(51_000)));
    assert_eq!(Life::begun("a", []).ends_by_itself(at(0)), None);
}

fn candidate(made: i64, is_complete: bool, fits_target: Option<bool>) -> Candidate {
    Candidate {
        made: at(made),
        is_complete,
        fits_target,
    }
}

#[test]
fn the_target_tells_which_credential_is_in_use() {
    use Verdict::{InUse, Stray, Superseded, Unclear};
    let (yes, no) = (Some(true), Some(false));
    for (candidates, expected, why) in [
        (vec![candidate(1, true, no)], vec![InUse], "there is no other"),
        (
            vec![candidate(1, true, yes), candidate(2, true, no)],
            vec![InUse, Stray],
            "ended before the write",
        ),
        (
            vec![candidate(1, true, no), candidate(2, true, yes)],
            vec![Superseded, InUse],
            "ended after the write",
        ),
        (
            vec![candidate(1, true, yes), candidate(2, false, None)],
            vec![InUse, Stray],
            "ended before the answer",
        ),
        (
            vec![candidate(1, true, None), candidate(2, true, None)],
            vec![Unclear, Unclear],
            "nothing tells",
        ),
        (
            vec![candidate(1, true, no), candidate(2, true, no)],
            vec![Unclear, Unclear],
            "somebody edited it",
        ),
        (vec![candidate(1, false, None)], vec![Stray], "never made"),
    ] {
        assert_eq!(judge(&candidates), expected, "{why}");
    }
}

proptest! {
    /// Whoever follows the steps, and is granted what it asks for, never holds something that is over.
    #[test]
    fn nothing_ends_while_it_is_looked_after(
        spans in prop::collection::vec(10_u64..100_000, 1..3),
        times in 1_i64..50,
        seed in "[a-z]{1,8}",
    ) {
        let limit = times * i64::try_from(spans.iter().copied().min().unwrap_or_default()).expect("small");
        let mut life = Life::begun(seed, spans.iter().map(|&span| lease(0, span)));
        let mut ends = spans.iter().copied().min().map(|span| at(i64::try_from(span).expect("small"))).expect("some");
        let mut now = at(0);
        for _ in 0..10_000 {
            prop_assert!(now < ends, "over at {now}");
            match life.step(now).expect("it ends") {
                Step::Rest(then) => {
                    prop_assert!(then > now);
                    now = then;
                }
                Step::Renew => {
                    // As Vault does: never beyond the maximum.
                    let left = u64::try_from(limit - now.as_second()).unwrap_or_default();
                    let terms: Vec<_> = spans
                        .iter()
                        .map(|&span| Term { granted: now, span: span.min(left).max(1), sort: Sort::Renewable })
                        .collect();
                    ends = terms.iter().map(Term::ends).min().expect("some");
                    life.renewed(terms);
                }
                Step::Replace => return Ok(()),
            }
        }
        prop_assert!(false, "never replaced");
    }

    /// At most one is in use, and what fits the target is never given up.
    #[test]
    fn what_is_in_use_is_never_given_up(
        rows in prop::collection::vec((0_i64..1000, any::<bool>(), prop::option::of(any::<bool>())), 0..6),
    ) {
        let mut seen = std::collections::HashSet::new();
        let candidates: Vec<_> = rows
            .into_iter()
            .filter(|(made, ..)| seen.insert(*made))
            .map(|(made, complete, fits)| candidate(made, complete, fits))
            .collect();
        let verdicts = judge(&candidates);
        prop_assert!(verdicts.iter().filter(|&&verdict| verdict == Verdict::InUse).count() <= 1);
        let newest_fitting = candidates.iter().filter(|one| one.is_complete && one.fits_target == Some(true)).map(|one| one.made).max();
        for (one, verdict) in candidates.iter().zip(verdicts) {
            if Some(one.made) == newest_fitting {
                prop_assert_eq!(verdict, Verdict::InUse);
            }
        }
    }
}
