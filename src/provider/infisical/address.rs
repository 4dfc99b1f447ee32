//! Where a secret is: a folder, and a name in it.

use crate::engine::problem::Problem;

const ROOT: &str = "/";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) folder: String,
    pub(super) name: String,
}

impl Address {
    /// A key with a slash in front says it all, another is below the store's folder.
    pub(super) fn of(scope: &str, key: &str) -> Result<Self, Problem> {
        let (folder, name) = match key.rsplit_once('/') {
            None => (scope.to_owned(), key),
            Some((folder, name)) if folder.starts_with('/') || folder.is_empty() => (clean(folder), name),
            Some((folder, name)) => (clean(&format!("{scope}/{folder}")), name),
        };
        // It becomes part of a path.
        if matches!(name, "" | "." | "..") {
            return Err(Problem::InvalidSpec {
                field: format!("remoteRef.key {key}"),
                why: "must end with the name of a secret".to_owned(),
            });
        }
        Ok(Self {
            folder,
            name: name.to_owned(),
        })
    }

    pub(super) fn is_in_root(&self) -> bool {
        clean(&self.folder) == ROOT
    }

    /// The same name in the folder that every environment has.
    pub(super) fn in_root(&self) -> Self {
        Self {
            folder: ROOT.to_owned(),
            name: self.name.clone(),
        }
    }
}

/// Without folders that lead nowhere, and never above the first.
fn clean(path: &str) -> String {
    let mut folders: Vec<&str> = Vec::new();
    for folder in path.split('/') {
        match folder {
            "" | "." => {}
            ".." => drop(folders.pop()),
            folder => folders.push(folder),
        }
    }
    format!("/{}", folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_or_paths() {
        for (key, folder, name) in [
            ("foo", "/scope", "foo"),
            ("/foo", "/", "foo"),
            ("/a/b/foo", "/a/b", "foo"),
            ("sub/foo", "/scope/sub", "foo"),
            ("../x/./foo", "/x", "foo"),
            ("../../../foo", "/", "foo"),
        ] {
            let expected = Address {
                folder: folder.to_owned(),
                name: name.to_owned(),
            };
            assert_eq!(Address::of("/scope", key), Ok(expected), "{key}");
        }
        for key in ["", "/", "a/", "a/..", "."] {
            assert!(Address::of("/scope", key).is_err(), "{key}");
        }
    }
}
