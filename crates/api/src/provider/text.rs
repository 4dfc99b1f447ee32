//! Strings that the API constrains in one provider or another.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Declares a string newtype with its check and the schema that says the same.
macro_rules! text {
    ($(#[$doc:meta])* $type:ident, $check:expr, $rule:literal, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err($rule) }
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.0
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

text!(
    /// A text of at least one character.
    NonEmptyText,
    |text| !text.is_empty(),
    "must not be empty",
    {"type": "string", "minLength": 1}
);

text!(
    /// The name of an AWS region, such as `eu-central-1`.
    AwsRegion,
    |text| (1..=50).contains(&text.len()) && text.bytes().all(is_region_byte),
    "must have 1 to 50 lower-case letters, digits or `-`",
    {"type": "string", "minLength": 1, "maxLength": 50, "pattern": "^[a-z0-9-]+$"}
);

text!(
    /// The e-mail address of a Google service account.
    GcpServiceAccountEmail,
    |text| !text.contains('\n')
        && text.strip_suffix(".iam.gserviceaccount.com").is_some_and(|head| head.contains('@')),
    "must be NAME@PROJECT.iam.gserviceaccount.com",
    {"type": "string", "minLength": 1, "pattern": r"^.*@.*\.iam\.gserviceaccount\.com$"}
);

text!(
    /// The path of a file or folder.
    FilePath,
    |text| (1..=4096).contains(&text.len()) && !text.contains('\0'),
    "must have 1 to 4096 bytes, none of them zero",
    {"type": "string", "minLength": 1, "maxLength": 4096}
);

fn is_region_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked_as_the_api_server_checks_them() {
        let email = |text: &str| GcpServiceAccountEmail::try_from(text.to_owned()).is_ok();
        assert!(email("reader@project.iam.gserviceaccount.com"));
        assert!(!email("reader@example.com") && !email("project.iam.gserviceaccount.com"));
        let region = |text: &str| AwsRegion::try_from(text.to_owned()).is_ok();
        assert!(region("us-gov-east-1"));
        assert!(!region("") && !region("EU") && !region(&"a".repeat(51)));
        assert!(NonEmptyText::try_from(String::new()).is_err());
    }
}
