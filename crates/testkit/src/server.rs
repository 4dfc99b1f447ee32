//! One process that runs until it is told to end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Error, keeper};

const LOG_LINES: usize = 15;

/// A running process and its log; ended when dropped.
#[derive(Debug)]
pub struct Server {
    name: String,
    child: Child,
    log: PathBuf,
    end: End,
}

/// How a server is ended when its handle is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// SIGTERM, and SIGKILL when it takes longer than this.
    Within(Duration),
    /// SIGINT, and SIGKILL when it takes longer than this: some wait for their clients on a SIGTERM.
    Interrupted(Duration),
    /// SIGKILL at once: it has nothing to lose.
    Now,
}

impl Server {
    /// Starts a command of [`keeper::command`]'s, with its output going to `log`.
    pub fn start(name: &str, mut command: Command, log: &Path, end: End) -> Result<Self, Error> {
        let writing = || format!("write {}", log.display());
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(Error::io(writing()))?;
        let err = out.try_clone().map_err(Error::io(writing()))?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = keeper::spawn(command).map_err(Error::io(format!("start {name}")))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
            end,
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// An error that shows the log's end when the process is no longer there.
    pub fn check(&mut self) -> Result<(), Error> {
        let ended = self
            .child
            .try_wait()
            .map_err(Error::io(format!("look after {}", self.name)))?;
        match ended {
            None => Ok(()),
            Some(status) => Err(Error::Ended {
                name: self.name.clone(),
                status,
                log: self.log_end(),
            }),
        }
    }

    /// SIGTERM, then SIGKILL after `within`. Tells how it ended; `None` when it had to be killed.
    pub fn end(&mut self, within: Duration) -> Result<Option<ExitStatus>, Error> {
        self.end_by(Signal::TERM, within)
    }

    fn end_by(&mut self, signal: Signal, within: Duration) -> Result<Option<ExitStatus>, Error> {
        let waiting = || Error::io(format!("wait for {}", self.name));
        self.signal(signal);
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(waiting())? {
                return Ok(Some(status));
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        self.kill()?;
        Ok(None)
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) -> Result<ExitStatus, Error> {
        // Killing what has ended already is no error of ours: the wait below tells.
        let _ = self.child.kill();
        self.child
            .wait()
            .map_err(Error::io(format!("wait for {}", self.name)))
    }

    fn signal(&self, signal: Signal) {
        // A pid is ours until we have waited for it, so this never meets a stranger.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    fn log_end(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // Nobody is left to tell when this fails; the kernel ends the process with us.
        let _ = match self.end {
            End::Within(time) => self.end(time).map(|_| ()),
            End::Interrupted(time) => self.end_by(Signal::INT, time).map(|_| ()),
            End::Now => self.kill().map(|_| ()),
        };
    }
}
