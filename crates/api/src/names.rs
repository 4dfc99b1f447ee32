//! Names as Kubernetes constrains them. A value of these types has passed its rule.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares a string newtype with a length bound, a character rule and the schema that says the same.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident, max: $max:literal, pattern: $pattern:literal, check: $check:path, rule: $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            pub fn parse(text: impl Into<String>) -> Result<Self, String> {
                let text = text.into();
                if text.is_empty() || text.len() > $max {
                    return Err(format!("must have 1 to {} characters, has {}", $max, text.len()));
                }
                if !$check(&text) {
                    return Err($rule.to_owned());
                }
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "minLength": 1, "maxLength": $max, "pattern": $pattern})
            }
        }
    };
}

name!(
    /// The name of an object: a DNS subdomain.
    ResourceName, max: 253,
    pattern: r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    check: is_dns_subdomain,
    rule: "must consist of lower-case letters, digits, `-` and `.`, and begin and end with a letter or digit"
);

name!(
    /// The name of a namespace: a DNS label.
    NamespaceName, max: 63,
    pattern: r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    check: is_dns_label,
    rule: "must consist of lower-case letters, digits and `-`, and begin and end with a letter or digit"
);

name!(
    /// A key in the data of a Secret or ConfigMap.
    SecretKey, max: 253,
    pattern: r"^[-._a-zA-Z0-9]+$",
    check: is_data_key,
    rule: "must consist of letters, digits, `-`, `_` and `.`"
);

fn is_dns_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.iter().all(|&byte| inner(byte) || byte == b'-')
        && bytes.first().is_some_and(|&byte| inner(byte))
        && bytes.last().is_some_and(|&byte| inner(byte))
}

fn is_dns_subdomain(text: &str) -> bool {
    text.split('.').all(is_dns_label)
}

fn is_data_key(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_the_api_server_checks_them() {
        for good in ["a", "a-b", "a.b-c.d", "0"] {
            assert!(ResourceName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a..b", "a_b", ".a", &"a".repeat(254)] {
            assert!(ResourceName::parse(bad).is_err(), "{bad}");
        }
        assert!(NamespaceName::parse("a.b").is_err());
        assert!(SecretKey::parse("tls.crt").is_ok() && SecretKey::parse("a b").is_err());
    }
}
