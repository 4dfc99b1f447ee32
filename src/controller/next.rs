//! When to look at an object again.

use std::time::Duration;

use jiff::Timestamp;

use super::Context;
use crate::engine::problem::{Problem, Retry};
use crate::queue::Next;

/// Sleep until a time.
pub fn until(context: &Context, time: Timestamp) -> Next {
    let wait = time.duration_since((context.clock)());
    Next::After(Duration::try_from(wait).unwrap_or_default())
}

pub fn after(problem: &Problem) -> Next {
    match problem.retry() {
        // A turn has already looked again as often as makes sense.
        Retry::AtOnce | Retry::Backoff => Next::Backoff,
        Retry::After(pause) => Next::FailedAfter(pause),
        Retry::OnChangeOfOther | Retry::OnEdit => Next::Stuck,
    }
}
