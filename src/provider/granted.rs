//! A token that was handed out, and how long it lives.

use std::time::Duration;

use jiff::Timestamp;
use lockstep_gostd::json::{Number, Numbers, Object, Value};

use super::perishable::{Fresh, LONGEST};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// Of a token that does not say how long it lives.
const UNKNOWN: Duration = Duration::from_hours(1);

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) token: SecretBytes,
    pub(crate) life: Duration,
}

impl Granted {
    /// What `OAuth` answers: an `access_token`, with `expires_in` or `expires_on`.
    pub(super) fn read(body: &SecretBytes, what: &str) -> Result<Self, Problem> {
        let members = Value::parse_object(body.expose(), Numbers::AsWritten);
        let members = members.map_err(|_| unusable(what))?;
        let left = seconds(&members, "expires_in").map(Duration::from_secs);
        let left = left.or_else(|| left_until(seconds(&members, "expires_on")?));
        Self::of(&members, "access_token", left, what)
    }

    /// The token that is a member of this name, with what is left of its life.
    pub(super) fn of(
        members: &Object<'_>,
        name: &str,
        left: Option<Duration>,
        what: &str,
    ) -> Result<Self, Problem> {
        match members.get(name) {
            Some(Value::Text(token)) if !token.is_empty() => Ok(Self {
                token: token.as_ref().into(),
                life: left.unwrap_or(UNKNOWN).min(LONGEST),
            }),
            _ => Err(unusable(what)),
        }
    }

    pub(super) fn into_fresh(self) -> Fresh<SecretBytes> {
        Fresh::living(self.token, self.life)
    }
}

fn unusable(what: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: "it holds no token".to_owned(),
    }
}

/// Some write numbers, some texts.
fn seconds(members: &Object<'_>, name: &str) -> Option<u64> {
    match members.get(name)? {
        Value::Number(Number::Literal(text)) => text.parse().ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn left_until(end: u64) -> Option<Duration> {
    let now = u64::try_from(Timestamp::now().as_second()).ok()?;
    Some(Duration::from_secs(end.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(body: &str) -> Result<u64, Problem> {
        Granted::read(&body.into(), "login").map(|granted| granted.life.as_secs())
    }

    #[test]
    fn a_token_says_how_long_it_lives_or_when_it_ends() {
        for (body, seconds) in [
            (r#"{"access_token":"t","expires_in":3599}"#, 3599),
            (r#"{"access_token":"t","expires_in":"86399"}"#, 86_399),
            (r#"{"access_token":"t","expires_in":99999999999999999}"#, 86_400),
            (r#"{"access_token":"t","expires_on":"1"}"#, 0),
            (r#"{"access_token":"t","expires_in":-1}"#, 3600),
            (r#"{"access_token":"t"}"#, 3600),
        ] {
            assert_eq!(life(body), Ok(seconds), "{body}");
        }
        let end = Timestamp::now().as_second() + 600;
        let left = life(&format!(r#"{{"access_token":"t","expires_on":"{end}"}}"#)).expect("a token");
        assert!((590..=600).contains(&left), "{left}");
    }

    #[test]
    fn what_is_no_token_is_not_quoted() {
        for body in [
            "canary",
            "[]",
            r#"{"token":"canary"}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":["canary"]}"#,
        ] {
            let problem = life(body).expect_err("no token");
            assert_eq!(
                problem.to_string(),
                "login: the answer cannot be used: it holds no token"
            );
        }
    }
}
