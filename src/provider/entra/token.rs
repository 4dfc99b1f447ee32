//! What Entra and the machine's metadata answer: a token, or why there is none.

use lockstep_gostd::json::{Number, Numbers, Value};

use crate::engine::problem::Problem;
use crate::provider::granted::Granted;
use crate::provider::http::{Answer, explained};

/// What is known of Entra's codes: what is wrong, and what to do.
const KNOWN: [(u64, &str); 10] = [
    (50034, "the tenant has no such account"),
    (
        70021,
        "no federated credential of the application matches the token of the ServiceAccount",
    ),
    (90002, "there is no such tenant"),
    (500_011, "the tenant knows no such resource; check the cloud"),
    (
        700_016,
        "the tenant has no such application; check client id and tenant",
    ),
    (700_024, "the assertion is outside its time; check the clock"),
    (700_027, "the certificate is not registered with the application"),
    (
        700_213,
        "no federated credential of the application matches the token of the ServiceAccount",
    ),
    (
        7_000_215,
        "the client secret is wrong; it has to be the secret's value, not its id",
    ),
    (7_000_222, "the client secret has expired"),
];

pub(in crate::provider) fn granted(answer: &Answer, what: &str) -> Result<Granted, Problem> {
    if !answer.status.is_success() {
        return Err(refusal(answer, what));
    }
    Granted::read(&answer.body, what)
}

/// Entra says 400 of most credentials that are wrong. Of what it says in words, nothing is repeated.
fn refusal(answer: &Answer, what: &str) -> Problem {
    let status = answer.status.as_u16();
    let why = match code(answer) {
        Some(code) => match KNOWN.iter().find(|(known, _)| *known == code) {
            Some((_, meaning)) => format!("{meaning} (AADSTS{code}, HTTP {status})"),
            None => format!("AADSTS{code}, HTTP {status}"),
        },
        None => format!("HTTP {status}"),
    };
    let what = what.to_owned();
    if status == 400 {
        return Problem::Refused { what, why };
    }
    explained(answer.status, &answer.headers, what, why)
}

/// The first of Entra's numbers for what is wrong.
fn code(answer: &Answer) -> Option<u64> {
    let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten).ok()?;
    let Value::Array(codes) = members.get("error_codes")? else {
        return None;
    };
    match codes.first()? {
        Value::Number(Number::Literal(text)) if text.len() <= 9 => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn of(status: u16, body: &str) -> Result<Granted, Problem> {
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: body.into(),
        };
        granted(&answer, "login")
    }

    #[test]
    fn a_refusal_is_told_by_its_number() {
        let refused = |status, body: &str| of(status, body).expect_err("refused").to_string();
        for (status, body, message) in [
            (
                401,
                r#"{"error":"canary","error_codes":[7000222],"error_description":"canary"}"#,
                "login: the backend refuses (the client secret has expired (AADSTS7000222, HTTP 401))",
            ),
            (
                400,
                r#"{"error_codes":[1234567]}"#,
                "login: the backend refuses (AADSTS1234567, HTTP 400)",
            ),
            (
                400,
                r#"{"error_codes":["canary"]}"#,
                "login: the backend refuses (HTTP 400)",
            ),
            (
                403,
                r#"{"error_codes":[1234567890123]}"#,
                "login: the backend refuses (HTTP 403)",
            ),
            (
                429,
                "canary",
                "login: the backend asks for fewer requests (HTTP 429)",
            ),
            (503, "canary", "login: HTTP 503"),
            (404, "canary", "login: the answer cannot be used: HTTP 404"),
        ] {
            assert_eq!(refused(status, body), message);
        }
    }
}
