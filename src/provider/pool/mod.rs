//! Connections, kept for as long as their store lives.
//!
//! - A connection is valid for one uid and generation of its store, and until a Secret or ConfigMap that it was
//!   built from changes. It serves all namespaces, or the one whose credentials it holds.
//! - Whoever needs a connection that is being built waits for it; nobody logs in twice. A failure is told to those
//!   who waited, and the next one tries again.
//! - A refusal makes a connection anew once ([`renewing`]).
//! - No lock is held while anything is awaited, building has a deadline, and a namespace cannot hold more than
//!   [`PER_NAMESPACE`] connections of its own.

mod dial;
mod renewing;
mod shelves;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::flights::Flights;
use super::reader::Reader;
use super::references::Used;
use super::{Calls, Health, Rules};
use crate::cluster::Cluster;
use crate::engine::object::{ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::store::Store;
use dial::{Dial as _, NoLink, StoreDial};
use renewing::Renewing;
use shelves::{Connection, Lane, Search, Shelves, Ticket};

/// Connections that serve one namespace alone.
const PER_NAMESPACE: usize = 64;

pub struct Pool {
    core: Arc<Core>,
    builds: Flights<(StoreKey, u64, Lane), Built>,
}

struct Core {
    cluster: Arc<dyn Cluster>,
    calls: Calls,
    rules: Rules,
    shelves: Mutex<Shelves<Connected>>,
}

#[derive(Clone, Debug)]
struct Connected {
    reader: Arc<Reader>,
    link: Arc<Renewing>,
}

/// How an attempt to connect ended, and for whom that counts.
#[derive(Clone)]
struct Built {
    consumer: Option<String>,
    is_referent: bool,
    outcome: Result<Arc<Reader>, Problem>,
}

/// What validating a store found out. One variant for each of the conditions that a store can have.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Valid,
    /// It could not be checked, and may be used.
    Doubtful {
        why: String,
    },
    NoConnection(Problem),
    Failed(Problem),
}

impl Pool {
    pub fn new(cluster: Arc<dyn Cluster>, calls: Calls, rules: Rules) -> Self {
        let shelves = Mutex::new(Shelves::new(PER_NAMESPACE));
        Self {
            core: Arc::new(Core {
                cluster,
                calls,
                rules,
                shelves,
            }),
            builds: Flights::default(),
        }
    }

    /// The connection of a store, on behalf of a namespace that uses it.
    pub async fn connection(&self, store: &Arc<Store>, consumer: &str) -> Result<Arc<Reader>, Problem> {
        self.reach(store, Some(consumer))
            .await
            .map_err(|no_link| no_link.problem)
    }

    /// Is the store good for anything? A store whose users bring the credentials is, as far as anybody can tell.
    pub async fn check(&self, store: &Arc<Store>) -> Verdict {
        let reader = match self.reach(store, None).await {
            Ok(reader) => reader,
            Err(NoLink {
                is_referent: true, ..
            }) => return Verdict::Valid,
            Err(NoLink {
                problem,
                is_referent: false,
            }) => return Verdict::NoConnection(problem),
        };
        match reader.check().await {
            Ok(Health::Ready | Health::Unknown) => Verdict::Valid,
            Ok(Health::Doubtful { why }) => Verdict::Doubtful { why },
            Err(problem) => Verdict::Failed(problem),
        }
    }

    /// The store is gone. What it remembers goes too.
    pub fn forget(&self, store: &StoreKey) {
        self.core.shelves().forget(store);
    }

    /// Connects anew from now on; what the store remembers stays. A store of another generation does so by itself.
    pub fn reset(&self, store: &StoreKey) {
        self.core.shelves().reset(store);
    }

    /// A Secret or ConfigMap is at this version, and `None` is gone: what was built from another one goes.
    pub fn on_change(&self, document: &ObjectRef, version: Option<&str>) {
        self.core
            .shelves()
            .document_changed(document, version, Instant::now());
    }

