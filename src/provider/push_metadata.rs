//! The envelope around `spec.data[].metadata` of a PushSecret.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::engine::problem::Problem;

const API_VERSION: &str = "kubernetes.external-secrets.io/v1alpha1";
const KIND: &str = "PushSecretMetadata";

/// What one provider puts into the envelope.
pub(super) trait Metadata: DeserializeOwned {
    /// Every field there is; others are refused.
    const FIELDS: &'static [&'static str];
}

/// Opens the envelope. The messages are ESO's, for they end up in conditions.
pub(super) fn open<T: Metadata>(metadata: Option<&Value>) -> Result<Option<T>, Problem> {
    match metadata {
        None | Some(Value::Null) => Ok(None),
        Some(metadata) => parse(metadata).map(Some).map_err(|why| Problem::BadData {
            why: format!("unable to parse metadata parameters: {why}"),
        }),
    }
}

fn parse<T: Metadata>(metadata: &Value) -> Result<T, String> {
    let broken = |why: &str| {
        format!("failed to parse {API_VERSION} {KIND}: error unmarshaling JSON: while decoding JSON: {why}")
    };
    let envelope = metadata
        .as_object()
        .ok_or_else(|| broken("json: it is not an object"))?;
    let empty = Map::new();
    let spec = match envelope.get("spec") {
        None | Some(Value::Null) => &empty,
        Some(spec) => spec
            .as_object()
            .ok_or_else(|| broken("json: `spec` is not an object"))?,
    };
    let unknown = unknown_field(envelope, &["apiVersion", "kind", "spec"]).or(unknown_field(spec, T::FIELDS));
    if let Some(field) = unknown {
        return Err(broken(&format!("json: unknown field {field:?}")));
    }
    for (field, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        let found = envelope.get(field).and_then(Value::as_str).unwrap_or_default();
        if found != expected {
            return Err(format!("unexpected {field} {found:?}, expected {expected:?}"));
        }
    }
    // To Go, null and the empty text are what is not there.
    let given = spec.iter().filter(|(_, value)| !value.is_null() && *value != "");
    let given = given
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    T::deserialize(&Value::Object(given)).map_err(|error| broken(&format!("json: {error}")))
}

fn unknown_field<'v>(object: &'v Map<String, Value>, known: &[&str]) -> Option<&'v str> {
    object.keys().map(String::as_str).find(|key| !known.contains(key))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sized {
        size: Option<u8>,
    }

    impl Metadata for Sized {
        const FIELDS: &'static [&'static str] = &["size"];
    }

    fn enveloped(spec: &Value) -> Value {
        json!({"apiVersion": API_VERSION, "kind": KIND, "spec": spec})
    }

    #[test]
    fn an_envelope_holds_a_spec_or_nothing() {
        let open = |metadata: &Value| open::<Sized>(Some(metadata));
        assert_eq!(super::open::<Sized>(None), Ok(None));
        assert_eq!(open(&json!(null)), Ok(None));
        assert_eq!(
            open(&enveloped(&json!({"size": 3}))),
            Ok(Some(Sized { size: Some(3) }))
        );
        assert_eq!(open(&enveloped(&json!(null))), Ok(Some(Sized { size: None })));
    }

    #[test]
    fn what_is_not_understood_is_refused_in_eso_s_words() {
        let prefix = "unable to parse metadata parameters: ";
        let decoding =
            format!("failed to parse {API_VERSION} {KIND}: error unmarshaling JSON: while decoding JSON: ");
        for (metadata, why) in [
            (
                enveloped(&json!({"bogus": 1})),
                format!(r#"{decoding}json: unknown field "bogus""#),
            ),
            (
                json!({"spec": {}, "more": 1}),
                format!(r#"{decoding}json: unknown field "more""#),
            ),
            (json!([]), format!("{decoding}json: it is not an object")),
            (
                json!({"kind": KIND}),
                format!(r#"unexpected apiVersion "", expected "{API_VERSION}""#),
            ),
            (
                json!({"apiVersion": API_VERSION, "kind": "X"}),
                format!(r#"unexpected kind "X", expected "{KIND}""#),
            ),
        ] {
            let problem = open::<Sized>(Some(&metadata)).expect_err("refused");
            assert_eq!(problem.to_string(), format!("{prefix}{why}"));
        }
        assert!(open::<Sized>(Some(&enveloped(&json!({"size": "big"})))).is_err());
    }
}
