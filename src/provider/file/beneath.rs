//! Opens files below a root, and none beside it.
//!
//! A path is walked name by name, each opened in the folder that was opened before it, and links are followed here and
//! not by the kernel. So whatever anybody renames or links meanwhile, what is opened stands below the root: a `..` leads
//! back to the folder that we came from, and not to its parent of the moment. An absolute link leads out.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// An open folder, and the way to it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: Arc<OwnedFd>,
    below: Vec<Arc<OwnedFd>>,
}

#[derive(Debug)]
pub(super) enum Found {
    Folder(Folder),
    File(File),
}

/// Why something could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Missing,
    Forbidden,
    /// It leads out of the root.
    Escapes,
    /// A device, a pipe, a socket: whatever would happen if it was opened.
    Special,
    Failed(Errno),
}

/// Of what there is under a name: whether it is another thing, or was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) id: (u64, u64),
    pub(super) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Folder {
    /// The root itself is where whoever started us said, through whatever links.
    pub(super) fn root(path: &Path) -> Result<Self, Trouble> {
        let root = fs::open(path, FOLDER, Mode::empty())?;
        Ok(Self {
            root: Arc::new(root),
            below: Vec::new(),
        })
    }

    pub(super) fn open(&self, path: &[u8]) -> Result<Found, Trouble> {
        let mut folder = self.clone();
        let mut rest: Vec<Vec<u8>> = Vec::new();
        push(&mut rest, path);
        let mut links = 0;
        while let Some(name) = rest.pop() {
            if name == b".." {
                folder.below.pop().ok_or(Trouble::Escapes)?;
                continue;
            }
            let about = fs::statat(folder.here(), name.as_slice(), AtFlags::SYMLINK_NOFOLLOW)?;
            match FileType::from_raw_mode(about.st_mode) {
                FileType::Directory => {
                    let next = fs::openat(folder.here(), name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
                    folder.below.push(Arc::new(next));
                }
                FileType::Symlink => {
                    links += 1;
                    let target = fs::readlinkat(folder.here(), name, Vec::new())?.into_bytes();
                    if target.starts_with(b"/") {
                        return Err(Trouble::Escapes);
                    }
                    if links > MOST_LINKS {
                        return Err(Trouble::Failed(Errno::LOOP));
                    }
                    push(&mut rest, &target);
                }
                FileType::RegularFile if rest.is_empty() => return folder.file(&name).map(Found::File),
                FileType::RegularFile => return Err(Trouble::Missing),
                _ => return Err(Trouble::Special),
            }
        }
        Ok(Found::Folder(folder))
    }

    /// Everything in it that has a name in UTF-8, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>, Trouble> {
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(self.here())? {
            names.extend(entry?.file_name().to_str().ok().map(str::to_owned));
        }
        names.retain(|name| name != "." && name != "..");
        names.sort_unstable();
        Ok(names)
    }

    pub(super) fn stamp(&self) -> Result<Stamp, Trouble> {
        let folder = self.here().try_clone().map_err(|error| Trouble::of(&error))?;
        Stamp::of(&File::from(folder))
    }

    fn here(&self) -> &OwnedFd {
        self.below.last().unwrap_or(&self.root)
    }

    /// Another thing may have taken the place of the file that was seen there; a pipe would let us wait for ever.
    fn file(&self, name: &[u8]) -> Result<File, Trouble> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(fs::openat(self.here(), name, flags, Mode::empty())?);
        let about = file.metadata().map_err(|error| Trouble::of(&error))?;
        if about.is_file() {
            Ok(file)
        } else {
            Err(Trouble::Special)
        }
    }
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The next name is the last.
fn push(rest: &mut Vec<Vec<u8>>, path: &[u8]) {
    let names = path.split(|byte| *byte == b'/').rev();
    let names = names.filter(|name| !name.is_empty() && *name != b".");
    rest.extend(names.map(<[u8]>::to_vec));
}

