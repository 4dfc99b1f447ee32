//! What the next push would do, by the same steps as the push itself, up to the point where it would write.
//!
//! What is at a place is read as an ExternalSecret would read it. Where that tells nothing of what a push would write,
//! this is said.

use futures::future::join_all;
use lockstep_api::Fault;
use lockstep_api::push_secret::{PushDeletionPolicy, PushSource, PushUpdatePolicy};

use super::act::{self, Pushed};
use super::gather::{self, Gathered, Subject};
use super::plan::{self, Job, Jobs, Plan};
use super::report::Failure;
use super::{Shared, prune};
use crate::cluster::Store;
use crate::controller::Context;
use crate::engine::ask::{Aspect, Location, Push};
use crate::engine::json;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::engine::push::{self, Entry, Round};
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{self, reader::Reader};

/// What becomes of a PushSecret.
#[derive(Debug)]
pub enum Outlook {
    Places(Vec<Place>),
    Failed(Box<Failure>),
    Broken(Fault),
    Terminating,
    /// None of its stores is ours to write.
    NotOurs,
    Gone,
}

/// A place at a store, as the status names both.
#[derive(Debug)]
pub struct Place {
    pub store: String,
    pub name: String,
    /// The key of the source that goes there; none where all do.
    pub key: Option<String>,
    pub fate: Fate,
}

#[derive(Debug)]
pub enum Fate {
    Created(SecretBytes),
    Changed {
        before: SecretBytes,
        after: SecretBytes,
    },
    Unchanged,
    /// Something is there, and `updatePolicy` is `IfNotExists`.
    LeftAlone,
    /// It is pushed; what is there cannot be held against it.
    Unknown(String),
    Deleted,
    Failed(Problem),
}

pub async fn preview(context: &Context, key: &ObjectKey) -> Outlook {
    let shared = Shared::default();
    let subject = match gather::gather(context, &shared, key) {
        Gathered::Subject(subject) => subject,
        Gathered::Broken { fault, .. } => return Outlook::Broken(fault),
        Gathered::Terminating(_) => return Outlook::Terminating,
        Gathered::Gone => return Outlook::Gone,
    };
    // Nothing is made for a look.
    if matches!(subject.spec.selector, PushSource::Generator(_)) {
        return of_generated(context, &subject);
    }
    match plan::plan(context, &shared, &subject, Round::WHOLE).await {
        Ok(Plan::Push(jobs)) => Outlook::Places(places(context, &subject, jobs).await),
        Ok(Plan::SourceGone) => Outlook::Places(doomed(context, &subject, &Pushed::default())),
        Ok(Plan::NotOurs) => Outlook::NotOurs,
        Err(failure) => Outlook::Failed(failure),
    }
}

/// Its values are not known, and neither are the keys that `dataTo` would push.
fn of_generated(context: &Context, subject: &Subject) -> Outlook {
    let stores = match gather::stores(context, subject) {
        Ok(stores) => stores,
        Err(problem) => return Outlook::Failed(Failure::plain(problem)),
    };
    let places = stores.ready.iter().flat_map(|store| {
        subject.spec.data.iter().map(|data| Place {
            store: push::store_place(&store.key),
            name: data.entry.remote_ref.status_key(),
            key: data.entry.secret_key().map(str::to_owned),
            fate: Fate::Unknown("made anew at each push".to_owned()),
        })
    });
    Outlook::Places(places.collect())
}

async fn places(context: &Context, subject: &Subject, jobs: Jobs) -> Vec<Place> {
    let mut pushed = Pushed::default();
    let mut places = Vec::new();
    let looked = jobs.jobs.into_iter().map(|job| of_store(context, subject, job));
    for (store, found) in join_all(looked).await {
        let synced = pushed.synced.entry(store.clone()).or_default();
        for (place, entry) in found {
            if matches!(place.fate, Fate::Failed(_)) {
                pushed.unclear.push(store.clone());
            }
            if let Some(entry) = entry {
                synced.insert(entry.place, entry.data);
            }
            places.push(place);
        }
    }
    places.extend(
        jobs.missing
            .into_iter()
            .map(|problem| failed(String::new(), problem)),
    );
    places.extend(doomed(context, subject, &pushed));
    places
}

