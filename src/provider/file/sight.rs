//! What there is to be seen at one moment, all of one piece.
//!
//! It is looked at twice, and counts when nothing has moved in between. Folders stay open for that time, so that another
//! folder cannot be taken for the one that was read: the number of one that is open is not given away again.
//!
//! Where a folder has a `..data`, as the kubelet makes it in volumes, it is what that leads to, and nothing beside it:
//! `..data` is replaced by one rename, so that all files change at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;

use zeroize::Zeroizing;

use super::beneath::{Folder, Found, Stamp, Trouble};
use super::fault::Fault;
use super::place::Place;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// A Secret has room for one of these at most.
const LARGEST: u64 = 1 << 20;
const LARGEST_SUM: u64 = 16 << 20;
const MOST: usize = 4096;
const DEEPEST: usize = 16;
/// How often it is looked again because something moved.
const ATTEMPTS: usize = 100;

/// What the kubelet replaces.
const CURRENT: &str = "..data";

/// What is read of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Stamps,
    Contents,
}

/// By path, from the place that was looked at; what that place is itself has the empty one.
pub(super) type Files = BTreeMap<String, Result<SecretBytes, Fault>>;
pub(super) type Stamps = BTreeMap<String, Result<Stamp, Fault>>;

/// Everything that can be read there. Blocks.
pub(super) fn files(place: &Place) -> Result<Files, Problem> {
    for _ in 0..ATTEMPTS {
        let before = look(place, Depth::Contents)?;
        if look(place, Depth::Stamps)?.stamps == before.stamps {
            return Ok(before.files);
        }
    }
    Err(Problem::Unreachable {
        what: place.shown().to_owned(),
        why: "changes faster than it can be read".to_owned(),
    })
}

/// By what it would be noticed that something changed. Blocks.
pub(super) fn stamps(place: &Place) -> Result<Stamps, Problem> {
    Ok(look(place, Depth::Stamps)?.stamps)
}

fn look(place: &Place, depth: Depth) -> Result<Look<'_>, Problem> {
    let mut look = Look {
        place,
        depth,
        files: Files::new(),
        stamps: Stamps::new(),
        sum: 0,
        open: Vec::new(),
    };
    match place.open()? {
        Found::File(file) => look.file("", file)?,
        Found::Folder(folder) => look.folder(folder, "", &mut Vec::new())?,
    }
    Ok(look)
}

struct Look<'p> {
    place: &'p Place,
    depth: Depth,
    files: Files,
    stamps: Stamps,
    sum: u64,
    /// Only to be kept open.
    open: Vec<Folder>,
}

impl Look<'_> {
    /// `above` are the folders that it stands in: a link may lead back into one of them.
    fn folder(&mut self, folder: Folder, path: &str, above: &mut Vec<(u64, u64)>) -> Result<(), Problem> {
        match current(folder).and_then(|folder| Ok((folder.stamp()?, folder.names()?, folder))) {
            Ok((stamp, _, _)) if above.contains(&stamp.id) => Ok(()),
            Ok(_) if above.len() == DEEPEST => self.fault(path, Fault::TooDeep),
            Ok((stamp, names, folder)) => {
                self.note(path, Ok(stamp))?;
                if !path.is_empty() {
                    self.files.insert(path.to_owned(), Err(Fault::IsFolder));
                }
                above.push(stamp.id);
                for name in names.iter().filter(|name| !name.starts_with('.')) {
                    self.entry(&folder, name, path, above)?;
                }
                above.pop();
                self.open.push(folder);
                Ok(())
            }
            // Nothing can be told of a place that cannot be looked into.
            Err(trouble) if path.is_empty() => Err(self.place.problem(trouble)),
            Err(trouble) => self.fault(path, Fault::Trouble(trouble)),
        }
    }

    fn entry(
        &mut self,
        folder: &Folder,
        name: &str,
        path: &str,
        above: &mut Vec<(u64, u64)>,
    ) -> Result<(), Problem> {
        let slash = if path.is_empty() { "" } else { "/" };
        let path = format!("{path}{slash}{name}");
        match folder.open(name.as_bytes()) {
            Ok(Found::File(file)) => self.file(&path, file),
            Ok(Found::Folder(inner)) => self.folder(inner, &path, above),
            // A link to nowhere, or gone since it was listed.
            Err(Trouble::Missing) => self.note(&path, Err(Fault::Trouble(Trouble::Missing))),
            Err(trouble) => self.fault(&path, Fault::Trouble(trouble)),
        }
    }

    fn file(&mut self, path: &str, file: File) -> Result<(), Problem> {
        match Stamp::of(&file) {
            Ok(stamp) if stamp.size > LARGEST => self.fault(path, Fault::TooLarge),
            Ok(stamp) => {
                self.note(path, Ok(stamp))?;
                if self.depth == Depth::Contents {
                    let content = read(file, stamp.size).map_err(Fault::Trouble);
                    self.sum += content.as_ref().map_or(0, SecretBytes::len) as u64;
                    self.files.insert(path.to_owned(), content);
                }
                if self.sum > LARGEST_SUM {
                    return Err(self.place.unusable("its files are more than 16 MiB together"));
                }
                Ok(())
            }
            Err(trouble) => self.fault(path, Fault::Trouble(trouble)),
        }
    }

    fn fault(&mut self, path: &str, fault: Fault) -> Result<(), Problem> {
        self.files.insert(path.to_owned(), Err(fault));
        self.note(path, Err(fault))
    }

    fn note(&mut self, path: &str, stamp: Result<Stamp, Fault>) -> Result<(), Problem> {
        self.stamps.insert(path.to_owned(), stamp);
        if self.stamps.len() > MOST {
            return Err(self.place.unusable("has more than 4096 files and folders"));
        }
        Ok(())
    }
}

