//! What a store of files holds at one moment, and what it answers. Pure.

use lockstep_api::provider::FileProvider;
use lockstep_gostd::regexp;
use regex::Regex;

use super::dotenv;
use super::fault::Fault;
use super::place::Place;
use super::sight::Files;
use crate::engine::ask::{Aspect, Find, Location};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

#[derive(Debug)]
pub(super) enum Contents {
    /// By their paths below the folder.
    Directory(Files),
    /// By their names.
    Dotenv(Values),
}

impl Contents {
    pub(super) fn of(spec: &FileProvider, place: &Place, mut files: Files) -> Result<Self, Problem> {
        // What was looked at is itself a file.
        let itself = files.remove("");
        match (spec, itself) {
            (FileProvider::Directory(_), None) => Ok(Self::Directory(files)),
            (FileProvider::Directory(_), Some(_)) => Err(place.unusable("is a file; it must be a folder")),
            (FileProvider::Dotenv(_), None) => Err(place.unusable("is a folder; it must be a file")),
            (FileProvider::Dotenv(_), Some(content)) => {
                let content = content.map_err(|fault| fault.problem(place.shown()))?;
                let values = dotenv::parse(content.expose());
                let values =
                    values.map_err(|fault| place.unusable(&format!("line {} {}", fault.line, fault.why)))?;
                Ok(Self::Dotenv(values))
            }
        }
    }

    pub(super) fn read(&self, location: &Location) -> Result<SecretBytes, Problem> {
        if location.version.is_some() {
            return Err(invalid("remoteRef.version", "files have no versions"));
        }
        if location.aspect == Aspect::Metadata {
            return Err(invalid("remoteRef.metadataPolicy", "files have no metadata"));
        }
        let key = location.key.as_str();
        let absent = || Problem::Absent { key: key.to_owned() };
        match self {
            Self::Dotenv(values) => values.get(key).cloned().ok_or_else(absent),
            Self::Directory(files) => {
                check_path(key, "remoteRef.key")?;
                match files.get(key) {
                    Some(found) => found.clone().map_err(|fault| fault.problem(key)),
                    None => Err(hidden_by(files, key).unwrap_or_else(absent)),
                }
            }
        }
    }

    /// A file that cannot be read fails the search: what it has to give is not left out in silence.
    pub(super) fn find(&self, query: &Find) -> Result<Values, Problem> {
        if !query.tags.is_empty() {
            return Err(invalid("find.tags", "files have no tags"));
        }
        let pattern = query.name.as_deref().map(regexp::compile).transpose();
        let pattern = pattern.map_err(|why| invalid("find.name.regexp", &why))?;
        let path = query.path.as_deref().filter(|path| !path.is_empty());
        match (self, path) {
            (Self::Dotenv(_), Some(_)) => Err(invalid("find.path", "there are no folders in a dotenv file")),
            (Self::Dotenv(values), None) => {
                let mut found = values.clone();
                found.retain(|name, _| matches(pattern.as_ref(), name));
                Ok(found)
            }
            (Self::Directory(files), path) => {
                let below = path.map(|path| path.trim_end_matches('/'));
                below.map_or(Ok(()), |path| check_path(path, "find.path"))?;
                search(files, below, pattern.as_ref())
            }
        }
    }
}

fn search(files: &Files, below: Option<&str>, pattern: Option<&Regex>) -> Result<Values, Problem> {
    if let Some(hidden) = below.and_then(|path| hidden_by(files, path)) {
        return Err(hidden);
    }
    let is_below = |path: &str| {
        below.is_none_or(|folder| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    let mut found = Values::new();
    for (path, content) in files {
        let is_meant = is_below(path) || below == Some(path.as_str());
        match content {
            Ok(value) if is_below(path) && matches(pattern, path) => {
                found.insert(path.clone(), value.clone());
            }
            Err(fault)
                if is_meant && (fault.hides() || (*fault == Fault::TooLarge && matches(pattern, path))) =>
            {
                return Err(fault.problem(path));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(found)
}

/// That there is nothing can only be said of folders that could be looked into.
fn hidden_by(files: &Files, path: &str) -> Option<Problem> {
    let above = path.match_indices('/').map(|(at, _)| &path[..at]);
    above.into_iter().find_map(|folder| match files.get(folder) {
        Some(Err(fault)) if fault.hides() => Some(fault.problem(folder)),
        Some(Ok(_) | Err(_)) | None => None,
    })
}

fn matches(pattern: Option<&Regex>, name: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(name))
}

/// Names that cannot be there are refused: that they are not there would let somebody delete something.
fn check_path(path: &str, field: &str) -> Result<(), Problem> {
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.');
    if path.split('/').all(is_name) {
        return Ok(());
    }
    let why =
        "must be a path below the store's folder, without `..`, empty names or names that begin with a dot";
    Err(invalid(field, why))
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::InvalidSpec {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}
