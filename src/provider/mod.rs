//! Backends: where secrets live.
//!
//! A [`Backend`] is one authenticated connection. It returns what the backend holds, raw; choosing a property out of
//! it is pure. The [`Pool`](pool::Pool) keeps connections for as long as their store lives, and the
//! [`Reader`](reader::Reader) in front of each turns many objects' reads into few calls.
//! One folder a backend; none knows another.

mod amazon;
#[cfg(feature = "aws")]
pub(crate) mod aws;
pub(crate) mod azure;
mod calls;
pub(crate) mod certificates;
mod change;
mod doppler;
pub(crate) mod entra;
mod fake;
mod file;
mod flights;
pub(crate) mod gcp;
mod github;
mod gitlab;
mod google;
pub(crate) mod granted;
mod hosts;
pub(crate) mod http;
mod infisical;
mod json;
mod keepsake;
mod kubernetes;
mod mark;
mod news;
mod onepassword;
mod own_identity;
#[cfg(test)]
mod own_identity_tests;
mod perishable;
pub mod pool;
mod push_metadata;
pub mod reader;
pub mod references;
mod rest;
mod scope;
pub(crate) mod signer;
mod sigv4;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod vault;
pub(crate) mod webhook;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::RetrySettings;
use lockstep_api::provider::{AwsService, Provider};
use tokio::time::Instant;

use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

pub use crate::engine::ask::{Aspect, Find, Location, Push, PushSource, Remote};
pub use calls::{CallObserver, Calls};
pub use hosts::{HostPattern, Hosts};
pub use keepsake::Keepsake;
pub use news::News;
pub use own_identity::OwnIdentity;
pub use reader::Retries;
pub use references::{References, StoreScope};

/// One authenticated connection to one backend.
///
/// Every call has a deadline of its own or can be dropped at any time. A backend that is refused (401, 403) makes a
/// credential of its own that has expired anew, once, and then says [`Problem::Refused`]; the pool connects anew on
/// that if the connection is of some age or what it was built from has changed, and on [`Problem::Expired`] always.
#[async_trait]
pub trait Backend: Send + Sync + std::fmt::Debug {
    /// Reads many locations; the answers stand in the order of the questions. At most
    /// [`Limits::batch`] are asked for at once. What is not there is [`Problem::Absent`].
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>>;

    /// Everything that matches. Names are those at the backend, except where ESO's provider converts them itself
    /// (`query.conversion`).
    async fn find(&self, query: &Find) -> Result<Values, Problem>;

    /// Is the connection good for anything? Asked when a store is validated.
    async fn check(&self) -> Result<Health, Problem>;

    /// What is to be read for this property. Most backends hand out whole secrets, whatever the property.
    fn locate(&self, location: Location, _: Option<&str>) -> Location {
        location
    }

    /// What one entry of `data` gets out of a payload. `None`: the property does not exist, and for
    /// `deletionPolicy` that is as if the secret did not.
    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem>;

    /// What `extract` gets out of a payload. `None` as in [`select`](Self::select).
    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem>;

    fn limits(&self) -> Limits;

    /// What an entry of `data` meets when its secret is not there; `extract` always meets [`Problem::Absent`].
    /// ESO's providers do not agree on this, and `deletionPolicy` deletes by it.
    fn missing_value(&self, key: &str) -> Problem {
        Problem::Absent { key: key.to_owned() }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        Err(Problem::NotSupported {
            what: format!("writing {} to this provider", push.remote.key),
        })
    }

    /// Deletes what is there; that there is nothing is no error.
    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        Err(Problem::NotSupported {
            what: format!("deleting {} from this provider", remote.key),
        })
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        Err(Problem::NotSupported {
            what: format!("looking for {} at this provider", remote.key),
        })
    }

    /// Whether all that an object asks in one turn is to be answered by what is held of one moment.
    fn can_be_held(&self) -> bool {
        false
    }

    /// What it holds, to be asked in its place: only where it [can be](Self::can_be_held). What it held at some other
    /// time will do, if that is recent enough for whoever asks.
    async fn hold(&self, _: Hold) -> Result<Arc<dyn Backend>, Problem> {
        Err(Problem::NotSupported {
            what: "holding this provider still".to_owned(),
        })
    }

    /// How long ago we logged in, where that gave us a token.
    fn token_age(&self) -> Option<Duration> {
        None
    }

    /// The connection is of no use any more: what was made for it alone, such as a token, is given back. Asked once,
    /// when nothing is under way; that it fails changes nothing.
    async fn close(&self) {}
}

/// What is to be held of a backend.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// What it held at any time from then on will do.
    pub since: Instant,
    pub wanted: Wanted,
}

/// What a turn asks of a backend. One that answers everything by the same call need not look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whether locations are read.
    pub reads: bool,
    /// Whether it is searched.
    pub finds: bool,
}

