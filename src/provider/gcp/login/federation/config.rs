//! The configuration of an external account, as `gcloud iam workload-identity-pools create-cred-config` writes it, and
//! what of it is allowed.
//!
//! Whoever may write a `ConfigMap` writes it. It could have files of our own pod, and what only we can reach, shown to
//! any address: so no program is run, nothing is shown to anybody but Google, and an address that a token comes from
//! has to stand in the store too.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_api::provider::GcpWorkloadIdentityFederation;
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::{Host, Url};

use super::aws::{self, Aws, Place};
use super::subject::{Format, Subject};
use super::{Account, External, Identity, LIFETIME, named};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::gcp::name::is_location;
use crate::provider::google::{Environment, Services, UNIVERSE, exchange, is_account};
use crate::provider::{References, StoreScope};

const KIND: &str = "external_account";
/// Google gives tokens of accounts for so long, in seconds.
const LIFETIMES: std::ops::RangeInclusive<u64> = 600..=43_200;
const IAM: &str = "iamcredentials";

/// Who says all this.
#[derive(Clone, Copy)]
pub(in crate::provider::gcp::login) enum Origin<'o> {
    /// Whoever runs us: it stands in our own environment.
    Own,
    /// Whoever writes the store or generator, and the ConfigMap that it names.
    Object {
        spec: &'o GcpWorkloadIdentityFederation,
        references: &'o References,
    },
}

pub(in crate::provider::gcp::login) struct Config {
    document: Document,
    field: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    audience: String,
    subject_token_type: String,
    token_url: String,
    service_account_impersonation_url: String,
    service_account_impersonation: Impersonation,
    client_id: String,
    client_secret: String,
    workforce_pool_user_project: String,
    universe_domain: String,
    credential_source: Option<Source>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Impersonation {
    token_lifetime_seconds: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    file: String,
    url: String,
    headers: BTreeMap<String, String>,
    executable: Option<IgnoredAny>,
    certificate: Option<IgnoredAny>,
    environment_id: String,
    region_url: String,
    regional_cred_verification_url: String,
    imdsv2_session_token_url: String,
    format: Format,
}

impl Config {
    pub(in crate::provider::gcp::login) fn read(json: &SecretBytes, field: &str) -> Result<Self, Problem> {
        let document: Result<Document, _> = serde_json::from_slice(json.expose());
        let config = Self {
            document: document.map_err(|_| invalid(field, "is no JSON of an external account"))?,
            field: field.to_owned(),
        };
        if config.document.kind == KIND {
            return Ok(config);
        }
        Err(config.invalid("`type` must be external_account"))
    }

    pub(in crate::provider::gcp::login) fn identity(
        self,
        origin: Origin<'_>,
        environment: &Environment,
        services: Services,
    ) -> Result<Identity, Problem> {
        let universe = self.universe(origin)?;
        let sts = self.sts(&universe)?;
        let (audience, account) = match origin {
            Origin::Own => (None, Account::None),
            Origin::Object { spec, .. } => (spec.audience.as_deref(), named(spec)),
        };
        let account = match account {
            Account::None => self.account(&universe)?,
            named => named,
        };
        let audience = audience.filter(|audience| !audience.is_empty());
        let audience = audience.unwrap_or(&self.document.audience).to_owned();
        if audience.is_empty() {
            return Err(self.invalid("audience is empty"));
        }
        let source = self.document.credential_source.as_ref();
        let source = source.ok_or_else(|| self.invalid("credential_source is missing"))?;
        let subject = self.subject(source, origin, environment)?;
        let default = match subject {
            Subject::Aws(_) => aws::KIND,
            Subject::Account { .. } | Subject::File { .. } | Subject::Url { .. } => exchange::JWT,
        };
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let document = &self.document;
        let kind = given(&document.subject_token_type).unwrap_or_else(|| default.to_owned());
        let client = given(&document.client_id);
        Ok(Identity::External(Box::new(External {
            what: format!("{}: exchanging a token", self.field),
            services: services.in_universe(&universe),
            sts,
            audience,
            kind,
            subject,
            client: client.map(|id| (id, document.client_secret.as_str().into())),
            user_project: given(&document.workforce_pool_user_project),
            account,
        })))
    }

