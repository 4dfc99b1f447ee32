//! Workload identity federation: somebody whom Google does not know itself shows a token of whoever does, and Google
//! takes that for one of its own.

mod aws;
mod config;
mod subject;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use lockstep_api::provider::{GcpAwsCredentials, GcpWorkloadIdentityFederation};
use lockstep_api::{SecretKeySelector, ServiceAccountSelector};
use serde_json::json;

use super::{Finder, Identity, LIFETIME};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::google::{SCOPE, Services, annotated, exchange};
use crate::provider::granted::Granted;
use crate::provider::http::secret_header;
use aws::{Aws, Keys, Place};
use subject::Subject;

pub(super) use config::{Config, Origin, impersonated};

/// Somebody from elsewhere.
pub(crate) struct External {
    services: Services,
    /// Of the service that exchanges tokens, which is there once for all and for some regions.
    sts: String,
    audience: String,
    kind: String,
    subject: Subject,
    client: Option<(String, SecretBytes)>,
    user_project: Option<String>,
    account: Account,
    what: String,
}

/// Which account of Google Cloud it acts as.
enum Account {
    None,
    Named {
        email: String,
        lifetime: Duration,
    },
    /// The one that is annotated on the ServiceAccount.
    Annotated {
        of: ServiceAccountSelector,
        references: References,
        field: String,
    },
}

impl Finder<'_> {
    pub(super) async fn federation(&self, spec: &GcpWorkloadIdentityFederation) -> Result<Identity, Problem> {
        let field = format!("{}.workloadIdentityFederation", self.field);
        let services = Services::of(self.environment, &field)?;
        match (
            &spec.cred_config,
            &spec.service_account_ref,
            &spec.aws_security_credentials,
        ) {
            (Some(map), None, None) => {
                let place = format!("{field}.credConfig");
                let json = self
                    .references
                    .config_map_key(&map.name, map.namespace.as_ref(), map.key.as_str(), &place)
                    .await?;
                let origin = Origin::Object {
                    spec,
                    references: self.references,
                };
                Config::read(&json, &place)?.identity(origin, self.environment, services)
            }
            (None, Some(account), None) => self.by_account(spec, account, services).await,
            (None, None, Some(credentials)) => self.by_aws(spec, credentials, services).await,
            _ => Err(self.invalid(
                "",
                "exactly one of credConfig, awsSecurityCredentials or serviceAccountRef must be provided",
            )),
        }
    }

    async fn by_account(
        &self,
        spec: &GcpWorkloadIdentityFederation,
        account: &ServiceAccountSelector,
        services: Services,
    ) -> Result<Identity, Problem> {
        let field = format!("{}.serviceAccountRef", services.field());
        let acts_as = match named(spec) {
            Account::None => {
                annotated(self.references, account, &field).await?;
                Account::Annotated {
                    of: account.clone(),
                    references: self.references.clone(),
                    field: field.clone(),
                }
            }
            named => named,
        };
        let subject = Subject::Account {
            account: account.clone(),
            references: self.references.clone(),
            field,
        };
        self.external(spec, services, exchange::JWT, subject, acts_as)
    }

    async fn by_aws(
        &self,
        spec: &GcpWorkloadIdentityFederation,
        credentials: &GcpAwsCredentials,
        services: Services,
    ) -> Result<Identity, Problem> {
        let field = format!(
            "{}.awsSecurityCredentials.awsCredentialsSecretRef",
            services.field()
        );
        let selector = SecretKeySelector {
            name: Some(credentials.aws_credentials_secret_ref.name.clone()),
            namespace: credentials.aws_credentials_secret_ref.namespace.clone(),
            key: None,
        };
        let keys = Keys::read(self.references, &selector, &field).await?;
        let place = Place::Known(credentials.region.as_str().to_owned());
        let subject = Subject::Aws(Aws::new(self.environment, place, Some(keys), &field)?);
        self.external(spec, services, aws::KIND, subject, named(spec))
    }

    fn external(
        &self,
        spec: &GcpWorkloadIdentityFederation,
        services: Services,
        kind: &str,
        subject: Subject,
        account: Account,
    ) -> Result<Identity, Problem> {
        let audience = spec.audience.as_deref().filter(|audience| !audience.is_empty());
        let audience = audience.ok_or_else(|| {
            let why =
                "audience must be provided, when serviceAccountRef or awsSecurityCredentials is provided";
            self.invalid(".audience", why)
        })?;
        Ok(Identity::External(Box::new(External {
            what: format!("{}: exchanging a token", services.field()),
            sts: "sts".to_owned(),
            services,
            audience: audience.to_owned(),
            kind: kind.to_owned(),
            subject,
            client: None,
            user_project: None,
            account,
        })))
    }

    fn invalid(&self, part: &str, why: &str) -> Problem {
        Problem::InvalidSpec {
            field: format!("{}.workloadIdentityFederation{part}", self.field),
            why: why.to_owned(),
        }
    }
}

fn named(spec: &GcpWorkloadIdentityFederation) -> Account {
    match &spec.gcp_service_account_email {
        Some(email) => Account::Named {
            email: email.as_str().to_owned(),
            lifetime: LIFETIME,
        },
        None => Account::None,
    }
}

impl External {
    pub(super) fn universe(&self) -> &str {
        self.services.universe()
    }

    pub(super) async fn log_in(&self) -> Result<Granted, Problem> {
        let granted = self.exchange().await?;
        let (email, lifetime) = match &self.account {
            Account::None => return Ok(granted),
            Account::Named { email, lifetime } => (email.clone(), *lifetime),
            Account::Annotated {
                of,
                references,
                field,
            } => match annotated(references, of, field).await? {
                Some(email) => (email, LIFETIME),
                None => return Ok(granted),
            },
        };
        self.services.act_as(&email, &granted.token, lifetime).await
    }

    async fn exchange(&self) -> Result<Granted, Problem> {
        let subject = self.subject.token(&self.audience).await?;
        let subject = std::str::from_utf8(subject.expose())
            .map(str::trim)
            .unwrap_or_default();
        if subject.is_empty() {
            let why = format!("{}: the token to show is empty, or no text", self.what);
            return Err(Problem::BadData { why });
        }
        let options = match (&self.user_project, &self.client) {
            (Some(project), None) => Some(json!({ "userProject": project }).to_string()),
            (_, Some(_)) | (None, None) => None,
        };
        let mut form = vec![
            ("grant_type", exchange::GRANT),
            ("audience", &self.audience),
            ("scope", SCOPE),
            ("requested_token_type", exchange::ACCESS_TOKEN),
            ("subject_token_type", &self.kind),
            ("subject_token", subject),
        ];
        form.extend(options.as_deref().map(|options| ("options", options)));
        let client = self.client.as_ref().map(|(id, secret)| basic(id, secret));
        let url = self.services.url(&self.sts, &["v1", "token"])?;
        let body = self.services.post(url, &form, client, &self.what).await?;
        Granted::read(&body, &self.what)
    }
}

fn basic(id: &str, secret: &SecretBytes) -> HeaderValue {
    let shown = STANDARD.encode([id.as_bytes(), b":", secret.expose()].concat());
    secret_header("Basic ", shown.as_bytes()).expect("base64 is a legal header")
}
