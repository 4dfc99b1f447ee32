//! What was read, and what is chosen out of it.

use lockstep_gostd::json::{Numbers, Object, Value};

use super::name::Name;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::{Payload, json};

const CERTIFICATE: &str = "cert";
const KEY: &str = "key";
const TAGS: &str = "tags";
const OF: &str = "of";

/// A secret travels as its bytes, all else as values under these names.
#[derive(Debug)]
pub(super) enum Content {
    Secret(SecretBytes),
    /// DER.
    Certificate(SecretBytes),
    /// JSON.
    Key(SecretBytes),
    /// Tags and times, as JSON, and the remote key of what they are said of.
    Metadata {
        tags: SecretBytes,
        of: SecretBytes,
    },
}

impl Content {
    pub(super) fn into_payload(self) -> Payload {
        let map = |pairs: Vec<(&str, SecretBytes)>| {
            Payload::Map(
                pairs
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            )
        };
        match self {
            Self::Secret(value) => Payload::Bytes(value),
            Self::Certificate(der) => map(vec![(CERTIFICATE, der)]),
            Self::Key(json) => map(vec![(KEY, json)]),
            Self::Metadata { tags, of } => map(vec![(TAGS, tags), (OF, of)]),
        }
    }

    pub(super) fn of(payload: &Payload) -> Self {
        let values = match payload {
            Payload::Bytes(value) => return Self::Secret(value.clone()),
            Payload::Map(values) => values,
        };
        let get = |name: &str| values.get(name).cloned();
        match (get(CERTIFICATE), get(KEY)) {
            (Some(der), _) => Self::Certificate(der),
            (None, Some(json)) => Self::Key(json),
            (None, None) => Self::Metadata {
                tags: get(TAGS).unwrap_or_default(),
                of: get(OF).unwrap_or_default(),
            },
        }
    }

    /// A property that is not there is an error and no absent secret, as in ESO: `deletionPolicy` has no say.
    pub(super) fn select(&self, property: Option<&str>) -> Result<SecretBytes, Problem> {
        let property = property.filter(|property| !property.is_empty());
        match (self, property) {
            // A certificate has no properties; ESO passes over one that is asked for.
            (Self::Certificate(value), _)
            | (Self::Secret(value) | Self::Key(value) | Self::Metadata { tags: value, .. }, None) => {
                Ok(value.clone())
            }
            (Self::Secret(value) | Self::Key(value), Some(path)) => at(value, path, path),
            (Self::Metadata { tags, .. }, Some(path)) => tag(tags, path),
        }
    }

    pub(super) fn explode(&self, property: Option<&str>) -> Result<Values, Problem> {
        let property = property.filter(|property| !property.is_empty());
        match self {
            Self::Secret(_) => json::members(&self.select(property)?),
            Self::Certificate(_) => Err(bad("cannot use dataFrom to get a certificate; use data")),
            Self::Key(_) => Err(bad("cannot use dataFrom to get a key; use data")),
            Self::Metadata { tags, of } => {
                let key = String::from_utf8_lossy(of.expose());
                if Name::parse(&key).is_ok_and(|name| name.kind != super::name::Kind::Secret) {
                    return Err(bad(
                        "cannot use dataFrom to get what is said of a certificate or key; use data",
                    ));
                }
                match property {
                    Some(path) => Ok(Values::from([(format!("{key}_{path}"), tag(tags, path)?)])),
                    None => Ok(flattened(&parsed(tags)?, &key)),
                }
            }
        }
    }
}

/// A path comes before a key with dots in its name.
fn at(value: &SecretBytes, path: &str, shown: &str) -> Result<SecretBytes, Problem> {
    let mut found = json::at(value, path)?;
    if found.is_none() && path.contains('.') {
        found = json::at(value, &path.replace('.', "\\."))?;
    }
    found.ok_or_else(|| bad(&format!("property {shown} does not exist in the secret")))
}

/// A tag, or what is in one that holds JSON.
fn tag(tags: &SecretBytes, path: &str) -> Result<SecretBytes, Problem> {
    let tags = parsed(tags)?;
    let get = |name: &str| match tags.get(name) {
        Some(Value::Text(text)) => Some(SecretBytes::from(text.as_ref())),
        _ => None,
    };
    if let Some(value) = get(path) {
        return Ok(value);
    }
    let inner = path
        .split_once('.')
        .and_then(|(name, rest)| Some((get(name)?, rest)));
    let (value, rest) = inner.ok_or_else(|| bad(&format!("tag {path} does not exist")))?;
    at(&value, rest, path)
}

fn parsed(tags: &SecretBytes) -> Result<Object<'_>, Problem> {
    Value::parse_object(tags.expose(), Numbers::AsWritten).map_err(|_| bad("the tags cannot be read"))
}

