//! When reads that come one by one become calls.
//!
//! Pure: time and tasks are the caller's business, and what waits for an answer is opaque here.
//!
//! - Equal questions are asked once; whoever asks one that is queued or under way waits for its answer.
//! - A read that finds nothing under way goes at once. Others wait until a call's worth of them has come together,
//!   the window is over, or everything under way has landed, whichever is first.
//! - As long as more keep coming, one window follows another, up to a number of them.
//! - A call is made in two steps, claimed and then filled, so that what comes while it waits for leave goes with it.
//! - Never more than `parallel` calls, never more than `batch` questions in a call.
//! - A question that nobody waits for any more is dropped before it is asked.

use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

use crate::engine::ask::Location;

#[derive(Debug)]
pub(super) struct Batcher<W> {
    batch: usize,
    parallel: usize,
    questions: HashMap<Id, Question<W>>,
    /// Questions that an equal one may join.
    open: HashMap<Location, Id>,
    /// Questions that are not under way, oldest first.
    queue: VecDeque<Id>,
    /// Calls that are claimed, filled or not.
    calls: usize,
    unfilled: usize,
    window: Window,
    last: Id,
}

type Id = u64;

/// That many times in a row a window may be followed by another, while a call's worth has not come together.
const MOST_WINDOWS: u32 = 10;

#[derive(Debug)]
struct Question<W> {
    location: Location,
    waiters: Vec<W>,
    under_way: bool,
    standing: Standing,
}

/// How it stands with a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// How often it went unanswered.
    pub(super) failures: u32,
    /// When nobody waits for its answer any more.
    pub(super) until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Closed,
    /// The how-manieth in a row it is, and the last question that had come when it opened.
    Open {
        nth: u32,
        last: Id,
    },
    /// It has been open for long enough: what is queued goes as soon as a call is free.
    Over,
}

/// Questions that go together. Has to [land](Batcher::land).
#[derive(Debug)]
#[must_use]
pub(super) struct Call {
    ids: Vec<Id>,
    pub(super) locations: Vec<Location>,
    pub(super) standings: Vec<Standing>,
}

/// What becomes of a question when its call has landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    /// It is asked again, and has failed once more or not.
    Again {
        failed: bool,
    },
}

/// Questions that were asked in vain. Nothing becomes of them until they are asked [again](Batcher::again).
#[derive(Debug)]
#[must_use]
pub(super) struct Resting(Vec<Id>);

impl<W> Batcher<W> {
    pub(super) fn new(batch: usize, parallel: usize) -> Self {
        Self {
            batch: batch.max(1),
            parallel: parallel.max(1),
            questions: HashMap::new(),
            open: HashMap::new(),
            queue: VecDeque::new(),
            calls: 0,
            unfilled: 0,
            window: Window::Closed,
            last: 0,
        }
    }

    /// A question, and who waits for its answer until when.
    pub(super) fn ask(&mut self, location: Location, waiter: W, until: Instant) {
        if let Some(question) = self.open.get(&location).and_then(|id| self.questions.get_mut(id)) {
            question.waiters.push(waiter);
            question.standing.until = question.standing.until.max(until);
            return;
        }
        self.last += 1;
        let question = Question {
            location: location.clone(),
            waiters: vec![waiter],
            under_way: false,
            standing: Standing { failures: 0, until },
        };
        self.questions.insert(self.last, question);
        self.open.insert(location, self.last);
        self.queue.push_back(self.last);
    }

    /// Whether a call is to be made now. It then has to be [filled](Self::fill) or [given back](Self::unclaim). Asked
    /// again until there is none.
    pub(super) fn claim(&mut self) -> bool {
        let unclaimed = self.waiting();
        let is_due = self.calls == 0 || unclaimed >= self.batch || self.window == Window::Over;
        let claims = self.calls < self.parallel && unclaimed > 0 && is_due;
        if claims {
            self.calls += 1;
            self.unfilled += 1;
        }
        claims
    }

    /// What a claimed call asks for; if there is nothing, it is given back.
    pub(super) fn fill(&mut self, is_gone: impl Fn(&W) -> bool) -> Option<Call> {
        self.drop_abandoned(is_gone);
        if self.queue.is_empty() {
            self.unclaim();
            return None;
        }
        self.unfilled -= 1;
        let ids: Vec<_> = self.queue.drain(..self.batch.min(self.queue.len())).collect();
        let asked = ids.iter().filter_map(|id| {
            let question = self.questions.get_mut(id)?;
            question.under_way = true;
            Some((question.location.clone(), question.standing))
        });
        let (locations, standings) = asked.unzip();
        self.close_window_if_empty();
        Some(Call {
            ids,
            locations,
            standings,
        })
    }

