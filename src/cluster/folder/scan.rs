//! Which files a folder has, without looking into them.
//!
//! Everything that begins with a dot is passed over: editors' leavings, `.git`, and the `..data` of a mounted
//! ConfigMap, whose visible links lead to the same files.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::complaint::{Complaint, Place};

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
const MOST_FILES: usize = 10_000;
const DEEPEST: usize = 32;

/// The manifests below a folder, sorted by path. Two scans are equal when no file seems to have changed between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    pub files: Vec<Seen>,
    pub complaints: Vec<Complaint>,
}

/// A file, and by what it would be noticed that it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub path: PathBuf,
    pub size: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Fails only where the folder itself cannot be read.
pub fn scan(folder: &Path, except: Option<&Path>) -> io::Result<Scan> {
    let mut walk = Walk {
        except: except.and_then(|except| fs::canonicalize(except).ok()),
        visited: HashSet::new(),
        found: Scan::default(),
    };
    walk.folder(folder, 0)?;
    walk.found.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk.found)
}

struct Walk {
    except: Option<PathBuf>,
    /// Links may lead round in circles.
    visited: HashSet<(u64, u64)>,
    found: Scan,
}

impl Walk {
    fn folder(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        let about = fs::metadata(folder)?;
        if self.except.is_some() && fs::canonicalize(folder).ok() == self.except {
            return Ok(());
        }
        if !self.visited.insert((about.dev(), about.ino())) {
            return Ok(());
        }
        if depth > DEEPEST {
            self.complain(
                folder,
                format!("is more than {DEEPEST} folders deep and was not read"),
            );
            return Ok(());
        }
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        entries.sort();
        for path in entries.into_iter().filter(|path| !is_hidden(path)) {
            self.entry(&path, depth);
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, depth: usize) {
        let is_manifest = path
            .extension()
            .is_some_and(|end| EXTENSIONS.iter().any(|known| end == *known));
        let seen = fs::metadata(path).and_then(|about| {
            if about.is_dir() {
                return self.folder(path, depth + 1);
            }
            if is_manifest && about.is_file() {
                self.file(path, &about);
            }
            Ok(())
        });
        // What is no manifest may be as broken as it likes.
        if let Err(error) = seen
            && (is_manifest || error.kind() != io::ErrorKind::NotFound)
        {
            self.complain(path, format!("cannot be read: {error}"));
        }
    }

    fn file(&mut self, path: &Path, about: &Metadata) {
        if self.found.files.len() == MOST_FILES {
            self.complain(
                path,
                format!("is one file more than the {MOST_FILES} that are read"),
            );
        }
        if self.found.files.len() < MOST_FILES {
            self.found.files.push(Seen {
                path: path.to_owned(),
                size: about.size(),
                inode: about.ino(),
                modified: (about.mtime(), about.mtime_nsec()),
                changed: (about.ctime(), about.ctime_nsec()),
            });
        }
    }

    fn complain(&mut self, path: &Path, why: String) {
        self.found.complaints.push(Complaint {
            place: Place::file(path),
            object: None,
            why,
            hides: true,
        });
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path, except: &Path) -> Vec<String> {
        let scan = scan(folder, Some(except)).expect("a scan");
        assert_eq!(scan.complaints, []);
        let below = |seen: &Seen| {
            seen.path
                .strip_prefix(folder)
                .expect("below")
                .display()
                .to_string()
        };
        scan.files.iter().map(below).collect()
    }

    #[test]
    fn manifests_are_found_at_any_depth_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for path in [
            "b.yaml",
            "a.yml",
            "deep/er/c.json",
            "notes.txt",
            ".hidden.yaml",
            ".git/d.yaml",
            "out/app/key.json",
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        symlink(root, root.join("deep/circle")).expect("a link");
        assert_eq!(
            names(root, &root.join("out")),
            ["a.yml", "b.yaml", "deep/er/c.json"]
        );
    }

    #[test]
    fn a_mounted_config_map_is_read_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir(root.join("..2026_x")).expect("a folder");
        fs::write(root.join("..2026_x/a.yaml"), "").expect("a file");
        symlink("..2026_x", root.join("..data")).expect("a link");
        symlink("..data/a.yaml", root.join("a.yaml")).expect("a link");
        assert_eq!(names(root, &root.join("out")), ["a.yaml"]);
    }

    #[test]
    fn a_link_to_nowhere_is_a_complaint_where_a_manifest_was_meant() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        symlink("nowhere", root.join("a.yaml")).expect("a link");
        symlink("nowhere", root.join("a.txt")).expect("a link");
        let found = scan(root, Some(&root.join("out"))).expect("a scan").complaints;
        let names: Vec<_> = found
            .iter()
            .map(|complaint| complaint.place.file.file_name())
            .collect();
        assert_eq!(names, [Some("a.yaml".as_ref())]);
        let missing = scan(&root.join("missing"), None).expect_err("nothing").kind();
        assert_eq!(missing, io::ErrorKind::NotFound);
    }
}