/// All that is said, under the secret's own name. A tag that holds an object of texts gives one value for each.
fn flattened(tags: &Object<'_>, key: &str) -> Values {
    let of = Name::parse(key).map_or(key, |name| name.name);
    let mut values = Values::new();
    for (tag, value) in tags {
        let Value::Text(text) = value else { continue };
        let name = format!("{of}_{tag}");
        match texts(text) {
            Some(members) => {
                let members = members.into_iter();
                values.extend(members.map(|(member, value)| (format!("{name}_{member}"), value.into())));
            }
            None => drop(values.insert(name, text.as_ref().into())),
        }
    }
    values
}

/// An object of texts; null is an empty one, or an empty text.
fn texts(json: &str) -> Option<Vec<(String, String)>> {
    let members = Value::parse_object(json.as_bytes(), Numbers::AsWritten).ok()?;
    let members = members.into_iter().map(|(name, value)| match value {
        Value::Text(text) => Some((name.into_owned(), text.into_owned())),
        Value::Null => Some((name.into_owned(), String::new())),
        _ => None,
    });
    members.collect()
}

fn bad(why: &str) -> Problem {
    Problem::BadData { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(content: Content, property: &str) -> Result<String, String> {
        let content = Content::of(&content.into_payload());
        let value = content
            .select(Some(property))
            .map_err(|problem| problem.to_string())?;
        Ok(String::from_utf8(value.expose().to_vec()).expect("text"))
    }

    fn explode(content: Content, property: &str) -> Result<Vec<(String, String)>, String> {
        let content = Content::of(&content.into_payload());
        let values = content
            .explode(Some(property))
            .map_err(|problem| problem.to_string())?;
        let text = |value: &SecretBytes| String::from_utf8(value.expose().to_vec()).expect("text");
        Ok(values
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect())
    }

    fn metadata(of: &str) -> Content {
        let tags = r#"{"team":"a","json":"{\"x\":\"1\",\"y.z\":\"2\"}","odd":"{\"n\":1}","attribute.created":"now"}"#;
        Content::Metadata {
            tags: tags.into(),
            of: of.into(),
        }
    }

    #[test]
    fn a_property_is_a_path_or_else_a_key_with_dots() {
        let secret = || Content::Secret(r#"{"a":{"b":"path"},"a.b":"key","c.d":"only key","n":1.50}"#.into());
        let missing = |path: &str| Err(format!("property {path} does not exist in the secret"));
        for (property, expected) in [
            ("a.b", Ok("path".to_owned())),
            ("c.d", Ok("only key".to_owned())),
            ("n", Ok("1.5".to_owned())),
            ("x", missing("x")),
            ("a.x", missing("a.x")),
        ] {
            assert_eq!(select(secret(), property), expected);
        }
        assert_eq!(
            select(Content::Secret("plain".into()), ""),
            Ok("plain".to_owned())
        );
        assert_eq!(select(Content::Secret("plain".into()), "x"), missing("x"));
        assert_eq!(
            select(Content::Certificate("der".into()), "x"),
            Ok("der".to_owned())
        );
        assert_eq!(
            select(Content::Key(r#"{"kty":"RSA"}"#.into()), "kty"),
            Ok("RSA".to_owned())
        );
    }

    #[test]
    fn a_tag_is_named_whole_or_looked_into() {
        for (property, expected) in [
            ("team", Ok("a".to_owned())),
            ("attribute.created", Ok("now".to_owned())),
            ("json.x", Ok("1".to_owned())),
            ("json.y.z", Ok("2".to_owned())),
            (
                "json.q",
                Err("property json.q does not exist in the secret".to_owned()),
            ),
            ("other", Err("tag other does not exist".to_owned())),
            ("other.x", Err("tag other.x does not exist".to_owned())),
        ] {
            assert_eq!(select(metadata("app"), property), expected);
        }
    }

    #[test]
    fn what_is_said_of_a_secret_is_extracted_under_its_name() {
        let pairs = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Ok(pairs.collect::<Vec<_>>())
        };
        let all = pairs(&[
            ("app_attribute.created", "now"),
            ("app_json_x", "1"),
            ("app_json_y.z", "2"),
            ("app_odd", "{\"n\":1}"),
            ("app_team", "a"),
        ]);
        assert_eq!(explode(metadata("app"), ""), all);
        assert_eq!(explode(metadata("secret/app"), ""), all);
        assert_eq!(
            explode(metadata("secret/app"), "team"),
            pairs(&[("secret/app_team", "a")])
        );
        assert!(explode(metadata("app"), "other").is_err());
        assert!(explode(metadata("key/app"), "").is_err());
    }

    #[test]
    fn only_secrets_are_extracted() {
        let pairs = vec![("a".to_owned(), "1.0".to_owned())];
        assert_eq!(explode(Content::Secret(r#"{"a":1.0}"#.into()), ""), Ok(pairs));
        assert!(explode(Content::Secret("canary".into()), "").is_err_and(|why| !why.contains("canary")));
        assert!(explode(Content::Certificate("der".into()), "").is_err());
        assert!(explode(Content::Key("{}".into()), "").is_err());
    }
}
