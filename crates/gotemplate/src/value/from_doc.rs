//! Values out of documents.

use lockstep_gostd::{json, yaml};

use super::{Text, Value};
use crate::env::Env;
use crate::fault::Outcome;

/// As Go decodes JSON into `any`.
pub(crate) fn from_json(env: &mut Env, document: json::Value) -> Outcome {
    env.spend(1)?;
    Ok(match document {
        json::Value::Null => Value::Nil,
        json::Value::Bool(value) => Value::Bool(value),
        json::Value::Number(json::Number::Float(value)) => Value::Float(value),
        json::Value::Number(json::Number::Literal(text)) => Value::text(text),
        json::Value::Text(text) => Value::text(text.into_owned()),
        json::Value::Array(elements) => {
            let elements = elements.into_iter().map(|element| from_json(env, element));
            Value::list(elements.collect::<Outcome<_>>()?)?
        }
        json::Value::Object(members) => {
            let member = |(key, value)| Ok((key_text(key), from_json(env, value)?));
            Value::map(members.into_iter().map(member).collect::<Outcome<Vec<_>>>()?)
        }
    })
}

/// As Go decodes YAML into `any`, by way of JSON: all numbers are floats.
#[expect(clippy::cast_precision_loss, reason = "as in Go")]
pub(crate) fn from_yaml(env: &mut Env, node: yaml::Node) -> Outcome {
    env.spend(1)?;
    Ok(match node {
        yaml::Node::Null => Value::Nil,
        yaml::Node::Bool(value) => Value::Bool(value),
        yaml::Node::Int(value) => Value::Float(value as f64),
        yaml::Node::Uint(value) => Value::Float(value as f64),
        yaml::Node::Float(value) => Value::Float(value),
        yaml::Node::Text(text) => {
            env.spend(text.len())?;
            Value::text(text)
        }
        yaml::Node::List(items) => {
            let items = items.into_iter().map(|item| from_yaml(env, item));
            Value::list(items.collect::<Outcome<_>>()?)?
        }
        yaml::Node::Map(entries) => {
            let entry = |(key, node)| Ok((Text::from(key), from_yaml(env, node)?));
            Value::map(entries.into_iter().map(entry).collect::<Outcome<Vec<_>>>()?)
        }
    })
}

fn key_text(key: std::borrow::Cow<str>) -> Text {
    key.into_owned().into()
}
