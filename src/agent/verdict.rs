//! What became of each ExternalSecret, in words for people.

use std::collections::BTreeSet;

use lockstep_api::external_secret::SourceRef;
use lockstep_api::{
    Condition, ConditionStatus, ConditionType, ExternalSecret, ExternalSecretSpec, StoreKind, StoreRef,
};

use crate::cluster::Cluster as _;
use crate::cluster::folder::{DEFAULT_NAMESPACE, FolderCluster};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::{ObjectKey, ObjectRef, StoreKey};

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub target: String,
    /// `None`: nothing was written.
    pub keys: Option<usize>,
    pub source: String,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was said yet about the object as it is now.
    Pending,
    /// As it should be, with a remark where that is not obvious.
    InStep {
        remark: Option<String>,
    },
    Failed {
        reason: String,
        cause: String,
    },
}

impl Row {
    pub fn is_in_step(&self) -> bool {
        matches!(self.verdict, Verdict::InStep { .. })
    }
}

pub fn rows(cluster: &FolderCluster) -> Vec<Row> {
    cluster
        .external_secrets()
        .iter()
        .map(|(key, object)| row(cluster, key, object))
        .collect()
}

fn row(cluster: &FolderCluster, key: &ObjectKey, object: &ExternalSecret) -> Row {
    let spec = object.spec.as_ref().ok();
    let name = spec
        .and_then(|spec| spec.target.name.as_ref())
        .map_or(key.name.as_str(), |name| name.as_str());
    let target = ObjectKey::new(&key.namespace, name);
    Row {
        keys: cluster.keys_written(&target),
        source: spec.map_or_else(|| "-".to_owned(), source),
        target: if target.namespace == DEFAULT_NAMESPACE {
            target.name.clone()
        } else {
            target.to_string()
        },
        verdict: verdict(cluster, key, object),
    }
}

fn verdict(cluster: &FolderCluster, key: &ObjectKey, object: &ExternalSecret) -> Verdict {
    let spec = match object.spec.as_ref() {
        Ok(spec) => spec,
        Err(fault) => {
            return Verdict::Failed {
                reason: "BrokenSpec".to_owned(),
                cause: fault.to_string(),
            };
        }
    };
    let Some(ready) = current_condition(object) else {
        return Verdict::Pending;
    };
    let (reason, message) = (
        ready.reason.clone().unwrap_or_default(),
        ready.message.clone().unwrap_or_default(),
    );
    match (ready.status, reason.as_str()) {
        // For a cluster that is well. Somebody who asked for files got none.
        (ConditionStatus::True, "SecretMissing") => {
            let cause =
                "there is nothing to merge into: no manifest and no other ExternalSecret makes this Secret";
            Verdict::Failed {
                reason,
                cause: cause.to_owned(),
            }
        }
        (ConditionStatus::True, _) => Verdict::InStep {
            remark: Some(message).filter(|message| message != "secret synced"),
        },
        (ConditionStatus::False | ConditionStatus::Unknown, _) => {
            let of_store = || {
                stores(spec)
                    .iter()
                    .find_map(|store| store_cause(cluster, key, store))
            };
            let own = || cluster.cause(&ObjectRef::namespaced("ExternalSecret", key));
            Verdict::Failed {
                reason,
                cause: of_store().or_else(own).unwrap_or(message),
            }
        }
    }
}

/// Why a store is not ready says more than that it is not.
fn store_cause(cluster: &FolderCluster, key: &ObjectKey, store: &StoreRef) -> Option<String> {
    let store = store_key(store, &key.namespace)?;
    let is_ready = cluster.store(&store).is_none_or(|store| store.is_ready());
    let cause = cluster.cause(&ObjectRef::from(&store)).filter(|_| !is_ready)?;
    Some(format!("{} is not ready: {cause}", show(&store)))
}

/// The Ready condition, if it is about the object as it is now.
fn current_condition(object: &ExternalSecret) -> Option<&Condition> {
    let status = object.status.as_ref()?;
    let is_current = status.observed_generation == object.metadata.generation;
    status
        .conditions
        .iter()
        .find(|condition| condition.kind == ConditionType::Ready)
        .filter(|_| is_current)
}

/// Every store that is named, once, in the order of the spec.
fn stores(spec: &ExternalSecretSpec) -> Vec<StoreRef> {
    let sources = spec.data.iter().map(|entry| entry.source_ref.as_ref());
    let sources = sources.chain(spec.data_from.iter().map(|entry| entry.source_ref.as_ref()));
    let named = sources.flatten().filter_map(|source| match source {
        SourceRef::Store(store) => Some(store),
        SourceRef::Generator(_) => None,
    });
    let mut stores: Vec<StoreRef> = Vec::new();
    for store in spec
        .secret_store_ref
        .iter()
        .chain(named)
        .filter(|store| store.name.is_some())
    {
        if !stores.contains(store) {
            stores.push(store.clone());
        }
    }
    stores
}

fn source(spec: &ExternalSecretSpec) -> String {
    let stores = stores(spec);
    let stores = stores.iter().filter_map(|store| store_key(store, ""));
    let sources: Vec<String> = stores.map(|store| show(&store)).chain(generators(spec)).collect();
    match sources.as_slice() {
        [] => "-".to_owned(),
        [only] => only.clone(),
        [first, others @ ..] => format!("{first} +{}", others.len()),
    }
}

/// Every generator that is named, once.
fn generators(spec: &ExternalSecretSpec) -> BTreeSet<String> {
    let sources = spec
        .data_from
        .iter()
        .filter_map(|entry| entry.source_ref.as_ref());
    let named = sources.filter_map(|source| match source {
        SourceRef::Generator(generator) => GeneratorKey::named_by(generator, "").ok(),
        SourceRef::Store(_) => None,
    });
    named
        .map(|key| format!("{}/{}", ObjectRef::from(&key).kind, key.name()))
        .collect()
}

fn show(store: &StoreKey) -> String {
    format!("{}/{}", store.kind(), store.name())
}

fn store_key(store: &StoreRef, namespace: &str) -> Option<StoreKey> {
    let name = store.name.as_ref()?.to_string();
    Some(match store.kind() {
        StoreKind::SecretStore => StoreKey::Namespaced(ObjectKey::new(namespace, name)),
        StoreKind::ClusterSecretStore => StoreKey::Cluster(name),
    })
}
