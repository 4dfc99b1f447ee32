//! What is taken from an answer of Vault. Pure.
//!
//! ESO reads answers with Vault's own client, which drops some fields and adds others: what it shows of `auth` and of the
//! whole is a list of its own.

use std::borrow::Cow;
use std::time::Duration;

use lockstep_api::generator::{VaultDynamicSecretSpec, VaultResultType};
use lockstep_gostd::json::{Number, Numbers, Object, Value};

use crate::engine::json;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

const AUTH_TEXTS: [&str; 3] = ["accessor", "client_token", "entity_id"];
const AUTH_FLAGS: [&str; 2] = ["orphan", "renewable"];
const AUTH_OTHERS: [&str; 5] = [
    "identity_policies",
    "metadata",
    "mfa_requirement",
    "policies",
    "token_policies",
];
const RAW_TEXTS: [&str; 3] = ["lease_id", "mount_type", "request_id"];

/// The values of the part that the spec asks for. A part that is not there has none.
pub fn values(spec: &VaultDynamicSecretSpec, answer: &SecretBytes) -> Result<Values, Problem> {
    let answer = parse(answer)?;
    let part = match spec.result_type {
        VaultResultType::Data => object(&answer, "data").cloned(),
        VaultResultType::Auth => object(&answer, "auth").map(auth),
        VaultResultType::Raw => Some(raw(&answer)),
    };
    let members = part.into_iter().flatten();
    Ok(members
        .map(|(key, value)| (key.into_owned(), json::to_secret(&value)))
        .collect())
}

fn parse(answer: &SecretBytes) -> Result<Object<'_>, Problem> {
    Value::parse_object(answer.expose(), Numbers::AsWritten).map_err(|fault| Problem::BadAnswer {
        what: "the answer of Vault".to_owned(),
        why: fault.to_string(),
    })
}

fn object<'a, 'j>(members: &'a Object<'j>, name: &str) -> Option<&'a Object<'j>> {
    match members.get(name) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn auth<'j>(given: &Object<'j>) -> Object<'j> {
    let mut auth = Object::new();
    take(given, &mut auth, &AUTH_TEXTS, &Value::Text("".into()));
    take(given, &mut auth, &AUTH_FLAGS, &Value::Bool(false));
    take(given, &mut auth, &AUTH_OTHERS, &Value::Null);
    take(
        given,
        &mut auth,
        &["lease_duration"],
        &Value::Number(Number::Literal("0")),
    );
    auth
}

fn raw<'j>(given: &Object<'j>) -> Object<'j> {
    let mut raw = Object::new();
    take(given, &mut raw, &RAW_TEXTS, &Value::Text("".into()));
    take(given, &mut raw, &["renewable"], &Value::Bool(false));
    take(given, &mut raw, &["data", "warnings"], &Value::Null);
    take(
        given,
        &mut raw,
        &["lease_duration"],
        &Value::Number(Number::Literal("0")),
    );
    if let Some(given) = object(given, "auth") {
        raw.insert("auth".into(), Value::Object(auth(given)));
    }
    if let Some(wrapped) = object(given, "wrap_info") {
        raw.insert("wrap_info".into(), Value::Object(wrapped.clone()));
    }
    raw
}

/// What is not there is what Go makes of it.
fn take<'j>(from: &Object<'j>, to: &mut Object<'j>, names: &[&'static str], absent: &Value<'j>) {
    for name in names {
        let value = from.get(*name).filter(|value| !matches!(value, Value::Null));
        to.insert(Cow::Borrowed(name), value.unwrap_or(absent).clone());
    }
}

/// When a certificate in the answer ends, in seconds since 1970, as the PKI engine tells it beside the certificate.
pub fn certificate_ends(answer: &SecretBytes) -> Option<Duration> {
    let answer = parse(answer).ok()?;
    let data = object(&answer, "data")?;
    if !matches!(data.get("certificate"), Some(Value::Text(_))) {
        return None;
    }
    match data.get("expiration") {
        Some(Value::Number(Number::Literal(digits))) => digits.parse().ok().map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(result_type: &str, answer: &str) -> Vec<(String, String)> {
        let spec = json!({"path": "p", "provider": {"server": "http://vault"}, "resultType": result_type});
        let spec = serde_json::from_value(spec).expect("a spec");
        let values = values(&spec, &answer.into()).expect("values");
        let text = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        values
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn each_top_level_key_of_the_data_is_a_value() {
        let answer =
            r#"{"data": {"a": "1", "n": 12345678901234567890, "o": {"x": "<y>"}, "t": true, "nul": null}}"#;
        let expected = [
            ("a", "1"),
            ("n", "12345678901234567890"),
            ("nul", ""),
            ("o", "{\"x\":\"\\u003cy\\u003e\"}"),
            ("t", "true"),
        ];
        assert_eq!(of("Data", answer), pairs(&expected));
        assert_eq!(of("Data", r#"{"data": null}"#), pairs(&[]));
    }

    #[test]
    fn of_a_login_there_is_what_vaults_own_client_knows() {
        let answer = r#"{"auth": {"client_token": "t", "accessor": "a", "policies": ["default"], "token_type": "service",
            "num_uses": 0, "metadata": {"username": "ann"}, "lease_duration": 3600, "renewable": true, "orphan": true}}"#;
        let expected = [
            ("accessor", "a"),
            ("client_token", "t"),
            ("entity_id", ""),
            ("identity_policies", ""),
            ("lease_duration", "3600"),
            ("metadata", r#"{"username":"ann"}"#),
            ("mfa_requirement", ""),
            ("orphan", "true"),
            ("policies", r#"["default"]"#),
            ("renewable", "true"),
            ("token_policies", ""),
        ];
        assert_eq!(of("Auth", answer), pairs(&expected));
        assert_eq!(of("Auth", r#"{"data": {"a": "1"}}"#), pairs(&[]));
    }

    #[test]
    fn raw_is_all_of_it_and_nothing_that_is_not_there() {
        let answer = r#"{"request_id": "r", "lease_id": "", "renewable": false, "lease_duration": 2764800,
            "data": {"a": "1"}, "wrap_info": null, "warnings": null, "auth": null, "mount_type": "kv"}"#;
        let expected = [
            ("data", r#"{"a":"1"}"#),
            ("lease_duration", "2764800"),
            ("lease_id", ""),
            ("mount_type", "kv"),
            ("renewable", "false"),
            ("request_id", "r"),
            ("warnings", ""),
        ];
        assert_eq!(of("Raw", answer), pairs(&expected));
    }

    #[test]
    fn a_certificate_says_when_it_ends() {
        let ends = |answer: &str| certificate_ends(&answer.into());
        let issued = r#"{"data": {"certificate": "PEM", "expiration": 1800000000}}"#;
        assert_eq!(ends(issued), Some(Duration::from_hours(500_000)));
        for other in [
            r#"{"data": {"expiration": 1800000000}}"#,
            r#"{"data": {"certificate": "PEM", "expiration": "soon"}}"#,
            r#"{"data": {"certificate": "PEM"}}"#,
            r#"{"data": null}"#,
            "canary",
        ] {
            assert_eq!(ends(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_answer_is_not_repeated() {
        let spec = serde_json::from_value(json!({"path": "p", "provider": {"server": "http://vault"}}));
        let problem = values(&spec.expect("a spec"), &"canary".into()).expect_err("no JSON");
        assert!(!problem.to_string().contains("canary"));
    }
}
