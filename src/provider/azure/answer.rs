//! What it means that the vault says no. Of its words nothing is repeated; its codes are told in words of our own.

use http::StatusCode;
use lockstep_gostd::json::{Numbers, Object, Value};

use crate::engine::problem::Problem;
use crate::provider::http::{Answer, explained};

/// It is the vault who says that there is no such thing, and nobody in between.
const MISSING: [&str; 3] = ["SecretNotFound", "CertificateNotFound", "KeyNotFound"];

/// The vault's inner codes that tell more than the status does.
const KNOWN: [(&str, &str); 8] = [
    ("SecretDisabled", "it is disabled"),
    ("CertificateDisabled", "it is disabled"),
    ("KeyDisabled", "it is disabled"),
    ("ForbiddenByPolicy", "the vault's access policies do not allow it"),
    ("ForbiddenByRbac", "no role of the identity allows it"),
    ("ForbiddenByFirewall", "the vault's firewall does not let us in"),
    (
        "ForbiddenByConnection",
        "the vault is not open to public networks",
    ),
    (DELETED, "it is deleted and can be recovered"),
];

/// Of a name that cannot be used, for what had it is only marked as deleted.
pub(super) const DELETED: &str = "ObjectIsDeletedButRecoverable";

/// `what` is the remote key.
pub(super) fn problem(answer: &Answer, what: &str) -> Problem {
    let status = answer.status;
    let codes = Codes::of(answer);
    if status == StatusCode::NOT_FOUND && codes.outer.as_deref().is_some_and(|code| MISSING.contains(&code)) {
        return Problem::Absent { key: what.to_owned() };
    }
    let known = KNOWN.iter().find(|(code, _)| codes.is(code));
    let why = match known {
        Some((_, meaning)) => format!("{meaning}, HTTP {}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    };
    explained(status, &answer.headers, what.to_owned(), why)
}

/// What the vault calls it.
#[derive(Debug, Default)]
pub(super) struct Codes {
    outer: Option<String>,
    inner: Option<String>,
}

impl Codes {
    pub(super) fn of(answer: &Answer) -> Self {
        let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
        let error = members.ok().and_then(|mut members| members.remove("error"));
        let Some(Value::Object(error)) = error else {
            return Self::default();
        };
        let inner = match error.get("innererror") {
            Some(Value::Object(inner)) => code(inner),
            _ => None,
        };
        Self {
            outer: code(&error),
            inner,
        }
    }

    pub(super) fn is(&self, code: &str) -> bool {
        self.outer.as_deref() == Some(code) || self.inner.as_deref() == Some(code)
    }
}

fn code(error: &Object<'_>) -> Option<String> {
    match error.get("code")? {
        Value::Text(code) => Some(code.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn a_no_is_told_by_status_and_code() {
        let about = |status: u16, body: &str| {
            let answer = Answer {
                status: StatusCode::from_u16(status).expect("a status"),
                headers: HeaderMap::new(),
                body: body.into(),
            };
            problem(&answer, "app").to_string()
        };
        for (status, body, message) in [
            (
                404,
                r#"{"error":{"code":"SecretNotFound","message":"canary"}}"#,
                "app: secret does not exist",
            ),
            (404, "canary", "app: the answer cannot be used: HTTP 404"),
            (
                404,
                r#"{"error":{"code":"canary"}}"#,
                "app: the answer cannot be used: HTTP 404",
            ),
            (
                403,
                r#"{"error":{"code":"Forbidden","innererror":{"code":"SecretDisabled"}}}"#,
                "app: the backend refuses (it is disabled, HTTP 403)",
            ),
            (
                403,
                r#"{"error":{"code":"canary","innererror":{"code":"canary"}}}"#,
                "app: the backend refuses (HTTP 403)",
            ),
            (401, "canary", "app: the backend refuses (HTTP 401)"),
            (
                429,
                "canary",
                "app: the backend asks for fewer requests (HTTP 429)",
            ),
            (500, "canary", "app: HTTP 500"),
        ] {
            assert_eq!(about(status, body), message);
        }
    }
}
