//! Who leads: decided from what the lease says, and from when we saw it change. Pure: times are handed in.
//!
//! - Somebody else's lease has run out when we have not seen it change for as long as it is good for. No clock of
//!   another machine is compared with ours.
//! - Whatever is written is written over the very version that was seen: of two who try, one succeeds.
//! - We lead until a deadline, counted from when we sent the last write that went through. That is over before anybody
//!   who goes by the same rules takes our lease for run out.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// A lease that claims to be good for longer is not believed.
const LONGEST: Duration = Duration::from_hours(1);

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long a lease is good for without being renewed.
    pub lease: Duration,
    /// How long the leader leads without having renewed it.
    pub deadline: Duration,
    /// Between two renewals.
    pub retry: Duration,
}

/// What the lease says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Empty: nobody.
    pub holder: String,
    pub span: Duration,
    pub acquired: Option<Timestamp>,
    pub renewed: Option<Timestamp>,
    pub transitions: i32,
}

/// The same, with its version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub version: String,
    pub record: Record,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Over this version; `None`: there is no lease yet.
    pub over: Option<String>,
    pub record: Record,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Write(Bid),
    /// Somebody else holds the lease until then, if nothing is heard of it.
    Wait(Instant),
}

#[derive(Debug)]
pub struct Elector {
    identity: String,
    pub terms: Terms,
    /// What we saw last, and when it had changed.
    last: Option<(Seen, Instant)>,
    leads_until: Option<Instant>,
}

impl Terms {
    /// Says why not, where these make no sense.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.lease < Duration::from_secs(1) {
            return Err("--leader-election-lease-duration must be one second at least");
        }
        if self.deadline >= self.lease {
            return Err(
                "--leader-election-renew-deadline must be shorter than --leader-election-lease-duration",
            );
        }
        if self.retry >= self.deadline || self.retry.is_zero() {
            return Err(
                "--leader-election-retry-period must be shorter than --leader-election-renew-deadline, and not 0",
            );
        }
        Ok(())
    }
}

impl Elector {
    pub fn new(identity: String, terms: Terms) -> Self {
        Self {
            identity,
            terms,
            last: None,
            leads_until: None,
        }
    }

    /// This is what the lease says now. A leader that finds somebody else there leads no more.
    pub fn saw(&mut self, seen: Option<Seen>, now: Instant) {
        if seen.as_ref().is_some_and(|seen| self.is_others(&seen.record)) {
            self.leads_until = None;
        }
        self.last = seen.map(|seen| {
            let before = self.last.as_ref().filter(|(last, _)| last.record == seen.record);
            let since = before.map_or(now, |(_, since)| *since);
            (seen, since)
        });
    }

    /// What to do now, as a leader or as one who wants to be.
    pub fn step(&self, now: Instant, clock: Timestamp) -> Step {
        match self.others_until() {
            Some(until) if until > now => Step::Wait(until),
            Some(_) | None => Step::Write(self.bid(clock)),
        }
    }

    /// Our bid, which was sent then, went through.
    pub fn wrote(&mut self, seen: Seen, sent: Instant) {
        self.last = Some((seen, sent));
        self.leads_until = Some(sent + self.terms.deadline);
    }

    pub fn leads_until(&self) -> Option<Instant> {
        self.leads_until
    }

    /// Gives the lease back, if it is ours.
    pub fn farewell(&self, clock: Timestamp) -> Option<Bid> {
        let (seen, _) = self
            .last
            .as_ref()
            .filter(|(seen, _)| self.is_ours(&seen.record))?;
        Some(Bid {
            over: Some(seen.version.clone()),
            record: Record {
                holder: String::new(),
                span: Duration::from_secs(1),
                acquired: Some(clock),
                renewed: Some(clock),
                transitions: seen.record.transitions,
            },
        })
    }

    fn bid(&self, clock: Timestamp) -> Bid {
        let before = self.last.as_ref().map(|(seen, _)| seen);
        let ours = before.filter(|seen| self.is_ours(&seen.record));
        let transitions = before.map_or(0, |seen| {
            let more = i32::from(ours.is_none());
            seen.record.transitions.saturating_add(more)
        });
        Bid {
            over: before.map(|seen| seen.version.clone()),
            record: Record {
                holder: self.identity.clone(),
                span: self.terms.lease,
                acquired: ours.and_then(|seen| seen.record.acquired).or(Some(clock)),
                renewed: Some(clock),
                transitions,
            },
        }
    }

    fn others_until(&self) -> Option<Instant> {
        let (seen, since) = self.last.as_ref()?;
        let span = seen.record.span.min(LONGEST).max(self.terms.lease);
        self.is_others(&seen.record).then(|| *since + span)
    }

