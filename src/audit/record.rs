//! What a line of the audit says.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::engine::ask::{Find, Location};
use crate::engine::object::{ObjectRef, StoreKey};
use crate::engine::problem::Problem;
use crate::engine::target::Digest;
use crate::engine::values::Values;

/// Values that a line names. A search may find thousands.
const MOST_VALUES: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Values came from a store.
    Read,
    /// Values came from a generator.
    Generate,
    /// A target was created or changed.
    Write,
    /// A target was deleted.
    Delete,
    /// Values went to a store.
    Push,
    /// What had been pushed was deleted there.
    Withdraw,
    /// What a generator made elsewhere was renewed there.
    Renew,
    /// The same was given back.
    Revoke,
    /// A store's backend was connected to, with a login where it has one.
    Connect,
    /// A store was looked at: is its backend there, and may we use it?
    Check,
}

/// On whose behalf.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Who {
    #[serde(flatten)]
    object: Object,
    #[serde(skip_serializing_if = "String::is_empty")]
    uid: String,
}

/// One deed, done or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    action: Action,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(rename = "for")]
    who: Who,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<Object>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generator: Option<Object>,
    /// Whose credentials the backend was shown: Secrets and ServiceAccounts.
    #[serde(rename = "as", skip_serializing_if = "Vec::is_empty")]
    credentials: Vec<Object>,
    #[serde(flatten)]
    asked: Option<Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Object>,
    /// The GeneratorState that tells of what is lent.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Object>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, Change>,
    /// How many more values there were.
    #[serde(rename = "valuesLeftOut", skip_serializing_if = "is_none")]
    left_out: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Done,
    /// Somebody said that it may not be: a policy, the guard, a backend, the API server.
    Refused,
    Failed,
}

/// What was asked of a store.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Asked {
    Key {
        key: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        property: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    Search {
        find: Search,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Search {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

/// An object by its kind and name.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Object {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
}

/// What stands for a value before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Change {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "fingerprint")]
    before: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "fingerprint")]
    after: Option<Digest>,
}

impl Who {
    pub fn new(object: &ObjectRef, uid: &str) -> Self {
        Self {
            object: object.into(),
            uid: uid.to_owned(),
        }
    }
}

impl Record {
    /// One that was done, unless [`Record::ended`] says otherwise.
    pub fn new(action: Action, who: Who) -> Self {
        Self {
            action,
            outcome: Outcome::Done,
            reason: None,
            who,
            store: None,
            generator: None,
            credentials: Vec::new(),
            asked: None,
            target: None,
            lease: None,
            values: BTreeMap::new(),
            left_out: 0,
        }
    }

    #[must_use]
    pub fn store(self, store: &StoreKey) -> Self {
        Self {
            store: Some((&ObjectRef::from(store)).into()),
            ..self
        }
    }

    #[must_use]
    pub fn generator(self, generator: &ObjectRef) -> Self {
        Self {
            generator: Some(generator.into()),
            ..self
        }
    }

    /// Whose credentials the backend was shown.
    #[must_use]
    pub fn credentials(self, credentials: &[ObjectRef]) -> Self {
        Self {
            credentials: credentials.iter().map(Object::from).collect(),
            ..self
        }
    }

    #[must_use]
    pub fn asked(self, asked: Option<Asked>) -> Self {
        Self { asked, ..self }
    }

    #[must_use]
    pub fn target(self, target: &ObjectRef) -> Self {
        Self {
            target: Some(target.into()),
            ..self
        }
    }

    #[must_use]
    pub fn lease(self, lease: Option<&ObjectRef>) -> Self {
        Self {
            lease: lease.map(Object::from),
            ..self
        }
    }

    /// How it ended. Only what was done has values.
    #[must_use]
    pub fn ended(self, problem: Option<&Problem>) -> Self {
        match problem {
            None => self,
            Some(problem) => Self {
                outcome: outcome(problem),
                reason: Some(problem.reason()),
                ..self
            },
        }
    }

