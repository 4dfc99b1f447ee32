//! What the SDK's errors mean. Nothing here repeats what a service says in its own words: texts may quote values, and
//! carry ids that differ from call to call.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http_body_util::LengthLimitError;
use jiff::Timestamp;

use super::http::BrokenOff;
use crate::engine::problem::Problem;
use crate::provider::http::{self, BOUND};

/// Error codes of AWS have no more characters than this.
const LONGEST_CODE: usize = 80;

const THROTTLED: [&str; 12] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Said of the credentials that were asked with, whatever was asked.
const EXPIRED: [&str; 5] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];

const REFUSED: [&str; 15] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "IDPRejectedClaim",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidIdentityToken",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "RequestExpired",
];

const UNREACHABLE: [&str; 7] = [
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
];

/// Why a call led to nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    Said(Said),
    /// There was no answer.
    Silence {
        why: String,
    },
    /// There was one that is none.
    Garbage {
        why: String,
    },
    /// The question was never asked: there are no credentials to ask with.
    Login(Problem),
}

/// What a service says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    code: Option<String>,
    /// Not where it was said of one of many.
    status: Option<u16>,
    retry_after: Option<Duration>,
    /// The secret waits for its deletion, and cannot be read any more.
    is_marked_deleted: bool,
}

impl Said {
    /// What is said of one of many.
    pub(super) fn of_one(code: Option<&str>, message: Option<&str>) -> Self {
        Self {
            code: code.filter(|code| is_code(code)).map(str::to_owned),
            status: None,
            retry_after: None,
            is_marked_deleted: message.is_some_and(marks_deleted),
        }
    }

    pub(super) fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    pub(super) fn is_marked_deleted(&self) -> bool {
        self.is_marked_deleted && self.is(&["InvalidRequestException", "InvalidParameterException"])
    }

    fn is_status(&self, statuses: &[u16]) -> bool {
        self.status.is_some_and(|status| statuses.contains(&status))
    }

    fn why(&self) -> String {
        let code = self.code.as_deref();
        match (code, self.status) {
            (Some(code), Some(status)) => format!("{code}, HTTP {status}"),
            (Some(code), None) => code.to_owned(),
            (None, Some(status)) => format!("HTTP {status}"),
            (None, None) => "an error without a name".to_owned(),
        }
    }

    pub(super) fn into_problem(self, what: &str) -> Problem {
        let (what, why) = (what.to_owned(), self.why());
        if self.is(&THROTTLED) || self.is_status(&[429]) {
            let retry_after = self.retry_after;
            return Problem::Throttled {
                what,
                why,
                retry_after,
            };
        }
        if self.is(&EXPIRED) {
            return Problem::Expired { what, why };
        }
        if self.is(&REFUSED) || self.is_status(&[401, 403]) {
            return Problem::Refused { what, why };
        }
        if self.is(&UNREACHABLE) || self.status.is_some_and(|status| status == 408 || status >= 500) {
            return Problem::Unreachable { what, why };
        }
        Problem::BadAnswer { what, why }
    }
}

/// What an error of the SDK means to the user of `what`.
pub(crate) fn problem<E>(error: &SdkError<E, HttpResponse>, what: &str) -> Problem
where
    E: ProvideErrorMetadata + Error + 'static,
{
    Fault::of(error).into_problem(what)
}

impl Fault {
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(problem) = source::<Problem>(error) {
            return Self::Login(problem.clone());
        }
        if source::<LengthLimitError>(error).is_some() {
            return Self::Garbage {
                why: format!("it is larger than {} MiB", BOUND >> 20),
            };
        }
        if let Some(broken) = source::<BrokenOff>(error) {
            return Self::Silence {
                why: broken.to_string(),
            };
        }
        match error {
            SdkError::ServiceError(refusal) if !refusal.raw().status().is_success() => {
                Self::Said(said(refusal.err(), refusal.raw()))
            }
            SdkError::ResponseError(garbage) if !garbage.raw().status().is_success() => {
                Self::Said(headed(garbage.raw()))
            }
            // That it went well, and yet cannot be read.
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => Self::Garbage {
                why: "it is not what the service answers".to_owned(),
            },
            SdkError::TimeoutError(_) => Self::late(),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::late(),
            SdkError::DispatchFailure(_) => Self::Silence {
                why: innermost(error),
            },
            _ => Self::Silence {
                why: "the request cannot be made".to_owned(),
            },
        }
    }

    fn late() -> Self {
        let why = "no answer in time".to_owned();
        Self::Silence { why }
    }

    pub(super) fn is(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Said(said) if said.is(codes))
    }

    /// Who asks is known, and may not ask this.
    pub(super) fn is_denial(&self) -> bool {
        self.is(&["AccessDenied", "AccessDeniedException"])
    }

    pub(super) fn into_problem(self, what: &str) -> Problem {
        let about = what.to_owned();
        match self {
            Self::Said(said) => said.into_problem(what),
            Self::Silence { why } => Problem::Unreachable { what: about, why },
            Self::Garbage { why } => Problem::BadAnswer { what: about, why },
            Self::Login(problem) => problem,
        }
    }
}

fn said(error: &(impl ProvideErrorMetadata + Error), raw: &HttpResponse) -> Said {
    Said {
        status: Some(raw.status().as_u16()),
        retry_after: retry_after(raw),
        ..Said::of_one(error.code(), error.message())
    }
}

/// Where the body tells nothing, the head has to do.
fn headed(raw: &HttpResponse) -> Said {
    Said {
        status: Some(raw.status().as_u16()),
        retry_after: retry_after(raw),
        ..Said::of_one(None, None)
    }
}

fn retry_after(raw: &HttpResponse) -> Option<Duration> {
    let value = raw.headers().get("retry-after")?;
    let headers = ::http::HeaderMap::from_iter([(::http::header::RETRY_AFTER, value.parse().ok()?)]);
    http::retry_after(&headers, Timestamp::now())
}

/// A code is a word; what is none is not repeated.
fn is_code(code: &str) -> bool {
    !code.is_empty() && code.len() <= LONGEST_CODE && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Under the codes for any wrong request, only the words tell this one.
fn marks_deleted(message: &str) -> bool {
    message.contains("marked for deletion") || message.contains("marked deleted")
}

/// The error of this type among those that led to this one.
fn source<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    match error.downcast_ref() {
        Some(found) => Some(found),
        None => error.source().and_then(source),
    }
}

/// What it failed on in the end.
fn innermost(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string().chars().take(200).collect(),
    }
}
