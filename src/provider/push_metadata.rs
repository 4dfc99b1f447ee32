//! The envelope around `spec.data[].metadata` of a PushSecret.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::engine::problem::Problem;

const API_VERSION: &str = "kubernetes.external-secrets.io/v1alpha1";
const KIND: &str = "PushSecretMetadata";
const ENVELOPE: [&str; 3] = ["apiVersion", "kind", "spec"];

/// What one provider puts into the envelope.
pub(super) trait Metadata: DeserializeOwned {
    /// Every field there is; others are refused.
    const FIELDS: &'static [&'static str];
}

/// Opens the envelope. The messages are ESO's, for they end up in conditions; it begins them in another way for each
/// provider.
pub(super) fn open<T: Metadata>(metadata: Option<&Value>, failed: &str) -> Result<Option<T>, Problem> {
    match metadata {
        None | Some(Value::Null) => Ok(None),
        Some(metadata) => parse(metadata).map(Some).map_err(|why| Problem::BadData {
            why: format!("{failed}: {why}"),
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
    let unknown = |field: &str| broken(&format!("json: unknown field {field:?}"));
    if let Some(field) = envelope.keys().find(|field| !ENVELOPE.contains(&field.as_str())) {
        return Err(unknown(field));
    }
    let mut given = Map::new();
    for (name, value) in spec {
        let field = field::<T>(name).ok_or_else(|| unknown(name))?;
        // To Go, null and the empty text are what is not there.
        if !value.is_null() && value != "" {
            given.insert(field.to_owned(), value.clone());
        }
    }
    let spec = T::deserialize(&Value::Object(given)).map_err(|error| broken(&format!("json: {error}")))?;
    for (field, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        let found = envelope.get(field).and_then(Value::as_str).unwrap_or_default();
        if found != expected {
            return Err(format!("unexpected {field} {found:?}, expected {expected:?}"));
        }
    }
    Ok(spec)
}

/// Go takes `kmsKeyID` for `kmsKeyId`.
fn field<T: Metadata>(name: &str) -> Option<&'static str> {
    let mut fields = T::FIELDS.iter().copied();
    fields.find(|field| field.eq_ignore_ascii_case(name))
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
        let open = |metadata: &Value| open::<Sized>(Some(metadata), "failed");
        assert_eq!(super::open::<Sized>(None, "failed"), Ok(None));
        assert_eq!(open(&json!(null)), Ok(None));
        assert_eq!(
            open(&enveloped(&json!({"size": 3}))),
            Ok(Some(Sized { size: Some(3) }))
        );
        assert_eq!(
            open(&enveloped(&json!({"SIZE": 3}))),
            Ok(Some(Sized { size: Some(3) }))
        );
        assert_eq!(open(&enveloped(&json!(null))), Ok(Some(Sized { size: None })));
    }

    #[test]
    fn what_is_not_understood_is_refused_in_eso_s_words() {
        let prefix = "unable to parse: ";
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
            let problem = open::<Sized>(Some(&metadata), "unable to parse").expect_err("refused");
            assert_eq!(problem.to_string(), format!("{prefix}{why}"));
        }
        assert!(open::<Sized>(Some(&enveloped(&json!({"size": "big"}))), "").is_err());
    }
}
