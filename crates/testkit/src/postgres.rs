//! PostgreSQL from the system's packages, in a folder of its own.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::credentials::random_text;
use crate::server::{End, Server};
use crate::shared::{Shared, on_free_ports};
use crate::{Error, binaries, eventually, free_port, keeper};

const READY_WITHIN: Duration = Duration::from_secs(30);
const END_WITHIN: Duration = Duration::from_secs(10);
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];
/// Where Debian keeps the versions.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A running PostgreSQL; ended when dropped.
// Fields are dropped in this order: the server ends before its files go.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    programs: PathBuf,
    port: u16,
    password: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// The user who may do everything, and the database to do it in.
    pub const SUPERUSER: &str = "postgres";

    /// Starts one.
    pub async fn start() -> Result<Self, Error> {
        on_free_ports(Self::attempt).await
    }

    /// The one that all tests of this binary share. It runs as long as somebody holds it.
    pub async fn shared() -> Result<Arc<Self>, Error> {
        static SHARED: Shared<Postgres> = Shared::none_yet();
        SHARED.get(Self::start).await
    }

    /// Its loopback port. It has no other door.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's password.
    pub fn password(&self) -> Result<String, Error> {
        std::fs::read_to_string(&self.password)
            .map_err(Error::io(format!("read {}", self.password.display())))
    }

    /// What SQL answers, a row a line, with `|` between the columns.
    pub async fn query(&self, sql: &str) -> Result<Vec<String>, Error> {
        self.query_as(Self::SUPERUSER, &self.password()?, sql).await
    }

    /// The same for another user.
    pub async fn query_as(&self, user: &str, password: &str, sql: &str) -> Result<Vec<String>, Error> {
        let mut psql = keeper::command(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--no-align",
            "--tuples-only",
            "--host=127.0.0.1",
        ])
        .args([format!("--port={}", self.port), format!("--username={user}")])
        .args(["--set=ON_ERROR_STOP=1", "--dbname=postgres", "--command", sql])
        .env("PGPASSWORD", password)
        .env("PGCONNECT_TIMEOUT", "5");
        let said = run(psql, "ask PostgreSQL").await?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    async fn attempt() -> Result<Self, Error> {
        let programs = programs().ok_or(Error::NotInstalled {
            name: "postgres",
            advice: "install PostgreSQL (Debian: postgresql)",
        })?;
        let folder = tempfile::Builder::new().prefix("lockstep-postgres-").tempdir();
        let folder = folder.map_err(Error::io("make a folder for PostgreSQL"))?;
        let user = Other::needed()?;
        let password = folder.path().join("password");
        std::fs::write(&password, random_text()?)
            .map_err(Error::io(format!("write {}", password.display())))?;
        for path in [folder.path(), &password] {
            user.own(path)?;
        }
        let data = folder.path().join("data");
        initialise(user.run(programs.join("initdb")), &data, &password).await?;
        let port = free_port()?;
        let server = user.run(programs.join("postgres"));
        let mut postgres = Self {
            server: start(server, &data, port)?,
            programs,
            port,
            password,
            folder,
        };
        postgres.become_ready().await?;
        Ok(postgres)
    }

    async fn become_ready(&mut self) -> Result<(), Error> {
        eventually("PostgreSQL is ready", READY_WITHIN, async || {
            if let Err(ended) = self.server.check() {
                return Ok(Err(ended));
            }
            let answer = self.query("select 1").await;
            answer.map(|_| Ok(())).map_err(|error| error.to_string())
        })
        .await?
    }

    /// The folder with its files and its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Where its programs are, the newest version first.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let number = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str);
        name.and_then(|name| name.parse::<u32>().ok())
    };
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path()).collect();
    versions.sort_by_key(number);
    let folders: Vec<PathBuf> = versions.iter().rev().map(|version| version.join("bin")).collect();
    binaries::folder_with(&PROGRAMS, &folders)
}

async fn initialise(mut initdb: Command, data: &Path, password: &Path) -> Result<(), Error> {
    initdb
        .arg("--pgdata")
        .arg(data)
        .arg("--pwfile")
        .arg(password)
        .args(["--username", Postgres::SUPERUSER, "--auth=scram-sha-256"])
        // Nothing outlives the test: no need to wait for the disk.
        .args(["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
    run(initdb, "make a PostgreSQL database").await.map(drop)
}

fn start(mut server: Command, data: &Path, port: u16) -> Result<Server, Error> {
    let log = data.with_file_name("postgres.log");
    server.arg("-D").arg(data).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
        "full_page_writes=off",
        "synchronous_commit=off",
        "max_connections=100",
    ] {
        server.args(["-c", setting]);
    }
    Server::start("postgres", server, &log, End::Interrupted(END_WITHIN))
}

/// Runs a command to its end, off the async workers, and returns what it prints.
async fn run(mut command: Command, what: &str) -> Result<String, Error> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let trying = what.to_owned();
    let output = tokio::task::spawn_blocking(move || keeper::spawn(command)?.wait_with_output()).await;
    let output = output
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(Error::io(what))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::Refused {
        what: trying,
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Somebody who is not root: PostgreSQL does not run as root.
struct Other(Option<(u32, u32)>);

impl Other {
    /// The first of Debian's own users that is there; nobody else where we are not root ourselves.
    fn needed() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        let users = std::fs::read_to_string("/etc/passwd").map_err(Error::io("read /etc/passwd"))?;
        let find = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut numbers = line.split(':').skip(2).map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        };
        let other = find(Postgres::SUPERUSER).or_else(|| find("nobody"));
        other.map(|other| Self(Some(other))).ok_or(Error::NotInstalled {
            name: "postgres",
            advice: "it does not run as root, and there is neither a user `postgres` nor `nobody`",
        })
    }

    fn run(&self, program: PathBuf) -> Command {
        let mut command = keeper::command(program);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    fn own(&self, path: &Path) -> Result<(), Error> {
        let Some((user, group)) = self.0 else {
            return Ok(());
        };
        let changing = Error::io(format!("give {} away", path.display()));
        chown(path, Some(user), Some(group)).map_err(changing)
    }
}
