//! How fast a backend may be asked, learnt from what it refuses as too much (429).
//!
//! Pure: instants and chance are handed in.
//!
//! - Nothing goes before the pause that the backend asked for is over; where it names none, pauses grow as long as
//!   they do not help.
//! - A refusal cuts the calls at a time and the calls a second, once for all calls that were under way together and
//!   once a second at most; successes give both back, step by step.
//! - A backend that never complained is bound by nothing but the calls at a time.

use std::time::Duration;

use tokio::time::Instant;

/// The longest pause that a backend gets for the asking.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// The first pause of our own making, and the longest.
const OWN_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// Calls that may go together after a pause, and calls at a time below which no refusal brings us.
const FEW: f64 = 4.0;
/// What a refusal leaves of the calls a second, and of the calls at a time.
const CUT: (f64, f64) = (0.7, 0.5);
/// The shortest time between two cuts.
const ROUND: Duration = Duration::from_secs(1);
const SLOWEST: f64 = 1.0;
/// Faster than this, nothing is held back.
const FASTEST: f64 = 1000.0;
/// Calls a second that a second of success gives back after a refusal.
const STEP: f64 = 10.0;
/// Calls a second with which a backend that was away is met again.
const RETURN: f64 = 20.0;

#[derive(Debug)]
pub(super) struct Budget {
    most: f64,
    /// Calls at a time.
    parallel: f64,
    under_way: usize,
    rate: Option<Rate>,
    paused_until: Option<Instant>,
    /// Refusals in a row, those that came together counted once.
    refusals: u32,
    last_refusal: Option<Instant>,
    refusal_before: Option<Instant>,
    last_cut: Option<Instant>,
    pulse: Pulse,
}

/// Calls a second, dealt out as a bucket of a few that fills evenly.
#[derive(Debug)]
struct Rate {
    a_second: f64,
    growth: Growth,
    left: f64,
    as_of: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Growth {
    /// By the same number each second: near what the backend bears.
    Steps,
    /// Twofold each second: nobody knows what the backend bears.
    Doubling,
}

/// Why a call cannot go now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wait {
    Until(Instant),
    /// Another call has to land first.
    ForALanding,
}

impl Budget {
    pub(super) fn new(most: usize, now: Instant) -> Self {
        let most = whole(most);
        Self {
            most,
            parallel: most,
            under_way: 0,
            rate: None,
            paused_until: None,
            refusals: 0,
            last_refusal: None,
            refusal_before: None,
            last_cut: None,
            pulse: Pulse::new(now),
        }
    }

    /// How many calls at a time, at best.
    pub(super) fn allow(&mut self, most: usize) {
        let most = whole(most);
        self.parallel = if self.is_untouched() {
            most
        } else {
            self.parallel.min(most)
        };
        self.most = most;
    }

    /// Whether the backend never gave a reason to hold anything back.
    pub(super) fn is_untouched(&self) -> bool {
        self.last_refusal.is_none() && self.rate.is_none()
    }

    /// Takes a call out of the budget. It has to land, one way or another.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Wait> {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Err(Wait::Until(until));
        }
        if self.under_way >= self.parallel() {
            return Err(Wait::ForALanding);
        }
        if let Some(rate) = &mut self.rate {
            rate.take(now)?;
        }
        self.under_way += 1;
        self.pulse.beat(now);
        Ok(())
    }

    /// A call turned out to be as many more.
    pub(super) fn charge(&mut self, more: usize, now: Instant) {
        self.pulse.beats(now, more);
        if let Some(rate) = &mut self.rate {
            rate.left -= u32::try_from(more).map_or(f64::from(u32::MAX), f64::from);
        }
    }

    /// A call is over, and says nothing about the budget.
    pub(super) fn landed(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A call that was sent then was not too much.
    pub(super) fn accepted(&mut self, sent: Instant) {
        if self.last_refusal.is_none_or(|at| sent > at) {
            self.refusals = 0;
        } else if self.refusal_before.is_none_or(|at| sent > at) {
            // It was sent together with one that was refused: the pause before has helped.
            self.refusals = self.refusals.min(1);
        }
        self.parallel = (self.parallel + self.parallel.recip()).min(self.most);
        if let Some(rate) = &mut self.rate {
            rate.grow();
        }
        self.rate = self.rate.take().filter(|rate| rate.a_second < FASTEST);
    }

    /// A call that was sent then was too much. `chance` is between 0 and 1.
    pub(super) fn refused(&mut self, sent: Instant, now: Instant, asked: Option<Duration>, chance: f64) {
        let is_news = self.last_refusal.is_none_or(|at| sent > at);
        if is_news {
            self.refusals = self.refusals.saturating_add(1);
            self.refusal_before = self.last_refusal.replace(now);
        }
        // What a cut is good for shows only after a while.
        if is_news && self.last_cut.is_none_or(|at| at + ROUND <= now) {
            self.last_cut = Some(now);
            self.parallel = (self.parallel * CUT.1).max(FEW).min(self.most);
            let before = self
                .rate
                .as_ref()
                .map_or_else(|| self.pulse.a_second(now), |rate| rate.a_second);
            self.rate = Some(Rate::new((before * CUT.0).max(SLOWEST), Growth::Steps, now));
        }
        let asked = asked.filter(|pause| !pause.is_zero());
        let pause = asked.unwrap_or_else(|| self.own_pause(chance)).min(LONGEST_PAUSE);
        if is_news || asked.is_some() {
            self.paused_until = self.paused_until.max(Some(now + pause));
        }
    }

    /// The backend was away, and whoever waited for it must not come all at once.
    pub(super) fn returned(&mut self, now: Instant) {
        self.parallel = FEW.min(self.most);
        let known = self
            .rate
            .as_ref()
            .map_or(RETURN, |rate| rate.a_second.min(RETURN));
        self.rate = Some(Rate::new(known, Growth::Doubling, now));
    }

    /// How long a call waits that comes behind so many others, as far as anybody can tell; zero where nothing is
    /// held back.
    pub(super) fn outlook(&self, ahead: usize, now: Instant) -> Duration {
        let pause = self
            .paused_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let line = self
            .rate
            .as_ref()
            .map_or(0.0, |rate| (f64::from(ahead) + rate.debt(now)) / rate.a_second);
        pause.saturating_add(Duration::try_from_secs_f64(line).unwrap_or(LONGEST_PAUSE))
    }

    /// Calls at a time.
    pub(super) fn parallel(&self) -> usize {
        // Between 1 and what was a `usize` before.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within bounds, and whole calls are meant"
        )]
        let whole = self.parallel as usize;
        whole
    }

    /// Calls a second, where the backend has made us count them.
    pub(super) fn a_second(&self) -> Option<f64> {
        self.rate.as_ref().map(|rate| rate.a_second)
    }

    fn own_pause(&self, chance: f64) -> Duration {
        let (first, longest) = OWN_PAUSE;
        let doublings = self.refusals.saturating_sub(1).min(16);
        (first * 2_u32.pow(doublings))
            .min(longest)
            .mul_f64(0.75 + chance / 2.0)
    }
}

