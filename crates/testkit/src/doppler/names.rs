//! What Doppler makes of names and of whole configs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The name after this transformer; `None` where there is no such.
pub(super) fn transform(name: &str, transformer: &str) -> Option<String> {
    let words = || name.split('_').filter(|word| !word.is_empty());
    let lower = |between: &str| words().map(str::to_lowercase).collect::<Vec<_>>().join(between);
    let camel = || words().map(capital).collect::<String>();
    Some(match transformer {
        "" => name.to_owned(),
        "upper-camel" => camel(),
        "camel" => small(&camel()),
        "lower-snake" => lower("_"),
        "lower-kebab" => lower("-"),
        "tf-var" => format!("TF_VAR_{}", lower("_")),
        "dotnet-env" => {
            let parts = name.split("__");
            let parts = parts.map(|part| part.split('_').map(capital).collect::<String>());
            parts.collect::<Vec<_>>().join("__")
        }
        _ => return None,
    })
}

/// Content type and text of a config in this format; `None` where there is no such.
pub(super) fn format(secrets: &BTreeMap<String, String>, format: &str) -> Option<(&'static str, String)> {
    let lines = |line: &dyn Fn(&str, &str) -> String| {
        let lines = secrets.iter().map(|(name, value)| line(name, value) + "\n");
        ("text/plain", lines.collect::<String>())
    };
    let quoted = |value: &str| Value::from(value).to_string();
    Some(match format {
        "" | "json" => ("application/json", json!(secrets).to_string()),
        "dotnet-json" => ("application/json", nested(secrets).to_string()),
        "env" => lines(&|name, value| format!("{name}={}", quoted(value))),
        "yaml" => lines(&|name, value| format!("{name}: {}", quoted(value))),
        "docker" => lines(&|name, value| format!("{name}={value}")),
        _ => return None,
    })
}

/// `A__B` is B within A.
fn nested(secrets: &BTreeMap<String, String>) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in secrets {
        let mut place = &mut root;
        for part in name.split("__") {
            place = &mut place[part.split('_').map(capital).collect::<String>()];
        }
        *place = json!(value);
    }
    root
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(usize::from(!word.is_empty()));
    first.to_uppercase() + &rest.to_lowercase()
}

fn small(name: &str) -> String {
    let (first, rest) = name.split_at(usize::from(!name.is_empty()));
    first.to_lowercase() + rest
}
