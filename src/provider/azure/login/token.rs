//! What Entra and the machine's metadata answer: a token, or why there is none.

use std::time::Duration;

use jiff::Timestamp;
use lockstep_gostd::json::{Number, Numbers, Object, Value};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, explained};
use crate::provider::perishable::Fresh;

/// Of a token that does not say how long it lives.
const UNKNOWN: Duration = Duration::from_hours(1);

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

/// A token, and how long it lives.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Granted {
    token: SecretBytes,
    life: Duration,
}

impl Granted {
    pub(super) fn of(answer: &Answer, what: &str) -> Result<Self, Problem> {
        if !answer.status.is_success() {
            return Err(refusal(answer, what));
        }
        let unusable = || Problem::BadAnswer {
            what: what.to_owned(),
            why: "it holds no token".to_owned(),
        };
        let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
        let members = members.map_err(|_| unusable())?;
        let token = match members.get("access_token") {
            Some(Value::Text(token)) if !token.is_empty() => SecretBytes::from(token.as_ref()),
            _ => return Err(unusable()),
        };
        let left = seconds(&members, "expires_in").map(Duration::from_secs);
        let left = left.or_else(|| left_until(seconds(&members, "expires_on")?));
        Ok(Self {
            token,
            life: left.unwrap_or(UNKNOWN),
        })
    }

    pub(super) fn into_fresh(self) -> Fresh<SecretBytes> {
        Fresh::living(self.token, self.life)
    }
}

/// Entra has numbers, the metadata of machines have texts.
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
        Granted::of(&answer, "login")
    }

    #[test]
    fn a_token_says_how_long_it_lives_or_when_it_ends() {
        let life = |body: &str| of(200, body).map(|granted| granted.life.as_secs());
        for (body, seconds) in [
            (r#"{"access_token":"t","expires_in":3599}"#, 3599),
            (r#"{"access_token":"t","expires_in":"86399"}"#, 86_399),
            (
                r#"{"access_token":"t","expires_in":99999999999999999}"#,
                99_999_999_999_999_999,
            ),
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
            let problem = of(200, body).expect_err("no token");
            assert_eq!(
                problem.to_string(),
                "login: the answer cannot be used: it holds no token"
            );
        }
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
