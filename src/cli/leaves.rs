//! Objects, field by field.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The way to a field, such as `spec.rules[0].name`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Member(String),
}

/// The fields in which there is nothing further: texts, numbers, but also maps and lists that are empty. They may be
/// secret, and know nothing of it.
pub type Leaves<'v> = BTreeMap<Path, &'v Value>;

pub fn leaves(object: &Value) -> Leaves<'_> {
    let mut leaves = Leaves::new();
    collect(&Path::default(), object, &mut leaves);
    leaves
}

fn collect<'v>(path: &Path, value: &'v Value, leaves: &mut Leaves<'v>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                collect(&path.member(name), value, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                collect(&path.item(index), value, leaves);
            }
        }
        // The object itself is no field.
        _ if path.0.is_empty() => {}
        leaf => drop(leaves.insert(path.clone(), leaf)),
    }
}

impl Path {
    pub fn member(&self, name: &str) -> Self {
        self.step(Step::Member(name.to_owned()))
    }

    pub fn item(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    pub fn is_below(&self, other: &Self) -> bool {
        self.0.len() > other.0.len() && self.0.starts_with(&other.0)
    }

    /// The key, where it leads to an entry of `data`.
    pub fn as_data_key(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Step::Member(data), Step::Member(key)] if data == "data" => Some(key),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Member(name) if place == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_has_its_path_and_what_is_empty_counts() {
        let object = json!({
            "data": {"a.b": "x", "c": {}},
            "spec": {"rules": [{"host": "h", "paths": []}, {}], "none": null},
        });
        let leaves = leaves(&object);
        let told: Vec<_> = leaves
            .iter()
            .map(|(path, value)| format!("{path}={value}"))
            .collect();
        assert_eq!(
            told,
            [
                "data.a.b=\"x\"",
                "data.c={}",
                "spec.none=null",
                "spec.rules[0].host=\"h\"",
                "spec.rules[0].paths=[]",
                "spec.rules[1]={}",
            ]
        );
        assert_eq!(
            leaves.keys().filter_map(Path::as_data_key).collect::<Vec<_>>(),
            ["a.b", "c"]
        );
        assert!(super::leaves(&json!({})).is_empty());
    }
}
