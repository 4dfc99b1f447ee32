//! Asks the stores, and where one of them does not answer, those that stand in for it.

use std::sync::Arc;

use futures::future::join_all;
use lockstep_api::ExternalSecretStatus;

use super::audit;
use super::gather::Subject;
use crate::controller::Context;
use crate::engine::collect::{Ask, Found, Want};
use crate::engine::due::Sources;
use crate::engine::fallback::{self, StandIn};
use crate::engine::object::StoreKey;
use crate::engine::problem::Problem;
use crate::engine::store::{self, Store};
use crate::provider::pool::Epoch;
use crate::provider::reader::Reader;
use crate::provider::{Hold, Wanted};

type Answers = Vec<Result<Found, Problem>>;

/// Who answered for a store, and when in the life of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub store: StoreKey,
    epoch: Epoch,
    /// Boxed, since one is kept for each object, and few have it.
    stand_in: Option<Box<(StandIn, Epoch)>>,
}

impl Source {
    fn of(context: &Context, store: &StoreKey) -> Self {
        Self {
            epoch: context.pool.epoch(store),
            store: store.clone(),
            stand_in: None,
        }
    }

    pub fn stand_in(&self) -> Option<StandIn> {
        self.stand_in.as_ref().map(|answered| answered.0.clone())
    }

    /// What has happened to it since.
    fn since(&self, context: &Context) -> Sources {
        let is_back = || context.pool.epoch(&self.store).returns != self.epoch.returns;
        let (store, then) = match self.stand_in.as_deref() {
            Some((stand_in, epoch)) => (&stand_in.fallback, epoch),
            None => (&self.store, &self.epoch),
        };
        if context.pool.epoch(store).changes != then.changes {
            Sources::Changed
        } else if self.stand_in.is_some() && is_back() {
            Sources::Returned
        } else {
            Sources::Same
        }
    }
}

/// What has happened since the last sync to those who answered then. After a restart only the status knows that another
/// store did.
pub fn since(context: &Context, last: Option<Vec<Source>>, status: &ExternalSecretStatus) -> Sources {
    let Some(last) = last else {
        let is_told = fallback::is_told(status);
        return if is_told { Sources::Returned } else { Sources::Same };
    };
    let all = last.iter().map(|source| source.since(context));
    all.max().unwrap_or(Sources::Same)
}

/// The answers, in the order of the wants, which are all of this store.
pub async fn ask(context: &Context, subject: &Subject, key: &StoreKey, wants: &[&Want]) -> (Answers, Source) {
    let mut source = Source::of(context, key);
    let own = ask_one(context, subject, key, wants).await;
    let Some(store) = context.cluster.store(key) else {
        return (own, source);
    };
    if !store.annotations.contains_key(fallback::ANNOTATION) || !is_out(context, &store, &own).await {
        return (own, source);
    }
    let chain = match fallback::chain(&store) {
        Ok(chain) => chain,
        Err(problem) => return (in_vain(own, &[problem.to_string()]), source),
    };
    context.pool.suspect(key);
    let mut unhelpful = Vec::new();
    for fallback in chain {
        let epoch = context.pool.epoch(&fallback);
        let answers = ask_one(context, subject, &fallback, wants).await;
        match fallback::taken(&answers) {
            Ok(()) => {
                let cause = own.iter().find_map(|answer| answer.as_ref().err());
                let stand_in = StandIn {
                    store: key.clone(),
                    fallback,
                    cause: cause.map(ToString::to_string).unwrap_or_default(),
                };
                source.stand_in = Some(Box::new((stand_in, epoch)));
                return (answers, source);
            }
            Err(why) => unhelpful.push(format!("{fallback}: {why}")),
        }
    }
    (in_vain(own, &unhelpful), source)
}

/// A store is not ready either while its backend is out of reach.
async fn is_out(context: &Context, store: &Arc<Store>, answers: &[Result<Found, Problem>]) -> bool {
    let is_not_ready = |answer: &Result<Found, Problem>| {
        answer
            .as_ref()
            .is_err_and(|problem| matches!(problem, Problem::StoreNotReady { .. }))
    };
    if answers.iter().any(is_not_ready) {
        context.pool.is_out(store).await
    } else {
        fallback::is_outage(answers)
    }
}

fn in_vain(answers: Answers, unhelpful: &[String]) -> Answers {
    let tell = |problem: Problem| fallback::in_vain(&problem, unhelpful);
    answers.into_iter().map(|answer| answer.map_err(tell)).collect()
}

async fn ask_one(context: &Context, subject: &Subject, key: &StoreKey, wants: &[&Want]) -> Answers {
    let answers: Answers = match reader(context, subject, key, wants).await {
        Ok(reader) => join_all(wants.iter().map(|want| answer(&reader, &want.ask))).await,
        Err(problem) => wants.iter().map(|_| Err(problem.clone())).collect(),
    };
    for (want, answer) in wants.iter().zip(&answers) {
        audit::read(context, subject, key, want, answer);
    }
    answers
}

async fn answer(reader: &Reader, ask: &Ask) -> Result<Found, Problem> {
    match ask {
        Ask::Value {
            location, property, ..
        } => {
            let value = reader.value(location.clone(), property.as_deref());
            value.await.map(Found::Value)
        }
        Ask::Extract {
            location, property, ..
        } => {
            let values = reader.extract(location.clone(), property.as_deref());
            values.await.map(Found::Map)
        }
        Ask::Find { query, .. } => reader.find(query).await.map(Found::Map),
        // Only what is asked of stores comes here.
        Ask::Generate { .. } => Err(Problem::BadData {
            why: "a store was asked for what a generator makes".to_owned(),
        }),
    }
}

/// The connection to a store, for those who may use it, held at this moment where that can be.
async fn reader(
    context: &Context,
    subject: &Subject,
    key: &StoreKey,
    wants: &[&Want],
) -> Result<Arc<Reader>, Problem> {
    let store = context
        .cluster
        .store(key)
        .ok_or_else(|| Problem::StoreMissing { store: key.clone() })?;
    let namespace = &subject.key.namespace;
    let labels = context.cluster.namespace_labels(namespace);
    store::admit(&store, namespace, labels.as_deref(), &context.rules)?;
    let hold = Hold {
        since: subject.answers_since(),
        wanted: wanted(wants),
    };
    context.pool.connection(&store, namespace).await?.hold(hold).await
}

fn wanted(wants: &[&Want]) -> Wanted {
    let finds = |want: &&Want| matches!(want.ask, Ask::Find { .. });
    Wanted {
        reads: !wants.iter().all(finds),
        finds: wants.iter().any(finds),
    }
}
