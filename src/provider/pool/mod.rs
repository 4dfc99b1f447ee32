//! Connections, kept for as long as their store lives.
//!
//! - A connection is valid for one uid and generation of its store, and until a Secret or ConfigMap that it was
//!   built from changes. It serves all namespaces, or the one whose credentials it holds.
//! - Whoever needs a connection that is being built waits for it; nobody logs in twice. A failure is told to those
//!   who waited, and the next one tries again.
//! - A refusal makes a connection anew, once, if its credentials are out of date ([`renewing`]).
//! - No lock is held while anything is awaited, building has a deadline, and a namespace cannot hold more than
//!   [`PER_NAMESPACE`] connections of its own.

mod closing;
mod dial;
mod epochs;
mod looks;
mod renewing;
mod shelves;
mod turns;
mod vitals;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::flights::Flights;
use super::reader::Reader;
use super::reader::gate::{Gate, Outcome};
use super::reader::told::Origin;
use super::references::Used;
use super::{Calls, Rules};
use crate::cluster::Cluster;
use crate::engine::object::{ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::store::Store;
use closing::Closing;
use dial::{Dial as _, Link, NoLink, Observed, StoreDial};
use epochs::Epochs;
use renewing::Renewing;
use shelves::{Connection, Lane, Search, Shelves, Ticket};
use turns::Turns;

pub use super::reader::gate::Turn;
pub use dial::DialObserver;
pub use epochs::Epoch;
pub use looks::Verdict;
pub use turns::Tidings;
pub use vitals::Vitals;

/// Connections that serve one namespace alone.
const PER_NAMESPACE: usize = 64;
/// The shortest time between two looks at a backend that is away.
const BREATH: Duration = Duration::from_millis(500);

pub struct Pool {
    core: Arc<Core>,
}

struct Core {
    cluster: Arc<dyn Cluster>,
    calls: Calls,
    rules: Rules,
    shelves: Mutex<Shelves<Connected>>,
    builds: Flights<(StoreKey, u64, Lane), Built>,
    turns: Arc<Turns>,
    epochs: Epochs,
    closing: Closing,
    observer: OnceLock<Arc<dyn DialObserver>>,
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

impl Pool {
    pub fn new(cluster: Arc<dyn Cluster>, calls: Calls, rules: Rules) -> Self {
        let shelves = Mutex::new(Shelves::new(PER_NAMESPACE));
        Self {
            core: Arc::new(Core {
                cluster,
                calls,
                rules,
                shelves,
                builds: Flights::default(),
                turns: Arc::default(),
                epochs: Epochs::default(),
                closing: Closing::default(),
                observer: OnceLock::new(),
            }),
        }
    }

    /// Who hears of every attempt to connect from now on. For one.
    pub fn observe(&self, observer: Arc<dyn DialObserver>) {
        let _ = self.core.observer.set(observer);
    }

    /// The connection of a store, on behalf of a namespace that uses it.
    pub async fn connection(&self, store: &Arc<Store>, consumer: &str) -> Result<Arc<Reader>, Problem> {
        let built = self.core.reach(store, Some(consumer)).await;
        built.map_err(|no_link| no_link.problem)
    }

    /// The store is gone. What it remembers goes too.
    pub fn forget(&self, store: &StoreKey) {
        self.core.shelves().forget(store);
        self.core.epochs.forget(store);
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

    /// Whose credentials the store's backend is shown on behalf of a namespace.
    pub fn credentials(&self, store: &StoreKey, consumer: &str) -> Vec<ObjectRef> {
        let connection = self.core.shelves().serving(store, consumer);
        connection.map_or_else(Vec::new, |connection| connection.link.credentials())
    }

    /// How the backends of all stores are doing that anybody has used, in the order of the stores' names.
    pub fn vitals(&self) -> Vec<(StoreKey, Vitals)> {
        self.core.shelves().vitals()
    }

    /// Waits for news of a store's backend. For one listener.
    pub async fn turned(&self) -> (StoreKey, Tidings) {
        self.core.turns.next().await
    }

    /// Lets go of all connections, and gives back what was made for them, as far as that is done within this time.
    pub async fn close(&self, within: Duration) {
        self.core.shelves().clear();
        self.core.closing.finish(within).await;
    }
}

impl Core {
    async fn reach(
        self: &Arc<Self>,
        store: &Arc<Store>,
        consumer: Option<&str>,
    ) -> Result<Arc<Reader>, NoLink> {
        // Within a namespace there is one user.
        let consumer = consumer.filter(|_| matches!(store.key, StoreKey::Cluster(_)));
        loop {
            let search = self.shelves().search(store, consumer, Instant::now());
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
            let (core, store, on_behalf) = (self.clone(), store.clone(), consumer.map(str::to_owned));
            let work = || core.build(store, on_behalf, ticket);
            let built = self.builds.join(question, crashed(consumer), work).await;
            // What another namespace's credentials led to says nothing about ours.
            if !built.is_referent || built.consumer.as_deref() == consumer {
                let is_referent = built.is_referent && consumer.is_none();
                return built.outcome.map_err(|problem| NoLink { problem, is_referent });
            }
        }
    }

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
        self.listen(&ticket.gate, &store, consumer.as_deref());
        let origin = Origin::of(&store);
        let settings = store.spec.as_ref().ok();
        let settings = settings.and_then(|spec| spec.retry_settings.clone());
        let dial = StoreDial {
            store,
            consumer: consumer.clone(),
            cluster: self.cluster.clone(),
            calls: self.calls.clone(),
            keepsake: ticket.keepsake.clone(),
            news: self.news_of(&ticket.store),
            closing: self.closing.clone(),
            rules: self.rules.clone(),
            observer: Observed(self.observer.get().cloned()),
        };
        let (is_referent, connection) = match through(&ticket.gate, &dial).await {
            Ok(link) => {
                let link = Arc::new(Renewing::new(Box::new(dial), link));
                let gate = ticket.gate.clone();
                let reader = Arc::new(Reader::new(link.clone(), gate, settings.as_ref(), origin));
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

    /// While the backend is away, we look whether it is back; and whoever hangs on it hears of both.
    fn listen(self: &Arc<Self>, gate: &Arc<Gate>, store: &Arc<Store>, consumer: Option<&str>) {
        let (core, turns) = (Arc::downgrade(self), self.turns.clone());
        let (door, store) = (Arc::downgrade(gate), store.clone());
        let consumer = consumer.map(str::to_owned);
        gate.on_turn(move |turn| {
            let news = Tidings {
                turn: Some(turn),
                ..Tidings::default()
            };
            turns.tell(&store.key, news);
            match turn {
                Turn::Away => drop(tokio::spawn(look(
                    core.clone(),
                    door.clone(),
                    store.clone(),
                    consumer.clone(),
                ))),
                Turn::Back => {}
            }
        });
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves<Connected>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connects, unless the backend is away or has had enough.
async fn through(gate: &Arc<Gate>, dial: &StoreDial) -> Result<Link, NoLink> {
    let what = dial.store.key.to_string();
    let pass = gate.pass_within(dial::DEADLINE, &what).await;
    let pass = pass.map_err(|problem| NoLink {
        problem,
        is_referent: false,
    })?;
    let link = dial.dial().await;
    // Not every backend is asked for anything when we connect to it, so that success proves nothing.
    pass.land(match &link {
        Ok(_) => Outcome::Nothing,
        Err(no_link) => Outcome::of(&no_link.problem),
    });
    link
}

/// Looks whether a backend that is away is back, until it is, or nobody would care.
async fn look(core: Weak<Core>, gate: Weak<Gate>, store: Arc<Store>, consumer: Option<String>) {
    let away = || gate.upgrade().and_then(|gate| gate.worth_a_look());
    while let Some(at) = away() {
        sleep_until(at.max(Instant::now() + BREATH)).await;
        let Some(core) = core.upgrade().filter(|_| away().is_some()) else {
            return;
        };
        let current = core.cluster.store(&store.key);
        if !current.is_some_and(|current| current.uid == store.uid && current.generation == store.generation)
        {
            return;
        }
        // What comes of it, the gate has heard.
        if let Ok(reader) = core.reach(&store, consumer.as_deref()).await {
            let _ = reader.check().await;
        }
    }
}

impl Connection for Connected {
    fn token_age(&self) -> Option<Duration> {
        self.reader.token_age()
    }

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
