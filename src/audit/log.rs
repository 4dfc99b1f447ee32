//! Takes lines from the queue and writes them, many at a time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use rand::RngExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::sink::{Failure, Sink};
use super::{Audit, AuditFlags, Tally};
use crate::random::random;

/// Lines that are written at a time.
const BATCH: usize = 512;

/// How much may wait, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Lines. Some are long, most are a few hundred bytes.
    pub(super) queue: usize,
    /// Between the first two attempts to write the same lines. It doubles from one to the next.
    pub(super) pause: Duration,
}

const PACE: Pace = Pace {
    queue: 8192,
    pause: Duration::from_secs(1),
};
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The end of the audit that writes.
#[derive(Debug)]
pub struct Log {
    pub tally: Arc<Tally>,
    end: CancellationToken,
    writer: JoinHandle<()>,
}

struct Writer {
    sink: Sink,
    lines: mpsc::Receiver<String>,
    tally: Arc<Tally>,
    end: CancellationToken,
    pause: Duration,
    /// The last attempt failed, and that was told.
    is_ailing: bool,
}

impl Log {
    /// Opens what the flags name. `None`: they name nothing, and the audit is off.
    pub fn open(flags: &AuditFlags) -> Result<(Audit, Option<Self>)> {
        match Sink::open(flags)? {
            None => Ok((Audit::default(), None)),
            Some(sink) => {
                let (audit, log) = Self::start(sink, PACE)?;
                Ok((audit, Some(log)))
            }
        }
    }

    pub(super) fn start(sink: Sink, pace: Pace) -> Result<(Audit, Self)> {
        let (sender, lines) = mpsc::channel(pace.queue);
        let (tally, end) = (Arc::<Tally>::default(), CancellationToken::new());
        let run = format!("{:016x}", random()?.random::<u64>());
        let writer = Writer {
            sink,
            lines,
            tally: tally.clone(),
            end: end.clone(),
            pause: pace.pause,
            is_ailing: false,
        };
        let writer = tokio::spawn(writer.run());
        let audit = Audit::new(run, sender, tally.clone(), Timestamp::now);
        Ok((audit, Self { tally, end, writer }))
    }

    /// Writes what is queued, as far as that is done within this time, and takes nothing more.
    pub async fn close(self, within: Duration) {
        self.end.cancel();
        let is_done = timeout(within, self.writer).await.is_ok();
        let dropped = self.tally.dropped();
        if !is_done || dropped > 0 {
            warn!(dropped, complete = is_done, "lines are missing in the audit");
        }
    }
}

impl Writer {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let end = self.end.clone();
            tokio::select! {
                biased;
                lines = self.lines.recv_many(&mut batch, BATCH) => if lines == 0 { return },
                () = end.cancelled() => {
                    // What was queued before is taken all the same, and then there is no more.
                    self.lines.close();
                    if self.lines.recv_many(&mut batch, BATCH).await == 0 {
                        return;
                    }
                }
            }
            self.write(&batch).await;
            batch.clear();
        }
    }

    /// Tries until it is done, or will never be, or everything ends.
    async fn write(&mut self, batch: &[String]) {
        let mut pause = self.pause;
        loop {
            let Err(failure) = self.sink.write(batch).await else {
                self.tally.write_lines(batch.len());
                if std::mem::take(&mut self.is_ailing) {
                    info!("the audit is written again");
                }
                return;
            };
            let (why, is_final) = match failure {
                Failure::Later(why) => (why, self.end.is_cancelled()),
                Failure::Never(why) => (why, true),
            };
            if !std::mem::replace(&mut self.is_ailing, true) {
                warn!(why, "the audit cannot be written");
            }
            if is_final {
                return self.tally.drop_lines(batch.len());
            }
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.end.cancelled() => {}
            }
        }
    }
}
