//! Tags: the mark, and what a push wants beside it. Pure.

use std::collections::BTreeMap;

use crate::provider::mark;

pub(super) type Tags = BTreeMap<String, String>;

/// AWS sets tags of its own, which nobody else can take away.
const OF_AWS: &str = "aws:";

/// What is said of everything that is pushed without a description of its own.
pub(super) const DESCRIPTION: &str = "secret 'managed-by:external-secrets'";

#[derive(Debug, Default, PartialEq)]
pub(super) struct Changes {
    pub(super) removed: Vec<String>,
    pub(super) set: Tags,
}

pub(super) fn is_marked(tags: &Tags) -> bool {
    tags.get(mark::KEY).is_some_and(|by| by == mark::OURS)
}

/// The mark is not for users to set.
pub(super) fn check(wanted: &Tags) -> Result<(), String> {
    if wanted.contains_key(mark::KEY) {
        return Err(format!(
            "error parsing tags in metadata: Cannot specify a '{}' tag",
            mark::KEY
        ));
    }
    Ok(())
}

/// The tags of what is new.
pub(super) fn with_mark(wanted: &Tags) -> Tags {
    let mut tags = wanted.clone();
    tags.insert(mark::KEY.to_owned(), mark::OURS.to_owned());
    tags
}

/// From what is there to what is wanted. A push that names no tag has no say.
pub(super) fn changes(current: &Tags, wanted: &Tags) -> Changes {
    if wanted.is_empty() {
        return Changes::default();
    }
    let wanted = with_mark(wanted);
    let removed = current.keys();
    let removed = removed.filter(|key| !wanted.contains_key(*key) && !key.starts_with(OF_AWS));
    Changes {
        removed: removed.cloned().collect(),
        set: wanted
            .iter()
            .filter(|(key, value)| current.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[(&str, &str)]) -> Tags {
        let tags = tags.iter();
        tags.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_what_differs_changes_and_the_mark_stays() {
        let marked = (mark::KEY, mark::OURS);
        let current = tags(&[marked, ("one", "1"), ("two", "2"), ("aws:stack", "s")]);
        let to = |wanted: &[(&str, &str)]| changes(&current, &tags(wanted));
        let expected = Changes {
            removed: vec!["one".to_owned()],
            set: tags(&[("two", "22"), ("three", "3")]),
        };
        assert_eq!(to(&[("two", "22"), ("three", "3")]), expected);
        assert_eq!(to(&[("one", "1"), ("two", "2")]), Changes::default());
        assert_eq!(to(&[]), Changes::default());
        assert!(is_marked(&current) && !is_marked(&tags(&[(mark::KEY, "me")])));
    }
}
