//! What the vault answers of one secret, certificate or key.

use std::borrow::Cow;

use jiff::Timestamp;
use lockstep_gostd::base64::{Alphabet, decode};
use lockstep_gostd::json::{Fault, Html, Number, Numbers, Object, Value, encode};

use super::name::Kind;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// Times that the vault keeps, under the names that ESO gives them.
const TIMES: [(&str, &str); 4] = [
    ("exp", "attribute.expires"),
    ("created", "attribute.created"),
    ("updated", "attribute.updated"),
    ("nbf", "attribute.notBefore"),
];

/// Members of a key, in the order of ESO's older client; its newer one sorts them.
const MEMBERS: [&str; 16] = [
    "kid", "kty", "key_ops", "n", "e", "d", "dp", "dq", "qi", "p", "q", "k", "key_hsm", "crv", "x", "y",
];

/// One object of the vault, and all that is said of it.
pub(super) struct Bundle<'a> {
    members: Object<'a>,
    what: &'a str,
}

impl<'a> Bundle<'a> {
    pub(super) fn read(body: &'a SecretBytes, what: &'a str) -> Result<Self, Problem> {
        match Value::parse(body.expose(), Numbers::AsWritten) {
            Ok(Value::Object(members)) => Ok(Self { members, what }),
            Ok(_) => Err(bad(what, "it is no object")),
            Err(fault) => Err(unreadable(what, fault)),
        }
    }

    /// The value itself: a text, a certificate without its key, or the public part of a key.
    pub(super) fn value(&self, kind: Kind, sorted: bool) -> Result<SecretBytes, Problem> {
        let missing = |what: &str| bad(self.what, &format!("it holds no {what}"));
        match kind {
            Kind::Secret => self
                .text("value")
                .map(SecretBytes::from)
                .ok_or_else(|| missing("value")),
            Kind::Certificate => {
                let der = self.text("cer").ok_or_else(|| missing("certificate"))?;
                let der = decode(Alphabet::Standard, der.as_bytes());
                let der = der.map_err(|_| bad(self.what, "its certificate is no base64"))?;
                Ok(der.into())
            }
            Kind::Key => {
                let key = self.key().ok_or_else(|| missing("key"))?;
                Ok(key_json(key, sorted).into())
            }
        }
    }

    /// Tags and times as one object of texts.
    pub(super) fn metadata(&self) -> SecretBytes {
        let tags = self.tags();
        let tags = tags.map(|(name, value)| (Cow::Borrowed(name), Value::Text(Cow::Borrowed(value))));
        let times = TIMES.into_iter().filter_map(|(member, name)| {
            let time = self.time(member)?;
            Some((Cow::Borrowed(name), Value::Text(Cow::Owned(time))))
        });
        let said: Object<'_> = tags.chain(times).collect();
        encode(&Value::Object(said), Html::Escaped).into()
    }

    /// A tag without a value is none.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = match self.members.get("tags") {
            Some(Value::Object(tags)) => Some(tags),
            _ => None,
        };
        tags.into_iter()
            .flatten()
            .filter_map(|(name, value)| match value {
                Value::Text(value) => Some((name.as_ref(), value.as_ref())),
                _ => None,
            })
    }

    pub(super) fn has_tags<'t>(&self, wanted: impl IntoIterator<Item = (&'t String, &'t String)>) -> bool {
        let has = |name: &str, value: &str| self.tags().any(|tag| tag == (name, value));
        wanted.into_iter().all(|(name, value)| has(name, value))
    }

    pub(super) fn is_enabled(&self) -> bool {
        matches!(self.attribute("enabled"), Some(Value::Bool(true)))
    }

    pub(super) fn text(&self, member: &str) -> Option<&str> {
        match self.members.get(member)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// When it ends, in seconds since 1970.
    pub(super) fn expires(&self) -> Option<&str> {
        match self.attribute("exp")? {
            Value::Number(Number::Literal(seconds)) => Some(seconds),
            _ => None,
        }
    }

    /// The public part of a key.
    pub(super) fn key(&self) -> Option<&Object<'a>> {
        match self.members.get("key")? {
            Value::Object(key) => Some(key),
            _ => None,
        }
    }

    fn attribute(&self, member: &str) -> Option<&Value<'a>> {
        match self.members.get("attributes")? {
            Value::Object(attributes) => attributes.get(member),
            _ => None,
        }
    }

    /// As Go writes a time in UTC.
    fn time(&self, member: &str) -> Option<String> {
        let Value::Number(Number::Literal(seconds)) = self.attribute(member)? else {
            return None;
        };
        let time = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// The parts of a list: what stands in it, and where it goes on.
    pub(super) fn page(mut self) -> Result<(Vec<Bundle<'a>>, Option<String>), Problem> {
        let next = self
            .text("nextLink")
            .filter(|next| !next.is_empty())
            .map(str::to_owned);
        let what = self.what;
        let entries = match self.members.remove("value") {
            Some(Value::Array(entries)) => entries,
            None | Some(Value::Null) => Vec::new(),
            Some(_) => return Err(bad(what, "it is no list")),
        };
        let entries = entries.into_iter().map(|entry| match entry {
            Value::Object(members) => Ok(Bundle { members, what }),
            _ => Err(bad(what, "an entry of the list is no object")),
        });
        Ok((entries.collect::<Result<_, _>>()?, next))
    }
}