    fn is_ours(&self, record: &Record) -> bool {
        record.holder == self.identity
    }

    fn is_others(&self, record: &Record) -> bool {
        !record.holder.is_empty() && !self.is_ours(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        lease: Duration::from_secs(15),
        deadline: Duration::from_secs(10),
        retry: Duration::from_secs(2),
    };

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn clock(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn seen(version: &str, holder: &str, renewed: i64) -> Seen {
        Seen {
            version: version.to_owned(),
            record: Record {
                holder: holder.to_owned(),
                span: seconds(15),
                acquired: Some(clock(1)),
                renewed: Some(clock(renewed)),
                transitions: 3,
            },
        }
    }

    fn elector() -> Elector {
        Elector::new("me".to_owned(), TERMS)
    }

    #[test]
    fn a_lease_of_others_runs_out_by_when_it_changed_whatever_its_own_times_say() {
        let start = Instant::now();
        for renewed in [0, 2_000_000_000] {
            let mut elector = elector();
            elector.saw(Some(seen("1", "other", renewed)), start);
            assert_eq!(elector.step(start, clock(0)), Step::Wait(start + seconds(15)));
            elector.saw(Some(seen("2", "other", renewed + 2)), start + seconds(2));
            assert_eq!(
                elector.step(start + seconds(16), clock(0)),
                Step::Wait(start + seconds(17))
            );
            // Somebody put a label on it: the holder did nothing.
            elector.saw(Some(seen("3", "other", renewed + 2)), start + seconds(16));
            let Step::Write(bid) = elector.step(start + seconds(17), clock(9)) else {
                panic!("it has run out")
            };
            assert_eq!(bid.over.as_deref(), Some("3"));
            assert_eq!((bid.record.holder.as_str(), bid.record.transitions), ("me", 4));
            assert_eq!(bid.record.acquired, Some(clock(9)));
        }
    }

    #[test]
    fn one_that_asks_for_more_time_gets_it_within_reason() {
        for (span, expected) in [(0, 15), (60, 60), (1_000_000, 3600)] {
            let (mut elector, start) = (elector(), Instant::now());
            let mut theirs = seen("1", "other", 1);
            theirs.record.span = seconds(span);
            elector.saw(Some(theirs), start);
            assert_eq!(
                elector.step(start, clock(0)),
                Step::Wait(start + seconds(expected)),
                "{span}"
            );
        }
    }

    #[test]
    fn what_nobody_holds_is_taken_at_once() {
        let start = Instant::now();
        for (seen, over) in [(None, None), (Some(seen("7", "", 1)), Some("7"))] {
            let mut elector = elector();
            elector.saw(seen, start);
            let Step::Write(bid) = elector.step(start, clock(5)) else {
                panic!("it is free")
            };
            assert_eq!(bid.over.as_deref(), over);
        }
    }

    #[test]
    fn a_leader_leads_until_its_deadline_and_no_longer_than_it_is_the_holder() {
        let (mut elector, start) = (elector(), Instant::now());
        let mine = seen("1", "me", 1);
        elector.wrote(mine.clone(), start);
        assert_eq!(elector.leads_until(), Some(start + seconds(10)));
        elector.saw(Some(mine), start + seconds(3));
        assert_eq!(
            elector.leads_until(),
            Some(start + seconds(10)),
            "seeing is not renewing"
        );
        let Step::Write(bid) = elector.step(start + seconds(3), clock(4)) else {
            panic!("it is ours")
        };
        assert_eq!((bid.record.transitions, bid.record.acquired), (3, Some(clock(1))));
        elector.saw(Some(seen("2", "other", 4)), start + seconds(4));
        assert_eq!(elector.leads_until(), None);
        assert_eq!(
            elector.farewell(clock(5)),
            None,
            "what is not ours is not given back"
        );
    }

    #[test]
    fn a_lease_that_is_given_back_names_nobody() {
        let mut elector = elector();
        elector.wrote(seen("1", "me", 1), Instant::now());
        let bid = elector.farewell(clock(5)).expect("it is ours");
        assert_eq!((bid.over.as_deref(), bid.record.holder.as_str()), (Some("1"), ""));
    }

    #[test]
    fn terms_that_make_no_sense_are_refused() {
        assert_eq!(TERMS.check(), Ok(()));
        for (lease, deadline, retry) in [(0, 0, 0), (10, 10, 2), (15, 2, 2), (15, 10, 0)] {
            let terms = Terms {
                lease: seconds(lease),
                deadline: seconds(deadline),
                retry: seconds(retry),
            };
            assert!(terms.check().is_err(), "{terms:?}");
        }
    }
}
