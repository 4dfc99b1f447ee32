//! Names of what a vault holds, as they stand in `remoteRef.key`: `secret/db`, `cert/web`, `key/signing`, or just `db`.

use crate::engine::problem::Problem;

/// Azure's own bound.
const LONGEST: usize = 127;
const LONGEST_VERSION: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Secret,
    Certificate,
    Key,
}

/// A name that cannot lead anywhere else: it becomes part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'k> {
    pub(super) kind: Kind,
    pub(super) name: &'k str,
}

impl Kind {
    /// Where the vault keeps them.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::Certificate => "certificates",
            Self::Key => "keys",
        }
    }
}

impl<'k> Name<'k> {
    /// What follows a second slash says nothing, as in ESO.
    pub(super) fn parse(key: &'k str) -> Result<Self, Problem> {
        let mut parts = key.split('/');
        let first = parts.next().unwrap_or_default();
        let (kind, name) = match parts.next() {
            None => (Kind::Secret, first),
            Some(name) => (kind(first, key)?, name),
        };
        if is_name(name) {
            return Ok(Self { kind, name });
        }
        let why = "must name a secret as Azure does: up to 127 letters, digits and dashes, after `secret/`, `cert/`, \
                   `key/` or nothing";
        Err(invalid(key, why))
    }
}

fn kind(word: &str, key: &str) -> Result<Kind, Problem> {
    match word {
        "secret" => Ok(Kind::Secret),
        "cert" => Ok(Kind::Certificate),
        "key" => Ok(Kind::Key),
        _ => Err(invalid(
            key,
            "unknown Azure Keyvault object type: use `secret/`, `cert/` or `key/`",
        )),
    }
}

fn invalid(key: &str, why: &str) -> Problem {
    let key: String = key.chars().take(LONGEST).collect();
    Problem::InvalidSpec {
        field: format!("remote key {key:?}"),
        why: why.to_owned(),
    }
}

pub(super) fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A version becomes part of a path as well. Without one, it is the newest.
pub(super) fn version<'v>(version: Option<&'v str>, key: &str) -> Result<Option<&'v str>, Problem> {
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Ok(None);
    };
    if version.len() <= LONGEST_VERSION && version.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(Some(version));
    }
    let why = "its version must be the id of one in the vault, such as 4387e9f3d6e14c459867679a90fd0f79";
    Err(invalid(key, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_a_secret_unless_it_says_otherwise() {
        for (key, kind, name) in [
            ("db", Kind::Secret, "db"),
            ("secret/db", Kind::Secret, "db"),
            ("cert/web-1", Kind::Certificate, "web-1"),
            ("key/K", Kind::Key, "K"),
            ("key/k/4387e9/more", Kind::Key, "k"),
        ] {
            assert_eq!(Name::parse(key), Ok(Name { kind, name }), "{key}");
        }
    }

    #[test]
    fn no_name_leads_elsewhere() {
        for key in [
            "",
            "secret/",
            "../keys/k",
            "secret/..",
            "secret/a?b",
            "secret/a%2fb",
            "a b",
            "a_b",
            "ä",
            "secrets/a",
            "/a",
            &"a".repeat(128),
        ] {
            let refused = Name::parse(key);
            assert!(matches!(refused, Err(Problem::InvalidSpec { .. })), "{key}");
        }
        for bad in ["../x", "a/b", "a-b", &"a".repeat(65)] {
            assert!(version(Some(bad), "db").is_err(), "{bad}");
        }
        assert_eq!(version(Some("0aF9"), "db"), Ok(Some("0aF9")));
        assert_eq!(version(Some(""), "db"), Ok(None));
    }
}
