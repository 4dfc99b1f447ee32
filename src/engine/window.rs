//! May a periodic refresh happen now, and if not, when?
//!
//! A window opens at each firing of its schedule and is open for its duration, both ends included. One whose schedule
//! cannot be read never opens. Schedules that name no zone are in UTC.
//!
//! ESO looks for one firing only, the first in the last duration and a second, and so misses that a window is open
//! for up to a second where a schedule fires more often than its windows last. Here it stays open.

use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::external_secret::{SyncWindowKind, SyncWindows};

use super::cron::Schedule;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    /// `opens` is when to look again: then it is open, unless windows follow each other for very long. `None`: it
    /// does not open in the next five years.
    Closed {
        opens: Option<Timestamp>,
    },
}

/// How many windows are looked at, for they may overlap without end.
const LOOKS: usize = 10_000;

const FIVE_YEARS: Duration = Duration::from_hours(5 * 366 * 24);

pub fn state(sync: &SyncWindows, now: Timestamp) -> State {
    let windows = sync.windows.iter();
    let windows =
        windows.filter_map(|window| Window::parse(window.schedule.as_str(), window.duration.nanos()));
    decide(sync.kind, &windows.collect::<Vec<_>>(), now)
}

#[derive(Debug)]
struct Window {
    schedule: Schedule,
    length: Duration,
}

impl Window {
    /// `None`: it never opens.
    fn parse(schedule: &str, nanos: i64) -> Option<Self> {
        Some(Self {
            schedule: Schedule::parse(schedule).ok()?,
            length: Duration::from_nanos(nanos.try_into().ok()?),
        })
    }

    /// When the window that is open at an instant will close.
    fn closes(&self, at: Timestamp) -> Option<Timestamp> {
        let opened = match &self.schedule {
            Schedule::Calendar(calendar) => calendar.last(at)?,
            // Counted from whenever it is asked: always open, or never.
            Schedule::Every(period) => {
                return (*period <= self.length + Duration::from_secs(1)).then_some(Timestamp::MAX);
            }
        };
        let closes = opened.checked_add(self.length).unwrap_or(Timestamp::MAX);
        (at <= closes).then_some(closes)
    }

    fn opens(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.schedule {
            Schedule::Calendar(calendar) => calendar.next(after),
            Schedule::Every(_) => None,
        }
    }
}

fn decide(kind: SyncWindowKind, windows: &[Window], now: Timestamp) -> State {
    let is_open = windows.iter().any(|window| window.closes(now).is_some());
    match (kind, is_open) {
        (SyncWindowKind::Allow, true) | (SyncWindowKind::Deny, false) => State::Open,
        (SyncWindowKind::Allow, false) => State::Closed {
            opens: windows.iter().filter_map(|window| window.opens(now)).min(),
        },
        (SyncWindowKind::Deny, true) => State::Closed {
            opens: all_closed(windows, now),
        },
    }
}

