//! Google's services for identities: what is shown to them, and what they hand out.

use std::time::Duration;

use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use jiff::Timestamp;
use lockstep_gostd::json::{Numbers, Object, Value};
use reqwest::RequestBuilder;
use serde_json::json;
use url::Url;
use url::form_urlencoded::Serializer;

use super::{Environment, SCOPE, exchange};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::granted::Granted;
use crate::provider::http::{Answer, Http, bearer, below, explained};

/// Where everybody's Google is. There are others, for governments and the like.
pub(in crate::provider) const UNIVERSE: &str = "googleapis.com";

/// Codes of Google's that tell more than the status does.
const KNOWN: [(&str, &str); 11] = [
    (
        "invalid_grant",
        "it takes what was shown for invalid or out of date; check the key or token, the account and the clock",
    ),
    (
        "invalid_client",
        "it does not know the client; the key may be deleted or disabled",
    ),
    ("unauthorized_client", "the account may not have such a token"),
    (
        "invalid_target",
        "it knows no such audience; check the workload identity pool and its provider",
    ),
    ("invalid_request", "it does not understand what was shown"),
    ("PERMISSION_DENIED", "the identity may not act as that account"),
    ("UNAUTHENTICATED", "it does not take the token that was shown"),
    ("NOT_FOUND", "there is no such account"),
    (
        "INVALID_ARGUMENT",
        "it does not understand what was shown; check the pool, the cluster and the account",
    ),
    ("FAILED_PRECONDITION", "the account is disabled"),
    (
        "access_denied",
        "it refuses what was shown; check the pool's conditions",
    ),
];

#[derive(Clone)]
pub(in crate::provider) struct Services {
    http: Http,
    everything_at: Option<String>,
    secret_manager: Option<String>,
    universe: String,
    field: String,
}

impl Services {
    /// `field` is where the identity stands in the object, for messages.
    pub(in crate::provider) fn of(environment: &Environment, field: &str) -> Result<Self, Problem> {
        Ok(Self {
            http: environment.http(field)?,
            everything_at: environment.everything_at.clone(),
            secret_manager: environment.secret_manager.clone(),
            universe: UNIVERSE.to_owned(),
            field: field.to_owned(),
        })
    }

    /// The same services elsewhere.
    pub(in crate::provider) fn in_universe(self, universe: &str) -> Self {
        Self {
            universe: universe.to_owned(),
            ..self
        }
    }

    pub(in crate::provider) fn http(&self) -> &Http {
        &self.http
    }

    pub(in crate::provider) fn universe(&self) -> &str {
        &self.universe
    }

    pub(in crate::provider) fn field(&self) -> &str {
        &self.field
    }

    /// What is at this path of a service. No segment can leave its place.
    pub(in crate::provider) fn url(&self, service: &str, path: &[&str]) -> Result<Url, Problem> {
        let invalid = || Problem::ReferenceInvalid {
            field: self.field.clone(),
            why: format!("{} is no place where Google could be", self.universe),
        };
        let is_manager = service.split('.').next() == Some("secretmanager");
        let elsewhere = self.secret_manager.as_ref().filter(|_| is_manager);
        let base = match elsewhere.or(self.everything_at.as_ref()) {
            Some(base) => Url::parse(base),
            None => Url::parse(&format!("https://{service}.{}", self.universe)),
        };
        let base = base.ok().filter(|base| !base.cannot_be_a_base());
        Ok(below(&base.ok_or_else(invalid)?, path))
    }

    /// A token of Google's for one of a cluster's.
    pub(in crate::provider) async fn bind(
        &self,
        token: &SecretBytes,
        audience: &str,
    ) -> Result<Granted, Problem> {
        let what = format!("{}: exchanging the token of the ServiceAccount", self.field);
        let token = std::str::from_utf8(token.expose()).map_err(|_| unusable(&what))?;
        let url = self.url("securetoken", &["v1", "identitybindingtoken"])?;
        let request = self.http.client().post(url).json(&json!({
            "grant_type": exchange::GRANT, "subject_token_type": exchange::JWT,
            "requested_token_type": exchange::ACCESS_TOKEN, "subject_token": token, "audience": audience,
            "scope": SCOPE,
        }));
        Granted::read(&self.ask(request, &what).await?, &what)
    }