type Looked = (Place, Option<Entry>);

async fn of_store(context: &Context, subject: &Subject, job: Job) -> (String, Vec<Looked>) {
    let name = push::store_place(&job.store.key);
    let reader = act::reader(context, &subject.key.namespace, &job.store).await;
    let (entries, reader) = match (job.entries, reader) {
        (Ok(entries), Ok(reader)) => (entries, reader),
        (Err(problem), _) | (_, Err(problem)) => {
            let failed = failed(name.clone(), problem);
            return (name, vec![(failed, None)]);
        }
    };
    let mut looked = Vec::new();
    for entry in entries {
        let place = Place {
            store: name.clone(),
            name: entry.place.clone(),
            key: entry.data.entry.secret_key().map(str::to_owned),
            fate: fate(subject.spec.update_policy, (&job.store, &reader), &entry).await,
        };
        looked.push((place, Some(entry)));
    }
    (name, looked)
}

fn failed(store: String, problem: Problem) -> Place {
    Place {
        store,
        name: String::new(),
        key: None,
        fate: Fate::Failed(problem),
    }
}

/// What is pushed no more.
fn doomed(context: &Context, subject: &Subject, pushed: &Pushed) -> Vec<Place> {
    if subject.spec.deletion_policy != PushDeletionPolicy::Delete {
        return Vec::new();
    }
    let before = &subject.status.synced_push_secrets;
    let spared = if pushed.synced.is_empty() {
        std::collections::BTreeSet::new()
    } else {
        prune::spared(context, subject, pushed)
    };
    let doomed = push::doomed(before, &pushed.synced, &spared);
    let place = |doomed: push::Doomed| Place {
        store: doomed.store,
        name: doomed.place,
        key: None,
        fate: Fate::Deleted,
    };
    doomed.into_iter().map(place).collect()
}

async fn fate(policy: PushUpdatePolicy, (store, reader): (&Store, &Reader), entry: &Entry) -> Fate {
    let push = match &entry.push {
        Ok(Some(push)) => push,
        Ok(None) => return Fate::LeftAlone,
        Err(problem) => return Fate::Failed(problem.clone()),
    };
    let after = match push.value() {
        Ok(value) => value,
        Err(problem) => return Fate::Failed(problem),
    };
    match (reader.exists(&push.remote).await, policy) {
        (Ok(false), _) => return Fate::Created(after),
        (Ok(true), PushUpdatePolicy::IfNotExists) => return Fate::LeftAlone,
        (Err(problem), PushUpdatePolicy::IfNotExists) => return Fate::Failed(problem),
        (Ok(true) | Err(_), PushUpdatePolicy::Replace) => {}
    }
    let provider = store.spec.as_ref().ok().map(|spec| &spec.provider);
    if let Some(why) = provider.and_then(|provider| provider::why_unread(provider, push)) {
        return Fate::Unknown(why.to_owned());
    }
    match there(reader, push).await {
        Ok(before) if json::is_same(&before, &after) => Fate::Unchanged,
        Ok(before) => Fate::Changed { before, after },
        Err(Problem::Absent { .. }) => Fate::Created(after),
        Err(problem) => Fate::Unknown(problem.to_string()),
    }
}

async fn there(reader: &Reader, push: &Push) -> Result<SecretBytes, Problem> {
    let property = push.remote.property.as_deref().filter(|it| !it.is_empty());
    let location = Location {
        key: push.remote.key.clone(),
        version: None,
        aspect: Aspect::Value,
        property: None,
    };
    if push.secret_key.is_none() && property.is_none() {
        let values = reader.extract(location, None).await?;
        return Ok(json::encode_values(&values));
    }
    reader.value(location, property).await
}