    /// A claimed call is not made.
    pub(super) fn unclaim(&mut self) {
        self.calls -= 1;
        self.unfilled -= 1;
        self.close_window_if_empty();
    }

    /// Whether the caller has to say, one window from now, that it [is over](Self::window_is_over).
    pub(super) fn opens_window(&mut self) -> bool {
        let opens = self.waiting() > 0 && self.window == Window::Closed;
        if opens {
            self.window = Window::Open {
                nth: 1,
                last: self.last,
            };
        }
        opens
    }

    /// Whether another follows it, of which the caller has to say the same.
    pub(super) fn window_is_over(&mut self) -> bool {
        if self.queue.is_empty() {
            self.window = Window::Closed;
            return false;
        }
        match self.window {
            Window::Open { nth, last } if nth < MOST_WINDOWS && last != self.last => {
                self.window = Window::Open {
                    nth: nth + 1,
                    last: self.last,
                };
                true
            }
            Window::Closed | Window::Open { .. } | Window::Over => {
                self.window = Window::Over;
                false
            }
        }
    }

    /// A call is back. Who waits for its questions, in their order; nobody where one is asked again.
    pub(super) fn land(&mut self, call: Call, fates: &[Fate]) -> (Vec<Vec<W>>, Resting) {
        self.calls -= 1;
        let (mut waiters, mut resting) = (Vec::with_capacity(call.ids.len()), Vec::new());
        let fates = fates.iter().copied().chain(std::iter::repeat(Fate::Answered));
        for (id, fate) in call.ids.into_iter().zip(fates) {
            waiters.push(match fate {
                Fate::Answered => self.remove(id).map(|(_, waiters)| waiters).unwrap_or_default(),
                Fate::Again { failed } => {
                    if let Some(question) = self.questions.get_mut(&id) {
                        question.standing.failures += u32::from(failed);
                        resting.push(id);
                    }
                    Vec::new()
                }
            });
        }
        (waiters, Resting(resting))
    }

    /// These are asked before all others.
    pub(super) fn again(&mut self, resting: Resting) {
        for id in resting.0.into_iter().rev() {
            if let Some(question) = self.questions.get_mut(&id) {
                question.under_way = false;
                self.queue.push_front(id);
            }
        }
    }

