//! When reads that come one by one become calls.
//!
//! Pure: time and tasks are the caller's business, and what waits for an answer is opaque here.
//!
//! - Equal questions are asked once; whoever asks one that is queued or under way waits for its answer.
//! - A read that finds nothing under way goes at once. Others wait until a call's worth of them has come together,
//!   the window is over, or everything under way has landed, whichever is first.
//! - Never more than `parallel` calls, never more than `batch` questions in a call.
//! - A question that nobody waits for any more is dropped before it is asked.

use std::collections::{HashMap, VecDeque};

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
    calls: usize,
    window: Window,
    last: Id,
}

type Id = u64;

#[derive(Debug)]
struct Question<W> {
    location: Location,
    waiters: Vec<W>,
    under_way: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Closed,
    Open,
    /// It has been open for long enough: what is queued goes as soon as a call is free.
    Over,
}

/// Questions that go together. Has to [land](Batcher::land).
#[derive(Debug)]
#[must_use]
pub(super) struct Call {
    ids: Vec<Id>,
    pub(super) locations: Vec<Location>,
}

impl<W> Batcher<W> {
    pub(super) fn new(batch: usize, parallel: usize) -> Self {
        Self {
            batch: batch.max(1),
            parallel: parallel.max(1),
            questions: HashMap::new(),
            open: HashMap::new(),
            queue: VecDeque::new(),
            calls: 0,
            window: Window::Closed,
            last: 0,
        }
    }

    pub(super) fn ask(&mut self, location: Location, waiter: W) {
        if let Some(question) = self.open.get(&location).and_then(|id| self.questions.get_mut(id)) {
            question.waiters.push(waiter);
            return;
        }
        self.last += 1;
        let question = Question {
            location: location.clone(),
            waiters: vec![waiter],
            under_way: false,
        };
        self.questions.insert(self.last, question);
        self.open.insert(location, self.last);
        self.queue.push_back(self.last);
    }

    /// The next call to make now, if any. Asked again until there is none.
    pub(super) fn next_call(&mut self, is_gone: impl Fn(&W) -> bool) -> Option<Call> {
        if self.calls >= self.parallel {
            return None;
        }
        self.drop_abandoned(is_gone);
        let is_due = self.calls == 0 || self.queue.len() >= self.batch || self.window == Window::Over;
        if self.queue.is_empty() || !is_due {
            return None;
        }
        let ids: Vec<_> = self.queue.drain(..self.batch.min(self.queue.len())).collect();
        let locations = ids.iter().filter_map(|id| {
            let question = self.questions.get_mut(id)?;
            question.under_way = true;
            Some(question.location.clone())
        });
        let locations = locations.collect();
        self.calls += 1;
        if self.queue.is_empty() && self.window == Window::Over {
            self.window = Window::Closed;
        }
        Some(Call { ids, locations })
    }

    /// Whether the caller has to say, one window from now, that it [is over](Self::window_is_over).
    pub(super) fn opens_window(&mut self) -> bool {
        let opens = !self.queue.is_empty() && self.window == Window::Closed;
        if opens {
            self.window = Window::Open;
        }
        opens
    }

    pub(super) fn window_is_over(&mut self) {
        self.window = if self.queue.is_empty() {
            Window::Closed
        } else {
            Window::Over
        };
    }

    /// A call is back: who waits for its questions, in their order.
    pub(super) fn land(&mut self, call: Call) -> Vec<Vec<W>> {
        self.calls -= 1;
        let waiters = call.ids.into_iter().map(|id| {
            let Some(question) = self.questions.remove(&id) else {
                return Vec::new();
            };
            if self.open.get(&question.location) == Some(&id) {
                self.open.remove(&question.location);
            }
            question.waiters
        });
        waiters.collect()
    }

    /// What is under way may be outdated, because something was written: nobody joins it from now on.
    pub(super) fn seal(&mut self) {
        let questions = &self.questions;
        self.open
            .retain(|_, id| questions.get(id).is_some_and(|question| !question.under_way));
    }

    fn drop_abandoned(&mut self, is_gone: impl Fn(&W) -> bool) {
        self.queue.retain(|id| {
            let is_wanted = |question: &Question<W>| !question.waiters.iter().all(&is_gone);
            if self.questions.get(id).is_some_and(is_wanted) {
                return true;
            }
            if let Some(question) = self.questions.remove(id) {
                self.open.remove(&question.location);
            }
            false
        });
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
            batcher.ask(at(key), waiter);
        }
    }

    fn next(batcher: &mut Batcher<i32>) -> Option<Call> {
        batcher.next_call(|&waiter| waiter < 0)
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
        batcher.window_is_over();
        assert_eq!(keys(next(&mut batcher).as_ref()), "b c");
        assert!(next(&mut batcher).is_none());
        assert_eq!(batcher.land(first), [[0]]);
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
        batcher.land(first);
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
        batcher.land(second.expect("a call"));
        assert_eq!(keys(next(&mut batcher).as_ref()), "c");
        assert!(next(&mut batcher).is_none());
    }

    #[test]
    fn a_window_that_ends_while_all_calls_are_taken_is_not_forgotten() {
        let mut batcher = batcher(10, 1, &["a"]);
        let first = next(&mut batcher).expect("a call");
        ask_all(&mut batcher, &["b"]);
        assert!(batcher.opens_window());
        batcher.window_is_over();
        assert!(next(&mut batcher).is_none());
        batcher.land(first);
        assert_eq!(keys(next(&mut batcher).as_ref()), "b");
        ask_all(&mut batcher, &["c"]);
        assert!(batcher.opens_window(), "the next one collects again");
    }

    #[test]
    fn equal_reads_are_asked_once_also_while_under_way() {
        let mut batcher = batcher(10, 4, &["a", "a"]);
        let call = next(&mut batcher).expect("a call");
        batcher.ask(at("a"), 2);
        assert_eq!(keys(Some(&call)), "a");
        assert_eq!(batcher.land(call), [[0, 1, 2]]);
        batcher.ask(at("a"), 3);
        assert_eq!(keys(next(&mut batcher).as_ref()), "a", "an answer is not kept");
    }

    #[test]
    fn after_a_write_nobody_joins_what_was_asked_before() {
        let mut batcher = batcher(10, 4, &["a"]);
        let before = next(&mut batcher).expect("a call");
        batcher.ask(at("b"), 1);
        batcher.seal();
        batcher.ask(at("a"), 2);
        batcher.ask(at("b"), 3);
        assert_eq!(batcher.land(before), [[0]]);
        let after = next(&mut batcher).expect("a call");
        assert_eq!(keys(Some(&after)), "b a");
        assert_eq!(batcher.land(after), [vec![1, 3], vec![2]]);
    }

    #[test]
    fn questions_that_nobody_waits_for_are_dropped() {
        let mut batcher = batcher(10, 1, &["a"]);
        let first = next(&mut batcher).expect("a call");
        batcher.ask(at("gone"), -1);
        batcher.ask(at("half"), -1);
        batcher.ask(at("half"), 1);
        batcher.land(first);
        assert_eq!(keys(next(&mut batcher).as_ref()), "half");
        assert!(batcher.open.len() == 1 && batcher.questions.len() == 1);
    }
}
