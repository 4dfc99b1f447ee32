//! What is pushed no more is deleted, under `deletionPolicy: Delete`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use lockstep_api::push_secret::{PushDeletionPolicy, SyncedPushSecrets};

use super::act::{self, Pushed};
use super::audit::{self, Behalf};
use super::gather::{self, Subject};
use super::report::{Ended, Failure};
use crate::controller::Context;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::push::{self, Doomed, Round};
use crate::provider::reader::Reader;

/// What follows a push.
pub async fn prune(context: &Context, subject: &Subject, round: Round, pushed: Pushed) -> Ended {
    let before = &subject.status.synced_push_secrets;
    let is_to_delete = round.deletes && subject.spec.deletion_policy == PushDeletionPolicy::Delete;
    let doomed = if is_to_delete {
        push::doomed(before, &pushed.synced, &spared(context, subject, &pushed))
    } else {
        Vec::new()
    };
    let deleted = delete(context, subject.behalf(), &doomed).await;
    let moved = pushed.moved || !deleted.gone.is_empty();
    let is_well = pushed.missing.is_empty() && pushed.problems.is_empty() && deleted.problems.is_empty();
    let mut synced = if round.deletes && is_well {
        keep_referenced(context, subject, pushed.synced)
    } else {
        push::merge(pushed.synced, before)
    };
    deleted.take_from(&mut synced);
    let missing = pushed.missing.into_iter().next().map(Failure::plain);
    let failure = missing
        .or_else(|| Failure::first("set secret failed", pushed.problems))
        .or_else(|| Failure::first("Failed to Delete Secrets from Provider", deleted.problems));
    match failure {
        Some(failure) => Ended::Failed {
            failure,
            synced: Some(synced),
        },
        None => Ended::Synced { synced, moved },
    }
}

/// Of these stores nobody knows what belongs there: something failed, or they are about to go, or they are not ours to
/// write.
pub fn spared(context: &Context, subject: &Subject, pushed: &Pushed) -> BTreeSet<String> {
    let written = pushed.synced.keys();
    let referenced = gather::referenced(context, subject);
    let idle = referenced
        .into_iter()
        .filter(|place| !written.clone().any(|it| it == place));
    idle.chain(pushed.unclear.iter().cloned()).collect()
}

/// What was pushed to stores that are meant, and cannot be written at the moment, is still told.
fn keep_referenced(context: &Context, subject: &Subject, synced: SyncedPushSecrets) -> SyncedPushSecrets {
    let mut synced = synced;
    let referenced = gather::referenced(context, subject);
    for (store, entries) in &subject.status.synced_push_secrets {
        if referenced.contains(store) && !synced.contains_key(store) {
            synced.insert(store.clone(), entries.clone());
        }
    }
    synced
}

/// The source was deleted, and with it goes what was pushed.
pub async fn clean_up(context: &Context, subject: &Subject) -> Ended {
    let before = &subject.status.synced_push_secrets;
    if before.is_empty() {
        return Ended::Unchanged;
    }
    let (synced, problems) = delete_all(context, subject.behalf(), before).await;
    match Failure::first("failed to cleanup provider secrets", problems) {
        Some(failure) => Ended::Failed {
            failure,
            synced: Some(synced),
        },
        None => Ended::SourceDeleted,
    }
}

/// Deletes everything that was pushed. What is left, and why.
pub async fn delete_all(
    context: &Context,
    behalf: Behalf<'_>,
    synced: &SyncedPushSecrets,
) -> (SyncedPushSecrets, Vec<Problem>) {
    let doomed = push::doomed(synced, &SyncedPushSecrets::new(), &BTreeSet::new());
    let deleted = delete(context, behalf, &doomed).await;
    let mut left = synced.clone();
    deleted.take_from(&mut left);
    (left, deleted.problems)
}

#[derive(Debug, Default)]
struct Deleted {
    /// Stores and places.
    gone: Vec<(String, String)>,
    problems: Vec<Problem>,
}

impl Deleted {
    fn take_from(&self, synced: &mut SyncedPushSecrets) {
        for (store, place) in &self.gone {
            if let Some(entries) = synced.get_mut(store) {
                entries.remove(place);
                if entries.is_empty() {
                    synced.remove(store);
                }
            }
        }
    }
}

/// One store that fails does not stop the others.
async fn delete(context: &Context, behalf: Behalf<'_>, doomed: &[Doomed]) -> Deleted {
    let mut by_store: BTreeMap<&str, Vec<&Doomed>> = BTreeMap::new();
    for doomed in doomed {
        by_store.entry(&doomed.store).or_default().push(doomed);
    }
    let work = by_store
        .into_iter()
        .map(|(store, doomed)| from_store(context, behalf, store, doomed));
    let mut all = Deleted::default();
    for part in join_all(work).await {
        all.gone.extend(part.gone);
        all.problems.extend(part.problems);
    }
    all
}

async fn from_store(context: &Context, behalf: Behalf<'_>, place: &str, doomed: Vec<&Doomed>) -> Deleted {
    let mut done = Deleted::default();
    let (store, reader) = match connect(context, behalf.key, place).await {
        Ok(connected) => connected,
        Err(problem) => {
            let client = format!("could not get secrets client for store {place}");
            done.problems.push(problem.at(client));
            return done;
        }
    };
    for doomed in doomed {
        let _turn = reader.turn(&doomed.remote.key).await;
        let deleted = match act::leave(context, behalf.key) {
            Ok(_pass) => reader.delete(&doomed.remote).await,
            Err(problem) => Err(problem),
        };
        audit::withdrawn(context, behalf, &store, &doomed.remote, &deleted);
        match deleted {
            Ok(()) => done.gone.push((doomed.store.clone(), doomed.place.clone())),
            Err(problem) => done.problems.push(problem),
        }
    }
    done
}

async fn connect(
    context: &Context,
    key: &ObjectKey,
    place: &str,
) -> Result<(StoreKey, Arc<Reader>), Problem> {
    let store = push::store_of(place, &key.namespace).ok_or_else(|| Problem::BadData {
        why: "is no store".to_owned(),
    })?;
    let found = context.cluster.store(&store);
    let found = found.ok_or_else(|| Problem::StoreMissing { store: store.clone() })?;
    Ok((store, act::reader(context, &key.namespace, &found).await?))
}
