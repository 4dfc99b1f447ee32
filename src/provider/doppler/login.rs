//! Who asks: whoever a token is of, or a ServiceAccount that an identity at Doppler trusts.

use std::fmt;
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use lockstep_api::ServiceAccountSelector;
use lockstep_api::provider::{DopplerAuth, DopplerOidc};
use lockstep_gostd::json::{Html, Numbers, Object, Value, encode};
use url::Url;

use super::FIELD;
use super::api::PROVIDER;
use super::environment::Environment;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, Http, below, refused_login};
use crate::provider::perishable::{Fresh, Perishable};
use crate::provider::{Calls, References, StoreScope, Surroundings};

/// The API server makes no token that lives shorter.
const SHORTEST: i64 = 600;
const TOKEN_KEY: &str = "dopplerToken";
const WHAT: &str = "login at Doppler";

pub(super) enum Login {
    Token(SecretBytes),
    Identity(Box<Identity>),
}

pub(super) struct Identity {
    http: Http,
    url: Url,
    calls: Calls,
    references: References,
    account: ServiceAccountSelector,
    audiences: Vec<String>,
    lifetime: Duration,
    /// Its id at Doppler.
    id: String,
    current: Perishable<SecretBytes>,
}

impl Login {
    pub(super) async fn new(
        auth: &DopplerAuth,
        surroundings: &Surroundings,
        environment: &Environment,
        http: &Http,
    ) -> Result<Self, Problem> {
        let references = &surroundings.references;
        match (&auth.secret_ref, &auth.oidc_config) {
            (Some(secret), _) => {
                let field = "auth.secretRef.dopplerToken";
                if secret.doppler_token.name.is_none() {
                    return Err(invalid(&format!("{field}.name"), "cannot be empty"));
                }
                let namespace = secret.doppler_token.namespace.as_ref();
                check_namespace(references, namespace.is_some(), field)?;
                let selector = &secret.doppler_token;
                let field = format!("{FIELD}.{field}");
                let token = references.secret_key_or(selector, TOKEN_KEY, &field).await?;
                // What comes of `echo`, and of an editor, ends with a line break.
                Ok(Self::Token(token.expose().trim_ascii().into()))
            }
            (None, Some(oidc)) => {
                let identity = Identity::new(oidc, surroundings, environment, http)?;
                Ok(Self::Identity(Box::new(identity)))
            }
            (None, None) => Err(invalid("auth", "needs secretRef or oidcConfig")),
        }
    }

    /// The token to use now.
    pub(super) async fn token(&self) -> Result<SecretBytes, Problem> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::Identity(identity) => identity.current.current(identity.fresh()).await,
        }
    }

    /// Another token than the one that was refused, where there is any.
    pub(super) async fn other_than(&self, refused: &SecretBytes) -> Result<Option<SecretBytes>, Problem> {
        let Self::Identity(identity) = self else {
            return Ok(None);
        };
        identity.current.instead_of(refused, identity.fresh()).await
    }

    /// How long ago we logged in.
    pub(super) fn age(&self) -> Option<Duration> {
        match self {
            Self::Token(_) => None,
            Self::Identity(identity) => identity.current.age(),
        }
    }
}

impl Identity {
    fn new(
        oidc: &DopplerOidc,
        surroundings: &Surroundings,
        environment: &Environment,
        http: &Http,
    ) -> Result<Self, Problem> {
        let field = "auth.oidcConfig";
        if oidc.identity.is_empty() {
            return Err(invalid(&format!("{field}.identity"), "cannot be empty"));
        }
        let account = &oidc.service_account_ref;
        let references = &surroundings.references;
        let field = format!("{field}.serviceAccountRef");
        check_namespace(references, account.namespace.is_some(), &field)?;
        let mut audiences = Vec::new();
        if account.audiences.is_empty() {
            audiences.push(environment.base.clone());
        }
        audiences.push(audience(surroundings));
        let seconds = oidc.expiration_seconds.max(SHORTEST);
        Ok(Self {
            http: http.clone(),
            url: below(&environment.url()?, &["v3", "auth", "oidc"]),
            calls: surroundings.calls.clone(),
            references: references.clone(),
            account: account.clone(),
            audiences,
            lifetime: Duration::from_secs(seconds.unsigned_abs()),
            id: oidc.identity.clone(),
            current: Perishable::new(None),
        })
    }

    async fn fresh(&self) -> Result<Fresh<SecretBytes>, Problem> {
        let audiences: Vec<_> = self.audiences.iter().map(String::as_str).collect();
        let field = format!("{FIELD}.auth.oidcConfig.serviceAccountRef");
        let token = self
            .references
            .service_account_token(&self.account, &audiences, self.lifetime, &field)
            .await?;
        let request = self.http.client().request(Method::POST, self.url.clone());
        let request = request.header(CONTENT_TYPE, "application/json");
        let request = request.body(self.question(&token).expose().to_vec());
        let answer = self.http.send(request, WHAT).await;
        let is_good = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
        self.calls.tell(PROVIDER, "LogIn", is_good);
        granted(&answer?)
    }

    fn question(&self, token: &SecretBytes) -> SecretBytes {
        let body = Object::from([
            ("identity".into(), Value::Text(self.id.as_str().into())),
            (
                "token".into(),
                Value::Text(String::from_utf8_lossy(token.expose())),
            ),
        ]);
        encode(&Value::Object(body), Html::Plain).into()
    }
}

/// What binds a token to this very store, so that it is of no use to another.
fn audience(surroundings: &Surroundings) -> String {
    let name = &surroundings.owner.name;
    match surroundings.references.scope() {
        StoreScope::Namespaced { namespace } | StoreScope::Generator { namespace, .. } => {
            format!("secretStore:{namespace}:{name}")
        }
        StoreScope::Cluster { .. } => format!("clusterSecretStore:{name}"),
    }
}

/// Credentials of whoever uses the store are not for this provider, as in ESO.
fn check_namespace(references: &References, is_given: bool, field: &str) -> Result<(), Problem> {
    match references.scope() {
        StoreScope::Cluster { .. } if !is_given => Err(invalid(
            &format!("{field}.namespace"),
            "cluster scope requires namespace",
        )),
        StoreScope::Cluster { .. } | StoreScope::Namespaced { .. } | StoreScope::Generator { .. } => Ok(()),
    }
}

fn granted(answer: &Answer) -> Result<Fresh<SecretBytes>, Problem> {
    if !answer.status.is_success() {
        return Err(refused_login(
            answer,
            WHAT,
            "auth.oidcConfig.identity, and whom it trusts",
        ));
    }
    let unusable = |why: &str| Problem::BadAnswer {
        what: WHAT.to_owned(),
        why: why.to_owned(),
    };
    let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
    let members = members.map_err(|_| unusable("it holds no token"))?;
    let text = |name: &str| match members.get(name) {
        Some(Value::Text(text)) if !text.is_empty() => Some(text.as_ref()),
        _ => None,
    };
    let token = text("token").ok_or_else(|| unusable("it holds no token"))?;
    let ends = text("expires_at").and_then(|time| time.parse::<Timestamp>().ok());
    let ends = ends.ok_or_else(|| unusable("it does not say when the token ends"))?;
    let life = Duration::try_from(ends.duration_since(Timestamp::now())).unwrap_or_default();
    Ok(Fresh::living(token.into(), life))
}

fn invalid(part: &str, why: &str) -> Problem {
    Problem::InvalidSpec {
        field: format!("{FIELD}.{part}"),
        why: why.to_owned(),
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
