//! The API server's answers as problems.

use kube::core::Status;

use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

/// What went wrong, in words that are safe to show. The server's own message is not: it quotes rejected values.
pub fn problem(verb: &'static str, object: &ObjectRef, error: &kube::Error) -> Problem {
    match error {
        kube::Error::Api(status) => of_status(verb, object, status),
        other => Problem::ApiUnavailable {
            object: object.clone(),
            why: kind(other).to_owned(),
        },
    }
}

pub fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

fn of_status(verb: &'static str, object: &ObjectRef, status: &Status) -> Problem {
    let object = object.clone();
    match status.code {
        // Gone while we were looking: whoever wanted to write looks again.
        404 | 409 => Problem::Conflict { object },
        403 if is_namespace_going(status) => Problem::Conflict { object },
        401 | 403 => Problem::Forbidden { verb, object },
        429 | 500.. => Problem::ApiUnavailable {
            object,
            why: format!("{} {}", status.code, status.reason),
        },
        _ => Problem::Rejected {
            object,
            reason: rejection(status),
        },
    }
}

/// A namespace that is going takes nothing new, whoever asks.
fn is_namespace_going(status: &Status) -> bool {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    causes.any(|cause| cause.reason == "NamespaceTerminating")
}

/// The reason, and the fields that it is about.
fn rejection(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let fields: Vec<&str> = causes
        .map(|cause| cause.field.as_str())
        .filter(|field| !field.is_empty())
        .take(8)
        .collect();
    if fields.is_empty() {
        status.reason.clone()
    } else {
        format!("{} ({})", status.reason, fields.join(", "))
    }
}

fn kind(error: &kube::Error) -> &'static str {
    match error {
        kube::Error::SerdeError(_) => "its answer was not understood",
        kube::Error::Auth(_) => "our credentials could not be used",
        _ => "the connection failed",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_namespace_that_is_going_is_no_refusal() {
        let reason = |details: Value| {
            let status = json!({"status": "Failure", "code": 403, "reason": "Forbidden", "details": details});
            let status = serde_json::from_value(status).expect("a status");
            let object = ObjectRef::secret("ns", "app");
            problem("create", &object, &kube::Error::Api(Box::new(status))).reason()
        };
        let going = json!({"causes": [{"reason": "NamespaceTerminating", "message": "", "field": "metadata.namespace"}]});
        assert_eq!((reason(going), reason(json!({}))), ("Conflict", "Forbidden"));
    }
}
