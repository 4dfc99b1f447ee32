//! Names that become part of a path: of projects, locations, secrets and versions.

use crate::engine::problem::Problem;

/// Google's own bounds.
const LONGEST: usize = 255;
const LONGEST_VERSION: usize = 63;
const LATEST: &str = "latest";

/// The version that a read asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version<'v> {
    /// Nobody named one.
    Latest,
    Named(&'v str),
}

impl<'v> Version<'v> {
    pub(super) fn name(self) -> &'v str {
        match self {
            Self::Latest => LATEST,
            Self::Named(name) => name,
        }
    }
}

/// A remote key is the id of a secret, without its project.
pub(super) fn secret(key: &str) -> Result<&str, Problem> {
    if is_secret(key) {
        return Ok(key);
    }
    let why = "must be the id of a secret as Google has them: up to 255 letters, digits, dashes and underscores, \
               without project and location";
    Err(invalid(key, why))
}

pub(super) fn is_secret(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len()) && is_word(id)
}

/// A number, an alias, or `latest`.
pub(super) fn version<'v>(version: Option<&'v str>, key: &str) -> Result<Version<'v>, Problem> {
    match version.filter(|version| !version.is_empty()) {
        None => Ok(Version::Latest),
        Some(name) if name.len() <= LONGEST_VERSION && is_word(name) => Ok(Version::Named(name)),
        Some(_) => Err(invalid(
            key,
            "its version must be a number, an alias of one, or latest",
        )),
    }
}

/// Some projects are of a domain: `example.com:project`.
pub(super) fn is_project(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    (1..=LONGEST).contains(&id.len()) && !id.starts_with('.') && id.bytes().all(is_plain)
}

/// It becomes part of a host name as well.
pub(super) fn is_location(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_VERSION).contains(&id.len()) && !id.starts_with('-') && id.bytes().all(is_plain)
}

fn is_word(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.bytes().all(is_letter)
}

fn invalid(key: &str, why: &str) -> Problem {
    let key: String = key.chars().take(LONGEST).collect();
    Problem::InvalidSpec {
        field: format!("remote key {key:?}"),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere() {
        assert_eq!(secret("app-1_A"), Ok("app-1_A"));
        for key in [
            "",
            "..",
            "a/b",
            "a/versions/1",
            "projects/p/secrets/a",
            "a:access",
            "a?b",
            "a%2fb",
            "a b",
            "ä",
            &"a".repeat(256),
        ] {
            assert!(matches!(secret(key), Err(Problem::InvalidSpec { .. })), "{key}");
        }
        assert_eq!(version(None, "k"), Ok(Version::Latest));
        assert_eq!(version(Some(""), "k"), Ok(Version::Latest));
        assert_eq!(version(Some("latest"), "k"), Ok(Version::Named("latest")));
        for bad in ["../1", "1:access", "1 ", &"1".repeat(64)] {
            assert!(version(Some(bad), "k").is_err(), "{bad}");
        }
        assert!(is_project("example.com:p-1") && is_location("europe-west1"));
        for bad in ["", "..", "a/b", "a?"] {
            assert!(!is_project(bad) && !is_location(bad), "{bad}");
        }
        assert!(!is_location("evil.example") && !is_location("-a"));
    }
}
