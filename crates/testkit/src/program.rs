//! Runs lockstep, or another program, against a control plane.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::server::{End, Server};
use crate::{Error, eventually, keeper};

const READY_WITHIN: Duration = Duration::from_secs(30);
const END_WITHIN: Duration = Duration::from_secs(20);

/// A program that is about to be started.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    probe: Option<SocketAddr>,
    log: PathBuf,
}

/// A program that runs; ended when dropped.
#[derive(Debug)]
pub struct Running {
    server: Server,
    ready_after: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// From SIGTERM to its end.
    pub took: Duration,
    /// Its exit status; `None` when it did not go and had to be killed.
    pub status: Option<ExitStatus>,
}

/// Resident memory of a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub resident: u64,
    /// The most so far.
    pub peak: u64,
}

impl Program {
    /// A program whose output goes to `log`.
    pub fn new(path: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        let (path, log) = (path.into(), log.into());
        Self {
            path,
            arguments: Vec::new(),
            environment: Vec::new(),
            probe: None,
            log,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// It is ready when `/readyz` on this loopback port answers 200.
    #[must_use]
    pub fn ready_on(mut self, port: u16) -> Self {
        self.probe = Some(SocketAddr::from(([127, 0, 0, 1], port)));
        self
    }

    /// Starts it, and waits until it is ready when [`Program::ready_on`] says how to tell.
    pub async fn start(&self) -> Result<Running, Error> {
        let name = self
            .path
            .file_name()
            .unwrap_or(self.path.as_os_str())
            .to_string_lossy()
            .into_owned();
        let mut command = keeper::command(&self.path);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        let begun = Instant::now();
        let mut server = Server::start(&name, command, &self.log, End::Within(END_WITHIN))?;
        if let Some(probe) = self.probe {
            eventually(&format!("{name} is ready"), READY_WITHIN, async || {
                if let Err(ended) = server.check() {
                    return Ok(Err(ended));
                }
                match http_get(probe, "/readyz") {
                    Ok((200, _)) => Ok(Ok(())),
                    Ok((status, _)) => Err(format!("/readyz answers {status}")),
                    Err(error) => Err(error.to_string()),
                }
            })
            .await??;
        }
        Ok(Running {
            server,
            ready_after: begun.elapsed(),
        })
    }
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        self.server.log()
    }

    /// From its start to its being ready.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// An error that shows the log's end when it is no longer there.
    pub fn check(&mut self) -> Result<(), Error> {
        self.server.check()
    }

    /// Its resident memory, from `/proc`.
    pub fn memory(&self) -> Result<Memory, Error> {
        let path = PathBuf::from(format!("/proc/{}/status", self.id()));
        let text = std::fs::read_to_string(&path).map_err(Error::io(format!("read {}", path.display())))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            value.ok_or_else(|| Error::File {
                path: path.clone(),
                why: format!("no {name}"),
            })
        };
        Ok(Memory {
            resident: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }

    /// SIGTERM; tells how long it took to end.
    pub fn stop(mut self) -> Result<Stopped, Error> {
        let begun = Instant::now();
        let status = self.server.end(END_WITHIN)?;
        Ok(Stopped {
            took: begun.elapsed(),
            status,
        })
    }

    /// SIGKILL: what a crash of the machine looks like to it.
    pub fn kill(mut self) -> Result<(), Error> {
        self.server.kill().map(|_| ())
    }
}

/// A plain HTTP GET: the answer's status and body.
pub fn http_get(address: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let patience = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    // HTTP/1.0: the body comes in one piece and ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other("not an HTTP answer"))?;
    Ok((status, body.to_owned()))
}
