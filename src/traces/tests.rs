use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::testing::Kept;
use super::*;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| &*span.name).collect()
}

#[tokio::test]
async fn a_turn_and_its_steps_are_one_trace() {
    let (traces, mut kept) = Kept::start(false);
    let turn = async {
        step("fetch", async {
            let aside = tokio::spawn(here().enter(async { note(|span| span.set("lockstep.ok", true)) }));
            aside.await.expect("no panic");
        })
        .await;
        step("report", async {
            step("deep", async { failed("Refused") }).await;
        })
        .await;
        failed("Conflict");
    };
    let begun = traces.begin(|span| {
        span.name = "turn".into();
        span.about(&ObjectRef::secret("team", "app"));
    });
    begun.within(turn).await;
    let spans = kept.spans();
    assert_eq!(names(&spans), ["fetch", "deep", "report", "turn"]);
    let (fetch, deep, turn) = (&spans[0], &spans[1], &spans[3]);
    assert_eq!((deep.reason, spans[2].reason), (Some("Refused"), None));
    assert_eq!(fetch.ids.trace, turn.ids.trace);
    assert_eq!((fetch.parent, turn.parent), (Some(turn.ids.span), None));
    assert_eq!(fetch.attributes, [("lockstep.ok", true.into())]);
    assert_eq!(turn.reason, Some("Refused"), "the first one counts");
    assert!(
        turn.attributes
            .contains(&("k8s.namespace.name", "team".to_owned().into()))
    );
}

#[tokio::test]
async fn what_is_done_for_many_is_part_of_one_and_linked_to_others() {
    let (traces, mut kept) = Kept::start(false);
    let mut askers = vec![Here::default()];
    for _ in 0..3 {
        askers.push(traces.begin(|_| {}).within(async { here() }).await);
    }
    let turns = kept.spans();
    let askers = Here::among(askers.iter());
    joint(&askers, |span| span.name = "read".into(), async {}).await;
    let read = kept.spans().remove(0);
    assert_eq!(
        (read.ids.trace, read.parent),
        (turns[0].ids.trace, Some(turns[0].ids.span))
    );
    assert_eq!(read.links, [turns[1].ids, turns[2].ids]);
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_is_told_as_broken_off() {
    let (traces, mut kept) = Kept::start(false);
    let slow = async { step("slow", sleep(Duration::from_secs(9))).await };
    let work = traces.begin(|_| {}).within(slow);
    assert!(timeout(Duration::from_secs(1), work).await.is_err());
    let broken_off = [("lockstep.broken_off", Value::Truth(true))];
    let spans = kept.spans();
    assert_eq!(spans.len(), 2);
    assert!(
        spans.iter().all(|span| span.attributes == broken_off),
        "{spans:?}"
    );
}

#[tokio::test]
async fn where_nobody_wants_to_know_nothing_is_told() {
    let begun = Traces::default().begin(|_| unreachable!("there is no span"));
    begun
        .within(async {
            note(|_| unreachable!("there is no span"));
            assert!(Here::among([here()].iter()).is_empty());
            assert_eq!(parent_header(), None);
            step(
                "fetch",
                here().child(|_| unreachable!("there is no span"), async {}),
            )
            .await;
        })
        .await;
}

#[tokio::test]
async fn backends_are_told_who_asks_only_where_that_is_wanted() {
    for wanted in [true, false] {
        let (traces, mut kept) = Kept::start(wanted);
        let header = traces.begin(|_| {}).within(async { parent_header() }).await;
        let ids = kept.spans().remove(0).ids;
        let expected = format!("00-{:032x}-{:016x}-01", ids.trace, ids.span);
        assert_eq!(header.is_some(), wanted);
        assert!(header.is_none_or(|header| header == expected));
    }
}

#[tokio::test]
async fn a_span_is_bounded_and_says_what_it_left_out() {
    let (traces, mut kept) = Kept::start(false);
    let turn = async {
        for number in 0..100 {
            note(|span| {
                span.happened("GetSecretValue", Timestamp::UNIX_EPOCH, Vec::new());
                span.link(Ids {
                    trace: 1,
                    span: number,
                });
            });
        }
    };
    traces.begin(|_| {}).within(turn).await;
    let span = kept.spans().remove(0);
    assert_eq!((span.events.len(), span.events_left_out), (64, 36));
    assert_eq!((span.links.len(), span.links_left_out), (64, 36));
}

#[tokio::test]
async fn that_something_is_not_there_is_an_answer() {
    let (traces, mut kept) = Kept::start(false);
    for problem in [
        Problem::Absent {
            key: "canary".to_owned(),
        },
        Problem::BadData {
            why: "canary".to_owned(),
        }
        .at("here"),
    ] {
        let answer = async { note(|span| span.answered(Some(&problem))) };
        traces.begin(|_| {}).within(answer).await;
    }
    let spans = kept.spans();
    let reasons: Vec<_> = spans.iter().map(|span| span.reason).collect();
    assert_eq!(reasons, [None, Some("BadData")]);
    assert!(!format!("{spans:?}").contains("canary"));
}