fn current(folder: Folder) -> Result<Folder, Trouble> {
    match folder.open(CURRENT.as_bytes()) {
        Ok(Found::Folder(current)) => Ok(current),
        Ok(Found::File(_)) | Err(Trouble::Missing) => Ok(folder),
        Err(trouble) => Err(trouble),
    }
}

/// A file that grew since is cut off, and looked at again because it did.
fn read(file: File, size: u64) -> Result<SecretBytes, Trouble> {
    let room = usize::try_from(size).unwrap_or_default() + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    let read = file.take(size).read_to_end(&mut content);
    read.map_err(|error| Trouble::of(&error))?;
    Ok(std::mem::take(&mut *content).into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use lockstep_api::provider::FilePath;

    use super::*;

    fn place(root: &Path, path: &str) -> Place {
        let path = FilePath::try_from(path.to_owned()).expect("a path");
        Place::find(&[root.to_owned()], &path, "f").expect("below the root")
    }

    /// What was seen, each file with its text and each fault in words.
    fn seen(root: &Path, path: &str) -> Vec<(String, String)> {
        let files = files(&place(root, path)).expect("a look");
        let shown = files.into_iter().map(|(path, found)| {
            let text = |value: SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
            (path, found.map_or_else(|fault| format!("{fault:?}"), text))
        });
        shown.collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = expected
            .iter()
            .map(|(path, text)| ((*path).into(), (*text).into()));
        owned.collect()
    }

    #[test]
    fn files_are_found_at_any_depth_and_hidden_ones_are_not() {
        let bed = tempfile::tempdir().expect("a folder");
        for path in ["a", "deep/er/b", ".hidden", "deep/.git/c"] {
            let path = bed.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "x").expect("a file");
        }
        symlink("..", bed.path().join("deep/circle")).expect("a link");
        symlink("nowhere", bed.path().join("dangling")).expect("a link");
        symlink("/etc", bed.path().join("out")).expect("a link");
        let large = usize::try_from(LARGEST).expect("small") + 1;
        fs::write(bed.path().join("large"), vec![0; large]).expect("a file");
        let expected = pairs(&[
            ("a", "x"),
            ("deep", "IsFolder"),
            ("deep/er", "IsFolder"),
            ("deep/er/b", "x"),
            ("large", "TooLarge"),
            ("out", "Trouble(Escapes)"),
        ]);
        assert_eq!(seen(bed.path(), "."), expected);
        assert_eq!(seen(bed.path(), "deep/er"), pairs(&[("b", "x")]));
        assert_eq!(seen(bed.path(), "a"), pairs(&[("", "x")]));
    }

    #[test]
    fn a_volume_of_the_kubelet_is_what_its_data_leads_to() {
        let bed = tempfile::tempdir().expect("a folder");
        let volume = bed.path().join("volume");
        for version in ["..1", "..2"] {
            fs::create_dir_all(volume.join(version)).expect("a folder");
            fs::write(volume.join(version).join("a"), version).expect("a file");
        }
        symlink("..2", volume.join("..data")).expect("a link");
        symlink("..data/a", volume.join("a")).expect("a link");
        fs::write(volume.join("beside"), "x").expect("a file");
        assert_eq!(seen(bed.path(), "volume"), pairs(&[("a", "..2")]));
        let whole = pairs(&[("volume", "IsFolder"), ("volume/a", "..2")]);
        assert_eq!(seen(bed.path(), "."), whole);
    }

    #[test]
    fn a_tree_without_an_end_has_one_here() {
        let bed = tempfile::tempdir().expect("a folder");
        let mut path = bed.path().to_owned();
        (0..=DEEPEST).for_each(|_| path.push("d"));
        fs::create_dir_all(&path).expect("folders");
        let last = seen(bed.path(), ".").pop().expect("a folder").1;
        assert_eq!(last, "TooDeep");
        for number in 0..=MOST {
            fs::write(bed.path().join(number.to_string()), "").expect("a file");
        }
        let problem = files(&place(bed.path(), ".")).expect_err("too many");
        assert_eq!(problem.reason(), "BadData");
    }

    #[test]
    fn a_place_that_is_not_there_says_nothing_about_secrets() {
        let bed = tempfile::tempdir().expect("a folder");
        let problem = files(&place(bed.path(), "x")).expect_err("nothing there");
        assert_eq!(problem.to_string(), "x: does not exist");
        assert_eq!(problem.reason(), "Unreachable");
    }
}
