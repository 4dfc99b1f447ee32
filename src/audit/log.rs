//! From the flags to where lines go.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use rand::RngExt as _;

use super::sink::Sink;
use super::{Audit, AuditFlags};
use crate::courier::{Courier, Pace};
use crate::random::random;

const PACE: Pace = Pace {
    // Some lines are long, most are a few hundred bytes.
    queue: 8192,
    linger: Duration::ZERO,
    pause: Duration::from_secs(1),
};

/// Opens what the flags name. `None`: they name nothing, and the audit is off.
pub fn open(flags: &AuditFlags) -> Result<(Audit, Option<Courier>)> {
    match Sink::open(flags)? {
        None => Ok((Audit::default(), None)),
        Some(sink) => {
            let (audit, courier) = start(sink, PACE)?;
            Ok((audit, Some(courier)))
        }
    }
}

pub(super) fn start(sink: Sink, pace: Pace) -> Result<(Audit, Courier)> {
    let run = format!("{:016x}", random()?.random::<u64>());
    let (lines, courier) = Courier::start("the audit", sink, pace);
    Ok((Audit::new(run, lines, Timestamp::now), courier))
}
