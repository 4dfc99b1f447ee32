//! Everything that can go wrong, once.
//!
//! A problem knows its reason (a static name, the same in log, event, status and metric), when to try again, which
//! other object it hangs on, and a message that is safe to show: it may name keys, stores, namespaces and HTTP
//! statuses, never a value and never what a backend answered. Every match here is exhaustive on purpose: a new
//! problem does not compile until all of this is decided for it.

use std::time::Duration;

use lockstep_api::Fault;
use thiserror::Error;

use super::object::{ObjectRef, ResourceKind, StoreKey};

/// Whatever a backend says, an object looks again after this. Above what the reader makes of the longest pause that a
/// server gets for the asking, which it spreads.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

#[derive(Clone, Debug, PartialEq, Error)]
pub enum Problem {
    // --- the object itself
    #[error("{fault}")]
    BrokenSpec { fault: Fault },
    #[error("{field}: {why}")]
    InvalidSpec { field: String, why: String },
    #[error("{what} is not supported by this version of lockstep")]
    NotSupported { what: String },

    // --- its store
    #[error("could not get {kind} \"{name}\", {kind}.external-secrets.io \"{name}\" not found", kind = store.kind(), name = store.name())]
    StoreMissing { store: StoreKey },
    #[error("can not reference unmanaged store")]
    StoreUnmanaged { store: StoreKey },
    #[error("using cluster store \"{}\" is not allowed from namespace \"{namespace}\": denied by spec.condition", store.name())]
    StoreDenied { store: StoreKey, namespace: String },
    #[error("{} \"{}\" is not ready", store.kind(), store.name())]
    StoreNotReady { store: StoreKey },
    #[error("{store}: {fault}")]
    StoreBroken { store: StoreKey, fault: Fault },

    // --- its generator
    #[error("{}.generators.external-secrets.io \"{}\" not found", generator.kind, generator.name)]
    GeneratorMissing { generator: ObjectRef },
    /// It cannot be understood, or asks for what cannot be made.
    #[error("{generator}: {fault}")]
    GeneratorBroken { generator: ObjectRef, fault: Fault },

    /// What it makes stays until somebody deletes it, and that has failed too often to make more of it.
    #[error(
        "{many} of what it made before could not be undone, as their GeneratorStates tell: nothing more is made until one of them is"
    )]
    CleanupFailing { many: usize },

    // --- the credentials of the store or generator
    #[error("cannot get {object}: it does not exist")]
    ReferenceMissing { object: ObjectRef },
    #[error("cannot find key \"{key}\" in {object}")]
    ReferenceKeyMissing { object: ObjectRef, key: String },
    #[error("{field}: {why}")]
    ReferenceInvalid { field: String, why: String },

    // --- the backend
    /// The backend answered, and says that it has no such secret. The only problem that deletionPolicy looks at.
    #[error("{key}: secret does not exist")]
    Absent { key: String },
    /// The backend answered, and says that it has nothing new. No failure: there is nothing to do.
    #[error("{key}: nothing has changed since it was last read")]
    NotModified { key: String },
    #[error("{what}: the backend refuses ({why})")]
    Refused { what: String, why: String },
    /// The same, of a login of ours that has ended: whatever is asked with it is refused.
    #[error("{what}: the backend refuses ({why})")]
    Expired { what: String, why: String },
    #[error("{what}: the backend asks for fewer requests ({why})")]
    Throttled {
        what: String,
        why: String,
        retry_after: Option<Duration>,
    },
    #[error("{what}: {why}")]
    Unreachable { what: String, why: String },
    #[error("{what}: the answer cannot be used: {why}")]
    BadAnswer { what: String, why: String },

    // --- what was read
    #[error("{why}")]
    BadData { why: String },
    #[error(
        "held back, for it looks like a fault of the backend: {why}; if it is meant, annotate the ExternalSecret with {}={accept}",
        super::guard::ACCEPT
    )]
    HeldBack { why: String, accept: String },

    // --- the target
    #[error("generic targets are disabled. Enable with --unsafe-allow-generic-targets flag")]
    ResourcesDisabled,
    #[error(
        "the API server knows no {kind}: check spec.target.manifest, or install the CustomResourceDefinition"
    )]
    KindMissing { kind: ResourceKind },
    #[error("{} is owned by another ExternalSecret: {owner}", noun(target))]
    OwnedByExternalSecret { target: ObjectRef, owner: String },
    #[error("{target} is controlled by {owner}")]
    OwnedByOther { target: ObjectRef, owner: String },
    /// Something of the name is there, and is somebody else's.
    #[error("{object} is there already, and is not ours; rename or delete it, or choose another name")]
    Taken { object: ObjectRef },
    #[error("{target} is immutable")]
    Immutable { target: ObjectRef },
    #[error("unable to delete {} {}: creationPolicy={policy} is not Owner", noun(target), target.name)]
    NotDeletable { target: ObjectRef, policy: &'static str },

    // --- the API server
    #[error("{object} was changed meanwhile")]
    Conflict { object: ObjectRef },
    #[error("the API server refused {object}: {reason}")]
    Rejected { object: ObjectRef, reason: String },
    #[error("not allowed to {verb} {object}")]
    Forbidden { verb: &'static str, object: ObjectRef },
    #[error("the API server did not answer for {object}: {why}")]
    ApiUnavailable { object: ObjectRef, why: String },

    // --- where it happened
    #[error("{place}: {problem}")]
    At { place: String, problem: Box<Problem> },
}

/// ESO calls a Secret by its common name.
fn noun(target: &ObjectRef) -> &str {
    match target.kind.as_ref() {
        "Secret" => "secret",
        kind => kind,
    }
}

/// When to look at the object again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The ground shifted under us; look again with fresh eyes.
    AtOnce,
    /// Exponentially, per object.
    Backoff,
    /// No sooner than the backend said, within bounds.
    After(Duration),
    /// Not before the object that [`Problem::concerns`] names has changed.
    OnChangeOfOther,
    /// Not before the object itself was edited.
    OnEdit,
}

