//! The calls of one connection: made when the gate lets them, repeated where that is allowed, never without a bound.

use std::iter;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use lockstep_api::RetrySettings;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::Answer;
use super::batcher::{Batcher, Call, Fate, Resting, Standing};
use super::gate::{Gate, Outcome, no_answer};
use super::retry::Rule;
use crate::engine::problem::Problem;
use crate::provider::calls::counted;
use crate::provider::{Backend, Limits, Location};
use crate::random::chance;

/// What calls under way share with the reader.
pub(super) struct Line {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) limits: Limits,
    pub(super) gate: Arc<Gate>,
    rule: Rule,
    reads: Mutex<Batcher<oneshot::Sender<Answer>>>,
}

/// What may be done again when it went unanswered. What was too much at that moment may always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Once,
}

impl Line {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        gate: Arc<Gate>,
        settings: Option<&RetrySettings>,
    ) -> Arc<Self> {
        let limits = backend.limits();
        gate.allow(limits.parallel);
        Arc::new(Self {
            rule: Rule::new(limits.retries, settings),
            reads: Mutex::new(Batcher::new(limits.batch, limits.parallel)),
            backend,
            limits,
            gate,
        })
    }

    pub(super) fn reads(&self) -> MutexGuard<'_, Batcher<oneshot::Sender<Answer>>> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns away at the door whoever would wait in vain.
    pub(super) fn admit(&self, what: &str) -> Result<(), Problem> {
        let ahead = self.reads().calls_ahead();
        match self.gate.turns_away(what, ahead, self.limits.deadline) {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }

    pub(super) fn too_late(&self, what: &str, waited: Duration) -> Problem {
        let ahead = self.reads().calls_ahead();
        self.gate.too_late(what, waited, ahead)
    }

    /// Starts what may be started.
    pub(super) fn go_on(self: &Arc<Self>) {
        let (claims, timer) = {
            let (mut reads, now) = (self.reads(), Instant::now());
            let claims = iter::repeat_with(|| reads.claim(now))
                .take_while(|claims| *claims)
                .count();
            (claims, reads.sets_timer(now))
        };
        for _ in 0..claims {
            tokio::spawn(self.clone().carry());
        }
        if let Some(at) = timer {
            let line = self.clone();
            tokio::spawn(async move {
                sleep_until(at).await;
                line.reads().rings(Instant::now());
                line.go_on();
            });
        }
    }

    /// A call's worth of reads. However it ends, those who wait for it hear of it.
    async fn carry(self: Arc<Self>) {
        // Others may be about to ask: tasks that can go on do so first.
        if self.limits.batch > 1 {
            yield_now().await;
        }
        if self.reads().thinks_better(Instant::now()) {
            return self.go_on();
        }
        let pass = match self.gate.pass().await {
            Ok(pass) => pass,
            Err(problem) => {
                self.reads().unclaim();
                return self.give_up(|_| true, |_| problem.clone());
            }
        };
        let Some(call) = self.reads().fill(oneshot::Sender::is_closed) else {
            return;
        };
        let (answers, calls) = counted(self.ask(&call.locations)).await;
        pass.took(calls).land(Outcome::of_all(&answers));
        self.land(call, answers);
        self.go_on();
    }

    async fn ask(&self, wanted: &[Location]) -> Vec<Answer> {
        self.gate.tally().batched(wanted.len());
        let limit = self.limits.deadline;
        let all = |problem: &dyn Fn(&str) -> Problem| {
            let each = wanted.iter().map(|location| Err(problem(&location.key)));
            each.collect()
        };
        match timeout(limit, AssertUnwindSafe(self.backend.read(wanted)).catch_unwind()).await {
            Ok(Ok(answers)) => answers,
            Ok(Err(_)) => all(&|key| crashed(key)),
            Err(_) => all(&|key| no_answer(key, limit)),
        }
    }

    fn land(self: &Arc<Self>, call: Call, answers: Vec<Answer>) {
        let mut rest = Duration::ZERO;
        let fates: Vec<_> = answers
            .iter()
            .zip(&call.standings)
            .map(|(answer, standing)| {
                let problem = answer.as_ref().err();
                match problem.and_then(|problem| self.repeats(problem, Kind::Read, *standing)) {
                    Some(pause) => {
                        rest = rest.max(pause);
                        Fate::Again {
                            failed: !pause.is_zero(),
                        }
                    }
                    None => Fate::Answered,
                }
            })
            .collect();
        let keys: Vec<_> = call
            .locations
            .iter()
            .map(|location| location.key.clone())
            .collect();
        let (waiters, resting) = self.reads().land(call, &fates);
        for ((waiters, answer), key) in waiters.into_iter().zip(answers).zip(keys) {
            tell(waiters, &answer.map_err(|problem| self.spread(&key, problem)));
        }
        self.rest(resting, rest);
        // A pause that is longer than some can wait is told to them at once.
        let (now, wait) = (Instant::now(), self.gate.outlook());
        self.give_up(
            |standing| standing.until < now + wait,
            |what| self.gate.too_late(what, wait, 1),
        );
    }

    fn rest(self: &Arc<Self>, resting: Resting, pause: Duration) {
        if pause.is_zero() {
            return self.reads().again(resting);
        }
        let line = self.clone();
        tokio::spawn(async move {
            sleep(pause).await;
            line.reads().again(resting);
            line.go_on();
        });
    }

    fn give_up(&self, is_pointless: impl Fn(Standing) -> bool, problem: impl Fn(&str) -> Problem) {
        let given_up = self.reads().give_up(is_pointless);
        for (location, waiters) in given_up {
            tell(waiters, &Err(problem(&location.key)));
        }
    }

    /// After which pause a call that failed is made again, if it is: none for what was too much, since the gate holds
    /// that back.
    fn repeats(&self, problem: &Problem, kind: Kind, standing: Standing) -> Option<Duration> {
        let left = standing.until.saturating_duration_since(Instant::now());
        let (pause, wait) = match (Outcome::of(problem), kind) {
            (Outcome::Throttled { .. }, _) => (Duration::ZERO, self.gate.outlook()),
            (Outcome::Unanswered(_), Kind::Read) if standing.failures < self.rule.times => {
                let pause = self.rule.pause(standing.failures, chance());
                (pause, pause)
            }
            (Outcome::Unanswered(_) | Outcome::Answered | Outcome::Nothing, _) => return None,
        };
        (wait < left).then_some(pause)
    }

    /// Those for whom it was too much come back one by one, when the gate has room for them.
    fn spread(&self, what: &str, problem: Problem) -> Problem {
        match Outcome::of(&problem) {
            Outcome::Throttled { .. } => self.gate.too_late(what, self.limits.deadline, 1),
            Outcome::Answered | Outcome::Unanswered(_) | Outcome::Nothing => problem,
        }
    }

    /// A call that stands for itself.
    pub(super) async fn one<T, F>(&self, what: &str, kind: Kind, call: impl Fn() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Problem>> + Send,
    {
        self.admit(what)?;
        let limit = self.limits.deadline;
        let until = Instant::now() + limit * 2;
        let work = async {
            let mut standing = Standing { failures: 0, until };
            loop {
                let pass = self.gate.pass().await?;
                let attempt = timeout(limit, AssertUnwindSafe(call()).catch_unwind());
                let (attempt, calls) = counted(attempt).await;
                let outcome = match attempt {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(_)) => Err(crashed(what)),
                    Err(_) => Err(no_answer(what, limit)),
                };
                let problem = outcome.as_ref().err();
                pass.took(calls)
                    .land(problem.map_or(Outcome::Answered, Outcome::of));
                let Some(pause) = problem.and_then(|problem| self.repeats(problem, kind, standing)) else {
                    return outcome.map_err(|problem| self.spread(what, problem));
                };
                standing.failures += u32::from(!pause.is_zero());
                sleep(pause).await;
            }
        };
        let in_time = timeout_at(until, work).await;
        in_time.unwrap_or_else(|_| Err(self.too_late(what, limit)))
    }
}

/// One who has gone away in the meantime does not mind.
fn tell(waiters: Vec<oneshot::Sender<Answer>>, answer: &Answer) {
    for waiter in waiters {
        let _ = waiter.send(answer.clone());
    }
}

pub(super) fn crashed(what: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: "lockstep could not cope with it; this is a defect".to_owned(),
    }
}
