//! When to look at an object again.

use std::time::Duration;

use jiff::Timestamp;

use super::Context;
use crate::engine::due::{self, Loan};
use crate::engine::problem::{Problem, Retry};
use crate::queue::Next;

/// Sleep until a time.
pub fn until(context: &Context, time: Timestamp) -> Next {
    let wait = time.duration_since((context.clock)());
    Next::After(Duration::try_from(wait).unwrap_or_default())
}

/// No later than what was lent is to be looked after, whatever else may wait.
pub fn no_later_than(context: &Context, loan: Option<Loan>, next: Next) -> Next {
    let Some(Loan::Until(until)) = loan else {
        return next;
    };
    let wait = Duration::try_from(until.duration_since((context.clock)())).unwrap_or_default();
    let wait = wait.max(due::SHORTEST_INTERVAL);
    match next {
        Next::After(pause) => Next::After(pause.min(wait)),
        Next::WhenWoken => Next::After(wait),
        Next::Stuck => Next::FailedAfter(wait),
        Next::Backoff => Next::BackoffWithin(wait),
        Next::BackoffWithin(most) => Next::BackoffWithin(most.min(wait)),
        Next::FailedAfter(pause) => Next::FailedAfter(pause.min(wait)),
        Next::Gone => Next::Gone,
    }
}

pub fn after(problem: &Problem) -> Next {
    match problem.retry() {
        // A turn has already looked again as often as makes sense.
        Retry::AtOnce | Retry::Backoff => Next::Backoff,
        Retry::After(pause) => Next::FailedAfter(pause),
        Retry::OnChangeOfOther | Retry::OnEdit => Next::Stuck,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::controller::testing::context;
    use crate::provider::testing::TestCluster;

    #[test]
    fn what_was_lent_is_looked_after_whatever_else_waits() {
        let context = context(Arc::<TestCluster>::default());
        let seconds = Duration::from_secs;
        let loan = |second| Timestamp::from_second(second).map(Loan::Until).ok();
        for (next, expected) in [
            (Next::After(seconds(60)), Next::After(seconds(30))),
            (Next::After(seconds(10)), Next::After(seconds(10))),
            (Next::WhenWoken, Next::After(seconds(30))),
            (Next::Stuck, Next::FailedAfter(seconds(30))),
            (Next::Backoff, Next::BackoffWithin(seconds(30))),
            (Next::BackoffWithin(seconds(10)), Next::BackoffWithin(seconds(10))),
            (Next::FailedAfter(seconds(600)), Next::FailedAfter(seconds(30))),
            (Next::Gone, Next::Gone),
        ] {
            assert_eq!(no_later_than(&context, loan(30), next), expected);
            assert_eq!(no_later_than(&context, None, next), next);
            assert_eq!(no_later_than(&context, Some(Loan::Over), next), next);
        }
        let overdue = no_later_than(&context, loan(-5), Next::WhenWoken);
        assert_eq!(overdue, Next::After(due::SHORTEST_INTERVAL));
    }
}