    /// A token of an account, for whoever may act as it.
    pub(in crate::provider) async fn act_as(
        &self,
        email: &str,
        token: &SecretBytes,
        lifetime: Duration,
    ) -> Result<Granted, Problem> {
        let what = format!("{}: acting as {email}", self.field);
        let body = json!({"scope": [SCOPE], "lifetime": format!("{}s", lifetime.as_secs())});
        let answer = self.of_account(email, "generateAccessToken", &body, token, &what);
        let answer = answer.await?;
        let members = parsed(&answer, &what)?;
        let ends: Option<Timestamp> = match members.get("expireTime") {
            Some(Value::Text(time)) => time.parse().ok(),
            _ => None,
        };
        let left = ends.and_then(|ends| Duration::try_from(ends.duration_since(Timestamp::now())).ok());
        Granted::of(&members, "accessToken", left, &what)
    }

    /// These claims, signed with the key of an account.
    pub(in crate::provider) async fn sign(
        &self,
        email: &str,
        claims: &serde_json::Value,
        token: &SecretBytes,
    ) -> Result<String, Problem> {
        let what = format!("{}: signing as {email}", self.field);
        let body = json!({ "payload": claims.to_string() });
        let answer = self.of_account(email, "signJwt", &body, token, &what).await?;
        match parsed(&answer, &what)?.get("signedJwt") {
            Some(Value::Text(jwt)) if !jwt.is_empty() => Ok(jwt.to_string()),
            _ => Err(unusable(&what)),
        }
    }

    async fn of_account(
        &self,
        email: &str,
        verb: &str,
        body: &serde_json::Value,
        token: &SecretBytes,
        what: &str,
    ) -> Result<SecretBytes, Problem> {
        let path = format!("{email}:{verb}");
        let url = self.url(
            "iamcredentials",
            &["v1", "projects", "-", "serviceAccounts", &path],
        )?;
        let shown = bearer(token).ok_or_else(|| unusable(what))?;
        let request = self.http.client().post(url).json(body);
        self.ask(request.header(AUTHORIZATION, shown), what).await
    }

    /// What is answered to a form, if that is a success.
    pub(in crate::provider) async fn post(
        &self,
        url: Url,
        form: &[(&str, &str)],
        shown: Option<HeaderValue>,
        what: &str,
    ) -> Result<SecretBytes, Problem> {
        let mut request = self.http.client().post(url);
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(shown) = shown {
            request = request.header(AUTHORIZATION, shown);
        }
        self.ask(request.body(encoded(form)), what).await
    }

    /// The body of an answer that is a success.
    async fn ask(&self, request: RequestBuilder, what: &str) -> Result<SecretBytes, Problem> {
        let answer = self.http.send(request, what).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(refusal(&answer, what))
    }
}

/// Google says 400 of most that is shown and wrong. Of what it says in words, nothing is repeated.
fn refusal(answer: &Answer, what: &str) -> Problem {
    let status = answer.status.as_u16();
    let known = KNOWN.iter().find(|(code, _)| is(answer, code));
    let why = match known {
        Some((code, meaning)) => format!("{meaning} ({code}, HTTP {status})"),
        None => format!("HTTP {status}"),
    };
    let what = what.to_owned();
    if status == 400 || (status == 404 && known.is_some()) {
        return Problem::Refused { what, why };
    }
    explained(answer.status, &answer.headers, what, why)
}

/// OAuth has `error`, Google's own services have `error.status`.
fn is(answer: &Answer, code: &str) -> bool {
    let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
    let error = members.ok().and_then(|mut members| members.remove("error"));
    match error {
        Some(Value::Text(error)) => error == code,
        Some(Value::Object(error)) => {
            matches!(error.get("status"), Some(Value::Text(status)) if status == code)
        }
        _ => false,
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

fn parsed<'a>(body: &'a SecretBytes, what: &str) -> Result<Object<'a>, Problem> {
    Value::parse_object(body.expose(), Numbers::AsWritten).map_err(|_| unusable(what))
}

fn unusable(what: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: "Google did not hand out a token".to_owned(),
    }
}