impl Hold {
    /// As it is now, or later.
    pub fn now(wanted: Wanted) -> Self {
        Self {
            since: Instant::now(),
            wanted,
        }
    }
}

/// What a backend holds at a location.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// One value, often a JSON document.
    Bytes(SecretBytes),
    /// A set of values with names of their own, as a Kubernetes Secret has.
    Map(Values),
}

/// What a check found out, when it did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Ready,
    /// Nothing can be said without a consumer's namespace or without a cost; counts as ready.
    Unknown,
    /// Something stood in the way of the check that need not stand in the way of reads; counts as ready, with a
    /// warning.
    Doubtful {
        why: String,
    },
}

/// How much a backend may be asked at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Locations in one call of [`Backend::read`].
    pub batch: usize,
    /// Calls under way at the same time.
    pub parallel: usize,
    pub deadline: Duration,
    /// What is not answered is read again, as the store or else the backend says. `None`: the backend does so itself.
    pub retries: Option<Retries>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch: 1,
            parallel: 16,
            deadline: Duration::from_secs(30),
            retries: Some(Retries::default()),
        }
    }
}

/// What the operator lets stores and generators do.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub webhook_hosts: Hosts,
    /// Where files may be read; a relative path starts at the first. None: nowhere.
    pub file_roots: Vec<PathBuf>,
    /// Who may use the identity of lockstep itself.
    pub own_identity: OwnIdentity,
}

/// What a backend is built from, besides its spec.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The store or generator that the spec stands in.
    pub owner: ObjectRef,
    pub references: References,
    pub calls: Calls,
    pub keepsake: Arc<Keepsake>,
    pub news: News,
    /// How often a call is repeated, for a backend that does so itself ([`Limits::retries`]).
    pub retry: Option<RetrySettings>,
    pub rules: Rules,
}

/// The one place that knows which provider of the API is built by which folder here.
///
/// All references are resolved before the backend is contacted, so that a store with a referent costs nothing to
/// validate.
pub async fn connect(provider: &Provider, surroundings: &Surroundings) -> Result<Arc<dyn Backend>, Problem> {
    match provider {
        Provider::Doppler(spec) => doppler::connect(spec, surroundings).await,
        Provider::Fake(spec) => Ok(fake::connect(spec, surroundings)),
        Provider::File(spec) => file::connect(spec, surroundings).await,
        Provider::Crd(spec) => kubernetes::connect_crd(spec, surroundings).await,
        Provider::Github(spec) => github::connect(spec, surroundings).await,
        Provider::Gitlab(spec) => gitlab::connect(spec, surroundings).await,
        Provider::Infisical(spec) => infisical::connect(spec, surroundings).await,
        Provider::Kubernetes(spec) => kubernetes::connect(spec, surroundings).await,
        Provider::Onepassword(spec) => onepassword::connect(spec, surroundings).await,
        Provider::Vault(spec) => vault::connect(spec, surroundings).await,
        Provider::OpenBao(spec) => vault::connect_openbao(spec, surroundings).await,
        Provider::Webhook(spec) => webhook::connect(spec, surroundings).await,
        #[cfg(feature = "aws")]
        Provider::Aws(spec) => aws::connect(spec, surroundings).await,
        #[cfg(not(feature = "aws"))]
        Provider::Aws(_) => Err(Problem::NotSupported {
            what: "provider `aws`, without which this was built,".to_owned(),
        }),
        Provider::Azurekv(spec) => azure::connect(spec, surroundings).await,
        Provider::Gcpsm(spec) => gcp::connect(spec, surroundings).await,
        Provider::Unsupported(_) => Err(Problem::NotSupported {
            what: format!("provider `{}`", provider.name()),
        }),
    }
}

/// Whether one call brings all that a store has, so that its objects had better refresh together, whatever they read.
pub fn is_read_whole(provider: &Provider) -> bool {
    matches!(provider, Provider::Doppler(_))
}

/// Why what is read of a place cannot be held against what is pushed there, if it cannot.
pub fn why_unread(provider: &Provider, push: &Push) -> Option<&'static str> {
    if matches!(provider, Provider::Webhook(_)) {
        return Some("a webhook is not called for a look");
    }
    let is_parameter = matches!(provider, Provider::Aws(aws) if aws.service == AwsService::ParameterStore);
    if is_parameter && push.secret_key.is_none() {
        return Some("a whole Secret is encoded there");
    }
    let key = &push.remote.key;
    if matches!(provider, Provider::Azurekv(_)) && key.contains('/') && !key.starts_with("secret/") {
        return Some("keys and certificates do not tell what they were made of");
    }
    let metadata = push.remote.metadata.as_ref();
    let names_namespace = metadata.is_some_and(|it| it.pointer("/spec/remoteNamespace").is_some());
    if matches!(provider, Provider::Kubernetes(_)) && names_namespace {
        return Some("it is in another namespace");
    }
    None
}
