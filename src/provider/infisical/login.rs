//! Who asks. What is shown at a login is found out when the connection is made, but for tokens that end: those are read
//! whenever somebody logs in.

use std::fmt;
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{InfisicalAuth, InfisicalKubernetesAuth, InfisicalProvider};
use lockstep_gostd::json::{Html, Number, Numbers, Object, Value, encode};
use tokio::io::AsyncReadExt as _;
use url::Url;

use super::FIELD;
use super::api::PROVIDER;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, Http, below, explained};
use crate::provider::perishable::{Fresh, Perishable};
use crate::provider::{Calls, References, StoreScope};

const WHAT: &str = "login at Infisical";
/// Of a token that does not say how long it lives.
const UNKNOWN: Duration = Duration::from_hours(1);
/// Where the operator's own pod has the token of its ServiceAccount.
const OWN_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/// No token is larger.
const LARGEST_TOKEN: u64 = 64 << 10;

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

/// How to log in: what the API calls it, ESO's metric counts it as, and what is shown.
struct Ritual {
    path: &'static str,
    call: &'static str,
    shown: Vec<(&'static str, Shown)>,
}

enum Shown {
    Text(SecretBytes),
    /// What is in a file whenever it is asked for.
    File {
        path: String,
        field: String,
    },
}

impl Login {
    pub(super) async fn new(
        spec: &InfisicalProvider,
        url: &Url,
        references: &References,
    ) -> Result<Self, Problem> {
        let find = Finder { references };
        if let Some(auth) = given_token(&spec.auth) {
            let token = find.value(auth, "tokenAuthCredentials.accessToken").await?;
            return Ok(Self::Given(token));
        }
        let organization = spec.secrets_scope.organization_slug.clone();
        Ok(Self::Own(Box::new(Own {
            method: find.method(&spec.auth, url).await?,
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
        let mut shown = Vec::new();
        for (name, value) in &self.method.shown {
            let value = match value {
                Shown::Text(value) => value.clone(),
                Shown::File { path, field } => token_in(path, field).await?,
            };
            shown.push((*name, value));
        }
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

struct Finder<'f> {
    references: &'f References,
}

impl Finder<'_> {
    /// In ESO's order, where several are given.
    async fn method(&self, auth: &InfisicalAuth, url: &Url) -> Result<Ritual, Problem> {
        if let Some(auth) = &auth.universal {
            let parts = [
                ("clientId", "clientId", &auth.client_id),
                ("clientSecret", "clientSecret", &auth.client_secret),
            ];
            let call = "MachineIdentityLoginViaUniversalAuth";
            return self
                .texts("universalAuthCredentials", ("universal-auth", call), &parts)
                .await;
        }
        for (is_given, name) in [
            (auth.azure.is_some(), "azureAuthCredentials"),
            (auth.gcp_id_token.is_some(), "gcpIdTokenAuthCredentials"),
            (auth.gcp_iam.is_some(), "gcpIamAuthCredentials"),
        ] {
            unsupported(is_given, name)?;
        }
        if let Some(auth) = &auth.jwt {
            let parts = [
                ("identityId", "identityId", &auth.identity_id),
                ("jwt", "jwt", &auth.jwt),
            ];
            let call = "MachineIdentityLoginViaJwtAuth";
            return self.texts("jwtAuthCredentials", ("jwt-auth", call), &parts).await;
        }
        if let Some(auth) = &auth.ldap {
            let parts = [
                ("identityId", "identityId", &auth.identity_id),
                ("username", "ldapUsername", &auth.ldap_username),
                ("password", "ldapPassword", &auth.ldap_password),
            ];
            let call = "MachineIdentityLoginViaLdapAuth";
            return self
                .texts("ldapAuthCredentials", ("ldap-auth", call), &parts)
                .await;
        }
        unsupported(auth.oci.is_some(), "ociAuthCredentials")?;
        if let Some(auth) = &auth.kubernetes {
            return self.kubernetes(auth, url).await;
        }
        unsupported(auth.aws.is_some(), "awsAuthCredentials")?;
        Err(invalid("auth", "authentication method not found"))
    }

    async fn texts(
        &self,
        field: &str,
        (path, call): (&'static str, &'static str),
        parts: &[(&'static str, &str, &SecretKeySelector)],
    ) -> Result<Ritual, Problem> {
        let mut shown = Vec::new();
        for (name, part, selector) in parts {
            let value = self.value(selector, &format!("{field}.{part}")).await?;
            shown.push((*name, Shown::Text(value)));
        }
        Ok(Ritual { path, call, shown })
    }

    /// The token is that of lockstep's own pod, so it goes only where those say who write for the whole cluster, or to
    /// Infisical itself.
    async fn kubernetes(&self, auth: &InfisicalKubernetesAuth, url: &Url) -> Result<Ritual, Problem> {
        let name = "kubernetesAuthCredentials";
        let path = match &auth.service_account_token_path {
            Some(selector) if selector.name.is_some() => {
                let path = self
                    .value(selector, &format!("{name}.serviceAccountTokenPath"))
                    .await?;
                Some(String::from_utf8_lossy(path.expose()).into_owned())
            }
            _ => None,
        };
        let is_for_all = matches!(self.references.scope(), StoreScope::Cluster { .. });
        if !is_for_all && (path.is_some() || !is_infisical_s_own(url)) {
            return Err(invalid(
                &format!("auth.{name}"),
                "shows the token of lockstep itself, which a SecretStore may send to https://app.infisical.com and its \
                 like only, and from no path of its own; a ClusterSecretStore may name another",
            ));
        }
        let id = self
            .value(&auth.identity_id, &format!("{name}.identityId"))
            .await?;
        let token = Shown::File {
            path: path.unwrap_or_else(|| OWN_TOKEN.to_owned()),
            field: format!("{FIELD}.auth.{name}"),
        };
        Ok(Ritual {
            path: "kubernetes-auth",
            call: "MachineIdentityLoginViaKubernetesAuth",
            shown: vec![("identityId", Shown::Text(id)), ("jwt", token)],
        })
    }

    /// White space around an id or a token is nobody's intention.
    async fn value(&self, selector: &SecretKeySelector, part: &str) -> Result<SecretBytes, Problem> {
        let field = format!("{FIELD}.auth.{part}");
        let value = self.references.secret_key(selector, &field).await?;
        if std::str::from_utf8(value.expose()).is_err() {
            let why = "is not text".to_owned();
            return Err(Problem::ReferenceInvalid { field, why });
        }
        Ok(value.expose().trim_ascii().into())
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

fn unsupported(is_given: bool, name: &str) -> Result<(), Problem> {
    if is_given {
        let why = "is not supported by this version of lockstep; use universalAuthCredentials, \
                   kubernetesAuthCredentials, jwtAuthCredentials, ldapAuthCredentials or tokenAuthCredentials";
        return Err(invalid(&format!("auth.{name}"), why));
    }
    Ok(())
}

fn is_infisical_s_own(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" && (host == "infisical.com" || host.ends_with(".infisical.com"))
}

/// Nothing but a token leaves the machine by this way.
async fn token_in(path: &str, field: &str) -> Result<SecretBytes, Problem> {
    let unusable = |why: &str| Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    };
    let mut file = Vec::new();
    let read = async {
        let opened = tokio::fs::File::open(path).await?;
        // Some files have no end.
        opened.take(LARGEST_TOKEN + 1).read_to_end(&mut file).await
    };
    let read = read.await.map(|_| SecretBytes::from(file));
    let file = read.map_err(|_| unusable("there is no file with a token of a ServiceAccount at its path"))?;
    let token = file.expose().trim_ascii();
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let parts = token.split(|byte| *byte == b'.').count();
    if parts != 3 || file.len() as u64 > LARGEST_TOKEN || !token.iter().all(is_sign) {
        return Err(unusable(
            "the file at its path holds no token of a ServiceAccount",
        ));
    }
    Ok(token.into())
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
        return Err(refusal(answer));
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

/// Whatever Infisical finds wrong with what we show, it does not let us in.
fn refusal(answer: &Answer) -> Problem {
    let status = answer.status.as_u16();
    let (what, why) = (WHAT.to_owned(), format!("HTTP {status}"));
    match status {
        400..=404 | 422 => Problem::Refused {
            what,
            why: format!("{why}; check {FIELD}.auth, and the identity at Infisical"),
        },
        _ => explained(answer.status, &answer.headers, what, why),
    }
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
