//! Who asks. What is shown at a login is found out when the connection is made, but for tokens that end: those are asked
//! for whenever somebody logs in.

mod proof;
mod ritual;

use std::fmt;
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{InfisicalAuth, InfisicalProvider};
use lockstep_gostd::json::{Html, Number, Numbers, Object, Value, encode};
use url::Url;

use super::api::PROVIDER;
use super::{Environment, FIELD};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, Http, below, refused_login};
use crate::provider::perishable::{Fresh, Perishable};
use crate::provider::{Calls, References};
use ritual::{Finder, Ritual};

const WHAT: &str = "login at Infisical";
/// Of a token that does not say how long it lives.
const UNKNOWN: Duration = Duration::from_hours(1);

/// Where and how it is asked.
type Way<'w> = (&'w Url, &'w Http, &'w Calls);

pub(super) enum Login {
    /// A token of somebody else, who looks after it.
    Given(SecretBytes),
    Own(Box<Own>),
}

pub(super) struct Own {
    method: Ritual,
    organization: Option<String>,
    current: Perishable<SecretBytes>,
}

impl Login {
    pub(super) async fn new(
        spec: &InfisicalProvider,
        url: &Url,
        references: &References,
        environment: &Environment,
    ) -> Result<Self, Problem> {
        let find = Finder {
            references,
            environment,
            url,
        };
        if let Some(auth) = given_token(&spec.auth) {
            let token = find.value(auth, "tokenAuthCredentials.accessToken").await?;
            return Ok(Self::Given(token));
        }
        let organization = spec.secrets_scope.organization_slug.clone();
        Ok(Self::Own(Box::new(Own {
            method: find.ritual(&spec.auth).await?,
            organization: organization.filter(|slug| !slug.is_empty()),
            current: Perishable::new(None),
        })))
    }

    /// The token to use now.
    pub(super) async fn token(&self, way: Way<'_>) -> Result<SecretBytes, Problem> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::Own(own) => own.current.current(own.fresh(way)).await,
        }
    }

    /// Another token than the one that was refused, where there is any.
    pub(super) async fn other_than(
        &self,
        refused: &SecretBytes,
        way: Way<'_>,
    ) -> Result<Option<SecretBytes>, Problem> {
        match self {
            Self::Given(_) => Ok(None),
            Self::Own(own) => own.current.instead_of(refused, own.fresh(way)).await,
        }
    }

    /// How long ago we logged in.
    pub(super) fn age(&self) -> Option<Duration> {
        match self {
            Self::Given(_) => None,
            Self::Own(own) => own.current.age(),
        }
    }

    /// Gives back a token that is our own. That it fails changes nothing: it ends by itself.
    pub(super) async fn end(&self, url: &Url, http: &Http, calls: &Calls) {
        let Self::Own(own) = self else { return };
        let Some(token) = own.current.last() else { return };
        let body = object([("accessToken", token)]);
        let request = http
            .client()
            .request(Method::POST, below(url, &["v1", "auth", "token", "revoke"]));
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = http.send(request.body(body.expose().to_vec()), WHAT).await;
        let is_good = answer.is_ok_and(|answer| answer.status.is_success());
        calls.tell(PROVIDER, "RevokeAccessToken", is_good);
    }
}

impl Own {
    async fn fresh(&self, (url, http, calls): Way<'_>) -> Result<Fresh<SecretBytes>, Problem> {
        let mut shown = self.method.texts.clone();
        shown.extend(self.method.proof.shown().await?);
        shown.extend(
            self.organization
                .as_deref()
                .map(|slug| ("organizationSlug", slug.into())),
        );
        let url = below(url, &["v1", "auth", self.method.path, "login"]);
        let request = http.client().request(Method::POST, url);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = http
            .send(request.body(object(shown).expose().to_vec()), WHAT)
            .await;
        let is_good = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
        calls.tell(PROVIDER, self.method.call, is_good);
        granted(&answer?)
    }
}

/// Tokens come last in ESO's order.
fn given_token(auth: &InfisicalAuth) -> Option<&SecretKeySelector> {
    let others = [
        auth.universal.is_some(),
        auth.azure.is_some(),
        auth.gcp_id_token.is_some(),
        auth.gcp_iam.is_some(),
        auth.jwt.is_some(),
        auth.ldap.is_some(),
        auth.oci.is_some(),
        auth.kubernetes.is_some(),
        auth.aws.is_some(),
    ];
    let token = auth.token.as_ref().filter(|_| !others.contains(&true));
    token.map(|auth| &auth.access_token)
}

/// All are text, as was looked at.
fn object(members: impl IntoIterator<Item = (&'static str, SecretBytes)>) -> SecretBytes {
    let members: Vec<_> = members.into_iter().collect();
    let members = members.iter().map(|(name, value)| {
        (
            (*name).into(),
            Value::Text(String::from_utf8_lossy(value.expose())),
        )
    });
    encode(&Value::Object(members.collect::<Object<'_>>()), Html::Plain).into()
}

fn granted(answer: &Answer) -> Result<Fresh<SecretBytes>, Problem> {
    if !answer.status.is_success() {
        return Err(refused_login(
            answer,
            WHAT,
            &format!("{FIELD}.auth, and the identity at Infisical"),
        ));
    }
    let unusable = || Problem::BadAnswer {
        what: WHAT.to_owned(),
        why: "it holds no token".to_owned(),
    };
    let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten).map_err(|_| unusable())?;
    let token = match members.get("accessToken") {
        Some(Value::Text(token)) if !token.is_empty() => SecretBytes::from(token.as_ref()),
        _ => return Err(unusable()),
    };
    let life = match members.get("expiresIn") {
        Some(Value::Number(Number::Literal(text))) => text.parse().ok().map(Duration::from_secs),
        _ => None,
    };
    Ok(Fresh::living(token, life.unwrap_or(UNKNOWN)))
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
