//! A file that lines are added to, and that is put aside when it has grown large.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

#[derive(Debug)]
pub(in crate::audit) struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
    /// 0: it may grow for ever.
    most: u64,
    keep: u16,
}

impl Rotating {
    pub(super) fn open(path: PathBuf, most: u64, keep: u16) -> Result<Self> {
        let opened = begin(&path);
        let (file, size) =
            opened.with_context(|| format!("the audit log {} cannot be written", path.display()))?;
        Ok(Self {
            path,
            file,
            size,
            most,
            keep,
        })
    }

    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Adds whole lines. Those that were written in part, because the disk was full, are taken back.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = lines.len() as u64;
        if self.was_moved() {
            (self.file, self.size) = begin(&self.path)?;
        } else if self.most > 0 && self.size > 0 && self.size + length > self.most {
            self.put_aside()?;
        }
        match self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.size += length;
                Ok(())
            }
            Err(error) => {
                self.file.set_len(self.size)?;
                Err(error)
            }
        }
    }

    /// FILE becomes FILE.1, FILE.1 becomes FILE.2, and the last one goes.
    fn put_aside(&mut self) -> io::Result<()> {
        for older in (1..self.keep).rev() {
            rename(&self.aside(older), &self.aside(older + 1))?;
        }
        rename(&self.path, &self.aside(1))?;
        (self.file, self.size) = begin(&self.path)?;
        Ok(())
    }

    fn aside(&self, number: u16) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    /// Somebody else has put it aside, or deleted it.
    fn was_moved(&self) -> bool {
        let (Ok(open), found) = (self.file.metadata(), fs::metadata(&self.path)) else {
            return true;
        };
        !found.is_ok_and(|found| (found.dev(), found.ino()) == (open.dev(), open.ino()))
    }
}

/// Nobody else may read who reads which secrets.
fn begin(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// That there is nothing to rename is no error.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap_or_default()
    }

    #[test]
    fn a_file_that_is_full_is_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit");
        let mut file = Rotating::open(path, 5, 2).expect("a file");
        for line in ["1111\n", "2222\n", "3333\n", "4444444\n", "5\n"] {
            file.write(line.as_bytes()).expect("written");
        }
        let found = ["audit", "audit.1", "audit.2", "audit.3"].map(|name| read(folder.path(), name));
        assert_eq!(found, ["5\n", "4444444\n", "3333\n", ""]);
    }

    #[test]
    fn a_file_that_others_put_aside_is_begun_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit");
        fs::write(&path, "0\n").expect("an older file");
        let mut file = Rotating::open(path.clone(), 0, 1).expect("a file");
        file.write(b"1\n").expect("written");
        fs::rename(&path, folder.path().join("moved")).expect("moved");
        file.write(b"2\n").expect("written");
        assert_eq!(
            [read(folder.path(), "moved"), read(folder.path(), "audit")],
            ["0\n1\n", "2\n"]
        );
        let mode = fs::metadata(&path).expect("a file").mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