    /// The values that there are now.
    #[must_use]
    pub fn values(self, values: &Values) -> Self {
        let digests = values.iter().map(|(key, value)| (key.clone(), Digest::of(value)));
        self.changed(&BTreeMap::new(), &digests.collect())
    }

    /// The values that are other than before.
    #[must_use]
    pub fn changed(mut self, before: &BTreeMap<String, Digest>, after: &BTreeMap<String, Digest>) -> Self {
        let mut changes: BTreeMap<&String, Change> = BTreeMap::new();
        for (key, digest) in before {
            changes.entry(key).or_default().before = Some(*digest);
        }
        for (key, digest) in after {
            changes.entry(key).or_default().after = Some(*digest);
        }
        changes.retain(|_, change| change.before != change.after);
        self.left_out = changes.len().saturating_sub(MOST_VALUES);
        let named = changes.into_iter().take(MOST_VALUES);
        self.values = named.map(|(key, change)| (key.clone(), change)).collect();
        self
    }
}

impl Asked {
    pub fn key(key: &str, property: Option<&str>, version: Option<&str>) -> Self {
        Self::Key {
            key: key.to_owned(),
            property: property.map(str::to_owned),
            version: version.map(str::to_owned),
        }
    }

    pub fn location(location: &Location, property: Option<&str>) -> Self {
        Self::key(&location.key, property, location.version.as_deref())
    }

    pub fn search(find: &Find) -> Self {
        Self::Search {
            find: Search {
                path: find.path.clone(),
                name: find.name.clone(),
                tags: find.tags.clone(),
            },
        }
    }
}

impl From<&ObjectRef> for Object {
    fn from(object: &ObjectRef) -> Self {
        Self {
            kind: object.kind.to_string(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        }
    }
}

/// Whether somebody said no, or something went wrong.
fn outcome(problem: &Problem) -> Outcome {
    match problem {
        Problem::StoreUnmanaged { .. }
        | Problem::StoreDenied { .. }
        | Problem::Refused { .. }
        | Problem::Expired { .. }
        | Problem::CleanupFailing { .. }
        | Problem::HeldBack { .. }
        | Problem::ResourcesDisabled
        | Problem::OwnedByExternalSecret { .. }
        | Problem::OwnedByOther { .. }
        | Problem::Taken { .. }
        | Problem::Immutable { .. }
        | Problem::NotDeletable { .. }
        | Problem::Rejected { .. }
        | Problem::Forbidden { .. } => Outcome::Refused,
        Problem::BrokenSpec { .. }
        | Problem::InvalidSpec { .. }
        | Problem::NotSupported { .. }
        | Problem::StoreMissing { .. }
        | Problem::StoreNotReady { .. }
        | Problem::StoreBroken { .. }
        | Problem::GeneratorMissing { .. }
        | Problem::GeneratorBroken { .. }
        | Problem::ReferenceMissing { .. }
        | Problem::ReferenceKeyMissing { .. }
        | Problem::ReferenceInvalid { .. }
        | Problem::Absent { .. }
        | Problem::NotModified { .. }
        | Problem::Throttled { .. }
        | Problem::Unreachable { .. }
        | Problem::BadAnswer { .. }
        | Problem::BadData { .. }
        | Problem::KindMissing { .. }
        | Problem::Conflict { .. }
        | Problem::ApiUnavailable { .. } => Outcome::Failed,
        Problem::At { problem, .. } => outcome(problem),
    }
}

#[expect(clippy::ref_option, reason = "serde hands out a reference to the field")]
fn fingerprint<S: Serializer>(digest: &Option<Digest>, serializer: S) -> Result<S::Ok, S::Error> {
    match digest {
        Some(digest) => serializer.collect_str(&digest.long()),
        None => serializer.serialize_none(),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out a reference to the field"
)]
fn is_none(count: &usize) -> bool {
    *count == 0
}
