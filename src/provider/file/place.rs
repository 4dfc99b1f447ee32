//! Which files a store may mean: those below the roots that lockstep was started with.

use std::path::{Component, Path, PathBuf};

use lockstep_api::provider::FilePath;

use super::beneath::{Folder, Found, Trouble};
use super::fault::Fault;
use crate::engine::problem::Problem;

/// A path below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    root: PathBuf,
    below: PathBuf,
    /// As the store has it.
    shown: String,
}

impl Place {
    /// `field` is the path's place in the spec. Blocks: a root may go by several names.
    pub(super) fn find(roots: &[PathBuf], path: &FilePath, field: &str) -> Result<Self, Problem> {
        let refuse = |why: String| {
            Err(Problem::InvalidSpec {
                field: field.to_owned(),
                why,
            })
        };
        let (shown, path) = (path.as_str().to_owned(), Path::new(path.as_str()));
        let Some(first) = roots.first() else {
            return refuse(
                "files are not read here; lockstep has to be started with --file-provider-root=DIR, and the path \
                 has to be below DIR"
                    .to_owned(),
            );
        };
        if path.components().any(|part| part == Component::ParentDir) {
            return refuse("must not have `..` in it".to_owned());
        }
        let (root, below) = if path.is_absolute() {
            let Some(found) = roots.iter().find_map(|root| Some((root, below(root, path)?))) else {
                return refuse(
                    "is not below a --file-provider-root that lockstep was started with".to_owned(),
                );
            };
            found
        } else {
            (first, path.to_owned())
        };
        Ok(Self {
            root: root.clone(),
            below,
            shown,
        })
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// By its name, as the kernel is to be asked to tell of changes.
    pub(super) fn path(&self) -> PathBuf {
        self.root.join(&self.below)
    }

    /// What stands there. Blocks.
    pub(super) fn open(&self) -> Result<Found, Problem> {
        let opened = Folder::root(&self.root);
        let opened = opened.and_then(|root| root.open(self.below.as_os_str().as_encoded_bytes()));
        opened.map_err(|trouble| self.problem(trouble))
    }

    /// That nothing is there says nothing about secrets: a volume may not be mounted yet, or not any more.
    pub(super) fn problem(&self, trouble: Trouble) -> Problem {
        if trouble == Trouble::Missing {
            return Problem::Unreachable {
                what: self.shown.clone(),
                why: "does not exist".to_owned(),
            };
        }
        Fault::Trouble(trouble).problem(&self.shown)
    }

    pub(super) fn unusable(&self, why: &str) -> Problem {
        Problem::BadData {
            why: format!("{}: {why}", self.shown),
        }
    }
}

/// `/var/run/secrets` is `/run/secrets`, whichever of them is said.
fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let real = || std::fs::canonicalize(root).ok();
    let found = path.strip_prefix(root).map(Path::to_owned).ok();
    found.or_else(|| path.strip_prefix(real()?).map(Path::to_owned).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(roots: &[&Path], path: &str) -> Result<PathBuf, String> {
        let roots: Vec<_> = roots.iter().map(|root| root.to_path_buf()).collect();
        let path = FilePath::try_from(path.to_owned()).expect("a path");
        let place = Place::find(&roots, &path, "f");
        place
            .map(|place| place.path())
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_path_is_below_a_root_or_refused() {
        let (one, two) = (Path::new("/no/one"), Path::new("/no/two"));
        for (path, expected) in [
            ("x/y", Ok("/no/one/x/y")),
            ("./x", Ok("/no/one/x")),
            ("/no/one", Ok("/no/one")),
            ("/no/two/x", Ok("/no/two/x")),
            ("/no/twoo/x", Err("is not below a")),
            ("/etc", Err("is not below a")),
            ("/no/one/../two", Err("`..`")),
            ("../two", Err("`..`")),
        ] {
            match (find(&[one, two], path), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, Path::new(expected), "{path}"),
                (Err(why), Err(expected)) => assert!(why.contains(expected), "{path}: {why}"),
                (found, _) => panic!("{path}: {found:?}"),
            }
        }
        let why = find(&[], "x").expect_err("no root");
        assert!(
            why.starts_with("f: ") && why.contains("--file-provider-root"),
            "{why}"
        );
    }

    #[test]
    fn a_root_that_is_a_link_goes_by_both_of_its_names() {
        let bed = tempfile::tempdir().expect("a folder");
        let (real, link) = (bed.path().join("real"), bed.path().join("link"));
        std::fs::create_dir(&real).expect("a folder");
        std::os::unix::fs::symlink(&real, &link).expect("a link");
        let real = std::fs::canonicalize(real).expect("a path");
        let inside = real.join("x").display().to_string();
        assert_eq!(find(&[&link], &inside), Ok(link.join("x")));
    }
}