    /// Takes out what is queued and has no time to wait until then, with who waits for it.
    pub(super) fn give_up(&mut self, is_pointless: impl Fn(Standing) -> bool) -> Vec<(Location, Vec<W>)> {
        let questions = &self.questions;
        let is_pointless = |id: &Id| {
            questions
                .get(id)
                .is_none_or(|question| is_pointless(question.standing))
        };
        let (pointless, queue): (Vec<_>, Vec<_>) = self.queue.iter().copied().partition(is_pointless);
        self.queue = queue.into();
        self.close_window_if_empty();
        pointless.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Calls that it takes to ask what is queued.
    pub(super) fn calls_ahead(&self) -> usize {
        self.queue.len().div_ceil(self.batch)
    }

    /// What is under way may be outdated, because something was written: nobody joins it from now on.
    pub(super) fn seal(&mut self) {
        let questions = &self.questions;
        self.open
            .retain(|_, id| questions.get(id).is_some_and(|question| !question.under_way));
    }

    /// Questions that no claimed call will take along.
    fn waiting(&self) -> usize {
        self.queue.len().saturating_sub(self.unfilled * self.batch)
    }

    fn drop_abandoned(&mut self, is_gone: impl Fn(&W) -> bool) {
        let questions = &self.questions;
        let is_wanted = |id: &Id| {
            let question = questions.get(id);
            question.is_some_and(|question| !question.waiters.iter().all(&is_gone))
        };
        let (wanted, abandoned): (Vec<_>, Vec<_>) = self.queue.iter().copied().partition(is_wanted);
        self.queue = wanted.into();
        for id in abandoned {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: Id) -> Option<(Location, Vec<W>)> {
        let question = self.questions.remove(&id)?;
        if self.open.get(&question.location) == Some(&id) {
            self.open.remove(&question.location);
        }
        Some((question.location, question.waiters))
    }

    fn close_window_if_empty(&mut self) {
        if self.queue.is_empty() && self.window == Window::Over {
            self.window = Window::Closed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ask::Aspect;

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
        batcher.ask(at(key), waiter, Instant::now());
    }

    fn next(batcher: &mut Batcher<i32>) -> Option<Call> {
        batcher
            .claim()
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
    fn a_lone_read_goes_at_once_and_opens_no_window() {
        let mut batcher = batcher(10, 4, &["a"]);
        assert_eq!(keys(next(&mut batcher).as_ref()), "a");
        assert!(!batcher.opens_window());
    }

    #[test]
    fn reads_that_follow_wait_for_the_window() {
        let mut batcher = batcher(10, 4, &["a"]);
        let first = next(&mut batcher).expect("a call");
        ask_all(&mut batcher, &["b", "c"]);
        assert!(next(&mut batcher).is_none());
        assert!(
            batcher.opens_window() && !batcher.opens_window(),
            "one window at a time"
        );
        assert!(!batcher.window_is_over());
        assert_eq!(keys(next(&mut batcher).as_ref()), "b c");
        assert!(next(&mut batcher).is_none());
        assert_eq!(land(&mut batcher, first), [[0]]);
    }

    #[test]
    fn while_more_keep_coming_one_window_follows_another_within_bounds() {
        let mut batcher = batcher(100, 4, &["a"]);
        let _first = next(&mut batcher);
        ask(&mut batcher, "b", 1);
        assert!(batcher.opens_window());
        for nth in 1..MOST_WINDOWS {
            ask(&mut batcher, &format!("b{nth}"), 1);
            assert!(batcher.window_is_over(), "{nth}");
            assert!(next(&mut batcher).is_none() && !batcher.opens_window());
        }
        ask(&mut batcher, "last", 1);
        assert!(
            !batcher.window_is_over(),
            "those who came first have waited enough"
        );
        assert!(next(&mut batcher).is_some_and(|call| call.locations.len() == 11));
    }

    #[test]
    fn a_full_batch_does_not_wait() {
        let mut batcher = batcher(2, 4, &["a"]);
        let _first = next(&mut batcher);
        ask_all(&mut batcher, &["b", "c", "d"]);
        assert_eq!(keys(next(&mut batcher).as_ref()), "b c");
        assert!(next(&mut batcher).is_none(), "d waits for company");
        assert!(batcher.opens_window());
    }

    #[test]
    fn what_waits_goes_when_everything_has_landed() {
        let mut batcher = batcher(10, 4, &["a"]);
        let first = next(&mut batcher).expect("a call");
        ask_all(&mut batcher, &["b"]);
        assert!(next(&mut batcher).is_none());
        land(&mut batcher, first);
        assert_eq!(keys(next(&mut batcher).as_ref()), "b");
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
    fn a_window_that_ends_while_all_calls_are_taken_is_not_forgotten() {
        let mut batcher = batcher(10, 1, &["a"]);
        let first = next(&mut batcher).expect("a call");
        ask_all(&mut batcher, &["b"]);
        assert!(batcher.opens_window());
        assert!(!batcher.window_is_over());
        assert!(next(&mut batcher).is_none());
        land(&mut batcher, first);
        assert_eq!(keys(next(&mut batcher).as_ref()), "b");
        ask_all(&mut batcher, &["c"]);
        assert!(batcher.opens_window(), "the next one collects again");
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
        let after = next(&mut batcher).expect("a call");
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
        assert_eq!(keys(next(&mut batcher).as_ref()), "half");
        assert!(batcher.open.len() == 1 && batcher.questions.len() == 1);
    }

    #[test]
    fn what_comes_while_a_call_waits_for_leave_goes_with_it() {
        let mut batcher = batcher(3, 4, &["a"]);
        assert!(batcher.claim());
        ask_all(&mut batcher, &["b", "c"]);
        assert!(!batcher.claim() && !batcher.opens_window(), "one call will do");
        ask(&mut batcher, "d", 9);
        assert!(!batcher.claim() && batcher.opens_window());
        let call = batcher.fill(|_| false);
        assert_eq!(keys(call.as_ref()), "a b c");
    }

    #[test]
    fn a_call_that_finds_nothing_to_ask_is_given_back() {
        let mut batcher = batcher(1, 1, &[]);
        ask(&mut batcher, "gone", -1);
        assert!(batcher.claim());
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
        let soon = Instant::now();
        let late = soon + std::time::Duration::from_mins(1);
        for (key, waiter, until) in [("a", 1, soon), ("b", 2, late), ("c", 3, soon), ("c", 4, late)] {
            batcher.ask(at(key), waiter, until);
        }
        let given_up = batcher.give_up(|standing| standing.until < late);
        assert_eq!(given_up, [(at("a"), vec![1])]);
        assert_eq!(batcher.calls_ahead(), 2);
        land(&mut batcher, call);
        assert_eq!(keys(next(&mut batcher).as_ref()), "b");
    }
}
