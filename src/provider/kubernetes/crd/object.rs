//! Objects as JSON, and what a property picks out of them. Pure.
//!
//! An object is written anew as ESO does, with its keys sorted and `<`, `>` and `&` escaped: users compare bytes.

use std::borrow::Cow;

use http::StatusCode;
use lockstep_gjson as gjson;
use lockstep_gostd::json::{self as go_json, Html, Numbers, Object, Value};

use super::resource::Kind;
use crate::engine::json::raw_members;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::kubernetes::answer::Fault;
use crate::provider::kubernetes::api::{continuation, something_else};
use crate::provider::{Payload, json};

/// Some objects of a list, and where it goes on.
pub(super) struct Page {
    pub(super) found: Vec<Found>,
    pub(super) next: String,
}

pub(super) struct Found {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) object: SecretBytes,
}

/// The object of that name.
pub(super) fn whole(body: &SecretBytes, name: &str) -> Result<SecretBytes, Fault> {
    let object = parse(body)?;
    // What is something else must not count as an object without the property.
    if metadata(&object, "name") != name {
        return Err(something_else(StatusCode::OK));
    }
    Ok(encode(&Value::Object(object)))
}

/// In a list, the API server says once for all of them what objects of kinds of its own are.
pub(super) fn page(body: &SecretBytes, kind: &Kind) -> Result<Page, Fault> {
    let mut list = parse(body)?;
    let Some(Value::Array(items)) = list.remove("items") else {
        return Err(something_else(StatusCode::OK));
    };
    let version = kind.api_version();
    let found = items.into_iter().map(|item| {
        let Value::Object(mut object) = item else {
            return Err(something_else(StatusCode::OK));
        };
        for (field, value) in [("apiVersion", &version), ("kind", &kind.name)] {
            let named = object.entry(Cow::Borrowed(field));
            named.or_insert_with(|| Value::Text(Cow::Owned(value.clone())));
        }
        let [namespace, name] = ["namespace", "name"].map(|field| metadata(&object, field).to_owned());
        let object = encode(&Value::Object(object));
        Ok(Found {
            namespace,
            name,
            object,
        })
    });
    Ok(Page {
        found: found.collect::<Result<_, _>>()?,
        next: continuation(metadata(&list, "continue"))?,
    })
}

/// What an entry of `data` gets: a text without its quotes, anything else as JSON.
pub(super) fn select(payload: &Payload, property: Option<&str>) -> Result<SecretBytes, Problem> {
    let object = json::single(payload)?;
    let Some(property) = property.filter(|property| !property.is_empty()) else {
        return Ok(object.clone());
    };
    let bad = |why: String| Problem::BadData { why };
    let found = gjson::try_get(object.expose(), property);
    let found = found.map_err(|limit| bad(format!("property {property}: {limit}")))?;
    match found.kind() {
        gjson::Kind::String => Ok(found.text().into_owned().into()),
        _ if found.exists() => Ok(found.raw().into()),
        _ => Err(bad(format!("property {property} does not exist in the object"))),
    }
}

/// What `extract` gets: the members of an object, or what is none as one value.
pub(super) fn explode(payload: &Payload, property: Option<&str>) -> Result<Values, Problem> {
    let picked = select(payload, property)?;
    Ok(raw_members(&picked).unwrap_or_else(|_| Values::from([("value".to_owned(), picked)])))
}

fn parse(body: &SecretBytes) -> Result<Object<'_>, Fault> {
    Value::parse_object(body.expose(), Numbers::AsWritten).map_err(|_| something_else(StatusCode::OK))
}

fn encode(value: &Value<'_>) -> SecretBytes {
    go_json::encode(value, Html::Escaped).into()
}

fn metadata<'o>(object: &'o Object<'_>, field: &str) -> &'o str {
    let Some(Value::Object(metadata)) = object.get("metadata") else {
        return "";
    };
    match metadata.get(field) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDGET: &str = r#"{"spec": {"user": "a<b", "port": 5432, "ratio": 1.50, "on": true, "none": null,
        "nested": {"z": 1, "a": "\u003c"}, "list": ["x", 2], "config": "{\"k\": \"v\", \"n\": 1}"},
        "metadata": {"name": "db"}, "kind": "Widget", "apiVersion": "example.io/v1"}"#;

    fn widget() -> Payload {
        Payload::Bytes(whole(&WIDGET.into(), "db").expect("it is the one"))
    }

    fn text(value: &SecretBytes) -> String {
        String::from_utf8_lossy(value.expose()).into_owned()
    }

    #[test]
    fn an_object_is_written_as_eso_does() {
        let Payload::Bytes(object) = widget() else {
            panic!("an object is one value")
        };
        let expected = r#"{"apiVersion":"example.io/v1","kind":"Widget","metadata":{"name":"db"},"spec":{"config":"{\"k\": \"v\", \"n\": 1}","list":["x",2],"nested":{"a":"\u003c","z":1},"none":null,"on":true,"port":5432,"ratio":1.50,"user":"a\u003cb"}}"#;
        assert_eq!(text(&object), expected);
    }

    #[test]
    fn what_is_not_asked_for_is_no_answer() {
        for body in [
            "",
            "canary",
            "[]",
            "{}",
            r#"{"metadata": {"name": "other"}}"#,
            r#"{"metadata": []}"#,
        ] {
            let fault = whole(&body.into(), "db").expect_err(body);
            assert_eq!(
                fault,
                Fault::Useless("200 without the JSON of what was asked for".into())
            );
        }
    }

    #[test]
    fn a_property_is_a_text_or_json() {
        for (property, expected) in [
            ("spec.user", Some("a<b")),
            ("spec.port", Some("5432")),
            ("spec.ratio", Some("1.50")),
            ("spec.on", Some("true")),
            ("spec.none", Some("null")),
            ("spec.nested", Some(r#"{"a":"\u003c","z":1}"#)),
            ("spec.list.#", Some("2")),
            ("spec.list.0", Some("x")),
            ("spec.nope", None),
            ("nope", None),
        ] {
            let picked = select(&widget(), Some(property)).map(|value| text(&value));
            let expected = expected.map(str::to_owned).ok_or_else(|| Problem::BadData {
                why: format!("property {property} does not exist in the object"),
            });
            assert_eq!(picked, expected, "{property}");
        }
        assert_eq!(select(&widget(), Some("")), select(&widget(), None));
    }

    #[test]
    fn extract_has_members_or_one_value() {
        let exploded = |property| {
            let values = explode(&widget(), property).expect("there");
            values
                .iter()
                .map(|(key, value)| format!("{key}={}", text(value)))
                .collect::<Vec<_>>()
        };
        assert_eq!(exploded(Some("spec.nested")), ["a=<", "z=1"]);
        assert_eq!(exploded(Some("spec.config")), ["k=v", "n=1"]);
        assert_eq!(exploded(Some("spec.list")), [r#"value=["x",2]"#]);
        assert_eq!(exploded(Some("spec.user")), ["value=a<b"]);
        assert_eq!(exploded(None)[..2], ["apiVersion=example.io/v1", "kind=Widget"]);
    }
}
