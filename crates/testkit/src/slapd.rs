//! OpenLDAP's slapd from the system's packages, with people in it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::credentials::random_text;
use crate::server::{End, Server};
use crate::shared::on_free_ports;
use crate::{Error, binaries, eventually, free_port, keeper};

const READY_WITHIN: Duration = Duration::from_secs(20);
const END_WITHIN: Duration = Duration::from_secs(5);
const PROGRAMS: [&str; 2] = ["slapd", "slapadd"];

/// A running slapd; ended when dropped.
// Fields are dropped in this order: the server ends before its files go.
#[derive(Debug)]
pub struct Slapd {
    server: Server,
    port: u16,
    people: Vec<Person>,
    _folder: TempDir,
}

struct Person {
    name: String,
    password: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Slapd {
    /// Below this everything stands.
    const SUFFIX: &str = "dc=lockstep,dc=test";

    /// Where the people stand: `uid=NAME` below this.
    pub const PEOPLE: &str = "ou=people,dc=lockstep,dc=test";

    /// Starts one that knows these people; each gets a password.
    pub async fn start(people: &[&str]) -> Result<Self, Error> {
        on_free_ports(async || Self::attempt(people).await).await
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The password of one of them.
    pub fn password(&self, name: &str) -> Option<&str> {
        let person = self.people.iter().find(|person| person.name == name)?;
        Some(&person.password)
    }

    async fn attempt(people: &[&str]) -> Result<Self, Error> {
        let programs = programs().ok_or(Error::NotInstalled {
            name: "slapd",
            advice: "install OpenLDAP's server (Debian: slapd)",
        })?;
        let folder = tempfile::Builder::new().prefix("lockstep-slapd-").tempdir();
        let folder = folder.map_err(Error::io("make a folder for slapd"))?;
        let dir = folder.path();
        let person = |name: &&str| {
            let (name, password) = ((*name).to_owned(), random_text()?);
            Ok(Person { name, password })
        };
        let people = people.iter().map(person).collect::<Result<Vec<_>, Error>>()?;
        std::fs::create_dir(dir.join("data")).map_err(Error::io("make a folder for slapd"))?;
        write(&dir.join("slapd.conf"), &config(dir))?;
        write(&dir.join("people.ldif"), &entries(&people))?;
        load(&programs, dir)?;
        let port = free_port()?;
        let mut command = keeper::command(programs.join("slapd"));
        // With a debug level, if only 0, it stays in the foreground.
        command.arg("-f").arg(dir.join("slapd.conf")).args(["-d", "0"]);
        command.args(["-h", &format!("ldap://127.0.0.1:{port}/")]);
        let log = dir.join("slapd.log");
        let mut slapd = Self {
            server: Server::start("slapd", command, &log, End::Within(END_WITHIN))?,
            port,
            people,
            _folder: folder,
        };
        slapd.become_ready().await?;
        Ok(slapd)
    }

    async fn become_ready(&mut self) -> Result<(), Error> {
        eventually("slapd is ready", READY_WITHIN, async || {
            if let Err(ended) = self.server.check() {
                return Ok(Err(ended));
            }
            let open = TcpStream::connect(("127.0.0.1", self.port)).await;
            open.map(|_| Ok(())).map_err(|error| error.to_string())
        })
        .await?
    }
}

/// Where its programs are; Debian keeps them where only root looks.
pub fn programs() -> Option<PathBuf> {
    binaries::folder_with(&PROGRAMS, &["/usr/sbin".into(), "/usr/libexec".into()])
}

fn config(dir: &Path) -> String {
    let schema = first(&["/etc/ldap/schema", "/etc/openldap/schema"], "core.schema");
    let modules = first(
        &["/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap"],
        "back_mdb.so",
    );
    // Where it is no module it is built in.
    let load = modules.map(|folder| format!("modulepath {folder}\nmoduleload back_mdb\n"));
    format!(
        "include {}/core.schema\n{}database mdb\nsuffix \"{}\"\ndirectory {}\ndbnosync\n",
        schema.unwrap_or("/etc/ldap/schema"),
        load.unwrap_or_default(),
        Slapd::SUFFIX,
        dir.join("data").display()
    )
}

fn first(folders: &[&'static str], file: &str) -> Option<&'static str> {
    folders
        .iter()
        .copied()
        .find(|folder| Path::new(folder).join(file).is_file())
}

fn entries(people: &[Person]) -> String {
    let (suffix, below) = (Slapd::SUFFIX, Slapd::PEOPLE);
    let places = format!(
        "dn: {suffix}\nobjectClass: dcObject\nobjectClass: organization\ndc: lockstep\no: lockstep\n\n\
         dn: {below}\nobjectClass: organizationalUnit\nou: people\n"
    );
    let person = |Person { name, password }: &Person| {
        format!(
            "\ndn: uid={name},{below}\nobjectClass: person\nobjectClass: uidObject\nuid: {name}\n\
             cn: {name}\nsn: {name}\nuserPassword: {password}\n"
        )
    };
    people.iter().fold(places, |text, one| text + &person(one))
}

fn load(programs: &Path, dir: &Path) -> Result<(), Error> {
    let what = "fill slapd with people";
    let mut add = keeper::command(programs.join("slapadd"));
    add.arg("-f").arg(dir.join("slapd.conf"));
    add.arg("-l").arg(dir.join("people.ldif"));
    add.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = keeper::spawn(add)
        .and_then(std::process::Child::wait_with_output)
        .map_err(Error::io(what))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Refused {
        what: what.to_owned(),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(Error::io(format!("write {}", path.display())))
}
