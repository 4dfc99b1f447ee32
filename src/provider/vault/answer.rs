//! What the server's answers mean. Pure. Of a body nothing is repeated but a phrase of our own list that it contains.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use lockstep_gostd::json::{self, Html, Number, Numbers, Object, Value};

use super::call::{Call, Verb};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, explained};

/// Errors are short; what is longer is none of the server's.
const LONGEST_ERROR: usize = 64 << 10;

/// Nothing that is handed out lives longer, in seconds: a hundred years. What a server says is added to clocks.
const LONGEST_LIFE: u64 = 100 * 365 * 24 * 60 * 60;

/// What Vault says of a path that lies in no mount.
const NO_MOUNT: &str = "no handler for route";

/// What Vault says of a write that others came before.
const OVERTAKEN: &str = "check-and-set parameter did not match the current version";

/// What the server says in its errors, and we say after it.
const PHRASES: [&str; 18] = [
    "Vault is sealed",
    "invalid token",
    "permission denied",
    "missing client token",
    NO_MOUNT,
    OVERTAKEN,
    "No secret engine mount",
    "invalid role or secret ID",
    "invalid role ID",
    "invalid secret id",
    "invalid username or password",
    "ldap operation failed",
    "service account name not authorized",
    "namespace not authorized",
    "invalid role name",
    "invalid audience (aud) claim",
    "failed to match all constraints for this login certificate",
    "relative paths not supported",
];

/// An answer with JSON in it, taken apart.
#[derive(Clone)]
pub(crate) struct Envelope {
    /// Empty where nothing was leased.
    pub(crate) lease_id: String,
    pub(crate) lease_duration: Duration,
    pub(crate) renewable: bool,
    /// An object, with the digits of its numbers as the server wrote them.
    pub(crate) data: Option<SecretBytes>,
    pub(crate) auth: Option<SecretBytes>,
    /// All of it.
    pub(crate) raw: SecretBytes,
    pub(crate) has_warnings: bool,
}

/// What a login hands out.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) token: SecretBytes,
    /// Zero: for ever.
    pub(super) duration: Duration,
    pub(super) renewable: bool,
    /// A batch token can be neither renewed nor revoked.
    pub(super) is_batch: bool,
}

impl Envelope {
    fn parse(raw: SecretBytes) -> Result<Self, &'static str> {
        let members = Value::parse_object(raw.expose(), Numbers::AsWritten)
            .map_err(|_| "it is not the JSON of a Vault server")?;
        let object = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value @ Value::Object(_)) => Ok(Some(json::encode(value, Html::Escaped).into())),
            Some(_) => Err("a part of it that has to be an object is none"),
        };
        let has_warnings = matches!(members.get("warnings"), Some(Value::Array(all)) if !all.is_empty());
        let (data, auth) = (object("data")?, object("auth")?);
        Ok(Self {
            lease_id: text(&members, "lease_id"),
            lease_duration: seconds(&members, "lease_duration"),
            renewable: members.get("renewable") == Some(&Value::Bool(true)),
            data,
            auth,
            has_warnings,
            raw,
        })
    }

    /// The token of a login or a renewal.
    pub(super) fn grant(&self) -> Option<Grant> {
        let auth = Value::parse_object(self.auth.as_ref()?.expose(), Numbers::AsWritten).ok()?;
        let token = text(&auth, "client_token");
        if token.is_empty() {
            return None;
        }
        Some(Grant {
            token: token.into(),
            duration: seconds(&auth, "lease_duration"),
            renewable: auth.get("renewable") == Some(&Value::Bool(true)),
            is_batch: text(&auth, "token_type") == "batch",
        })
    }
}

/// Says nothing of what was handed out; with a lease's id it can be revoked.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("lease_duration", &self.lease_duration)
            .field("renewable", &self.renewable)
            .finish_non_exhaustive()
    }
}