fn key_json(key: &Object<'_>, sorted: bool) -> Vec<u8> {
    let mut names = MEMBERS;
    if sorted {
        names.sort_unstable();
    }
    let known = names.into_iter().filter_map(|name| {
        let value = key.get(name).filter(|value| **value != Value::Null)?;
        Some([b"\"", name.as_bytes(), b"\":", &encode(value, Html::Escaped)].concat())
    });
    let known: Vec<_> = known.collect();
    [b"{".as_slice(), &known.join(&b','), b"}"].concat()
}

pub(super) fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

fn unreadable(what: &str, fault: Fault) -> Problem {
    bad(what, &fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &SecretBytes) -> String {
        String::from_utf8(bytes.expose().to_vec()).expect("text")
    }

    #[test]
    fn a_key_keeps_what_is_known_of_keys_in_the_order_of_eso() {
        let body =
            r#"{"key":{"y":"_y","x":"x<","kty":"EC","kid":"https://v/keys/k/1","key_ops":["sign","verify"],
            "crv":"P-256","odd":1,"d":null}}"#
                .into();
        let bundle = Bundle::read(&body, "k").expect("an object");
        let of = |sorted| shown(&bundle.value(Kind::Key, sorted).expect("a key"));
        assert_eq!(
            of(false),
            r#"{"kid":"https://v/keys/k/1","kty":"EC","key_ops":["sign","verify"],"crv":"P-256","x":"x\u003c","y":"_y"}"#
        );
        assert_eq!(
            of(true),
            r#"{"crv":"P-256","key_ops":["sign","verify"],"kid":"https://v/keys/k/1","kty":"EC","x":"x\u003c","y":"_y"}"#
        );
    }

    #[test]
    fn tags_and_times_are_one_object() {
        let body = r#"{"tags":{"b":"<1>","a":"{\"x\":1}","none":null},
            "attributes":{"enabled":true,"exp":1767323045,"nbf":"soon","created":99999999999999}}"#
            .into();
        let bundle = Bundle::read(&body, "s").expect("an object");
        assert_eq!(
            shown(&bundle.metadata()),
            r#"{"a":"{\"x\":1}","attribute.expires":"2026-01-02T03:04:05Z","b":"\u003c1\u003e"}"#
        );
        assert!(bundle.is_enabled());
        let bare = "{}".into();
        let bare = Bundle::read(&bare, "s").expect("an object");
        assert_eq!(shown(&bare.metadata()), "{}");
        assert!(!bare.is_enabled());
    }

    #[test]
    fn what_is_no_answer_is_not_quoted() {
        for (kind, body, why) in [
            (Kind::Secret, "canary", "no valid JSON at byte 0"),
            (Kind::Secret, r#"["canary"]"#, "it is no object"),
            (Kind::Secret, r#"{"value":{"canary":1}}"#, "it holds no value"),
            (
                Kind::Certificate,
                r#"{"value":"canary"}"#,
                "it holds no certificate",
            ),
            (
                Kind::Certificate,
                r#"{"cer":"?canary?"}"#,
                "its certificate is no base64",
            ),
            (Kind::Key, r#"{"key":"canary"}"#, "it holds no key"),
        ] {
            let body = body.into();
            let value = Bundle::read(&body, "app").and_then(|bundle| bundle.value(kind, false));
            let problem = value.expect_err("no value").to_string();
            assert_eq!(problem, format!("app: the answer cannot be used: {why}"));
        }
    }
}
