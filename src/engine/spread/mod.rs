//! One object in many namespaces: which of them get it, and what is to be done in each.
//!
//! A ClusterExternalSecret spreads an ExternalSecret, a ClusterPushSecret a PushSecret. What differs between the two are
//! words; here both are a [`Parent`], and what they spread is a [`Child`].

mod child;
mod read;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use lockstep_api::cluster_external_secret::{ChildMetadata, NamespaceFailure};
use lockstep_api::{Condition, Parsed};
use serde_json::Value;

use super::object::ObjectRef;
use super::problem::Problem;
use super::selector;
use super::store::selects;

pub use self::child::{Child, ChildWrite, Step, is_controlled_by, step};
pub use self::read::parent_of;
pub use self::status::{ERRORED, Report, is_news, status, status_of_fault};

/// What is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    ExternalSecret,
    PushSecret,
}

impl Sort {
    pub fn parent_kind(self) -> &'static str {
        match self {
            Self::ExternalSecret => "ClusterExternalSecret",
            Self::PushSecret => "ClusterPushSecret",
        }
    }

    pub fn child_kind(self) -> &'static str {
        match self {
            Self::ExternalSecret => "ExternalSecret",
            Self::PushSecret => "PushSecret",
        }
    }

    /// Of both parent and child.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::ExternalSecret => "external-secrets.io/v1",
            Self::PushSecret => "external-secrets.io/v1alpha1",
        }
    }

    /// As metrics name the parents.
    pub fn controller(self) -> &'static str {
        match self {
            Self::ExternalSecret => "clusterexternalsecret",
            Self::PushSecret => "clusterpushsecret",
        }
    }

    /// ESO's words for a name that is somebody else's already.
    fn taken(self) -> &'static str {
        match self {
            Self::ExternalSecret => "external secret already exists in namespace",
            Self::PushSecret => "push secret already exists in namespace",
        }
    }
}

/// A ClusterExternalSecret or ClusterPushSecret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParentKey {
    pub sort: Sort,
    pub name: String,
}

impl From<&ParentKey> for ObjectRef {
    fn from(key: &ParentKey) -> Self {
        Self::cluster(key.sort.parent_kind(), &key.name)
    }
}

impl fmt::Display for ParentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ObjectRef::from(self).fmt(f)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Parent {
    pub key: ParentKey,
    pub uid: String,
    pub resource_version: String,
    pub generation: i64,
    pub terminating: bool,
    pub finalizers: Vec<String>,
    pub spec: Parsed<Spread>,
    pub status: Status,
}

impl Parent {
    /// The children's name, as far as it is known.
    pub fn child_name(&self) -> Option<&str> {
        self.spec.as_ref().ok().map(|spread| spread.child_name.as_str())
    }
}

/// What to spread, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    pub child_name: String,
    pub metadata: ChildMetadata,
    /// The children's spec, its durations as Go writes them.
    pub child: Value,
    pub selectors: Vec<Selector>,
    /// Namespaces by name, in addition to those that the selectors match.
    pub namespaces: BTreeSet<String>,
    pub refresh_time: Duration,
}

/// A label selector, and the field that it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    pub field: String,
    pub labels: LabelSelector,
}

/// What is told of a parent. The two kinds differ in what they call the first of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    pub child_name: Option<String>,
    pub provisioned: Vec<String>,
    pub failed: Vec<NamespaceFailure>,
    pub conditions: Vec<Condition>,
}

/// A namespace, as far as it matters to anybody here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Namespace {
    pub labels: BTreeMap<String, String>,
    pub terminating: bool,
    /// ESO has put a finalizer on it.
    pub is_held: bool,
}

impl Spread {
    /// Is it known which namespaces are meant?
    pub fn check(&self) -> Result<(), Problem> {
        let mut faults = self.selectors.iter().filter_map(|selector| {
            let why = selector::fault(&selector.labels)?;
            let field = selector.field.clone();
            Some(Problem::InvalidSpec { field, why })
        });
        faults.next().map_or(Ok(()), Err)
    }

    /// Any selector, or being named, is enough. Whoever names nothing means no namespace.
    pub fn reaches(&self, name: &str, namespace: &Namespace) -> bool {
        let mut selectors = self.selectors.iter();
        !namespace.terminating
            && (self.namespaces.contains(name)
                || selectors.any(|selector| selects(&selector.labels, &namespace.labels)))
    }
}
