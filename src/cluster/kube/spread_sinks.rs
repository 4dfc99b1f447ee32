//! The sinks of the watches that objects in many namespaces need: their parents, the namespaces, and PushSecrets.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::PartialObjectMeta;
use lockstep_api::{ClusterExternalSecret, ClusterPushSecret, PushSecret};

use super::super::{Change, Move};
use super::mirror::{Mirror, Version};
use super::packed::Packed;
use super::reduce;
use super::sinks::Watched;
use super::watch::Sink;
use crate::engine::spread::{self, Parent, ParentKey, Sort};

impl Watched {
    fn parent_seen(&self, parent: Parent, listing: u64) {
        let (key, version) = (parent.key.clone(), Version::parse(&parent.resource_version));
        let shape = shape(&parent);
        let mirror = self.parents(key.sort);
        let news = mirror.seen(key.name.clone(), version, parent, listing);
        if news.differs(|before| self::shape(before) != shape) {
            self.tell(Change::Parent(key, Move::Edited));
        }
    }

    fn parent_gone(&self, sort: Sort, name: Option<String>) {
        let name = name.unwrap_or_default();
        self.parents(sort).gone(&name);
        self.tell(Change::Parent(ParentKey { sort, name }, Move::Gone));
    }

    fn parents_listed(&self, sort: Sort, listing: u64) {
        self.tell_all(self.parents(sort).listed(listing), |name| {
            Change::Parent(ParentKey { sort, name }, Move::Gone)
        });
    }

    fn parents(&self, sort: Sort) -> &Mirror<String, Parent> {
        self.cluster.parents_of(sort)
    }
}

/// Everything about a parent but its status.
fn shape(parent: &Parent) -> impl PartialEq + use<> {
    (
        parent.uid.clone(),
        parent.terminating,
        parent.finalizers.clone(),
        // With its annotations, as far as they matter.
        parent.spec.clone(),
    )
}

impl Sink<ClusterExternalSecret> for Watched {
    fn seen(&self, object: ClusterExternalSecret, listing: u64) {
        self.parent_seen(object.into(), listing);
    }

    fn gone(&self, object: ClusterExternalSecret) {
        self.parent_gone(Sort::ExternalSecret, object.metadata.name);
    }

    fn listed(&self, listing: u64) {
        self.parents_listed(Sort::ExternalSecret, listing);
    }
}

impl Sink<ClusterPushSecret> for Watched {
    fn seen(&self, object: ClusterPushSecret, listing: u64) {
        self.parent_seen(object.into(), listing);
    }

    fn gone(&self, object: ClusterPushSecret) {
        self.parent_gone(Sort::PushSecret, object.metadata.name);
    }

    fn listed(&self, listing: u64) {
        self.parents_listed(Sort::PushSecret, listing);
    }
}

impl Sink<PushSecret> for Watched {
    fn seen(&self, object: PushSecret, listing: u64) {
        let (key, version) = (reduce::key(&object.metadata), reduce::version(&object.metadata));
        let object = reduce::push_secret(object);
        let shape = push_shape(&object);
        let news = self
            .cluster
            .push_secrets
            .seen(key.clone(), version, Packed::of(object), listing);
        if news.differs(|before| push_shape(&before.unpack()) != shape) {
            self.tell(Change::PushSecret(key, Move::Edited));
        }
        self.cluster.sources.are_wanted();
    }

    fn gone(&self, object: PushSecret) {
        let key = reduce::key(&object.metadata);
        self.cluster.push_secrets.gone(&key);
        self.tell(Change::PushSecret(key, Move::Gone));
    }

    fn listed(&self, listing: u64) {
        self.tell_all(self.cluster.push_secrets.listed(listing), |key| {
            Change::PushSecret(key, Move::Gone)
        });
        self.cluster.sources.may_begin();
    }
}

fn push_shape(object: &PushSecret) -> impl PartialEq + use<> {
    let meta = &object.metadata;
    (
        meta.uid.clone(),
        meta.generation,
        meta.labels.clone(),
        meta.annotations.clone(),
        meta.finalizers.clone(),
        meta.owner_references.clone(),
        meta.deletion_timestamp.is_some(),
    )
}

impl Sink<PartialObjectMeta<Namespace>> for Watched {
    fn seen(&self, object: PartialObjectMeta<Namespace>, listing: u64) {
        let (key, version) = (
            object.metadata.name.clone().unwrap_or_default(),
            reduce::version(&object.metadata),
        );
        let namespace = spread::Namespace::of(&object.metadata);
        let now = namespace.clone();
        let news = self
            .cluster
            .namespaces
            .seen(key.clone(), version, namespace, listing);
        if news.differs(|before| *before != now) {
            self.tell(Change::Namespace(key));
        }
    }

    fn gone(&self, object: PartialObjectMeta<Namespace>) {
        let key = object.metadata.name.unwrap_or_default();
        self.cluster.namespaces.gone(&key);
        self.tell(Change::Namespace(key));
    }

    fn listed(&self, listing: u64) {
        self.tell_all(self.cluster.namespaces.listed(listing), Change::Namespace);
    }
}
