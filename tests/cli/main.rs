//! The commands for people, from outside: what they print, and how they end.

mod diff;
mod image;
mod render;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder with files, in which commands run.
struct Bed(TempDir);

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Bed {
    fn new(files: &[(&str, &str)]) -> Self {
        let bed = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            fs::write(bed.path(name), text).expect("a file");
        }
        bed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], stdin: &str) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .args(arguments)
            .env("KUBECONFIG", self.path("kubeconfig"))
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        // It may have ended without reading, which is an answer too.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ended {
    #[track_caller]
    fn assert(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// It complained of this, and printed nothing.
    #[track_caller]
    fn assert_refused(self, code: i32, told: &str) {
        let ended = self.assert(code);
        assert_eq!(ended.stderr, told);
        assert_eq!(ended.stdout, "");
    }
}
