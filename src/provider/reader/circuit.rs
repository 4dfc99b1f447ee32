//! Whether a backend that does not answer is asked at all.
//!
//! Pure: instants and chance are handed in.
//!
//! - What goes unanswered a few times in a row opens the circuit: nothing goes any more.
//! - Once in a while one call goes, to see: after a tenth of the time that the backend has been away, half a minute
//!   at most. Its answer closes the circuit.
//! - A circuit that has just closed opens again at the first call that goes unanswered, until another is answered.

use std::time::Duration;

use tokio::time::Instant;

/// Unanswered calls in a row.
const ENOUGH: u32 = 5;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Circuit {
    state: State,
    /// Since when the backend has been away.
    since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Closed {
        unanswered: u32,
    },
    Open {
        until: Instant,
    },
    /// One call is under way, to see.
    Probing,
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { unanswered: 0 }
    }
}

/// What a call that wants to go is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Go,
    /// Go, and be the one who sees. What comes of it has to be told.
    Probe,
    Stay,
}

impl Circuit {
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        match self.state {
            State::Closed { .. } => Admission::Go,
            State::Open { until } if until <= now => {
                self.state = State::Probing;
                Admission::Probe
            }
            State::Open { .. } | State::Probing => Admission::Stay,
        }
    }

    /// The backend answered, whatever it said. Whether that closed the circuit.
    pub(super) fn answered(&mut self) -> bool {
        match self.state {
            State::Closed { .. } => {
                *self = Self::default();
                false
            }
            State::Open { .. } | State::Probing => {
                self.state = State::Closed {
                    unanswered: ENOUGH - 1,
                };
                true
            }
        }
    }

    /// The backend did not answer. Whether that opened the circuit. `chance` is between 0 and 1.
    pub(super) fn unanswered(&mut self, is_probe: bool, now: Instant, chance: f64) -> bool {
        match self.state {
            State::Closed { unanswered } if unanswered + 1 < ENOUGH => {
                self.since.get_or_insert(now);
                self.state = State::Closed {
                    unanswered: unanswered + 1,
                };
                false
            }
            State::Closed { .. } => {
                self.open(now, chance);
                true
            }
            State::Probing if is_probe => {
                self.open(now, chance);
                false
            }
            // Sent before the circuit opened.
            State::Open { .. } | State::Probing => false,
        }
    }

    /// The call that was to see has seen nothing.
    pub(super) fn probe_is_lost(&mut self, now: Instant, chance: f64) {
        if self.state == State::Probing {
            self.open(now, chance);
        }
    }

    /// Whether no call may go.
    pub(super) fn is_shut(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { until } => until > now,
            State::Probing => true,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// When the next call may go to see, if none is under way.
    pub(super) fn opens_a_crack(&self) -> Option<Instant> {
        match self.state {
            State::Open { until } => Some(until),
            State::Closed { .. } | State::Probing => None,
        }
    }

    fn open(&mut self, now: Instant, chance: f64) {
        let away = now.saturating_duration_since(*self.since.get_or_insert(now));
        let pause = (away / 10).clamp(SHORTEST, LONGEST);
        self.state = State::Open {
            until: now + pause.mul_f64(0.75 + chance / 4.0),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// One whose backend went away at that instant.
    fn open(now: Instant) -> Circuit {
        let mut circuit = Circuit::default();
        let turns = (0..ENOUGH).map(|_| circuit.unanswered(false, now, 1.0));
        assert_eq!(turns.filter(|turned| *turned).count(), 1);
        circuit
    }

    #[test]
    fn a_few_unanswered_calls_in_a_row_open_it_and_an_answer_in_between_does_not() {
        let now = Instant::now();
        let mut circuit = Circuit::default();
        for _ in 0..3 {
            for _ in 1..ENOUGH {
                assert!(!circuit.unanswered(false, now, 1.0));
            }
            assert_eq!(circuit.admit(now), Admission::Go);
            assert!(!circuit.answered());
        }
        assert!(open(now).is_open());
    }

    #[test]
    fn while_it_is_open_nothing_goes_and_then_a_single_call() {
        let now = Instant::now();
        let mut circuit = open(now);
        assert_eq!(circuit.opens_a_crack(), Some(now + seconds(1)));
        assert_eq!(circuit.admit(now + Duration::from_millis(999)), Admission::Stay);
        assert_eq!(circuit.admit(now + seconds(1)), Admission::Probe);
        assert_eq!(
            circuit.admit(now + seconds(9)),
            Admission::Stay,
            "one is under way"
        );
        assert!(circuit.answered());
        assert_eq!(circuit.admit(now + seconds(9)), Admission::Go);
    }

    #[test]
    fn it_looks_again_after_a_tenth_of_the_time_and_at_least_every_half_minute() {
        let start = Instant::now();
        let (mut circuit, mut now, mut pauses) = (open(start), start, Vec::new());
        while now < start + seconds(600) {
            let until = circuit.opens_a_crack().expect("open");
            pauses.push(until.saturating_duration_since(now).as_secs());
            now = until;
            assert_eq!(circuit.admit(now), Admission::Probe);
            assert!(!circuit.unanswered(true, now, 1.0));
        }
        assert!(pauses[..10].iter().all(|pause| *pause == 1), "{pauses:?}");
        assert!(pauses.is_sorted() && pauses.last() == Some(&30), "{pauses:?}");
    }

    #[test]
    fn late_failures_of_earlier_calls_change_nothing() {
        let now = Instant::now();
        let mut circuit = open(now);
        let until = circuit.opens_a_crack();
        assert!(!circuit.unanswered(false, now + seconds(9), 1.0));
        assert_eq!(circuit.opens_a_crack(), until);
        assert_eq!(circuit.admit(now + seconds(9)), Admission::Probe);
        assert!(!circuit.unanswered(false, now + seconds(9), 1.0));
        assert_eq!(
            circuit.opens_a_crack(),
            None,
            "the one that sees is still under way"
        );
    }

    #[test]
    fn one_answer_is_not_trusted_at_once() {
        let now = Instant::now();
        let mut circuit = open(now);
        circuit.admit(now + seconds(100));
        assert!(circuit.answered());
        assert!(circuit.unanswered(false, now + seconds(100), 1.0));
        assert_eq!(
            circuit.opens_a_crack(),
            Some(now + seconds(110)),
            "it has been away all along"
        );
        circuit.admit(now + seconds(110));
        assert!(circuit.answered());
        assert!(!circuit.answered());
        assert!(!circuit.unanswered(false, now + seconds(111), 1.0));
    }

    #[test]
    fn a_probe_that_gets_lost_is_followed_by_another() {
        let now = Instant::now();
        let mut circuit = open(now);
        circuit.admit(now + seconds(1));
        circuit.probe_is_lost(now + seconds(1), 1.0);
        assert_eq!(circuit.admit(now + seconds(2)), Admission::Probe);
    }
}
