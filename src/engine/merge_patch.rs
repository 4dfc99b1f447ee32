//! Merge patches (RFC 7396): the difference between two objects, as the API server takes it.
//!
//! Null, an empty map, and nothing at all are the same here: the API server drops the one or the other as it likes.

use serde_json::{Map, Value};

/// What makes `wanted` of what is there; `None` where nothing differs.
pub fn difference(there: &Value, wanted: &Value) -> Option<Value> {
    match (there, wanted) {
        (Value::Object(before), Value::Object(after)) => {
            let added = after.keys().filter(|name| !before.contains_key(*name));
            let changes = before.keys().chain(added).filter_map(|name| {
                let change = difference(member(before, name), member(after, name))?;
                Some((name.clone(), change))
            });
            let changes: Map<_, _> = changes.collect();
            (!changes.is_empty()).then_some(Value::Object(changes))
        }
        (there, wanted) if there == wanted || (is_nothing(there) && is_nothing(wanted)) => None,
        (_, wanted) => Some(wanted.clone()),
    }
}

pub fn apply(object: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        object.clone_from(patch);
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(members) = object.as_object_mut() else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            apply(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

pub fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn member<'v>(members: &'v Map<String, Value>, name: &str) -> &'v Value {
    members.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_makes_the_one_object_of_the_other_and_names_nothing_else() {
        for (there, wanted, patch) in [
            (json!({"a": 1}), json!({"a": 1}), None),
            (json!({"a": 1}), json!({"a": 1, "b": {}, "c": null}), None),
            (json!({"a": {"b": {}}}), json!({"a": {}}), None),
            (
                json!({"a": {"x": 1, "y": 2}}),
                json!({"a": {"x": 1, "z": 3}}),
                Some(json!({"a": {"y": null, "z": 3}})),
            ),
            (json!({"a": {"x": 1}}), json!({"a": [1]}), Some(json!({"a": [1]}))),
            (
                json!({"a": [1, {"x": 1}]}),
                json!({"a": [1, {"x": 2}]}),
                Some(json!({"a": [1, {"x": 2}]})),
            ),
            (
                json!({"a": "text"}),
                json!({"a": {"x": 1}}),
                Some(json!({"a": {"x": 1}})),
            ),
            (json!({"a": {"x": 1}}), json!({}), Some(json!({"a": null}))),
        ] {
            let found = difference(&there, &wanted);
            assert_eq!(found, patch, "{there} to {wanted}");
            let mut patched = there.clone();
            apply(&mut patched, &found.unwrap_or(json!({})));
            assert_eq!(
                difference(&patched, &wanted),
                None,
                "{there} to {wanted}: {patched}"
            );
        }
    }
}