impl Stamp {
    pub(super) fn of(file: &File) -> Result<Self, Trouble> {
        let about = file.metadata().map_err(|error| Trouble::of(&error))?;
        Ok(Self {
            id: (about.dev(), about.ino()),
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        })
    }
}

impl Trouble {
    pub(super) fn of(error: &io::Error) -> Self {
        Errno::from_io_error(error).unwrap_or(Errno::IO).into()
    }
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NOTDIR => Self::Missing,
            Errno::ACCESS | Errno::PERM => Self::Forbidden,
            other => Self::Failed(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs as std_fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A root `r`, and beside it what nobody below it may see.
    fn bed() -> (tempfile::TempDir, Folder) {
        let bed = tempfile::tempdir().expect("a folder");
        let path = bed.path();
        std_fs::create_dir_all(path.join("r/a/b")).expect("folders");
        std_fs::write(path.join("r/a/b/f"), "inside").expect("a file");
        std_fs::write(path.join("canary"), "outside").expect("a file");
        let root = Folder::root(&path.join("r")).expect("a root");
        (bed, root)
    }

    fn text(root: &Folder, path: &str) -> Result<String, Trouble> {
        match root.open(path.as_bytes())? {
            Found::File(mut file) => {
                let mut text = String::new();
                file.read_to_string(&mut text).expect("text");
                Ok(text)
            }
            Found::Folder(_) => Ok("a folder".to_owned()),
        }
    }

    #[test]
    fn links_are_followed_as_far_as_they_stay_below_the_root() {
        let (bed, root) = bed();
        for (name, target) in [
            ("r/near", "a/b/f"),
            ("r/a/up", "../a/./b//f"),
            ("r/a/b/twice", "../../near"),
            ("r/out", "../canary"),
            ("r/a/out", "../../canary"),
            ("r/a/round", "../../r/near"),
            ("r/absolute", "/etc/passwd"),
            ("r/folder", ".."),
            ("r/circle", "circle"),
            ("r/nowhere", "x"),
        ] {
            symlink(target, bed.path().join(name)).expect("a link");
        }
        for (path, expected) in [
            ("near", Ok("inside")),
            ("a/up", Ok("inside")),
            ("a/b/twice", Ok("inside")),
            ("a/b/../../near", Ok("inside")),
            ("a", Ok("a folder")),
            ("", Ok("a folder")),
            ("out", Err(Trouble::Escapes)),
            ("a/out", Err(Trouble::Escapes)),
            ("a/round", Err(Trouble::Escapes)),
            ("absolute", Err(Trouble::Escapes)),
            ("folder/r/near", Err(Trouble::Escapes)),
            ("../canary", Err(Trouble::Escapes)),
            ("circle", Err(Trouble::Failed(Errno::LOOP))),
            ("nowhere", Err(Trouble::Missing)),
            ("near/x", Err(Trouble::Missing)),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(text(&root, path), expected, "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_moved_out_while_we_stand_in_it_leads_nowhere_else() {
        let (bed, root) = bed();
        let Ok(Found::Folder(inner)) = root.open(b"a/b") else {
            panic!("no folder");
        };
        std_fs::rename(bed.path().join("r/a/b"), bed.path().join("b")).expect("a rename");
        assert_eq!(text(&inner, "../../canary"), Err(Trouble::Missing));
        assert_eq!(text(&inner, "../../../canary"), Err(Trouble::Escapes));
    }

    #[test]
    fn what_is_no_file_is_never_opened() {
        let (bed, root) = bed();
        let pipe = bed.path().join("r/pipe");
        fs::mknodat(fs::CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        std::os::unix::net::UnixListener::bind(bed.path().join("r/socket")).expect("a socket");
        assert_eq!(text(&root, "pipe"), Err(Trouble::Special));
        assert_eq!(text(&root, "socket"), Err(Trouble::Special));
    }
}
