//! Label selectors, checked as Kubernetes checks them before it uses them: one that is wrong may otherwise select more
//! than was meant.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use lockstep_api::ResourceName;

/// What is wrong with it, beginning with the field, if anything is.
pub fn fault(selector: &LabelSelector) -> Option<String> {
    let equal = selector.match_labels.iter().flatten();
    let mut equal = equal.filter_map(|(key, value)| {
        let why = key_fault(key).or_else(|| value_fault(value))?;
        Some(format!("matchLabels: {why}"))
    });
    let terms = selector.match_expressions.iter().flatten().enumerate();
    let mut terms =
        terms.filter_map(|(nth, term)| Some(format!("matchExpressions[{nth}].{}", term_fault(term)?)));
    equal.next().or_else(|| terms.next())
}

fn term_fault(term: &LabelSelectorRequirement) -> Option<String> {
    if let Some(why) = key_fault(&term.key) {
        return Some(format!("key: {why}"));
    }
    let values = term.values.as_deref().unwrap_or_default();
    match term.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => Some(format!("values: {} needs at least one", term.operator)),
        "In" | "NotIn" => values
            .iter()
            .find_map(|value| value_fault(value))
            .map(|why| format!("values: {why}")),
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            Some(format!("values: {} takes none", term.operator))
        }
        "Exists" | "DoesNotExist" => None,
        _ => Some("operator: must be In, NotIn, Exists or DoesNotExist".to_owned()),
    }
}

fn key_fault(key: &str) -> Option<String> {
    (!is_label_key(key)).then(|| format!("{key:?} is not the key of a label"))
}

fn value_fault(value: &str) -> Option<String> {
    (!is_label_value(value)).then(|| format!("{value:?} is not the value of a label"))
}

pub fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => ResourceName::parse(prefix).is_ok() && is_label_text(name),
        None => is_label_text(key),
    }
}

pub fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_label_text(value)
}

fn is_label_text(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    text.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_kubernetes_would_not_use_is_refused_with_its_place() {
        for (selector, why) in [
            (json!({}), None),
            (
                json!({"matchLabels": {"a.b/c": "", "tier": "gold"}, "matchExpressions": [
                    {"key": "a", "operator": "In", "values": ["x"]}, {"key": "b", "operator": "Exists"}]}),
                None,
            ),
            (
                json!({"matchLabels": {"tier": "two words"}}),
                Some(r#"matchLabels: "two words" is not the value of a label"#),
            ),
            (
                json!({"matchExpressions": [{"key": "-a", "operator": "Exists"}]}),
                Some(r#"matchExpressions[0].key: "-a" is not the key of a label"#),
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "NotIn"}]}),
                Some("matchExpressions[0].values: NotIn needs at least one"),
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "DoesNotExist", "values": ["x"]}]}),
                Some("matchExpressions[0].values: DoesNotExist takes none"),
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "Equals", "values": ["x"]}]}),
                Some("matchExpressions[0].operator: must be In, NotIn, Exists or DoesNotExist"),
            ),
        ] {
            let found = fault(&parse(&selector));
            assert_eq!(found.as_deref(), why, "{selector}");
        }
    }

    fn parse(selector: &Value) -> LabelSelector {
        serde_json::from_value(selector.clone()).expect("a selector")
    }
}
