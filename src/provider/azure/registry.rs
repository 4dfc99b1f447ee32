//! Tokens of Azure's container registries: one of Entra's is exchanged for one of the registry's.

use http::header::CONTENT_TYPE;
use lockstep_api::generator::{ACRAccessTokenSpec, AcrAuth, AcrManagedIdentity};
use lockstep_gostd::json::{Numbers, Value};
use url::Url;
use url::form_urlencoded::Serializer;

use super::cloud::Cloud;
use super::login::{Finder, Identity, Login, Principal, Proof, Workload};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::entra::{Choice, Environment};
use crate::provider::http::{Http, problem};

/// Where the fields of the generator are, for messages.
const FIELD: &str = "spec";

/// A token that may do what the identity may, or with a scope what that says.
pub(crate) async fn token(
    spec: &ACRAccessTokenSpec,
    references: &References,
    environment: &Environment,
) -> Result<SecretBytes, Problem> {
    let cloud = Cloud::of(spec.environment_type);
    let cloud = cloud.ok_or_else(|| invalid("environmentType", "AzureStackCloud has no registries"))?;
    let url = address(&spec.registry)?;
    if is_our_own(&spec.auth) && !cloud.has_registry(&url) {
        let why = "must be one of Azure's own registries where the identity of lockstep itself is used";
        return Err(invalid("registry", why));
    }
    let http = environment.http(FIELD)?;
    let finder = Finder {
        references,
        environment,
        http: &http,
        authority: environment.authority.as_deref().unwrap_or(cloud.authority),
        field: FIELD,
    };
    let login = Login::new(identity(spec, &finder).await?);
    let token = login.token(cloud.manager).await?;
    let registry = Registry {
        http: &http,
        url,
        spec,
    };
    let token = registry.exchange(&token).await?;
    match spec.scope.as_deref().filter(|scope| !scope.is_empty()) {
        Some(scope) => registry.narrow(&token, scope).await,
        None => Ok(token),
    }
}

/// A host, with a port at most: a token goes there.
fn address(registry: &str) -> Result<Url, Problem> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    let url = Url::parse(&format!("https://{registry}/")).ok();
    let url = url.filter(|url| url.has_host() && registry.bytes().all(is_plain));
    url.ok_or_else(|| {
        invalid(
            "registry",
            "must be the host name of a registry, such as example.azurecr.io",
        )
    })
}

/// Whoever writes the generator could have tokens of our own identity sent to any address.
fn is_our_own(auth: &AcrAuth) -> bool {
    let workload = auth.workload_identity.as_ref();
    auth.service_principal.is_none()
        && (auth.managed_identity.is_some()
            || workload.is_some_and(|workload| workload.service_account_ref.is_none()))
}

async fn identity(spec: &ACRAccessTokenSpec, finder: &Finder<'_>) -> Result<Identity, Problem> {
    let auth = &spec.auth;
    if let Some(principal) = &auth.service_principal {
        let (part, secrets) = ("auth.servicePrincipal.secretRef", &principal.secret_ref);
        let incomplete = || invalid(part, "needs clientId and clientSecret");
        let principal = Principal {
            tenant: spec.tenant_id.as_deref().unwrap_or_default(),
            client: secrets.client_id.as_ref().ok_or_else(incomplete)?,
            proof: Proof::Secret(secrets.client_secret.as_ref().ok_or_else(incomplete)?),
            part,
        };
        return finder.principal(principal).await;
    }
    if let Some(identity) = &auth.managed_identity {
        return finder.managed(choice(identity));
    }
    let workload = auth.workload_identity.as_ref();
    let workload = workload.ok_or_else(|| invalid("auth", "names no identity to log in with"))?;
    let account = Workload {
        account: workload.service_account_ref.as_ref(),
        part: "auth.workloadIdentity.serviceAccountRef",
        ..Workload::default()
    };
    finder.workload(account).await
}

fn choice(identity: &AcrManagedIdentity) -> Option<Choice<'_>> {
    let id = identity.identity_id.as_deref().filter(|id| !id.is_empty())?;
    Some(if id.contains('/') {
        Choice::Resource(id)
    } else {
        Choice::Client(id)
    })
}

struct Registry<'r> {
    http: &'r Http,
    url: Url,
    spec: &'r ACRAccessTokenSpec,
}

impl Registry<'_> {
    async fn exchange(&self, token: &SecretBytes) -> Result<SecretBytes, Problem> {
        let tenant = self.spec.tenant_id.as_deref().unwrap_or_default();
        let form = [("grant_type", "access_token"), ("tenant", tenant)];
        self.ask("exchange", &form, ("access_token", token), "refresh_token")
            .await
    }

    async fn narrow(&self, token: &SecretBytes, scope: &str) -> Result<SecretBytes, Problem> {
        let form = [("grant_type", "refresh_token"), ("scope", scope)];
        self.ask("token", &form, ("refresh_token", token), "access_token")
            .await
    }

    async fn ask(
        &self,
        path: &str,
        form: &[(&str, &str)],
        shown: (&str, &SecretBytes),
        wanted: &str,
    ) -> Result<SecretBytes, Problem> {
        let what = format!("{FIELD}.registry: {}", self.spec.registry);
        let mut url = self.url.clone();
        url.set_path(&format!("oauth2/{path}"));
        let body = self.body(form, shown);
        let request = self.http.client().post(url);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.http.send(request.body(body), &what).await?;
        if !answer.status.is_success() {
            return Err(problem(answer.status, &answer.headers, &what));
        }
        let members = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
        match members.ok().as_ref().and_then(|members| members.get(wanted)) {
            Some(Value::Text(token)) if !token.is_empty() => Ok(token.as_ref().into()),
            _ => Err(Problem::BadAnswer {
                what,
                why: "it holds no token".to_owned(),
            }),
        }
    }

    fn body(&self, form: &[(&str, &str)], (name, token): (&str, &SecretBytes)) -> String {
        let mut body = Serializer::new(String::new());
        body.append_pair("service", &self.spec.registry)
            .extend_pairs(form);
        body.append_pair(name, &String::from_utf8_lossy(token.expose()));
        body.finish()
    }
}

fn invalid(part: &str, why: &str) -> Problem {
    Problem::InvalidSpec {
        field: format!("{FIELD}.{part}"),
        why: why.to_owned(),
    }
}
