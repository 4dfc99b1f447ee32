//! Who we are to AWS: credentials from one source, made anew ahead of their end, by one at a time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use jiff::Timestamp;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{AwsAuth, AwsSecretRef};
use tokio::time::Instant;

use super::http;
use super::roles::AssumedRole;
use super::web_identity::WebIdentity;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::perishable::{Fresh, Perishable};

/// What names us in the sessions that AWS opens for us; that of ESO, for policies may ask for it.
pub(super) const SESSION_NAME: &str = "external-secrets-provider-aws";

/// What does not say when it ends is looked at again after this.
const UNKNOWN: Duration = Duration::from_hours(1);
/// Those that say that they live longer are looked at again after this.
const LONGEST: Duration = Duration::from_hours(36);
/// Credentials are not used in their last seconds, for clocks differ.
const MARGIN: Duration = Duration::from_mins(1);

/// Shared by all clients of a connection.
#[derive(Clone, Debug)]
pub(super) struct Login(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    current: Perishable<Credentials>,
}

#[derive(Debug)]
pub(super) enum Source {
    /// An access key that stands in a Secret.
    Given(Credentials),
    ServiceAccount(WebIdentity),
    /// What the SDK finds by itself: environment, profile, files, the machine's metadata.
    Environment(SharedCredentialsProvider),
    Role(AssumedRole),
}

impl Source {
    /// `jwt` wins over `secretRef`, as in ESO; without either, the SDK's own chain decides.
    pub(super) async fn of(
        auth: &AwsAuth,
        config: &SdkConfig,
        sts: aws_sdk_sts::Client,
        references: &References,
        field: &str,
    ) -> Result<Self, Problem> {
        if let Some(jwt) = &auth.jwt {
            let field = format!("{field}.jwt.serviceAccountRef");
            let account = jwt.service_account_ref.as_ref();
            let account = account.ok_or_else(|| must_be_set(&field))?;
            let identity = WebIdentity::new(account.clone(), references.clone(), sts, field).await?;
            return Ok(Self::ServiceAccount(identity));
        }
        if let Some(keys) = &auth.secret_ref {
            let field = format!("{field}.secretRef");
            return given(keys, references, &field).await.map(Self::Given);
        }
        references.check_own_identity(field, "name jwt or secretRef")?;
        Ok(Self::Environment(environment(config.region().cloned()).await))
    }

    async fn fetch(&self) -> Result<Credentials, Problem> {
        match self {
            Self::Given(credentials) => Ok(credentials.clone()),
            Self::ServiceAccount(identity) => identity.assume().await,
            Self::Role(role) => role.assume().await,
            Self::Environment(chain) => chain
                .provide_credentials()
                .await
                .map_err(|error| not_found(&error)),
        }
    }
}

impl Login {
    pub(super) fn new(source: Source) -> Self {
        Self(Arc::new(Inner {
            source,
            current: Perishable::new(None),
        }))
    }

    /// How long ago the credentials were made or found, where they do not simply stand in a Secret.
    pub(super) fn age(&self) -> Option<Duration> {
        match self.0.source {
            Source::Given(_) => None,
            Source::ServiceAccount(_) | Source::Environment(_) | Source::Role(_) => self.0.current.age(),
        }
    }

    pub(super) async fn current(&self) -> Result<Credentials, Problem> {
        // Boxed, for a call of the SDK is large, and there is one in each role.
        Box::pin(self.0.current.current(self.0.fresh())).await
    }
}

impl Inner {
    async fn fresh(&self) -> Result<Fresh<Credentials>, Problem> {
        let value = self.source.fetch().await?;
        let now = Instant::now();
        let life = value.expiry().map_or(UNKNOWN, left_until).min(LONGEST);
        Ok(Fresh {
            value,
            made_at: now,
            renew_at: now + life * 4 / 5,
            ends_at: now + life.saturating_sub(MARGIN),
        })
    }
}

impl ProvideCredentials for Login {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials: provider::Result =
                self.current().await.map_err(CredentialsError::provider_error);
            credentials
        })
    }
}

fn left_until(end: SystemTime) -> Duration {
    let now = SystemTime::from(Timestamp::now());
    end.duration_since(now).unwrap_or_default()
}

async fn environment(region: Option<Region>) -> SharedCredentialsProvider {
    let settings = ProviderConfig::default()
        .with_http_client(http::client())
        .with_region(region.clone());
    let chain = DefaultCredentialsChain::builder()
        .configure(settings)
        .region(region)
        .build();
    SharedCredentialsProvider::new(chain.await)
}

/// What stood in the way inside the SDK is told by its kind alone: its words quote whatever a server said.
fn not_found(error: &CredentialsError) -> Problem {
    let why = match error {
        CredentialsError::CredentialsNotLoaded(_) => "there are none",
        CredentialsError::ProviderTimedOut(_) => "no answer in time",
        CredentialsError::InvalidConfiguration(_) => "the SDK's configuration is not valid",
        _ => "they cannot be had",
    };
    Problem::Unreachable {
        what: "AWS credentials of lockstep's own environment".to_owned(),
        why: why.to_owned(),
    }
}

async fn given(keys: &AwsSecretRef, references: &References, field: &str) -> Result<Credentials, Problem> {
    let id = text(
        keys.access_key_id.as_ref(),
        references,
        field,
        "accessKeyIDSecretRef",
    );
    let secret = text(
        keys.secret_access_key.as_ref(),
        references,
        field,
        "secretAccessKeySecretRef",
    );
    let (id, secret) = (id.await?, secret.await?);
    let token = match &keys.session_token {
        Some(selector) => Some(text(Some(selector), references, field, "sessionTokenSecretRef").await?),
        None => None,
    };
    Ok(Credentials::new(id, secret, token, None, "store"))
}

/// White space around a credential is nobody's intention.
async fn text(
    selector: Option<&SecretKeySelector>,
    references: &References,
    field: &str,
    name: &str,
) -> Result<String, Problem> {
    let field = format!("{field}.{name}");
    let selector = selector.ok_or_else(|| must_be_set(&field))?;
    let value: SecretBytes = references.secret_key(selector, &field).await?;
    let invalid = |why: &str| Problem::ReferenceInvalid {
        field: field.clone(),
        why: why.to_owned(),
    };
    let text = str::from_utf8(value.expose()).map_err(|_| invalid("the value is no text"))?;
    match text.trim() {
        "" => Err(invalid("the value is empty")),
        text if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.to_owned()),
        _ => Err(invalid("the value has characters that no credential of AWS has")),
    }
}

fn must_be_set(field: &str) -> Problem {
    Problem::InvalidSpec {
        field: field.to_owned(),
        why: "must be set".to_owned(),
    }
}
