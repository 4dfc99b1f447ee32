//! Reads `values.yaml` with its comments, which a YAML parser would throw away.
//!
//! Assumes the form that the head of that file describes; what does not follow it is an error, not a guess.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value as Json};

/// One key of `values.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The keys that lead here, its own last.
    pub path: Vec<String>,
    /// The section that it stands in.
    pub section: String,
    /// What it is for. Empty for a map whose keys tell.
    pub text: String,
    /// What its schema says beyond the type.
    pub schema: Map<String, Json>,
    /// The default as it is written, or nothing for a map with keys of its own.
    pub default: Option<String>,
}

/// What the comments above a key said.
#[derive(Default)]
struct Comments {
    text: Option<String>,
    schema: Map<String, Json>,
}

/// All keys, in the order of the file.
pub fn parse(text: &str) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    let mut section = String::new();
    let mut comments = Comments::default();
    let mut path: Vec<String> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = || format!("line {}", number + 1);
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            comments = Comments::default();
        } else if let Some(title) = trimmed.strip_prefix("# @section ") {
            title.clone_into(&mut section);
        } else if trimmed.starts_with('#') {
            comment(trimmed, &mut comments).with_context(place)?;
        } else {
            let depth = (line.len() - trimmed.len()) / 2;
            let (key, default) = key(trimmed).with_context(place)?;
            ensure!(depth <= path.len(), "{}: `{key}` is indented too far", place());
            path.truncate(depth);
            path.push(key);
            let Comments { text, schema } = std::mem::take(&mut comments);
            ensure!(
                default.is_none() || text.is_some(),
                "{}: `{}` has no description",
                place(),
                path.join(".")
            );
            let text = text.unwrap_or_default();
            values.push(Value {
                path: path.clone(),
                section: section.clone(),
                text,
                schema,
                default,
            });
        }
    }
    Ok(values)
}

fn comment(line: &str, comments: &mut Comments) -> Result<()> {
    if let Some(schema) = line.strip_prefix("# @schema ") {
        comments.schema = serde_json::from_str(schema).context("the schema is no JSON object")?;
    } else if let Some(first) = line.strip_prefix("# -- ") {
        comments.text = Some(first.to_owned());
    } else if let Some(text) = &mut comments.text {
        text.push(' ');
        text.push_str(line.trim_start_matches('#').trim());
    }
    Ok(())
}

fn key(line: &str) -> Result<(String, Option<String>)> {
    let Some((key, rest)) = line.split_once(':') else {
        bail!("neither a comment nor a key: {line}")
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    ensure!(
        !key.is_empty() && key.chars().all(plain),
        "`{key}` is not a key that is understood here"
    );
    let rest = rest.trim();
    Ok((key.to_owned(), (!rest.is_empty()).then(|| rest.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{Value, parse};

    fn paths(values: &[Value]) -> Vec<String> {
        values.iter().map(|value| value.path.join(".")).collect()
    }

    #[test]
    fn comments_belong_to_the_key_below_them() {
        let text = "# head\n\n# @section One\n\n# -- A text\n# of two lines.\n# @schema {\"minimum\": 1}\na: 1\n\nb:\n  # -- B.\n  c: {d: e}\n";
        let values = parse(text).unwrap();
        assert_eq!(paths(&values), ["a", "b", "b.c"]);
        assert_eq!(values[0].text, "A text of two lines.");
        assert_eq!(values[0].section, "One");
        assert_eq!(values[0].schema["minimum"], 1);
        assert_eq!(values[1].default, None);
        assert_eq!(values[2].default.as_deref(), Some("{d: e}"));
    }

    #[test]
    fn what_is_not_in_the_form_is_refused() {
        for (text, why) in [
            ("a: 1", "line 1: `a` has no description"),
            ("# -- A.\n    a: 1", "line 2: `a` is indented too far"),
            ("# -- A.\n- a", "line 2: neither a comment nor a key: - a"),
            ("# @schema [1]\na: 1", "line 1: the schema is no JSON object"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.starts_with(why), "{error}");
        }
    }
}
