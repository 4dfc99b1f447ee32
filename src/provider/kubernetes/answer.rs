//! What the API server's answers mean. Pure. Of a body only the status reason is repeated, and only if it is a word.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use http::header::HeaderMap;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;

use crate::engine::problem::Problem;
use crate::provider::http::retry_after;

/// Why a call gave nothing.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    /// The API server says that there is no such object.
    Missing,
    /// It is there already, or it is not what we last saw.
    Conflict,
    Refused(String),
    Throttled(Option<Duration>),
    Unreachable(String),
    Useless(String),
    /// More than we are ready to read.
    TooLarge,
    /// Something on our side of the call.
    Own(Problem),
}

impl Fault {
    pub(super) fn into_problem(self, namespace: &str, name: &str) -> Problem {
        let what = || format!("Secret {namespace}/{name}");
        match self {
            Self::Missing => Problem::Absent {
                key: format!("{namespace}/{name}"),
            },
            Self::Conflict => Problem::Unreachable {
                what: what(),
                why: "others keep changing it".to_owned(),
            },
            other => other.into_problem_with(what()),
        }
    }

    /// The same, where the call was not about one Secret.
    pub(super) fn into_problem_with(self, what: String) -> Problem {
        match self {
            Self::Missing => Problem::BadAnswer {
                what,
                why: "404 NotFound".to_owned(),
            },
            Self::Conflict => Problem::BadAnswer {
                what,
                why: "409 Conflict".to_owned(),
            },
            Self::Refused(why) => Problem::Refused { what, why },
            Self::Throttled(retry_after) => Problem::Throttled {
                what,
                why: "429".to_owned(),
                retry_after,
            },
            Self::Unreachable(why) => Problem::Unreachable { what, why },
            Self::Useless(why) => Problem::BadAnswer { what, why },
            Self::TooLarge => Problem::BadAnswer {
                what,
                why: "it is too large".to_owned(),
            },
            Self::Own(problem) => problem,
        }
    }
}

/// An answer that is not a success. `resource` is what it is about, in the plural.
pub(super) fn fault(status: StatusCode, headers: &HeaderMap, body: &[u8], resource: &str) -> Fault {
    let details: Option<Status> = serde_json::from_slice(body).ok();
    let reason = details
        .as_ref()
        .and_then(|status| status.reason.as_deref())
        .filter(|reason| is_word(reason));
    let why = || match reason {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    };
    let kind = || details.as_ref()?.details.as_ref()?.kind.as_deref();
    match status {
        // Any proxy in between says 404 too; only the API server knows what is missing.
        StatusCode::NOT_FOUND if reason == Some("NotFound") && kind() == Some(resource) => Fault::Missing,
        StatusCode::CONFLICT => Fault::Conflict,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Fault::Refused(why()),
        StatusCode::TOO_MANY_REQUESTS => Fault::Throttled(retry_after(headers, Timestamp::now())),
        StatusCode::REQUEST_TIMEOUT => Fault::Unreachable(why()),
        status if status.is_server_error() => Fault::Unreachable(why()),
        _ => Fault::Useless(why()),
    }
}

/// A call that was not answered. What it failed on is the innermost of the errors.
pub(super) fn no_answer(error: &(dyn Error + 'static)) -> Fault {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    Fault::Unreachable(innermost.to_string().chars().take(200).collect())
}

fn is_word(reason: &str) -> bool {
    (1..=40).contains(&reason.len()) && reason.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::RETRY_AFTER;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_api_server_can_say_that_a_secret_is_missing() {
        let missing = json!({"reason": "NotFound", "details": {"name": "db", "kind": "secrets"}}).to_string();
        let other = json!({"reason": "NotFound", "details": {"kind": "pods"}}).to_string();
        let page = "<html>canary</html>";
        for (status, body, expected) in [
            (404, missing.as_str(), Fault::Missing),
            (404, &other, Fault::Useless("404 NotFound".into())),
            (404, page, Fault::Useless("404".into())),
            (500, &missing, Fault::Unreachable("500 NotFound".into())),
            (409, page, Fault::Conflict),
            (
                401,
                r#"{"reason": "Unauthorized"}"#,
                Fault::Refused("401 Unauthorized".into()),
            ),
            (403, page, Fault::Refused("403".into())),
            (
                422,
                r#"{"reason": "canary in a reason"}"#,
                Fault::Useless("422".into()),
            ),
            (503, page, Fault::Unreachable("503".into())),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(
                fault(status, &HeaderMap::new(), body.as_bytes(), "secrets"),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn the_server_may_say_how_long_to_wait() {
        for (value, expected) in [("7", Some(Duration::from_secs(7))), ("soon", None)] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            let fault = fault(StatusCode::TOO_MANY_REQUESTS, &headers, b"", "secrets");
            assert_eq!(fault, Fault::Throttled(expected));
        }
    }
}
