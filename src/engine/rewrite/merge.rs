//! Merging values that are JSON objects.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lockstep_api::external_secret::{MergeConflictPolicy, MergePriorityPolicy, MergeStrategy, RewriteMerge};

use crate::engine::json::to_secret;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use lockstep_gostd::json::{Html, Numbers, Object, Value, encode_object};

/// How many conflicts an error lists.
const SHOWN: usize = 50;

/// Members of all values, by name.
type Merged<'o> = BTreeMap<&'o str, &'o Value<'o>>;

pub(super) fn apply(operation: &RewriteMerge, mut values: Values) -> Result<Values, Problem> {
    let order = order(operation, &values)?;
    let objects = parse(&values)?;
    let merged = match operation.conflict_policy() {
        MergeConflictPolicy::Ignore => overlay(&order, &objects),
        MergeConflictPolicy::Error => unite(&order, &objects)?,
    };
    match operation.strategy() {
        MergeStrategy::Extract => Ok(merged
            .into_iter()
            .map(|(key, value)| (key.to_owned(), to_secret(value)))
            .collect()),
        MergeStrategy::Json if operation.into.is_empty() => Err(bad("missing 'into' field")),
        MergeStrategy::Json => {
            let json = encode_object(merged.into_iter(), Html::Plain).into();
            values.insert(operation.into.clone(), json);
            Ok(values)
        }
    }
}

/// In which order the values are merged: sorted by key, those with priority last and as they are listed.
fn order<'o>(operation: &'o RewriteMerge, values: &'o Values) -> Result<Vec<&'o str>, Problem> {
    let preferred: BTreeSet<&str> = operation.priority.iter().map(String::as_str).collect();
    let mut order: Vec<&str> = values
        .keys()
        .map(String::as_str)
        .filter(|key| !preferred.contains(key))
        .collect();
    for key in &operation.priority {
        match (values.contains_key(key), operation.priority_policy()) {
            (true, _) => order.push(key),
            (false, MergePriorityPolicy::IgnoreNotFound) => {}
            (false, MergePriorityPolicy::Strict) => {
                return Err(bad(&format!("key {key:?} not found in input map")));
            }
        }
    }
    Ok(order)
}

fn parse(values: &Values) -> Result<BTreeMap<&str, Object<'_>>, Problem> {
    let objects =
        values.iter().map(
            |(key, value)| match Value::parse_object(value.expose(), Numbers::Float) {
                Ok(object) => Ok((key.as_str(), object)),
                Err(fault) => Err(bad(&format!(
                    "failed to unmarshal JSON: the value of {key:?}: {fault}"
                ))),
            },
        );
    objects.collect()
}

/// Of a member that several values have, the one of the last value counts.
fn overlay<'o>(order: &[&str], objects: &'o BTreeMap<&str, Object<'o>>) -> Merged<'o> {
    let mut merged = Merged::new();
    let mut seen = BTreeSet::new();
    for key in order.iter().rev().filter(|key| seen.insert(**key)) {
        for (name, value) in members(objects, key) {
            merged.entry(name).or_insert(value);
        }
    }
    merged
}

/// No two values may have the same member, not even where a priority would decide.
fn unite<'o>(order: &[&str], objects: &'o BTreeMap<&str, Object<'o>>) -> Result<Merged<'o>, Problem> {
    let mut merged = Merged::new();
    let mut conflicts: Vec<&str> = Vec::new();
    for (name, value) in order.iter().flat_map(|key| members(objects, key)) {
        if merged.insert(name, value).is_some() {
            conflicts.push(name);
        }
        if conflicts.len() > SHOWN {
            conflicts.pop();
            conflicts.push("…");
            break;
        }
    }
    if conflicts.is_empty() {
        Ok(merged)
    } else {
        Err(bad(&format!("conflicts: {}", conflicts.join(", "))))
    }
}

fn members<'o>(
    objects: &'o BTreeMap<&str, Object<'o>>,
    key: &str,
) -> impl Iterator<Item = (&'o str, &'o Value<'o>)> {
    objects
        .get(key)
        .into_iter()
        .flatten()
        .map(|(name, value): (&Cow<str>, _)| (name.as_ref(), value))
}

fn bad(why: &str) -> Problem {
    Problem::BadData {
        why: format!("merge failed with {why}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merge(operation: serde_json::Value, values: &[(&str, &str)]) -> Result<Values, Problem> {
        let operation = serde_json::from_value(operation).expect("an operation");
        apply(
            &operation,
            values
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).into()))
                .collect(),
        )
    }

    #[test]
    fn the_last_of_the_listed_keys_wins() {
        let values = [
            ("a", r#"{"x":"a"}"#),
            ("b", r#"{"x":"b"}"#),
            ("c", r#"{"x":"c"}"#),
        ];
        for (priority, wanted) in [
            (json!([]), "c"),
            (json!(["a"]), "a"),
            (json!(["b", "a", "b"]), "b"),
            (json!(["c", "b"]), "b"),
        ] {
            let merged =
                merge(json!({"conflictPolicy": "Ignore", "priority": priority}), &values).expect("values");
            assert_eq!(merged["x"], wanted.into(), "{priority}");
        }
    }

    #[test]
    fn errors_name_keys_and_never_values() {
        let conflict = [("a", r#"{"x":"canary","y":1}"#), ("b", r#"{"y":"canary","x":1}"#)];
        for (operation, values, wanted) in [
            (
                json!({}),
                conflict.as_slice(),
                "merge failed with conflicts: x, y",
            ),
            (
                json!({"priority": ["q"]}),
                &conflict,
                r#"merge failed with key "q" not found in input map"#,
            ),
            (
                json!({"strategy": "JSON", "conflictPolicy": "Ignore"}),
                &conflict,
                "merge failed with missing 'into' field",
            ),
            (
                json!({}),
                &[("a", "canary")],
                r#"merge failed with failed to unmarshal JSON: the value of "a": no valid JSON at byte 0"#,
            ),
            (
                json!({}),
                &[("a", "[1]")],
                r#"merge failed with failed to unmarshal JSON: the value of "a": an array, where an object is needed"#,
            ),
        ] {
            assert_eq!(merge(operation, values).expect_err("fails").to_string(), wanted);
        }
    }

    #[test]
    fn a_long_list_of_conflicts_is_cut() {
        let object = |value: &str| {
            let members: Vec<_> = (0..1000)
                .map(|nth| format!("\"k{nth:04}\":\"{value}\""))
                .collect();
            format!("{{{}}}", members.join(","))
        };
        let (a, b) = (object("1"), object("2"));
        let message = merge(json!({"priority": vec!["a"; 10_000]}), &[("a", &a), ("b", &b)])
            .expect_err("fails")
            .to_string();
        assert!(message.ends_with("k0049, …"), "{message}");
    }
}