impl Rate {
    fn new(a_second: f64, growth: Growth, now: Instant) -> Self {
        Self {
            a_second,
            growth,
            left: FEW,
            as_of: now,
        }
    }

    fn take(&mut self, now: Instant) -> Result<(), Wait> {
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        self.left = (self.left + passed * self.a_second).min(FEW);
        self.as_of = now;
        // A timer that goes off a hair too early must not lead to another one.
        let missing = 1.0 - 1e-6 - self.left;
        if missing > 0.0 {
            return Err(Wait::Until(
                now + Duration::from_secs_f64(missing / self.a_second),
            ));
        }
        self.left -= 1.0;
        Ok(())
    }

    /// Calls that were made and not dealt out.
    fn debt(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        (-self.left - passed * self.a_second).max(0.0)
    }

    fn grow(&mut self) {
        self.a_second += match self.growth {
            Growth::Steps => (STEP / self.a_second).min(1.0),
            Growth::Doubling => 1.0,
        };
    }
}

fn whole(count: usize) -> f64 {
    u32::try_from(count.max(1)).map_or(f64::from(u32::MAX), f64::from)
}

/// How many calls went lately: those of the second that runs, and of the one before.
#[derive(Debug)]
struct Pulse {
    since: Instant,
    now: u32,
    before: u32,
}