/// The first whole second at which no window is open.
fn all_closed(windows: &[Window], now: Timestamp) -> Option<Timestamp> {
    let limit = now.checked_add(FIVE_YEARS).unwrap_or(Timestamp::MAX);
    let mut at = now;
    for _ in 0..=LOOKS / windows.len().max(1) {
        let Some(closes) = windows.iter().filter_map(|window| window.closes(at)).max() else {
            break;
        };
        at = Timestamp::from_second(closes.as_second().checked_add(1)?).ok()?;
        if at > limit {
            return None;
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use lockstep_api::GoDuration;
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::vectors::{Tally, load, text};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// Not by way of the API type, which refuses schedules that ESO could only ignore.
    fn windows(list: &Value) -> Vec<Window> {
        let windows = list.as_array().expect("a list").iter();
        let parsed = windows.filter_map(|window| {
            let duration = GoDuration::parse(text(window, "duration")).expect("a duration");
            Window::parse(text(window, "schedule"), duration.nanos())
        });
        parsed.collect()
    }

    #[test]
    fn refreshes_are_allowed_when_eso_allows_them() {
        let mut tally = Tally::default();
        for case in load("syncwindow.json") {
            let sync = &case["sync_windows"];
            let kind: Result<SyncWindowKind, _> = serde_json::from_value(sync["kind"].clone());
            match kind {
                Err(_) if sync.is_null() => tally.leave_out(&case, "without windows nobody asks"),
                Err(_) => tally.leave_out(&case, "the API refuses the kind"),
                Ok(kind) => {
                    let state = decide(kind, &windows(&sync["windows"]), at(text(&case, "at")));
                    tally.expect(
                        &case,
                        Ok::<_, String>(Some(state == State::Open)),
                        Some(case["allowed"].as_bool()),
                    );
                }
            }
        }
        tally.settle("syncwindow.json", 3);
    }

    /// One row: kind, windows (schedule and duration), now → when it opens. An empty text is never.
    fn check(kind: SyncWindowKind, list: &[(&str, &str)], now: &str, opens: &str) {
        let list: Vec<_> = list
            .iter()
            .map(|(schedule, duration)| json!({"schedule": schedule, "duration": duration}))
            .collect();
        let state = decide(kind, &windows(&json!(list)), at(now));
        let opens = (!opens.is_empty()).then(|| at(opens));
        assert_eq!(state, State::Closed { opens }, "{kind:?} {list:?} at {now}");
    }

    #[test]
    fn what_is_closed_knows_when_it_opens() {
        use SyncWindowKind::{Allow, Deny};
        let (night, noon) = (("0 22 * * *", "8h"), ("0 12 * * *", "1h"));
        check(Allow, &[night], "2024-01-01T12:30:00Z", "2024-01-01T22:00:00Z");
        check(
            Allow,
            &[night, noon],
            "2024-01-01T07:00:00.5Z",
            "2024-01-01T12:00:00Z",
        );
        check(
            Allow,
            &[("0 9 * * MON-FRI", "8h")],
            "2024-01-05T17:00:01Z",
            "2024-01-08T09:00:00Z",
        );
        check(Allow, &[("0 0 30 2 *", "1s")], "2024-01-01T00:00:00Z", "");
        check(
            Allow,
            &[("@every 2h", "1h"), ("bad", "1h"), ("* * * * *", "-1s")],
            "2024-01-01T00:00:00Z",
            "",
        );
        check(Allow, &[], "2024-01-01T00:00:00Z", "");
        check(Deny, &[night], "2024-01-01T23:00:00Z", "2024-01-02T06:00:01Z");
        check(Deny, &[night], "2024-01-02T06:00:00Z", "2024-01-02T06:00:01Z");
        check(
            Deny,
            &[night, ("0 5 * * *", "2h"), ("30 6 * * *", "1h")],
            "2024-01-01T23:00:00Z",
            "2024-01-02T07:30:01Z",
        );
        check(Deny, &[("0 0 1 1 *", "8784h")], "2024-06-01T00:00:00Z", "");
        check(Deny, &[("@every 5m", "5m")], "2024-06-01T00:00:00Z", "");
        check(Deny, &[("@daily", "24h")], "2024-06-01T00:00:00Z", "");
        check(Deny, &[("0 0 1 1 *", "2562047h")], "2024-06-01T00:00:00Z", "");
    }

    #[test]
    fn windows_that_never_end_are_looked_at_again() {
        let always = windows(&json!([{"schedule": "* * * * *", "duration": "60s"}]));
        let now = at("2024-01-01T00:00:00Z");
        let Some(again) = all_closed(&always, now) else {
            panic!("in five years, it says")
        };
        assert!(again > now + Duration::from_hours(24), "{again}");
        assert!(matches!(
            decide(SyncWindowKind::Deny, &always, again),
            State::Closed { .. }
        ));
    }

    #[test]
    fn many_windows_take_no_time() {
        let window = json!({"schedule": "0 0 30 2 *", "duration": "1h"});
        let many = windows(&Value::Array(vec![window; 20_000]));
        let always = windows(&json!([{"schedule": "* * * * *", "duration": "60s"}]));
        let all: Vec<_> = many.into_iter().chain(always).collect();
        assert!(all_closed(&all, at("2024-01-01T00:00:00Z")).is_some());
    }

    #[test]
    fn state_reads_the_object() {
        let sync = json!({"kind": "deny", "windows": [{"schedule": "0 2 * * *", "duration": "1h"}]});
        let sync: SyncWindows = serde_json::from_value(sync).expect("windows");
        assert_eq!(state(&sync, at("2024-01-01T01:00:00Z")), State::Open);
        let opens = Some(at("2024-01-01T03:00:01Z"));
        assert_eq!(state(&sync, at("2024-01-01T02:00:00Z")), State::Closed { opens });
    }
}
