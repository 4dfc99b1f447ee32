//! Carries it out: all stores at once, and in each store one write at a time to one secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use lockstep_api::push_secret::{PushSecretData, PushUpdatePolicy, SyncedPushSecrets};

use super::audit;
use super::gather::Subject;
use super::memory::Memory;
use super::plan::{Job, Jobs};
use super::served;
use crate::cluster::{Pass, Store};
use crate::controller::Context;
use crate::engine::ask::Push;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::push::{self, Entry};
use crate::engine::store::{self, StoreRules};
use crate::provider::reader::Reader;

/// Secrets of one store that are written at a time for one object.
const AT_A_TIME: usize = 8;

/// What was done.
#[derive(Debug, Default)]
pub struct Pushed {
    /// What is at its place now, by store.
    pub synced: SyncedPushSecrets,
    /// Of stores that do not exist.
    pub missing: Vec<Problem>,
    /// In the order of stores and entries.
    pub problems: Vec<Problem>,
    /// Stores of which it is not known what belongs there.
    pub unclear: Vec<String>,
    /// Something was handed to a backend that was not the last thing handed to it.
    pub moved: bool,
}

/// What became of one entry.
#[derive(Debug)]
enum Fate {
    Pushed,
    /// It is there, and as we left it.
    Known,
    /// Something is there that was not to be overwritten.
    LeftAlone,
    Failed(Problem),
}

/// One store that fails does not stop the others, nor does an entry.
pub async fn push(context: &Context, memory: &Memory, subject: &Subject, jobs: Jobs) -> Pushed {
    let work = jobs
        .jobs
        .into_iter()
        .map(|job| to_store(context, memory, subject, job));
    let mut all = Pushed {
        missing: jobs.missing,
        ..Pushed::default()
    };
    for part in join_all(work).await {
        all.synced.extend(part.synced);
        all.problems.extend(part.problems);
        all.unclear.extend(part.unclear);
        all.moved |= part.moved;
    }
    all
}

async fn to_store(context: &Context, memory: &Memory, subject: &Subject, job: Job) -> Pushed {
    let place = push::store_place(&job.store.key);
    let mut done = Pushed {
        synced: [(place.clone(), BTreeMap::new())].into(),
        ..Pushed::default()
    };
    let entries = match job.entries {
        Ok(entries) => entries,
        Err(problem) => {
            done.problems.push(problem);
            done.unclear.push(place);
            return done;
        }
    };
    let reader = match reader(context, &subject.key.namespace, &job.store).await {
        Ok(reader) => reader,
        Err(problem) => {
            let client = format!("could not get secrets client for store {}", job.store.key.name());
            done.problems.push(problem.at(client));
            done.unclear.push(place);
            return done;
        }
    };
    for (entry, fate) in each(context, memory, subject, (&job.store, &reader), entries).await {
        match fate {
            Fate::Failed(problem) => {
                done.problems.push(problem);
                done.unclear.push(place.clone());
                continue;
            }
            // What somebody else put there is not ours, and goes with nobody of ours. ESO records it.
            Fate::LeftAlone if !was_ours(subject, &place, &entry.0) => continue,
            Fate::Pushed => done.moved = true,
            Fate::LeftAlone | Fate::Known => {}
        }
        done.synced
            .entry(place.clone())
            .or_default()
            .insert(entry.0, entry.1);
    }
    done
}

fn was_ours(subject: &Subject, store: &str, place: &str) -> bool {
    let known = subject.status.synced_push_secrets.get(store);
    known.is_some_and(|known| known.contains_key(place))
}

type Told = (String, PushSecretData);

/// What became of each entry, in their order.
async fn each(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    (store, reader): (&Store, &Reader),
    entries: Vec<Entry>,
) -> Vec<(Told, Fate)> {
    // What goes into one secret goes one after the other.
    let mut groups: BTreeMap<String, Vec<(usize, Entry)>> = BTreeMap::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let key = entry.data.entry.remote_ref.remote_key.clone();
        groups.entry(key).or_default().push((index, entry));
    }
    let work = groups.into_iter().map(|(key, entries)| async move {
        let _turn = reader.turn(&key).await;
        let mut fates = Vec::new();
        for (index, entry) in entries {
            let fate = one(context, memory, subject, (store, reader), &entry).await;
            fates.push((index, (entry.place, entry.data), fate));
        }
        fates
    });
    let done: Vec<_> = stream::iter(work).buffer_unordered(AT_A_TIME).collect().await;
    let mut fates: Vec<_> = done.into_iter().flatten().collect();
    fates.sort_by_key(|(index, ..)| *index);
    fates.into_iter().map(|(_, told, fate)| (told, fate)).collect()
}

async fn one(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    (store, reader): (&Store, &Reader),
    entry: &Entry,
) -> Fate {
    let push = match &entry.push {
        Ok(Some(push)) => push,
        Ok(None) => return Fate::LeftAlone,
        Err(problem) => return Fate::Failed(problem.clone()),
    };
    let (place, digest) = ((store.key.clone(), entry.place.clone()), push::digest(push));
    if memory.has_pushed(subject, &place, digest) {
        return Fate::Known;
    }
    if subject.spec.update_policy == PushUpdatePolicy::IfNotExists {
        match reader.exists(&push.remote).await {
            Ok(true) => return Fate::LeftAlone,
            Ok(false) => {}
            Err(problem) => return Fate::Failed(problem.at("could not verify if secret exists in store")),
        }
    }
    let written = match leave(context, &subject.key) {
        Ok(_pass) => reader.write(push).await,
        Err(problem) => Err(problem),
    };
    audit::pushed(context, subject.behalf(), &store.key, push, &written);
    match written {
        Ok(()) => {
            let was_known = subject.last.as_ref().and_then(|last| last.pushed.get(&place)) == Some(&digest);
            memory.pushed(subject, place, digest);
            if was_known { Fate::Known } else { Fate::Pushed }
        }
        Err(problem) => Fate::Failed(problem.at(unwritten(push, store))),
    }
}

/// Held for as long as a backend is written to. What is read from a backend needs none.
pub fn leave(context: &Context, key: &ObjectKey) -> Result<Pass, Problem> {
    served(context)?.leave(key)
}

fn unwritten(push: &Push, store: &Store) -> String {
    let key = push.secret_key.as_deref().unwrap_or_default();
    format!(
        "could not write remote ref {key} to target secretstore {}",
        store.key.name()
    )
}

/// The connection to a store, for those who may use it. Whether it is ready, the backend tells: ESO's gate is for
/// reads.
pub async fn reader(context: &Context, namespace: &str, store: &Arc<Store>) -> Result<Arc<Reader>, Problem> {
    let rules = StoreRules {
        flood_gate: false,
        ..context.rules.clone()
    };
    let labels = context.cluster.namespace_labels(namespace);
    store::admit(store, namespace, labels.as_deref(), &rules)?;
    context.pool.connection(store, namespace).await
}
