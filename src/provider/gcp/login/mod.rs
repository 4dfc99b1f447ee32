//! Tokens of Google: who asks for them, and the one that is in use.
//!
//! A connection has one token, which all its calls share and which is made anew ahead of its end, by one at a time.

mod federation;
mod key;
mod own;

use std::fmt;
use std::time::Duration;

use lockstep_api::provider::{GcpAuth, GcpSecretRef, GcpWorkloadIdentity};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::google::{AccountKey, Environment, Metadata, Services, Workload};
use crate::provider::granted::Granted;
use crate::provider::perishable::{Fresh, Perishable};
use federation::External;
use key::Key;
use own::Person;

/// Of a token of an account that somebody else acts as; Google gives no longer one without being told to.
const LIFETIME: Duration = Duration::from_hours(1);

/// What an identity is found with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder<'f> {
    pub(crate) references: &'f References,
    pub(crate) environment: &'f Environment,
    /// Where `auth` stands in the object, for messages.
    pub(crate) field: &'f str,
}

/// Who asks for tokens.
pub(crate) enum Identity {
    /// An account of Google Cloud, by its key.
    Key(Box<Key>),
    /// A ServiceAccount of a GKE cluster.
    Workload(Box<Workload>, Services),
    /// Somebody whom Google does not know itself.
    External(Box<External>),
    /// Whoever logged in with `gcloud`.
    Person(Box<Person>),
    /// The machine or pod that we run on.
    Machine(Metadata),
    /// An account of Google Cloud, by whoever may act as it.
    Account {
        source: Box<Self>,
        services: Services,
        email: String,
        lifetime: Duration,
    },
}

impl Finder<'_> {
    /// In ESO's order. Google is not asked yet.
    pub(crate) async fn identity(&self, auth: &GcpAuth) -> Result<Identity, Problem> {
        if let Some(secret) = &auth.secret_ref {
            self.key(secret).await
        } else if let Some(workload) = &auth.workload_identity {
            self.workload(workload).await
        } else if let Some(federation) = &auth.workload_identity_federation {
            self.federation(federation).await
        } else {
            self.own().await
        }
    }

    async fn key(&self, secret: &GcpSecretRef) -> Result<Identity, Problem> {
        let field = format!("{}.secretRef.secretAccessKeySecretRef", self.field);
        let selector = secret.service_account_key.clone().unwrap_or_default();
        let json = self.references.secret_key(&selector, &field).await?;
        let services = Services::of(self.environment, &field)?;
        let key = AccountKey::read(&json, &field)?;
        Key::new(key, services).map(|key| Identity::Key(Box::new(key)))
    }

    /// An account that is not there, or is annotated wrongly, is found out at once.
    async fn workload(&self, identity: &GcpWorkloadIdentity) -> Result<Identity, Problem> {
        let field = format!("{}.workloadIdentity", self.field);
        let workload = Workload {
            identity: identity.clone(),
            references: self.references.clone(),
            environment: self.environment.clone(),
            field,
        };
        workload.account().await?;
        let services = Services::of(self.environment, &workload.field)?;
        Ok(Identity::Workload(Box::new(workload), services))
    }
}

impl Identity {
    /// The project that the identity itself is of, where that is known without asking.
    pub(super) fn project(&self) -> Option<&str> {
        match self {
            Self::Key(key) => key.project(),
            Self::Workload(workload, _) => workload.identity.cluster_project_id.as_deref(),
            Self::External(_) | Self::Person(_) | Self::Machine(_) | Self::Account { .. } => None,
        }
    }

    /// Where its Google is, if that is not where everybody's is.
    pub(super) fn universe(&self) -> Option<&str> {
        match self {
            Self::External(external) => Some(external.universe()),
            Self::Key(_) | Self::Workload(..) | Self::Person(_) | Self::Machine(_) | Self::Account { .. } => {
                None
            }
        }
    }

    pub(crate) async fn log_in(&self) -> Result<Granted, Problem> {
        match self {
            Self::Key(key) => key.log_in().await,
            Self::Workload(workload, services) => {
                let token = workload.token(services).await?;
                match workload.account().await? {
                    Some(email) => services.act_as(&email, &token.token, LIFETIME).await,
                    None => Ok(token),
                }
            }
            Self::External(external) => external.log_in().await,
            Self::Person(person) => person.log_in().await,
            Self::Machine(metadata) => metadata.token().await,
            Self::Account {
                source,
                services,
                email,
                lifetime,
            } => {
                let token = Box::pin(source.log_in()).await?;
                services.act_as(email, &token.token, *lifetime).await
            }
        }
    }
}

/// Somebody who is logged in, or will be.
pub(super) struct Login {
    identity: Identity,
    current: Perishable<SecretBytes>,
}

impl Login {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            current: Perishable::new(None),
        }
    }

    /// The token to use now.
    pub(super) async fn token(&self) -> Result<SecretBytes, Problem> {
        self.current.current(self.fresh()).await
    }

    /// Another token than the one that was refused, unless it is too new for another one to be any better.
    pub(super) async fn other_than(&self, refused: &SecretBytes) -> Result<Option<SecretBytes>, Problem> {
        self.current.instead_of(refused, self.fresh()).await
    }

    /// How long ago we logged in.
    pub(super) fn age(&self) -> Option<Duration> {
        self.current.age()
    }

    async fn fresh(&self) -> Result<Fresh<SecretBytes>, Problem> {
        self.identity.log_in().await.map(Granted::into_fresh)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
