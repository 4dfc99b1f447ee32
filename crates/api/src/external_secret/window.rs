//! Times to which periodic refreshes are confined.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::duration::GoDuration;

/// Times in which periodic refreshes are allowed, or denied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SyncWindows {
    /// What the windows do: `allow` refreshes in them only, `deny` refreshes outside of them only.
    pub kind: SyncWindowKind,
    /// The windows.
    #[schemars(length(min = 1))]
    pub windows: Vec<SyncWindow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum SyncWindowKind {
    Allow,
    Deny,
}

/// One window, which opens again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SyncWindow {
    /// When the window opens: five cron fields, `@daily` and the like, or `@every 2h`.
    pub schedule: Schedule,
    /// How long the window stays open.
    pub duration: GoDuration,
}

/// A text that looks like a cron schedule. Whether it is one, only the engine knows: a schedule that is none makes a
/// window that never opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schedule(String);

impl Schedule {
    pub fn parse(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let known = |name: &str| {
            matches!(
                name,
                "annually" | "yearly" | "monthly" | "weekly" | "daily" | "midnight" | "hourly"
            ) || name
                .strip_prefix("every ")
                .is_some_and(|rest| rest.starts_with(|c: char| !is_space(c)))
        };
        let descriptor = text.strip_prefix('@').is_some_and(known);
        let fields = text.split(' ').count() == 5
            && text
                .split(' ')
                .all(|field| !field.is_empty() && !field.contains(is_space));
        if descriptor || fields {
            Ok(Self(text))
        } else {
            Err("must be five cron fields with one space between them, a name such as @daily, or @every and a duration"
                .to_owned())
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RE2's `\s`.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0C' | '\r' | ' ')
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Schedule {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "pattern": r"^(@(annually|yearly|monthly|weekly|daily|midnight|hourly)|@every [^\s]+.*|[^\s]+( [^\s]+){4})$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_checked_as_the_api_server_checks_them() {
        for good in ["@daily", "@every 2h", "@every x y", "0 0 * * *", "a b c d e"] {
            assert!(Schedule::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@reboot",
            "@every",
            "@every  2h",
            "0 0 * *",
            "0 0  * * *",
            "0 0 * * * *",
            "@daily x",
        ] {
            assert!(Schedule::parse(bad).is_err(), "{bad}");
        }
    }
}
