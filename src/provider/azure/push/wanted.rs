//! What is to stand in the vault, and whether it does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lockstep_gostd::json::{Html, Number, Numbers, Object, Value, encode};
use serde::Deserialize;

use crate::engine::json::pushed;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::azure::bundle::Bundle;
use crate::provider::azure::name::Kind;
use crate::provider::{Push, mark, push_metadata};

/// How ESO begins what it says of metadata that it cannot read.
const FAILED: &str = "failed to parse push secret metadata";

/// What users say of a push, beside the value.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PushMetadata {
    expiration_date: Option<String>,
    content_type: Option<String>,
    tags: BTreeMap<String, String>,
}

impl push_metadata::Metadata for PushMetadata {
    const FIELDS: &'static [&'static str] = &["expirationDate", "contentType", "tags"];
}

pub(super) struct Wanted {
    content: Content,
    tags: BTreeMap<String, String>,
    /// In seconds since 1970.
    expires: Option<String>,
    content_type: Option<String>,
}

/// Each is text.
enum Content {
    Secret(SecretBytes),
    Certificate {
        der: Vec<u8>,
        value: SecretBytes,
        is_pem: bool,
    },
    /// JSON.
    Key(SecretBytes),
}

impl Wanted {
    pub(super) fn of(kind: Kind, push: &Push) -> Result<Self, Problem> {
        let value = pushed(&push.values, push.secret_key.as_deref().unwrap_or_default())?;
        let metadata: PushMetadata =
            push_metadata::open(push.remote.metadata.as_ref(), FAILED)?.unwrap_or_default();
        if metadata.tags.contains_key(mark::KEY) {
            return Err(bad(
                "error parsing tags in metadata: Cannot specify a 'managed-by' tag",
            ));
        }
        let mut tags = metadata.tags;
        tags.insert(mark::KEY.to_owned(), mark::OURS.to_owned());
        Ok(Self {
            content: Content::of(kind, value)?,
            tags,
            expires: metadata.expiration_date.as_deref().map(seconds).transpose()?,
            content_type: metadata.content_type,
        })
    }

    /// Tags alone are no reason to write, as in ESO.
    pub(super) fn is_met_by(&self, bundle: &Bundle<'_>) -> bool {
        match &self.content {
            Content::Secret(value) => {
                let is_value = bundle
                    .text("value")
                    .is_some_and(|there| SecretBytes::from(there) == *value);
                let of_type = self.content_type.as_deref();
                is_value
                    && bundle.expires() == self.expires.as_deref()
                    && of_type.is_none_or(|wanted| bundle.text("contentType") == Some(wanted))
            }
            Content::Certificate { der, .. } => {
                let there = bundle.value(Kind::Certificate, false);
                there.is_ok_and(|there| there.expose() == der.as_slice())
            }
            Content::Key(json) => bundle.key().is_some_and(|there| is_same_key(there, json)),
        }
    }

    /// What to send. Of a secret without a content type, the one that is there is kept.
    pub(super) fn body(&self, there: Option<&Bundle<'_>>) -> SecretBytes {
        let mut body = Object::new();
        let mut attributes = Object::from([("enabled".into(), Value::Bool(true))]);
        match &self.content {
            Content::Secret(value) => {
                body.insert("value".into(), text(value));
                if let Some(expires) = &self.expires {
                    attributes.insert("exp".into(), Value::Number(Number::Literal(expires)));
                }
                let kept = there.and_then(|there| there.text("contentType"));
                if let Some(of_type) = self.content_type.as_deref().or(kept) {
                    body.insert("contentType".into(), Value::Text(of_type.into()));
                }
            }
            Content::Certificate { value, is_pem, .. } => {
                body.insert("value".into(), text(value));
                if *is_pem {
                    let of_type =
                        Object::from([("contentType".into(), Value::Text("application/x-pem-file".into()))]);
                    let policy = Object::from([("secret_props".into(), Value::Object(of_type))]);
                    body.insert("policy".into(), Value::Object(policy));
                }
            }
            Content::Key(json) => {
                let key = Value::parse_object(json.expose(), Numbers::AsWritten).unwrap_or_default();
                body.insert("key".into(), Value::Object(key));
            }
        }
        let tags = self.tags.iter();
        let tags = tags.map(|(name, value)| (Cow::Borrowed(name.as_str()), Value::Text(value.into())));
        body.insert("tags".into(), Value::Object(tags.collect()));
        body.insert("attributes".into(), Value::Object(attributes));
        encode(&Value::Object(body), Html::Plain).into()
    }
}

impl Content {
    fn of(kind: Kind, value: SecretBytes) -> Result<Self, Problem> {
        match kind {
            Kind::Secret if std::str::from_utf8(value.expose()).is_err() => Err(bad(
                "the value is no text, and a secret of Azure Key Vault holds nothing else",
            )),
            Kind::Secret => Ok(Self::Secret(value)),
            Kind::Certificate => {
                let der = lockstep_gotemplate::certificate(value.expose());
                let why = "value from secret is not a valid certificate: could not parse certificate value as \
                           PKCS#12, DER or PEM";
                let der = der.ok_or_else(|| bad(why))?;
                let is_pem = value.expose().windows(10).any(|window| window == b"-----BEGIN");
                let value = if is_pem {
                    value
                } else {
                    STANDARD.encode(value.expose()).into()
                };
                Ok(Self::Certificate { der, value, is_pem })
            }
            Kind::Key => key(&value).map(Self::Key),
        }
    }
}

/// A private key in PEM; what is none is a key by itself, for a vault in hardware.
fn key(value: &SecretBytes) -> Result<SecretBytes, Problem> {
    let is_pem = value.expose().windows(10).any(|window| window == b"-----BEGIN");
    if !is_pem {
        let k = URL_SAFE_NO_PAD.encode(value.expose());
        return Ok(format!("{{\"k\":\"{k}\",\"kty\":\"oct\"}}").into());
    }
    let json = lockstep_gotemplate::private_jwk(value.expose());
    let json =
        json.ok_or_else(|| bad("could not load private key: it is neither RSA nor of a NIST curve, in PEM"))?;
    Ok(json.as_slice().into())
}

/// What a vault tells of a key is its public part.
fn is_same_key(there: &Object<'_>, wanted: &SecretBytes) -> bool {
    let Ok(wanted) = Value::parse_object(wanted.expose(), Numbers::AsWritten) else {
        return false;
    };
    let is_same = |name: &str| match (there.get(name), wanted.get(name)) {
        (Some(Value::Text(there)), Some(Value::Text(wanted))) => {
            there.trim_end_matches('=') == wanted.trim_end_matches('=')
        }
        _ => false,
    };
    is_same("kty") && (["n", "e"].into_iter().all(is_same) || ["crv", "x", "y"].into_iter().all(is_same))
}

fn seconds(date: &str) -> Result<String, Problem> {
    let time: Result<Timestamp, _> = date.parse();
    let time = time.map_err(|_| {
        let why = "error parsing expiration date in metadata: it is no date. Expected format: YYYY-MM-DDTHH:MM:SSZ \
                   (RFC3339). Example: 2024-12-31T20:00:00Z";
        bad(why)
    })?;
    Ok(time.as_second().to_string())
}

/// It was looked at: it is text.
fn text(value: &SecretBytes) -> Value<'_> {
    Value::Text(String::from_utf8_lossy(value.expose()))
}

fn bad(why: &str) -> Problem {
    Problem::BadData { why: why.to_owned() }
}