impl Problem {
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self::At {
            place: place.into(),
            problem: Box::new(self),
        }
    }

    /// The problem itself, without the places it passed through.
    pub fn root(&self) -> &Self {
        match self {
            Self::At { problem, .. } => problem.root(),
            other => other,
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self.root(), Self::Absent { .. })
    }

    pub fn is_not_modified(&self) -> bool {
        matches!(self.root(), Self::NotModified { .. })
    }

    /// Did the backend not answer at all? What it answers, a refusal as well as that it has no such secret, it means.
    pub fn is_outage(&self) -> bool {
        matches!(self.root(), Self::Unreachable { .. })
    }

    /// Is it something that we cannot do, or do not understand, rather than something that went wrong?
    pub fn is_beyond_us(&self) -> bool {
        matches!(self.root(), Self::NotSupported { .. } | Self::BrokenSpec { .. })
    }

    pub fn reason(&self) -> &'static str {
        match self {
            Self::BrokenSpec { .. } => "BrokenSpec",
            Self::InvalidSpec { .. } => "InvalidSpec",
            Self::NotSupported { .. } => "NotSupported",
            Self::StoreMissing { .. } => "StoreMissing",
            Self::StoreUnmanaged { .. } => "StoreUnmanaged",
            Self::StoreDenied { .. } => "StoreDenied",
            Self::StoreNotReady { .. } => "StoreNotReady",
            Self::StoreBroken { .. } => "StoreBroken",
            Self::GeneratorMissing { .. } => "GeneratorMissing",
            Self::GeneratorBroken { .. } => "GeneratorBroken",
            Self::CleanupFailing { .. } => "CleanupFailing",
            Self::ReferenceMissing { .. } => "ReferenceMissing",
            Self::ReferenceKeyMissing { .. } => "ReferenceKeyMissing",
            Self::ReferenceInvalid { .. } => "ReferenceInvalid",
            Self::Absent { .. } => "Absent",
            Self::NotModified { .. } => "NotModified",
            Self::Refused { .. } | Self::Expired { .. } => "Refused",
            Self::Throttled { .. } => "Throttled",
            Self::Unreachable { .. } => "Unreachable",
            Self::BadAnswer { .. } => "BadAnswer",
            Self::BadData { .. } => "BadData",
            Self::HeldBack { .. } => "HeldBack",
            Self::ResourcesDisabled => "ResourcesDisabled",
            Self::KindMissing { .. } => "KindMissing",
            Self::OwnedByExternalSecret { .. } => "OwnedByExternalSecret",
            Self::OwnedByOther { .. } => "OwnedByOther",
            Self::Taken { .. } => "Taken",
            Self::Immutable { .. } => "Immutable",
            Self::NotDeletable { .. } => "NotDeletable",
            Self::Conflict { .. } => "Conflict",
            Self::Rejected { .. } => "Rejected",
            Self::Forbidden { .. } => "Forbidden",
            Self::ApiUnavailable { .. } => "ApiUnavailable",
            Self::At { problem, .. } => problem.reason(),
        }
    }

    pub fn retry(&self) -> Retry {
        match self {
            Self::BrokenSpec { .. }
            | Self::InvalidSpec { .. }
            | Self::NotSupported { .. }
            | Self::ResourcesDisabled
            | Self::NotDeletable { .. } => Retry::OnEdit,
            Self::StoreNotReady { .. }
            | Self::StoreBroken { .. }
            | Self::OwnedByExternalSecret { .. }
            | Self::OwnedByOther { .. }
            | Self::Taken { .. }
            | Self::Immutable { .. } => Retry::OnChangeOfOther,
            Self::Throttled {
                retry_after: Some(pause),
                ..
            } => Retry::After((*pause).min(LONGEST_PAUSE)),
            Self::Conflict { .. } => Retry::AtOnce,
            Self::StoreMissing { .. }
            | Self::StoreUnmanaged { .. }
            | Self::StoreDenied { .. }
            // What a failure concerns is followed, as far as its kind can be and up to a number: what nobody tells is
            // only found out by looking again.
            | Self::GeneratorMissing { .. }
            | Self::GeneratorBroken { .. }
            | Self::CleanupFailing { .. }
            | Self::ReferenceMissing { .. }
            | Self::ReferenceKeyMissing { .. }
            | Self::ReferenceInvalid { .. }
            | Self::Absent { .. }
            | Self::NotModified { .. }
            | Self::Refused { .. }
            | Self::Expired { .. }
            | Self::Throttled {
                retry_after: None, ..
            }
            | Self::Unreachable { .. }
            | Self::BadAnswer { .. }
            | Self::BadData { .. }
            | Self::HeldBack { .. }
            | Self::KindMissing { .. }
            | Self::Rejected { .. }
            | Self::Forbidden { .. }
            | Self::ApiUnavailable { .. } => Retry::Backoff,
            Self::At { problem, .. } => problem.retry(),
        }
    }

    /// Is it worth trying again with nothing changed by anybody?
    pub fn passes_by_itself(&self) -> bool {
        match self.retry() {
            Retry::AtOnce | Retry::Backoff | Retry::After(_) => true,
            Retry::OnChangeOfOther | Retry::OnEdit => false,
        }
    }

    /// The other object whose change may cure this.
    pub fn concerns(&self) -> Option<ObjectRef> {
        match self {
            Self::StoreMissing { store }
            | Self::StoreUnmanaged { store }
            | Self::StoreDenied { store, .. }
            | Self::StoreNotReady { store }
            | Self::StoreBroken { store, .. } => Some(store.into()),
            Self::GeneratorMissing { generator } | Self::GeneratorBroken { generator, .. } => {
                Some(generator.clone())
            }
            Self::ReferenceMissing { object } | Self::ReferenceKeyMissing { object, .. } => {
                Some(object.clone())
            }
            Self::OwnedByExternalSecret { target, .. }
            | Self::OwnedByOther { target, .. }
            | Self::Immutable { target }
            | Self::NotDeletable { target, .. } => Some(target.clone()),
            Self::Conflict { object }
            | Self::Taken { object }
            | Self::Rejected { object, .. }
            | Self::Forbidden { object, .. }
            | Self::ApiUnavailable { object, .. } => Some(object.clone()),
            Self::BrokenSpec { .. }
            | Self::InvalidSpec { .. }
            | Self::NotSupported { .. }
            | Self::CleanupFailing { .. }
            | Self::ReferenceInvalid { .. }
            | Self::Absent { .. }
            | Self::NotModified { .. }
            | Self::Refused { .. }
            | Self::Expired { .. }
            | Self::Throttled { .. }
            | Self::Unreachable { .. }
            | Self::BadAnswer { .. }
            | Self::BadData { .. }
            | Self::HeldBack { .. }
            | Self::ResourcesDisabled
            | Self::KindMissing { .. } => None,
            Self::At { problem, .. } => problem.concerns(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_backend_puts_an_object_to_sleep_for_ever() {
        for (asked, pause) in [
            (Duration::from_secs(7), Duration::from_secs(7)),
            (LONGEST_PAUSE + Duration::from_secs(1), LONGEST_PAUSE),
            (Duration::MAX, LONGEST_PAUSE),
        ] {
            let throttled = Problem::Throttled {
                what: "login".to_owned(),
                why: "HTTP 429".to_owned(),
                retry_after: Some(asked),
            };
            assert_eq!(throttled.at("store").retry(), Retry::After(pause));
        }
    }
}
