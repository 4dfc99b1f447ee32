//! Connecting to a store, again and again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::closing::Closing;
use crate::cluster::Cluster;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::store::Store;
use crate::provider::reader::told::{self, Origin};
use crate::provider::{Backend, Calls, Keepsake, News, References, Rules, StoreScope, Surroundings, connect};
use crate::traces::{self, Span};

pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Hears of every attempt to connect to a store, and whose credentials it took.
pub trait DialObserver: Send + Sync {
    fn connected(&self, store: &Store, credentials: &[ObjectRef], problem: Option<&Problem>);
}

#[async_trait]
pub(super) trait Dial: Send + Sync + fmt::Debug {
    /// Connects, with credentials read afresh.
    async fn dial(&self) -> Result<Link, NoLink>;
}

/// A connection, and what it was built from. It is closed when nobody holds it any more: whoever makes a call through
/// it holds it until the call is over.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) references: References,
    pub(super) closing: Closing,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.closing.close(self.backend.clone());
    }
}

/// Why there is no connection, and whether that says something about one namespace only.
#[derive(Debug)]
pub(super) struct NoLink {
    pub(super) problem: Problem,
    pub(super) is_referent: bool,
}

/// All it takes to connect to one store on behalf of one namespace.
#[derive(Debug)]
pub(super) struct StoreDial {
    pub(super) store: Arc<Store>,
    pub(super) consumer: Option<String>,
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) calls: Calls,
    pub(super) keepsake: Arc<Keepsake>,
    pub(super) news: News,
    pub(super) closing: Closing,
    pub(super) rules: Rules,
    pub(super) observer: Observed,
}

/// Who hears of it, if anybody does.
#[derive(Clone, Default)]
pub(super) struct Observed(pub(super) Option<Arc<dyn DialObserver>>);

#[async_trait]
impl Dial for StoreDial {
    async fn dial(&self) -> Result<Link, NoLink> {
        let scope = StoreScope::new(&self.store.key, self.consumer.as_deref());
        let references = References::new(self.cluster.clone(), scope).under(&self.rules);
        let describe = |span: &mut Span| Origin::of(&self.store).describe(span, "connect");
        let connected = self.connect_in_time(references.clone());
        let backend = traces::here().child(describe, connected).await;
        let is_referent = references.is_referent();
        if let Some(observer) = &self.observer.0 {
            observer.connected(&self.store, &references.credentials(), backend.as_ref().err());
        }
        match backend {
            Ok(backend) => Ok(Link {
                backend,
                references,
                closing: self.closing.clone(),
            }),
            Err(problem) => Err(NoLink { problem, is_referent }),
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observed")
    }
}

impl StoreDial {
    async fn connect_in_time(&self, references: References) -> Result<Arc<dyn Backend>, Problem> {
        let backend = timeout(DEADLINE, self.connect(references)).await;
        let backend = backend.unwrap_or_else(|_| {
            let why = format!("no connection within {}s", DEADLINE.as_secs());
            Err(Problem::Unreachable {
                what: self.store.key.to_string(),
                why,
            })
        });
        told::answered(&backend);
        backend
    }

    async fn connect(&self, references: References) -> Result<Arc<dyn Backend>, Problem> {
        let spec = self.store.spec.as_ref().map_err(|fault| Problem::StoreBroken {
            store: self.store.key.clone(),
            fault: fault.clone(),
        })?;
        let (calls, keepsake) = (self.calls.clone(), self.keepsake.clone());
        let news = self.news.clone();
        connect(
            &spec.provider,
            &Surroundings {
                owner: (&self.store.key).into(),
                references,
                calls,
                keepsake,
                news,
                retry: spec.retry_settings.clone(),
                rules: self.rules.clone(),
            },
        )
        .await
    }
}
