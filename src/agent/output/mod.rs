//! What the agent leaves on disk: a folder or a file for each target, and a marker that remembers which of them are
//! ours.
//!
//! Guarantees: what lockstep did not write is neither overwritten nor deleted; a reader sees the old values of a
//! target or the new ones, never a mix, whenever we are killed; and one folder has one writer at a time.

mod dotenv;
mod file;
mod files;
mod json;
mod layout;
mod marker;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use self::marker::{Entry, Marker};
use crate::cluster::folder::{Content, Remnant, Sink};
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// How a target looks on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A folder for each target, a file for each key: OUT/NAME/KEY
    #[default]
    Files,
    /// A file for each target with a line for each key: OUT/NAME.env
    Dotenv,
    /// A file for each target with one JSON object of strings: OUT/NAME.json
    Json,
}

/// The folder that everything is written to.
pub struct Output {
    root: PathBuf,
    format: Format,
    marker: Mutex<Marker>,
    /// Holds the folder against a second agent for as long as we live.
    _lock: Option<File>,
}

impl Output {
    /// Takes the folder over, and tidies up what a killed process left half-done.
    pub fn open(root: &Path, format: Format) -> Result<Self> {
        create(root)?;
        let lock = lock(root)?;
        marker::probe(root).with_context(|| format!("{} cannot be written to", root.display()))?;
        let mut marker = Marker::read(root)?;
        for entry in marker.entries() {
            let path = layout::path(root, &entry.key(), entry.format);
            let tidied = match entry.format {
                Format::Files => files::tidy(&path),
                Format::Dotenv | Format::Json => file::tidy(&path),
            };
            tidied.with_context(|| format!("{} cannot be tidied up", path.display()))?;
        }
        // Whoever removed an output by hand wants it made anew.
        marker.retain(|entry| layout::path(root, &entry.key(), entry.format).exists());
        marker
            .write(root)
            .with_context(|| format!("{} cannot be written to", root.display()))?;
        Ok(Self {
            root: root.to_owned(),
            format,
            marker: Mutex::new(marker),
            _lock: lock,
        })
    }

    fn put(&self, content: &Content) -> Result<bool, Problem> {
        let rendered = render(self.format, content)?;
        let path = layout::path(&self.root, content.key, self.format);
        let mut marker = self.marker();
        layout::refuse_collision(&marker, content.key, self.format)?;
        let before = marker.get(content.key, self.format);
        if before.is_none() {
            refuse_foreign(&path, &rendered)?;
        }
        let entry = Entry::new(content, self.format);
        if before != Some(&entry) || !marker::is_there(&self.root) {
            // Before the output itself: an output that nobody knows of would be a stranger to our next run.
            let remembered = marker.put(&self.root, entry);
            remembered.map_err(|error| unwritable(&self.root, &error))?;
        }
        let has_changed = write(&self.root, &path, &rendered).map_err(|error| unwritable(&path, &error))?;
        let of_other_formats = |entry: &Entry| entry.format != self.format;
        self.take_away(&mut marker, content.key, of_other_formats)?;
        Ok(has_changed)
    }

    fn take_away(
        &self,
        marker: &mut Marker,
        key: &ObjectKey,
        which: impl Fn(&Entry) -> bool,
    ) -> Result<(), Problem> {
        for entry in marker.all_of(key).iter().filter(|entry| which(entry)) {
            let path = layout::path(&self.root, key, entry.format);
            let removed = match entry.format {
                Format::Files => files::remove(&path),
                Format::Dotenv | Format::Json => file::remove(&path),
            };
            removed.map_err(|error| unremovable(&path, &error))?;
            layout::remove_empty_namespace(&self.root, &key.namespace);
            marker.remove(entry);
            marker
                .write(&self.root)
                .map_err(|error| unwritable(&self.root, &error))?;
        }
        Ok(())
    }

    fn marker(&self) -> MutexGuard<'_, Marker> {
        self.marker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Output {
    fn write(&self, content: &Content) -> Result<bool, Problem> {
        self.put(content)
    }

    fn remove(&self, key: &ObjectKey) -> Result<(), Problem> {
        self.take_away(&mut self.marker(), key, |_| true)
    }

    fn remnants(&self) -> Vec<Remnant> {
        // A target in two formats is still one target.
        let remnants: BTreeMap<_, _> = self
            .marker()
            .entries()
            .map(|entry| (entry.key(), entry.remnant()))
            .collect();
        remnants.into_values().collect()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("root", &self.root)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// A target in its format, ready to be written.
enum Rendered<'a> {
    Folder(&'a crate::engine::values::Values),
    File(SecretBytes),
}

fn render<'a>(format: Format, content: &Content<'a>) -> Result<Rendered<'a>, Problem> {
    match format {
        Format::Files => files::check(content.values).map(|()| Rendered::Folder(content.values)),
        Format::Dotenv => dotenv::render(content.values).map(Rendered::File),
        Format::Json => json::render(content.values).map(Rendered::File),
    }
}

fn write(root: &Path, path: &Path, rendered: &Rendered) -> io::Result<bool> {
    if let Some(folder) = path.parent().filter(|folder| *folder != root) {
        layout::create_private(folder)?;
    }
    match rendered {
        Rendered::Folder(values) => files::write(path, values),
        Rendered::File(text) => file::write(path, text),
    }
}

/// An output that the marker does not know must not take the place of anything.
fn refuse_foreign(path: &Path, rendered: &Rendered) -> Result<(), Problem> {
    let foreign = match rendered {
        Rendered::Folder(values) => files::foreign(path, values),
        Rendered::File(_) => std::fs::symlink_metadata(path).is_ok().then(|| path.to_owned()),
    };
    let Some(foreign) = foreign else { return Ok(()) };
    let why =
        "is there already, and lockstep did not write it: move it away, or choose another folder with --out";
    Err(Problem::Unreachable {
        what: foreign.display().to_string(),
        why: why.to_owned(),
    })
}

fn create(root: &Path) -> Result<()> {
    match std::fs::metadata(root) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => bail!("--out {} is a file; it must be a folder", root.display()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            bail!(
                "--out {} is a file, or stands below one; it must be a folder",
                root.display()
            )
        }
        Err(_) => layout::create_private(root)
            .with_context(|| format!("--out {} cannot be created", root.display())),
    }
}

/// Some network filesystems know no locks; there, nobody is kept out.
fn lock(root: &Path) -> Result<Option<File>> {
    let folder = File::open(root).with_context(|| format!("--out {} cannot be opened", root.display()))?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::WouldBlock) => bail!("another lockstep agent is writing to {}", root.display()),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Problem::Unreachable {
        what: format!("{} cannot be written", path.display()),
        why: error.to_string(),
    }
}

fn unremovable(path: &Path, error: &io::Error) -> Problem {
    Problem::Unreachable {
        what: format!("{} cannot be removed", path.display()),
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
