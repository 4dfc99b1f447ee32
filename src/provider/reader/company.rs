//! How long a read waits for others to go with it.
//!
//! Pure: instants are handed in.
//!
//! - A read that comes when nothing waits and nothing is under way goes at once.
//! - Others wait until none has come for a while. The more came in a row, the longer that while: of many objects, some
//!   are late because the machine is busy.
//! - Nobody waits for longer than [`LONGEST`], however many keep coming.

use std::time::Duration;

use tokio::time::Instant;

/// A while without a read, for a row that has filled no call yet. Each call that it has filled adds as much.
const LULL: Duration = Duration::from_millis(25);
/// So often at most.
const MOST_LULLS: u32 = 4;
const LONGEST: Duration = Duration::from_millis(250);

/// Reads that came in a row, none of them a while after the one before.
#[derive(Debug)]
pub(super) struct Company {
    batch: usize,
    came: usize,
    last: Option<Instant>,
}

impl Company {
    pub(super) fn new(batch: usize) -> Self {
        Self {
            batch,
            came: 0,
            last: None,
        }
    }

    /// A read came, and was alone or not. Whether it goes at once.
    pub(super) fn joined(&mut self, now: Instant, alone: bool) -> bool {
        let is_over = self.last.is_none_or(|last| now >= last + self.lull());
        if is_over || (alone && self.came < self.batch) {
            self.came = 0;
        }
        self.came += 1;
        self.last = Some(now);
        alone && self.came == 1
    }

    /// Until when those wait who are fewer than a call takes. The first of them came then.
    pub(super) fn waits_until(&self, first: Instant) -> Instant {
        let over = self.last.map_or(first, |last| last + self.lull());
        over.min(first + LONGEST)
    }

    fn lull(&self) -> Duration {
        let filled = u32::try_from(self.came / self.batch).unwrap_or(u32::MAX);
        LULL * filled.saturating_add(1).min(MOST_LULLS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn one_that_is_alone_goes_at_once_however_soon_it_follows() {
        let (mut company, start) = (Company::new(20), Instant::now());
        for nth in 0..100 {
            assert!(company.joined(start + ms(nth), true), "{nth}");
        }
    }

    #[test]
    fn others_wait_for_a_lull_and_no_longer_than_is_bearable() {
        let (mut company, start) = (Company::new(20), Instant::now());
        company.joined(start, true);
        assert!(!company.joined(start + ms(10), false));
        assert_eq!(company.waits_until(start + ms(10)), start + ms(35));
        company.joined(start + ms(30), false);
        assert_eq!(company.waits_until(start + ms(10)), start + ms(55));
        for nth in 3..13 {
            company.joined(start + ms(nth * 20), false);
        }
        assert_eq!(company.waits_until(start + ms(10)), start + ms(260));
    }

    #[test]
    fn a_long_row_is_waited_for_longer_even_when_nothing_is_under_way() {
        let (mut company, start) = (Company::new(2), Instant::now());
        for (nth, lull) in [(1, 25), (2, 50), (3, 50), (4, 75), (5, 75), (6, 100), (9, 100)] {
            company.came = nth - 1;
            company.last = Some(start);
            company.joined(start, false);
            assert_eq!(company.waits_until(start), start + ms(lull), "{nth}");
        }
        assert!(!company.joined(start + ms(99), true), "the row goes on");
        assert!(company.joined(start + ms(199), true), "the row is over");
    }
}
