//! Which connection serves whom. Pure: building connections and telling the time is the caller's business.
//!
//! A store's connection serves every namespace, unless a referent took part in building it: then it serves the
//! namespace it was built for, and no other. Nobody knows which it is before a first connection was built, so the
//! first namespace explores and the others wait for what it finds out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::vitals::Vitals;

use crate::engine::object::{ObjectRef, StoreKey};
use crate::engine::store::Store;
use crate::provider::Keepsake;
use crate::provider::reader::gate::Gate;
use crate::provider::reader::tally::Tally;

/// How long a change of a document is remembered, so that a connection that was being built from the old one is not
/// kept. Longer than building may take.
const MEMORY: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(super) struct Shelves<C> {
    stores: HashMap<StoreKey, Stock<C>>,
    changes: Vec<Changed>,
    per_namespace: usize,
    uses: u64,
    epochs: u64,
}

/// A document that was seen at a version, or seen to be gone.
#[derive(Debug)]
struct Changed {
    document: ObjectRef,
    version: Option<String>,
    at: Instant,
}

#[derive(Debug)]
struct Stock<C> {
    uid: String,
    generation: i64,
    /// Changes whenever what is built for the store would be outdated.
    epoch: u64,
    sharing: Sharing,
    connections: HashMap<Lane, Kept<C>>,
    /// What was learnt about the backend outlives the connections to it. Each namespace's credentials may lead to
    /// another account, and with some backends to another server.
    gates: HashMap<Lane, Arc<Gate>>,
    keepsake: Arc<Keepsake>,
    tally: Arc<Tally>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    Unknown,
    Common,
    Each,
}

/// Whom a connection serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Common,
    Of(String),
}

#[derive(Debug)]
struct Kept<C> {
    connection: C,
    last_use: u64,
}

/// What a connection is built for.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) store: StoreKey,
    pub(super) lane: Lane,
    pub(super) epoch: u64,
    pub(super) keepsake: Arc<Keepsake>,
    pub(super) gate: Arc<Gate>,
    issued: Instant,
}

#[derive(Debug)]
pub(super) enum Search<C> {
    Found(C),
    ToBuild(Ticket),
    /// The store takes its credentials from its user's namespace, and there is no user.
    NoUser,
}

/// What is kept.
pub(super) trait Connection: Clone {
    /// Was it built from this document, at another version?
    fn is_outdated_by(&self, document: &ObjectRef, version: Option<&str>) -> bool;

    fn token_age(&self) -> Option<Duration>;
}

impl<C: Connection> Shelves<C> {
    pub(super) fn new(per_namespace: usize) -> Self {
        Self {
            stores: HashMap::new(),
            changes: Vec::new(),
            per_namespace,
            uses: 0,
            epochs: 0,
        }
    }

    pub(super) fn search(&mut self, store: &Store, consumer: Option<&str>, now: Instant) -> Search<C> {
        self.uses += 1;
        let uses = self.uses;
        let stock = self.stock(store);
        let lane = match (stock.sharing, consumer) {
            (Sharing::Unknown | Sharing::Common, _) => Lane::Common,
            (Sharing::Each, Some(consumer)) => Lane::Of(consumer.to_owned()),
            (Sharing::Each, None) => return Search::NoUser,
        };
        if let Some(kept) = stock.connections.get_mut(&lane) {
            kept.last_use = uses;
            return Search::Found(kept.connection.clone());
        }
        let (epoch, keepsake) = (stock.epoch, stock.keepsake.clone());
        let gate = stock.gates.entry(lane.clone());
        let gate = gate
            .or_insert_with(|| Gate::new(store.key.to_string(), stock.tally.clone()))
            .clone();
        Search::ToBuild(Ticket {
            store: store.key.clone(),
            lane,
            epoch,
            keepsake,
            gate,
            issued: now,
        })
    }