impl Pulse {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            now: 0,
            before: 0,
        }
    }

    fn beat(&mut self, at: Instant) {
        self.beats(at, 1);
    }

    fn beats(&mut self, at: Instant, count: usize) {
        self.turn(at);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.now = self.now.saturating_add(count);
    }

    fn a_second(&mut self, at: Instant) -> f64 {
        self.turn(at);
        f64::from(self.now.max(self.before))
    }

    fn turn(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.since).as_secs();
        if passed > 0 {
            self.before = if passed == 1 { self.now } else { 0 };
            self.now = 0;
            self.since = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// How many calls go at that instant.
    fn volley(budget: &mut Budget, now: Instant) -> usize {
        std::iter::from_fn(|| budget.take(now).ok()).count()
    }

    fn land_all(budget: &mut Budget, count: usize) {
        for _ in 0..count {
            budget.landed();
        }
    }

    #[test]
    fn who_never_complains_is_bound_by_the_calls_at_a_time_alone() {
        let start = Instant::now();
        let mut budget = Budget::new(3, start);
        assert_eq!(volley(&mut budget, start), 3);
        assert_eq!(budget.take(start), Err(Wait::ForALanding));
        budget.landed();
        assert_eq!(volley(&mut budget, start), 1);
        assert_eq!(budget.outlook(1000, start), Duration::ZERO);
    }

    #[test]
    fn nothing_goes_before_the_pause_is_over_and_no_pause_is_endless() {
        let start = Instant::now();
        for (asked, pause) in [(7, 7), (3600, 300)] {
            let mut budget = Budget::new(8, start);
            let sent = volley(&mut budget, start);
            land_all(&mut budget, sent);
            budget.refused(start, start, Some(Duration::from_secs(asked)), 0.5);
            let over = start + Duration::from_secs(pause);
            assert_eq!(budget.take(over - ms(1)), Err(Wait::Until(over)));
            assert_eq!(volley(&mut budget, over), 4, "a few, not all that wait");
        }
    }

    #[test]
    fn refusals_that_come_together_cut_once_and_the_longest_pause_holds() {
        let start = Instant::now();
        let mut budget = Budget::new(16, start);
        let sent = volley(&mut budget, start);
        land_all(&mut budget, sent);
        for asked in [2, 9, 1] {
            budget.refused(start, start + ms(20), Some(Duration::from_secs(asked)), 0.5);
        }
        assert_eq!((budget.parallel(), budget.refusals), (8, 1));
        assert!(budget.a_second().is_some_and(|rate| (rate - 11.2).abs() < 0.01));
        let over = start + ms(20) + Duration::from_secs(9);
        assert_eq!(budget.take(start + ms(30)), Err(Wait::Until(over)));
    }

    #[test]
    fn pauses_of_our_own_grow_until_something_gets_through() {
        let start = Instant::now();
        let (mut budget, mut now, mut pauses) = (Budget::new(4, start), start, Vec::new());
        for _ in 0..12 {
            budget.take(now).expect("the pause is over");
            budget.landed();
            budget.refused(now + ms(1), now + ms(1), None, 0.5);
            let until = budget.paused_until.expect("a pause");
            pauses.push(until.saturating_duration_since(now + ms(1)).as_millis());
            now = until + Duration::from_secs(2);
        }
        assert_eq!(pauses[..4], [100, 200, 400, 800]);
        assert_eq!(pauses[11], 30_000);
        budget.accepted(now);
        budget.refused(now + ms(1), now + ms(1), None, 0.0);
        assert_eq!(budget.paused_until, Some(now + ms(76)));
    }

    #[test]
    fn what_was_learnt_paces_calls_evenly() {
        let start = Instant::now();
        let mut budget = Budget::new(16, start);
        for nth in 0..100 {
            budget.take(start + ms(nth * 10)).expect("room");
            budget.landed();
        }
        let mut now = start + ms(995);
        budget.refused(now, now, Some(ms(500)), 0.5);
        now += ms(500);
        let burst = volley(&mut budget, now);
        land_all(&mut budget, burst);
        let mut sent = burst;
        for _ in 0..1000 {
            now += ms(1);
            let volley = volley(&mut budget, now);
            land_all(&mut budget, volley);
            sent += volley;
        }
        assert!(
            (70..=75).contains(&sent),
            "{sent} in a second after 100 were too many"
        );
    }

    #[test]
    fn a_question_that_took_many_calls_holds_back_those_that_follow() {
        let start = Instant::now();
        let mut budget = Budget::new(16, start);
        budget.returned(start);
        budget.take(start).expect("room");
        // Three of the few were left, and twenty go in a second.
        budget.charge(43, start);
        budget.landed();
        assert_eq!(budget.outlook(0, start), Duration::from_secs(2));
        let Err(Wait::Until(at)) = budget.take(start) else {
            panic!("it goes at once")
        };
        assert_eq!(at.duration_since(start).as_millis(), 2049);
        assert_eq!(budget.outlook(0, at), Duration::ZERO);
        let mut known = Budget::new(16, start);
        known.take(start).expect("room");
        known.charge(99, start);
        known.refused(start, start + ms(5), None, 0.5);
        assert_eq!(
            known.a_second(),
            Some(70.0),
            "it was more than one call that was too much"
        );
    }

    #[test]
    fn successes_give_back_step_by_step_what_refusals_took() {
        let start = Instant::now();
        let mut budget = Budget::new(16, start);
        volley(&mut budget, start);
        budget.refused(start, start, None, 0.5);
        let mut successes = 0;
        while budget.a_second().is_some() {
            budget.accepted(start + ms(1));
            successes += 1;
        }
        assert!(successes > 10_000, "it takes minutes at full speed: {successes}");
        assert_eq!(budget.parallel(), 16);
    }

    #[test]
    fn one_that_was_away_is_met_gently_and_is_soon_asked_as_before() {
        let start = Instant::now();
        let mut budget = Budget::new(16, start);
        budget.returned(start);
        let (mut now, mut seconds) = (start, Vec::new());
        while budget.a_second().is_some() {
            let mut sent = 0;
            for _ in 0..100 {
                now += ms(10);
                let volley = volley(&mut budget, now);
                for _ in 0..volley {
                    budget.landed();
                    budget.accepted(now);
                }
                sent += volley;
            }
            seconds.push(sent);
        }
        assert!(seconds[0] < 50, "{seconds:?}");
        assert!((4..=9).contains(&seconds.len()), "{seconds:?}");
        assert!(seconds.is_sorted(), "{seconds:?}");
    }

    #[test]
    fn the_outlook_counts_the_pause_and_those_ahead() {
        let start = Instant::now();
        let mut budget = Budget::new(16, start);
        budget.returned(start);
        assert_eq!(budget.outlook(40, start), Duration::from_secs(2));
        budget.refused(start, start, Some(Duration::from_secs(3)), 0.5);
        assert_eq!(budget.outlook(14, start), Duration::from_secs(4));
    }
}
