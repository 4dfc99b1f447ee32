//! When reads that come one by one become calls.
//!
//! Pure: time and tasks are the caller's business, and what waits for an answer is opaque here.
//!
//! - Equal questions are asked once; whoever asks one that is queued or under way waits for its answer.
//! - A read that is alone goes at once. Others go when a call's worth of them has come together, or when they have
//!   waited for long enough ([`company`](super::company)).
//! - A call is made in two steps, claimed and then filled, so that what comes while it waits for leave goes with it.
//! - Never more than `parallel` calls, never more than `batch` questions in a call.
//! - A question that nobody waits for any more is dropped before it is asked.

use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

use super::company::Company;
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
    company: Company,
    /// What is queued waits for nobody.
    hurries: bool,
    /// When somebody will ask again, so that nobody waits for too long.
    timer: Option<Instant>,
    last: Id,
}

type Id = u64;

#[derive(Debug)]
struct Question<W> {
    location: Location,
    waiters: Vec<W>,
    came: Instant,
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
        let batch = batch.max(1);
        Self {
            batch,
            parallel: parallel.max(1),
            questions: HashMap::new(),
            open: HashMap::new(),
            queue: VecDeque::new(),
            calls: 0,
            unfilled: 0,
            company: Company::new(batch),
            hurries: false,
            timer: None,
            last: 0,
        }
    }

    /// A question that comes now, and who waits for its answer until when.
    pub(super) fn ask(&mut self, location: Location, waiter: W, now: Instant, until: Instant) {
        if let Some(question) = self.open.get(&location).and_then(|id| self.questions.get_mut(id)) {
            question.waiters.push(waiter);
            question.standing.until = question.standing.until.max(until);
            return;
        }
        let is_alone = self.queue.is_empty() && self.calls == 0;
        self.hurries |= self.company.joined(now, is_alone);
        self.last += 1;
        let question = Question {
            location: location.clone(),
            waiters: vec![waiter],
            came: now,
            under_way: false,
            standing: Standing { failures: 0, until },
        };
        self.questions.insert(self.last, question);
        self.open.insert(location, self.last);
        self.queue.push_back(self.last);
    }

    /// Whether a call is to be made now. It then has to be [filled](Self::fill) or [given back](Self::unclaim). Asked
    /// again until there is none.
    pub(super) fn claim(&mut self, now: Instant) -> bool {
        let unclaimed = self.waiting();
        let is_due = || self.hurries || self.waits_until(self.unfilled).is_some_and(|until| until <= now);
        let claims = self.calls < self.parallel && (unclaimed >= self.batch || (unclaimed > 0 && is_due()));
        if claims {
            self.calls += 1;
            self.unfilled += 1;
            self.hurries = false;
        }
        claims
    }

    /// Whether a call that was claimed for a read that was alone had better wait, since others came in the same moment. It
    /// is given back then.
    pub(super) fn thinks_better(&mut self, now: Instant) -> bool {
        let is_company = self.queue.len() > 1 && self.queue.len() < self.batch;
        let waits = is_company && self.waits_until(0).is_some_and(|until| until > now);
        if waits {
            self.unclaim();
        }
        waits
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
        Some(Call {
            ids,
            locations,
            standings,
        })
    }

    /// Who waits for what a filled call asks for.
    pub(super) fn waiters(&self, call: &Call) -> impl Iterator<Item = &W> {
        let questions = call.ids.iter().filter_map(|id| self.questions.get(id));
        questions.flat_map(|question| &question.waiters)
    }

    /// A claimed call is not made.
    pub(super) fn unclaim(&mut self) {
        self.calls -= 1;
        self.unfilled -= 1;
    }

    /// When the caller has to say that it [rings](Self::rings), unless somebody else has to do so sooner. Those who have
    /// waited for long enough go as soon as a call lands.
    pub(super) fn sets_timer(&mut self, now: Instant) -> Option<Instant> {
        let until = self.waits_until(self.unfilled).filter(|until| *until > now)?;
        if self.timer.is_some_and(|timer| timer <= until) {
            return None;
        }
        self.timer = Some(until);
        self.timer
    }

    /// It is that time: those who wait may have waited for long enough.
    pub(super) fn rings(&mut self, now: Instant) {
        self.timer = self.timer.filter(|timer| *timer > now);
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

    /// These are asked before all others, and wait for nobody.
    pub(super) fn again(&mut self, resting: Resting) {
        self.hurries |= !resting.0.is_empty();
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

    /// Until when those wait for others whom so many calls leave behind.
    fn waits_until(&self, calls: usize) -> Option<Instant> {
        let first = self.queue.get(calls * self.batch)?;
        let first = self.questions.get(first)?;
        Some(self.company.waits_until(first.came))
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
}

#[cfg(test)]
mod tests;
