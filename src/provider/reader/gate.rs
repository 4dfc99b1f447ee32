//! What every call to one backend goes through: its [budget](super::budget) and its [circuit](super::circuit).
//!
//! Guarantees: calls go in the order in which they came; one that cannot go before it is pointless hears so at once;
//! a call that is dropped on its way gives back what it took.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::budget::{Budget, Wait};
use super::circuit::{Admission, Circuit};
use super::tally::Tally;
use crate::engine::problem::Problem;
use crate::provider::Limits;
use crate::random::chance;

/// The least that a throttled caller is told to wait.
const LEAST_WAIT: Duration = Duration::from_secs(1);

pub struct Gate {
    /// The store, for messages.
    owner: String,
    state: Mutex<State>,
    /// Those who want to go; the first of them waits for room.
    line: tokio::sync::Mutex<()>,
    moved: Notify,
    tally: Arc<Tally>,
    on_turn: OnceLock<Box<dyn Fn(Turn) + Send + Sync>>,
}

struct State {
    budget: Budget,
    circuit: Circuit,
    /// How the last call went unanswered.
    why: String,
    /// How the backend last said that it was too much.
    too_much: String,
}

/// A backend went away, or came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Away,
    Back,
}

/// How it stands with a backend, for metrics.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub is_away: bool,
    /// Calls a second, where the backend has made us count.
    pub a_second: Option<f64>,
    /// Calls at a time.
    pub parallel: usize,
}

/// What a call says about the backend's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    Throttled {
        why: String,
        pause: Option<Duration>,
    },
    Unanswered(String),
    /// Whatever came of it, the backend was not asked.
    Nothing,
}

/// The right to make one call, now.
#[derive(Debug)]
#[must_use]
pub struct Pass {
    gate: Arc<Gate>,
    sent: Instant,
    /// Calls that it was good for beyond the first.
    more: usize,
    is_probe: bool,
    has_landed: bool,
}

impl Gate {
    pub fn new(owner: impl Into<String>, tally: Arc<Tally>) -> Arc<Self> {
        let state = State {
            budget: Budget::new(Limits::default().parallel, Instant::now()),
            circuit: Circuit::default(),
            why: String::new(),
            too_much: String::new(),
        };
        Arc::new(Self {
            owner: owner.into(),
            state: Mutex::new(state),
            line: tokio::sync::Mutex::default(),
            moved: Notify::new(),
            tally,
            on_turn: OnceLock::new(),
        })
    }

