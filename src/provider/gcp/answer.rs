//! What it means that Google says no. Of its words nothing is repeated; its codes are told in words of our own.

use http::StatusCode;
use lockstep_gostd::json::{Numbers, Object, Value};

use crate::engine::problem::Problem;
use crate::provider::http::{Answer, explained};

/// Google's reasons that tell more than the status does.
const KNOWN: [(&str, &str); 8] = [
    (
        "SERVICE_DISABLED",
        "the Secret Manager API is not enabled in the project",
    ),
    ("BILLING_DISABLED", "the project has no billing"),
    ("CONSUMER_SUSPENDED", "the project is suspended"),
    (
        "IAM_PERMISSION_DENIED",
        "the identity lacks a role, such as roles/secretmanager.secretAccessor",
    ),
    ("ACCESS_TOKEN_EXPIRED", "the token has ended"),
    (
        "SECURITY_POLICY_VIOLATED",
        "a service perimeter does not let us in",
    ),
    (
        "PERMISSION_DENIED",
        "the identity lacks a role, such as roles/secretmanager.secretAccessor, or there is no such project",
    ),
    ("INVALID_ARGUMENT", "Google does not understand the request"),
];

/// Why a version that is there has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    Disabled,
    Destroyed,
}

/// `what` is the remote key, or whatever else was asked for.
pub(super) fn problem(answer: &Answer, what: &str) -> Problem {
    let status = answer.status;
    let error = Error::of(answer);
    // It is Secret Manager who says that there is no such thing, and nobody in between.
    if status == StatusCode::NOT_FOUND && error.is("NOT_FOUND") {
        return Problem::Absent { key: what.to_owned() };
    }
    let known = KNOWN.iter().find(|(code, _)| error.is(code));
    let why = match known {
        Some((_, meaning)) => format!("{meaning}, HTTP {}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    };
    explained(status, &answer.headers, what.to_owned(), why)
}

/// Is it that the version is disabled or destroyed? Google says so in words alone.
pub(super) fn shut(answer: &Answer) -> Option<Shut> {
    let error = Error::of(answer);
    if !error.is("FAILED_PRECONDITION") {
        return None;
    }
    let says = |word: &str| {
        error
            .message
            .as_deref()
            .is_some_and(|message| message.contains(word))
    };
    if says("DESTROYED state") {
        Some(Shut::Destroyed)
    } else {
        says("DISABLED state").then_some(Shut::Disabled)
    }
}

/// Did somebody else come in between?
pub(super) fn is_overtaken(answer: &Answer) -> bool {
    let error = Error::of(answer);
    ["ABORTED", "ALREADY_EXISTS"]
        .into_iter()
        .any(|code| error.is(code))
        || error.is("FAILED_PRECONDITION")
            && error
                .message
                .as_deref()
                .is_some_and(|message| message.contains("etag"))
}

/// What Google calls it.
#[derive(Default)]
struct Error {
    status: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}

impl Error {
    fn of(answer: &Answer) -> Self {
        let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
        let error = members.ok().and_then(|mut members| members.remove("error"));
        let Some(Value::Object(error)) = error else {
            return Self::default();
        };
        let details = match error.get("details") {
            Some(Value::Array(details)) => details.as_slice(),
            _ => &[],
        };
        let mut reasons = details.iter().filter_map(|detail| match detail {
            Value::Object(detail) => text(detail, "reason"),
            _ => None,
        });
        Self {
            reason: reasons.next(),
            status: text(&error, "status"),
            message: text(&error, "message"),
        }
    }

    fn is(&self, code: &str) -> bool {
        self.status.as_deref() == Some(code) || self.reason.as_deref() == Some(code)
    }
}

fn text(members: &Object<'_>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    #[test]
    fn a_no_is_told_by_status_and_code() {
        let disabled = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"canary",
            "details":[{"@type":"canary","reason":"SERVICE_DISABLED"}]}}"#;
        for (status, body, message) in [
            (
                404,
                r#"{"error":{"code":404,"status":"NOT_FOUND","message":"canary"}}"#,
                "app: secret does not exist",
            ),
            (404, "canary", "app: the answer cannot be used: HTTP 404"),
            (
                404,
                r#"{"error":{"status":"canary"}}"#,
                "app: the answer cannot be used: HTTP 404",
            ),
            (
                403,
                disabled,
                "app: the backend refuses (the Secret Manager API is not enabled in the project, HTTP 403)",
            ),
            (401, "canary", "app: the backend refuses (HTTP 401)"),
            (
                429,
                "canary",
                "app: the backend asks for fewer requests (HTTP 429)",
            ),
            (503, "canary", "app: HTTP 503"),
        ] {
            assert_eq!(problem(&answer(status, body), "app").to_string(), message);
        }
    }

    #[test]
    fn a_version_that_is_shut_says_how() {
        let said = |message: &str| {
            let body = format!(r#"{{"error":{{"status":"FAILED_PRECONDITION","message":"{message}"}}}}"#);
            shut(&answer(400, &body))
        };
        assert_eq!(said("Version [x] is in DISABLED state."), Some(Shut::Disabled));
        assert_eq!(said("Version [x] is in DESTROYED state."), Some(Shut::Destroyed));
        assert_eq!(said("canary"), None);
        assert_eq!(shut(&answer(400, "DISABLED state")), None);
    }
}