fn text(members: &Object<'_>, name: &str) -> String {
    match members.get(name) {
        Some(Value::Text(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn seconds(members: &Object<'_>, name: &str) -> Duration {
    let number = match members.get(name) {
        Some(Value::Number(Number::Literal(digits))) => digits.parse().unwrap_or(0),
        _ => 0,
    };
    Duration::from_secs(number.min(LONGEST_LIFE))
}

/// What a call comes to: `None` where the server has nothing to say, which for a read means that nothing is there.
pub(super) fn understand(call: &Call, answer: Answer) -> Result<Option<Envelope>, Problem> {
    let status = answer.status;
    // A mount that is not there holds no secret that could have been deleted: somebody unmounted or misspelt it.
    let is_missing = status == StatusCode::NOT_FOUND
        && matches!(call.verb, Verb::Read | Verb::List)
        && phrase(&answer.body) != Some(NO_MOUNT);
    if !status.is_success() && !is_missing {
        return Err(problem(status, &answer.headers, &answer.body, call.what()));
    }
    let unusable = |why: &str| Problem::BadAnswer {
        what: call.what(),
        why: format!("HTTP {}, and {why}", status.as_u16()),
    };
    if answer.body.is_empty() {
        // Anything in between says 404; a Vault server says so in JSON.
        return if is_missing {
            Err(unusable("it is empty"))
        } else {
            Ok(None)
        };
    }
    let envelope = Envelope::parse(answer.body).map_err(unusable)?;
    let says_something = envelope.has_warnings || envelope.data.is_some();
    Ok((!is_missing || says_something).then_some(envelope))
}

/// What an answer that is no success means.
pub(super) fn problem(status: StatusCode, headers: &HeaderMap, body: &SecretBytes, what: String) -> Problem {
    let mut why = format!("HTTP {}", status.as_u16());
    if let Some(phrase) = phrase(body) {
        why = format!("{why}: {phrase}");
    }
    match status {
        // A node that has not caught up yet.
        StatusCode::PRECONDITION_FAILED => Problem::Unreachable { what, why },
        _ => explained(status, headers, what, why),
    }
}

/// Was a write refused because what it was decided on is no more?
pub(super) fn is_overtaken(answer: &Answer) -> bool {
    answer.status == StatusCode::BAD_REQUEST && phrase(&answer.body) == Some(OVERTAKEN)
}

fn phrase(body: &SecretBytes) -> Option<&'static str> {
    if body.len() > LONGEST_ERROR {
        return None;
    }
    let body = String::from_utf8_lossy(body.expose());
    PHRASES.into_iter().find(|phrase| body.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(call: &Call, status: u16, body: &str) -> Result<Option<Envelope>, String> {
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: body.into(),
        };
        understand(call, answer).map_err(|problem| problem.to_string())
    }

    #[test]
    fn errors_are_told_by_status_and_by_phrases_of_our_own() {
        let call = Call::read("kv/data/app");
        for (status, body, expected) in [
            (
                404,
                r#"{"errors":["no handler for route \"kv/data/app\". route entry not found."]}"#,
                "reading kv/data/app: the answer cannot be used: HTTP 404: no handler for route",
            ),
            (
                403,
                r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#,
                "reading kv/data/app: the backend refuses (HTTP 403: permission denied)",
            ),
            (
                403,
                "canary",
                "reading kv/data/app: the backend refuses (HTTP 403)",
            ),
            (
                503,
                r#"{"errors":["Vault is sealed"]}"#,
                "reading kv/data/app: HTTP 503: Vault is sealed",
            ),
            (412, "canary", "reading kv/data/app: HTTP 412"),
            (
                429,
                "canary",
                "reading kv/data/app: the backend asks for fewer requests (HTTP 429)",
            ),
            (
                400,
                "canary",
                "reading kv/data/app: the answer cannot be used: HTTP 400",
            ),
        ] {
            let problem = answered(&call, status, body).map(|envelope| envelope.is_some());
            assert_eq!(problem, Err(expected.to_owned()));
        }
    }

    #[test]
    fn only_a_vault_server_can_say_that_something_is_missing() {
        let call = Call::read("kv/data/app");
        let is_there = |status, body| answered(&call, status, body).map(|envelope| envelope.is_some());
        assert_eq!(is_there(404, r#"{"errors":[]}"#), Ok(false));
        assert_eq!(is_there(404, r#"{"data":{"data":null}}"#), Ok(true));
        assert_eq!(is_there(204, ""), Ok(false));
        for (status, body, why) in [
            (404, "", "it is empty"),
            (404, "<html>canary", "it is not the JSON of a Vault server"),
            (200, "<html>canary", "it is not the JSON of a Vault server"),
            (
                200,
                r#"{"data":"canary"}"#,
                "a part of it that has to be an object is none",
            ),
        ] {
            let what = "reading kv/data/app: the answer cannot be used";
            assert_eq!(
                is_there(status, body),
                Err(format!("{what}: HTTP {status}, and {why}"))
            );
        }
        let write = Call::write("kv/data/app", &[]);
        assert!(answered(&write, 404, r#"{"errors":[]}"#).is_err());
    }

    #[test]
    fn an_envelope_keeps_what_the_server_wrote_and_shows_nothing() {
        let body = r#"{"lease_id":"canary/1","lease_duration":3600,"renewable":true,"data":{"n":12345678901234567890},
            "auth":{"client_token":"canary","accessor":"acc","lease_duration":60,"renewable":true,"token_type":"batch"}}"#;
        let envelope = answered(&Call::read("x"), 200, body)
            .expect("understood")
            .expect("something");
        assert_eq!(envelope.lease_id, "canary/1");
        assert_eq!(envelope.lease_duration, Duration::from_hours(1));
        assert_eq!(envelope.data, Some(r#"{"n":12345678901234567890}"#.into()));
        let grant = envelope.grant().expect("a token");
        assert_eq!(grant.token, "canary".into());
        assert_eq!(grant.duration, Duration::from_mins(1));
        assert!(grant.renewable && grant.is_batch);
        assert!(!format!("{envelope:?}{grant:?}").contains("canary"));
    }

    #[test]
    fn what_is_said_to_live_for_ever_and_a_day_can_be_added_to_a_clock() {
        let body = r#"{"auth":{"client_token":"t","lease_duration":18446744073709551615}}"#;
        let envelope = answered(&Call::read("x"), 200, body).expect("understood");
        let grant = envelope.and_then(|envelope| envelope.grant()).expect("a token");
        assert!(
            tokio::time::Instant::now()
                .checked_add(grant.duration * 2)
                .is_some()
        );
    }
}