    /// Looks at everything the store's connections were built from, for documents that nobody watches.
    pub async fn refresh_if_stale(&self, store: &StoreKey) {
        for used in self.uses(store) {
            let now = self.core.cluster.document(used.kind, &used.key).await;
            // An API server that does not answer says nothing about the document.
            if let Ok(now) = now {
                self.on_change(
                    &used.object(),
                    now.as_ref().map(|document| document.version.as_str()),
                );
            }
        }
    }

    /// What the store's connections were built from.
    pub fn uses(&self, store: &StoreKey) -> Vec<Used> {
        let connections = self.core.shelves().connections(store);
        let mut used: Vec<_> = connections
            .iter()
            .flat_map(|connection| connection.link.used())
            .collect();
        used.sort();
        used.dedup();
        used
    }

    async fn reach(&self, store: &Arc<Store>, consumer: Option<&str>) -> Result<Arc<Reader>, NoLink> {
        // Within a namespace there is one user.
        let consumer = consumer.filter(|_| matches!(store.key, StoreKey::Cluster(_)));
        loop {
            let search = self.core.shelves().search(store, consumer, Instant::now());
            let ticket = match search {
                Search::Found(connection) => return Ok(connection.reader),
                Search::ToBuild(ticket) => ticket,
                Search::NoUser => {
                    return Err(NoLink {
                        problem: no_user(),
                        is_referent: true,
                    });
                }
            };
            let question = (ticket.store.clone(), ticket.epoch, ticket.lane.clone());
            let (core, store, on_behalf) = (self.core.clone(), store.clone(), consumer.map(str::to_owned));
            let work = || core.build(store, on_behalf, ticket);
            let built = self.builds.join(question, crashed(consumer), work).await;
            // What another namespace's credentials led to says nothing about ours.
            if !built.is_referent || built.consumer.as_deref() == consumer {
                let is_referent = built.is_referent && consumer.is_none();
                return built.outcome.map_err(|problem| NoLink { problem, is_referent });
            }
        }
    }
}

impl Core {
    async fn build(self: Arc<Self>, store: Arc<Store>, consumer: Option<String>, ticket: Ticket) -> Built {
        // Another flight may have landed just before this one took off.
        let search = self.shelves().search(&store, consumer.as_deref(), Instant::now());
        if let Search::Found(connection) = search {
            let is_referent = connection.link.is_referent();
            return Built {
                consumer,
                is_referent,
                outcome: Ok(connection.reader),
            };
        }
        let (cluster, calls, keepsake) = (self.cluster.clone(), self.calls.clone(), ticket.keepsake.clone());
        let dial = StoreDial {
            store,
            consumer: consumer.clone(),
            cluster,
            calls,
            keepsake,
            rules: self.rules.clone(),
        };
        let (is_referent, connection) = match dial.dial().await {
            Ok(link) => {
                let link = Arc::new(Renewing::new(Box::new(dial), link));
                let reader = Arc::new(Reader::new(link.clone()));
                (link.is_referent(), Ok(Connected { reader, link }))
            }
            Err(NoLink { problem, is_referent }) => (is_referent, Err(problem)),
        };
        self.shelves().put(
            &ticket,
            consumer.as_deref(),
            is_referent,
            connection.as_ref().ok().cloned(),
        );
        Built {
            consumer,
            is_referent,
            outcome: connection.map(|connection| connection.reader),
        }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves<Connected>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection for Connected {
    fn is_outdated_by(&self, document: &ObjectRef, version: Option<&str>) -> bool {
        self.link
            .used()
            .iter()
            .any(|used| used.object() == *document && Some(used.version.as_str()) != version)
    }
}

fn no_user() -> Problem {
    let why = "the store takes its credentials from the namespace that uses it".to_owned();
    Problem::ReferenceInvalid {
        field: "spec.provider".to_owned(),
        why,
    }
}

fn crashed(consumer: Option<&str>) -> Built {
    let why = "lockstep could not cope with it; this is a defect".to_owned();
    let outcome = Err(Problem::BadAnswer {
        what: "the connection".to_owned(),
        why,
    });
    Built {
        consumer: consumer.map(str::to_owned),
        is_referent: false,
        outcome,
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

#[cfg(test)]
mod tests;