    /// Whom to tell when the backend goes away or comes back. The first one who asks is told.
    pub fn on_turn(&self, tell: impl Fn(Turn) + Send + Sync + 'static) {
        // A second one would be told the same.
        let _ = self.on_turn.set(Box::new(tell));
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub fn standing(&self) -> Standing {
        let state = self.state();
        Standing {
            is_away: state.circuit.is_open(),
            a_second: state.budget.a_second(),
            parallel: state.budget.parallel(),
        }
    }

    /// How many calls the backend takes at a time, at best.
    pub(super) fn allow(&self, parallel: usize) {
        self.state().budget.allow(parallel);
    }

    /// Waits until a call may go. Fails when the backend is not asked at the moment.
    pub async fn pass(self: &Arc<Self>) -> Result<Pass, Problem> {
        let _first = self.line.lock().await;
        loop {
            let moved = self.moved.notified();
            match self.try_pass()? {
                Ok(pass) => return Ok(pass),
                // It makes no difference which comes first: it is looked again.
                Err(Wait::Until(at)) => drop(timeout_at(at, moved).await),
                Err(Wait::ForALanding) => moved.await,
            }
        }
    }

    /// The same for one who waits no longer than that.
    pub async fn pass_within(self: &Arc<Self>, patience: Duration, what: &str) -> Result<Pass, Problem> {
        if let Some(problem) = self.turns_away(what, 0, patience) {
            return Err(problem);
        }
        let pass = timeout(patience, self.pass()).await;
        pass.unwrap_or_else(|_| Err(self.too_late(what, patience, 1)))
    }

    /// Whether nothing was learnt that would be missed.
    pub fn is_at_rest(&self) -> bool {
        let state = self.state();
        state.budget.is_untouched() && !state.circuit.is_open()
    }

    /// Why a call that comes behind so many others, and waits no longer than that, need not even be tried.
    pub(super) fn turns_away(&self, what: &str, ahead: usize, patience: Duration) -> Option<Problem> {
        let (now, state) = (Instant::now(), self.state());
        if state.circuit.is_shut(now) {
            return Some(self.away(&state));
        }
        let wait = state.budget.outlook(ahead, now);
        (wait > patience).then(|| throttled(what, &state.too_much, wait))
    }

    /// What a call is told that waited for that long in vain.
    pub(super) fn too_late(&self, what: &str, waited: Duration, ahead: usize) -> Problem {
        let state = self.state();
        let wait = state.budget.outlook(ahead, Instant::now());
        if wait.is_zero() {
            no_answer(what, waited)
        } else {
            throttled(what, &state.too_much, wait)
        }
    }

    /// How long a call that is asked again has to wait, at least.
    pub(super) fn outlook(&self) -> Duration {
        self.state().budget.outlook(1, Instant::now())
    }

    /// When it makes sense to see whether a backend that is away is back; `None` when it is not away.
    pub fn worth_a_look(&self) -> Option<Instant> {
        let state = self.state();
        let opens = || state.circuit.opens_a_crack().unwrap_or_else(Instant::now);
        state.circuit.is_open().then(opens)
    }

    fn try_pass(self: &Arc<Self>) -> Result<Result<Pass, Wait>, Problem> {
        let (now, mut state) = (Instant::now(), self.state());
        if state.circuit.is_shut(now) {
            return Err(self.away(&state));
        }
        if let Err(wait) = state.budget.take(now) {
            return Ok(Err(wait));
        }
        let is_probe = state.circuit.admit(now) == Admission::Probe;
        Ok(Ok(Pass {
            gate: self.clone(),
            sent: now,
            more: 0,
            is_probe,
            has_landed: false,
        }))
    }

    fn landed(&self, pass: &Pass, outcome: Outcome) {
        self.tally.called(pass.sent.elapsed(), &outcome);
        let turn = {
            let (now, mut state) = (Instant::now(), self.state());
            state.budget.landed();
            state.budget.charge(pass.more, now);
            match outcome {
                Outcome::Answered => {
                    state.budget.accepted(pass.sent);
                    state.answered(now)
                }
                Outcome::Throttled { why, pause } => {
                    state.too_much = why;
                    let turn = state.answered(now);
                    state.budget.refused(pass.sent, now, pause, chance());
                    turn
                }
                Outcome::Unanswered(why) => {
                    state.why = why;
                    let has_opened = state.circuit.unanswered(pass.is_probe, now, chance());
                    has_opened.then_some(Turn::Away)
                }
                Outcome::Nothing => {
                    if pass.is_probe {
                        state.circuit.probe_is_lost(now, chance());
                    }
                    None
                }
            }
        };
        self.moved.notify_one();
        if let (Some(turn), Some(tell)) = (turn, self.on_turn.get()) {
            tell(turn);
        }
    }

    fn away(&self, state: &State) -> Problem {
        Problem::Unreachable {
            what: self.owner.clone(),
            why: format!(
                "its backend does not answer ({}); lockstep looks every few seconds, and goes on as soon as it does",
                state.why
            ),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answered(&mut self, now: Instant) -> Option<Turn> {
        let is_back = self.circuit.answered();
        if is_back {
            self.budget.returned(now);
        }
        is_back.then_some(Turn::Back)
    }
}

impl Pass {
    /// What it was for took so many calls.
    pub(super) fn took(mut self, calls: usize) -> Self {
        self.more = calls.saturating_sub(1);
        self
    }

    pub fn land(mut self, outcome: Outcome) {
        self.has_landed = true;
        self.gate.landed(&self, outcome);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.has_landed {
            self.gate.landed(self, Outcome::Nothing);
        }
    }
}

impl Outcome {
    pub fn of(problem: &Problem) -> Self {
        let problem = problem.root();
        if let Problem::Throttled { why, retry_after, .. } = problem {
            return Self::Throttled {
                why: why.clone(),
                pause: *retry_after,
            };
        }
        if let Problem::Unreachable { why, .. } = problem {
            return Self::Unanswered(why.clone());
        }
        let is_answer = matches!(
            problem,
            Problem::Absent { .. }
                | Problem::Refused { .. }
                | Problem::Expired { .. }
                | Problem::BadAnswer { .. }
                | Problem::BadData { .. }
        );
        if is_answer { Self::Answered } else { Self::Nothing }
    }

    /// Of a call with several answers: the longest pause that is asked for; else whether there is any answer.
    pub(super) fn of_all<T>(answers: &[Result<T, Problem>]) -> Self {
        let all = answers
            .iter()
            .map(|answer| answer.as_ref().err().map_or(Self::Answered, Self::of));
        all.reduce(Self::graver).unwrap_or(Self::Nothing)
    }

    fn graver(self, other: Self) -> Self {
        match (self, other) {
            (Self::Throttled { why, pause }, Self::Throttled { pause: other, .. }) => Self::Throttled {
                why,
                pause: pause.max(other),
            },
            (throttled @ Self::Throttled { .. }, _) | (_, throttled @ Self::Throttled { .. }) => throttled,
            (Self::Answered, _) | (_, Self::Answered) => Self::Answered,
            (unanswered @ Self::Unanswered(_), _) | (_, unanswered @ Self::Unanswered(_)) => unanswered,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

/// Whoever is turned away comes back when there is room, and not together with all the others.
fn throttled(what: &str, why: &str, wait: Duration) -> Problem {
    let wait = wait.max(LEAST_WAIT);
    Problem::Throttled {
        what: what.to_owned(),
        why: why.to_owned(),
        retry_after: Some(wait.mul_f64(1.0 + chance() / 2.0)),
    }
}

pub(super) fn no_answer(what: &str, waited: Duration) -> Problem {
    Problem::Unreachable {
        what: what.to_owned(),
        why: format!("no answer within {}s", waited.as_secs()),
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}
