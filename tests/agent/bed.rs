//! A folder of manifests, a folder of outputs, and the program between them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const POLL: Duration = Duration::from_millis(20);
/// Far more than anything here takes, so that only what never happens fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Bed(TempDir);

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Bed {
    pub fn new(manifests: &[(&str, &str)]) -> Self {
        let bed = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(bed.manifests()).expect("a folder");
        for (name, text) in manifests {
            bed.write(name, text);
        }
        bed
    }

    pub fn manifests(&self) -> PathBuf {
        self.0.path().join("manifests")
    }

    pub fn out(&self, below: &str) -> PathBuf {
        self.0.path().join("out").join(below)
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    pub fn write(&self, name: &str, text: &str) {
        // As editors do it, so that nobody sees half a file.
        let fresh = self.path("fresh");
        fs::write(&fresh, text).expect("a file");
        fs::rename(fresh, self.manifests().join(name)).expect("a rename");
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.manifests().join(name)).expect("a file");
    }

    fn command(&self, manifests: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command
            .arg("agent")
            .arg("--manifests")
            .arg(manifests)
            .arg("--out")
            .arg(self.out(""))
            .args(arguments);
        command
    }

    pub fn once(&self, arguments: &[&str]) -> Ended {
        self.once_from(&self.manifests(), arguments)
    }

    pub fn once_from(&self, manifests: &Path, arguments: &[&str]) -> Ended {
        let output = self
            .command(manifests, arguments)
            .arg("--once")
            .output()
            .expect("the program runs");
        Ended {
            status: output.status,
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// As [`Bed::once`], with these variables in the environment.
    pub fn once_in(&self, environment: &[(&str, &str)]) -> ExitStatus {
        let mut command = self.command(&self.manifests(), &[]);
        let command = command
            .envs(environment.iter().copied())
            .env("LOCKSTEP_ONCE", "true");
        command.output().expect("the program runs").status
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        let (stdout, stderr) = (self.path("stdout"), self.path("stderr"));
        let file = |path: &Path| File::create(path).expect("a file");
        let mut command = self.command(&self.manifests(), arguments);
        let command = command.stdout(file(&stdout)).stderr(file(&stderr));
        let child = command.spawn().expect("the program runs");
        Running {
            child,
            stdout,
            stderr,
        }
    }

    /// Every visible file of the outputs.
    pub fn outputs(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        collect(&self.out(""), "", &mut found);
        found
    }

    /// Waits until the outputs are these.
    #[track_caller]
    pub fn until(&self, expected: &[(&str, &str)]) {
        let expected: BTreeMap<_, _> = expected
            .iter()
            .map(|(path, text)| ((*path).into(), (*text).into()))
            .collect();
        let deadline = Instant::now() + PATIENCE;
        while self.outputs() != expected {
            assert!(
                Instant::now() < deadline,
                "{:?} is not {expected:?}",
                self.outputs()
            );
            pause();
        }
    }
}

impl Ended {
    #[track_caller]
    pub fn assert(&self, code: i32) -> &Self {
        assert_eq!(
            self.status.code(),
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// All of these stand in one line of what people are told.
    #[track_caller]
    pub fn tells(&self, words: &[&str]) -> &Self {
        let found = self
            .stderr
            .lines()
            .chain(self.stdout.lines())
            .any(|line| words.iter().all(|word| line.contains(word)));
        assert!(
            found,
            "no line with {words:?} in\n{}\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

/// A daemon. Ended when dropped.
pub struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Waits until it has said this.
    #[track_caller]
    pub fn until_told(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !text(&self.stderr).contains(words) {
            assert!(
                Instant::now() < deadline,
                "{words:?} is not in {}",
                text(&self.stderr)
            );
            pause();
        }
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Asks it to end, and waits until it did.
    pub fn stop(mut self, signal: &str) -> (Ended, Duration) {
        let started = Instant::now();
        let kill = format!("kill -{signal} {}", self.child.id());
        let asked = Command::new("sh").args(["-c", &kill]).status();
        assert!(asked.expect("a shell").success());
        while self.child.try_wait().expect("a child").is_none() {
            assert!(started.elapsed() < PATIENCE, "it does not end");
            pause();
        }
        let took = started.elapsed();
        let status = self.child.wait().expect("a child");
        let (stdout, stderr) = (text(&self.stdout), text(&self.stderr));
        (
            Ended {
                status,
                stdout,
                stderr,
            },
            took,
        )
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("text")
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a poll of a test that has no runtime to block"
)]
pub fn pause() {
    std::thread::sleep(POLL);
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().expect("a name");
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), found);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            // What goes while we look is gone.
            found.insert(format!("{prefix}{name}"), text);
        }
    }
}