    /// Only those who write for the whole cluster may say that Google is somewhere else.
    fn universe(&self, origin: Origin<'_>) -> Result<String, Problem> {
        let universe = self.document.universe_domain.to_ascii_lowercase();
        if universe.is_empty() || universe == UNIVERSE {
            return Ok(UNIVERSE.to_owned());
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if !universe.bytes().all(is_plain) {
            return Err(self.invalid("universe_domain is no domain"));
        }
        match origin {
            Origin::Own => Ok(universe),
            Origin::Object { references, .. } if is_for_all(references) => Ok(universe),
            Origin::Object { .. } => Err(self.invalid(
                "universe_domain must be googleapis.com; only a ClusterSecretStore may name another",
            )),
        }
    }

    /// The service that exchanges tokens.
    fn sts(&self, universe: &str) -> Result<String, Problem> {
        let url = &self.document.token_url;
        if url.is_empty() {
            return Ok("sts".to_owned());
        }
        let found = service(url, "sts", Some(universe)).filter(|(_, url)| url.path() == "/v1/token");
        let found = found
            .ok_or_else(|| self.invalid(&format!("token_url must be https://sts.{universe}/v1/token")))?;
        Ok(found.0)
    }

    fn account(&self, universe: &str) -> Result<Account, Problem> {
        let url = &self.document.service_account_impersonation_url;
        if url.is_empty() {
            return Ok(Account::None);
        }
        let email = impersonated(url, Some(universe)).ok_or_else(|| {
            self.invalid(&format!(
                "service_account_impersonation_url must be \
                 https://{IAM}.{universe}/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken"
            ))
        })?;
        let seconds = self.document.service_account_impersonation.token_lifetime_seconds;
        let lifetime = match seconds {
            0 => LIFETIME,
            seconds if LIFETIMES.contains(&seconds) => Duration::from_secs(seconds),
            _ => return Err(self.invalid("token_lifetime_seconds must be between 600 and 43200")),
        };
        Ok(Account::Named { email, lifetime })
    }

    fn subject(
        &self,
        source: &Source,
        origin: Origin<'_>,
        environment: &Environment,
    ) -> Result<Subject, Problem> {
        if source.executable.is_some() {
            return Err(self.invalid("credential_source.executable.command is not allowed"));
        }
        if source.certificate.is_some() {
            return Err(self.invalid("credential_source.certificate is not supported"));
        }
        if let Origin::Object { spec, .. } = origin
            && source.environment_id.is_empty()
            && source.url != spec.external_token_endpoint.as_deref().unwrap_or_default()
        {
            return Err(
                self.invalid("credential_source.url does not match the store's externalTokenEndpoint")
            );
        }
        // A file of our own pod, or what our own machine is to AWS, says who we are.
        if let Origin::Object { references, .. } = origin
            && !(source.environment_id.is_empty() && source.file.is_empty())
        {
            let instead = "take awsSecurityCredentials or serviceAccountRef in place of credConfig";
            references.check_own_identity(&self.field, instead)?;
        }
        if !source.environment_id.is_empty() {
            return self.aws(source, environment).map(Subject::Aws);
        }
        match (source.file.as_str(), source.url.as_str()) {
            ("", "") => Err(self.invalid(
                "one of credential_source.file, credential_source.url and credential_source.environment_id must be set",
            )),
            (path, "") => Ok(Subject::File {
                path: path.into(),
                format: source.format.clone(),
                field: self.field.clone(),
            }),
            (_, url) => Ok(Subject::Url {
                http: environment.http(&self.field)?,
                url: self.address(url, origin)?.into(),
                headers: source.headers.clone(),
                format: source.format.clone(),
                field: self.field.clone(),
            }),
        }
    }

    /// It is called as webhooks are, and so held against the same hosts.
    fn address(&self, url: &str, origin: Origin<'_>) -> Result<Url, Problem> {
        let url = Url::parse(url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| self.invalid("credential_source.url must be an http or https URL"))?;
        match origin {
            Origin::Object { references, .. } if !references.rules().webhook_hosts.allow(&url) => Err(self
                .invalid(
                    "credential_source.url names a host that lockstep may not talk to (--webhook-allowed-hosts)",
                )),
            Origin::Object { .. } | Origin::Own => Ok(url),
        }
    }

    fn aws(&self, source: &Source, environment: &Environment) -> Result<Aws, Problem> {
        if source.environment_id != "aws1" {
            return Err(self.invalid("credential_source.environment_id must be aws1"));
        }
        if !aws::is_verification(&source.regional_cred_verification_url) {
            return Err(
                self.invalid("credential_source.regional_cred_verification_url must be that of AWS STS")
            );
        }
        for (member, url, path) in [
            ("url", &source.url, aws::CREDENTIALS),
            ("region_url", &source.region_url, aws::ZONE),
            (
                "imdsv2_session_token_url",
                &source.imdsv2_session_token_url,
                aws::SESSION,
            ),
        ] {
            let is_left_out = url.is_empty() && path == aws::SESSION;
            if !is_left_out && !aws::is_metadata(url, path) {
                return Err(self.invalid(&format!(
                    "credential_source.{member} must be http://169.254.169.254{path}"
                )));
            }
        }
        let place = Place::Metadata {
            has_sessions: !source.imdsv2_session_token_url.is_empty(),
        };
        Aws::new(environment, place, None, &self.field)
    }

    fn invalid(&self, why: &str) -> Problem {
        invalid(&self.field, &format!("invalid external_account config: {why}"))
    }
}

fn is_for_all(references: &References) -> bool {
    matches!(references.scope(), StoreScope::Cluster { .. })
}

/// The account that a URL of IAM's is about.
pub(in crate::provider::gcp::login) fn impersonated(url: &str, universe: Option<&str>) -> Option<String> {
    let (_, url) = service(url, IAM, universe)?;
    let path: Vec<_> = url.path_segments()?.collect();
    let ["v1", "projects", _, "serviceAccounts", account] = path.as_slice() else {
        return None;
    };
    let email = account.strip_suffix(":generateAccessToken")?;
    is_account(email).then(|| email.to_owned())
}

/// The name that a service of Google's has below the universe, where the URL leads to it and to nobody else.
fn service(url: &str, name: &str, universe: Option<&str>) -> Option<(String, Url)> {
    let url = Url::parse(url).ok()?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.port().is_none();
    let Some(Host::Domain(host)) = url.host() else {
        return None;
    };
    let found = match universe {
        Some(universe) => host.strip_suffix(universe)?.strip_suffix('.')?.to_owned(),
        None => name.to_owned(),
    };
    // Some services are in regions as well: `sts.europe-west1.rep`.
    let region = found
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".rep"));
    let is_regional = universe == Some(UNIVERSE) && region.is_some_and(is_location);
    let is_service = found == name || is_regional;
    (url.scheme() == "https" && is_bare && is_service).then_some((found, url))
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}