    /// Takes in what was built on behalf of `consumer`, or only what was found out by failing.
    pub(super) fn put(
        &mut self,
        ticket: &Ticket,
        consumer: Option<&str>,
        is_referent: bool,
        connection: Option<C>,
    ) {
        let is_outdated = |connection: &C| {
            let later = self.changes.iter().filter(|change| change.at >= ticket.issued);
            later
                .into_iter()
                .any(|change| connection.is_outdated_by(&change.document, change.version.as_deref()))
        };
        let connection = connection.filter(|connection| !is_outdated(connection));
        let Some(stock) = self
            .stores
            .get_mut(&ticket.store)
            .filter(|stock| stock.epoch == ticket.epoch)
        else {
            return;
        };
        let lane = match (is_referent, consumer) {
            (true, Some(consumer)) => Some(Lane::Of(consumer.to_owned())),
            (true, None) => None,
            (false, _) => Some(Lane::Common),
        };
        stock.sharing = match (is_referent, &connection) {
            (true, _) => Sharing::Each,
            (false, Some(_)) => Sharing::Common,
            (false, None) => stock.sharing,
        };
        if let Some(lane) = lane.as_ref().filter(|lane| **lane != ticket.lane) {
            stock.gates.remove(&ticket.lane);
            stock.gates.insert(lane.clone(), ticket.gate.clone());
        }
        stock
            .gates
            .retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_at_rest());
        if let (Some(lane), Some(connection)) = (lane, connection) {
            stock.connections.insert(
                lane,
                Kept {
                    connection,
                    last_use: self.uses,
                },
            );
            self.make_room(ticket, consumer);
        }
    }

    /// The store is gone, and with it everything that was remembered of it.
    pub(super) fn forget(&mut self, store: &StoreKey) {
        self.stores.remove(store);
    }

    /// Whatever serves this store from now on is built anew.
    pub(super) fn reset(&mut self, store: &StoreKey) {
        self.epochs += 1;
        let epoch = self.epochs;
        if let Some(stock) = self.stores.get_mut(store) {
            stock.clear(epoch);
        }
    }

    /// Nothing is kept any more, and nothing that is being built will be.
    pub(super) fn clear(&mut self) {
        self.stores.clear();
    }

    /// A document is at this version, and `None` is gone: what was built from another one goes.
    pub(super) fn document_changed(&mut self, document: &ObjectRef, version: Option<&str>, at: Instant) {
        self.changes
            .retain(|change| at.duration_since(change.at) < MEMORY);
        self.changes.push(Changed {
            document: document.clone(),
            version: version.map(str::to_owned),
            at,
        });
        for stock in self.stores.values_mut() {
            stock
                .connections
                .retain(|_, kept| !kept.connection.is_outdated_by(document, version));
        }
    }

    pub(super) fn connections(&self, store: &StoreKey) -> Vec<C> {
        let stock = self.stores.get(store);
        stock
            .into_iter()
            .flat_map(|stock| stock.connections.values())
            .map(|kept| kept.connection.clone())
            .collect()
    }

    /// The one that serves a namespace, if there is one.
    pub(super) fn serving(&self, store: &StoreKey, consumer: &str) -> Option<C> {
        let connections = &self.stores.get(store)?.connections;
        let own = connections.get(&Lane::Of(consumer.to_owned()));
        let kept = own.or_else(|| connections.get(&Lane::Common));
        kept.map(|kept| kept.connection.clone())
    }

    /// All stores that anybody has used, in the order of their names.
    pub(super) fn vitals(&self) -> Vec<(StoreKey, Vitals)> {
        let vitals = self.stores.iter().map(|(key, stock)| {
            let gates = stock.gates.values().map(|gate| gate.standing());
            let ages = stock.connections.values().map(|kept| kept.connection.token_age());
            (key.clone(), Vitals::new(stock.tally.totals(), gates, ages))
        });
        let mut vitals: Vec<_> = vitals.collect();
        vitals.sort_by(|(one, _), (other, _)| one.cmp(other));
        vitals
    }

    fn stock(&mut self, store: &Store) -> &mut Stock<C> {
        self.epochs += 1;
        let epoch = self.epochs;
        let new = || Stock {
            uid: store.uid.clone(),
            generation: store.generation,
            epoch,
            sharing: Sharing::Unknown,
            connections: HashMap::new(),
            gates: HashMap::new(),
            keepsake: Arc::default(),
            tally: Arc::default(),
        };
        let stock = self.stores.entry(store.key.clone()).or_insert_with(new);
        if stock.uid != store.uid {
            *stock = new();
        } else if stock.generation != store.generation {
            stock.generation = store.generation;
            stock.clear(epoch);
        }
        stock
    }

    /// One namespace cannot make us keep more and more connections: the one it used longest ago goes.
    fn make_room(&mut self, ticket: &Ticket, consumer: Option<&str>) {
        let Some(namespace) = ticket.store.namespace().or(consumer) else {
            return;
        };
        let belongs = |store: &StoreKey, lane: &Lane| match (store, lane) {
            (StoreKey::Namespaced(key), _) => key.namespace == namespace,
            (StoreKey::Cluster(_), Lane::Of(user)) => user == namespace,
            (StoreKey::Cluster(_), Lane::Common) => false,
        };
        let all = self.stores.iter().flat_map(|(store, stock)| {
            stock
                .connections
                .iter()
                .map(move |(lane, kept)| (kept.last_use, store, lane))
        });
        let mut own: Vec<_> = all.filter(|(_, store, lane)| belongs(store, lane)).collect();
        if own.len() <= self.per_namespace {
            return;
        }
        own.sort_by_key(|(last_use, _, _)| *last_use);
        let (store, lane) = (own[0].1.clone(), own[0].2.clone());
        if let Some(stock) = self.stores.get_mut(&store) {
            stock.connections.remove(&lane);
        }
    }
}

impl<C> Stock<C> {
    fn clear(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.sharing = Sharing::Unknown;
        self.connections.clear();
        self.gates.clear();
    }
}

#[cfg(test)]
mod tests;
