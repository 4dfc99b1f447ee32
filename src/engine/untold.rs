//! A sync that was done, and that no status tells of: the write of the status failed, or we were ended before it.
//!
//! Where everything is fetched, syncing once more finds nothing to do. What a generator made would become another,
//! and somebody may already use it.

use jiff::Timestamp;
use lockstep_api::external_secret::{CreationPolicy, SourceFault};
use lockstep_api::{ExternalSecretSpec, ExternalSecretStatus};

use super::condition::{self, Manner, Sort, Stamp};
use super::own::{self, Claimant};
use super::plan::Outcome;
use super::target::Target;
use super::{due, fingerprint};

/// All that is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Untold {
    pub at: Timestamp,
    pub generation: i64,
    /// `status.syncedResourceVersion`.
    pub version: String,
    pub sort: Sort,
    pub outcome: Outcome,
    /// `status.sources`: the entries that other stores answered than they name.
    pub sources: Vec<SourceFault>,
    /// The Secret that workloads can be bound to.
    pub binding: Option<String>,
}

impl Untold {
    /// The status that tells it.
    pub fn status(&self, old: &ExternalSecretStatus, manner: Manner) -> ExternalSecretStatus {
        let stamp = Stamp {
            now: self.at,
            generation: self.generation,
            manner,
        };
        let status = condition::after_success(
            old,
            &stamp,
            self.sort,
            &self.version,
            self.outcome,
            self.binding.as_deref(),
        );
        ExternalSecretStatus {
            sources: self.sources.clone(),
            ..status
        }
    }
}

/// What an object looks like to a run that knows nothing of the one before it.
#[derive(Debug)]
pub struct Traces<'a> {
    pub claimant: &'a Claimant,
    pub spec: &'a ExternalSecretSpec,
    pub status: &'a ExternalSecretStatus,
    pub generation: i64,
    pub version: &'a str,
    pub target: Option<&'a Target>,
    pub now: Timestamp,
}

/// The first sync of an object with a generator, as far as its Secret gives it away: the Secret is controlled by this
/// very object, fits its stamps, and the spec was never another. Of later syncs, and of Secrets that are not owned,
/// nothing tells which spec they were for, or which object: those are done again.
pub fn first_sync(traces: &Traces) -> Option<Untold> {
    let target = traces.target?;
    let is_ours = traces.spec.target.creation_policy() == CreationPolicy::Owner
        && own::is_controlled_by(target, traces.claimant)
        && due::is_as_stamped(target);
    if !is_ours || traces.generation != 1 || due::was_synced(traces.status) || !due::generates(traces.spec) {
        return None;
    }
    let manager = fingerprint::field_manager(&traces.claimant.key.name);
    let written = target.managed.get(&manager)?.written;
    Some(Untold {
        // The API server's clock may go before ours.
        at: written.unwrap_or(traces.now).min(traces.now),
        generation: traces.generation,
        version: traces.version.to_owned(),
        sort: Sort::Secret,
        outcome: Outcome::Synced,
        sources: Vec::new(),
        binding: Some(traces.claimant.key.target_of(traces.spec).name.clone()),
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use lockstep_api::Parsed;
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::labels;
    use crate::engine::object::ObjectKey;
    use crate::engine::target::{ManagedFields, Owner};

    fn spec(target: &Value) -> ExternalSecretSpec {
        let generator =
            json!({"apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "name": "g"});
        let fields = json!({"target": target, "dataFrom": [{"sourceRef": {"generatorRef": generator}}]});
        match Parsed::from_json(fields) {
            Parsed::Sound(spec) => spec,
            Parsed::Broken(fault) => panic!("{fault}"),
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn owner(uid: &str) -> Owner {
        Owner {
            api_version: "external-secrets.io/v1".to_owned(),
            kind: "ExternalSecret".to_owned(),
            name: "app".to_owned(),
            uid: uid.to_owned(),
            controller: true,
            block_owner_deletion: true,
        }
    }

    /// As a first sync at second 100 leaves it.
    fn target() -> Target {
        let ours = ManagedFields {
            written: Some(second(100)),
            ..ManagedFields::default()
        };
        Target {
            labels: [(labels::MANAGED.to_owned(), "true".to_owned())].into(),
            annotations: [(labels::DATA_HASH.to_owned(), "h".to_owned())].into(),
            data_hash: "h".to_owned(),
            owners: vec![owner("u")],
            managed: [(fingerprint::field_manager("app"), ours)].into(),
            ..Target::default()
        }
    }

    struct Case {
        spec: ExternalSecretSpec,
        status: ExternalSecretStatus,
        generation: i64,
        target: Target,
        now: i64,
    }

    fn check(change: impl FnOnce(&mut Case)) -> Option<Timestamp> {
        let mut case = Case {
            spec: spec(&json!({})),
            status: ExternalSecretStatus::default(),
            generation: 1,
            target: target(),
            now: 200,
        };
        change(&mut case);
        let claimant = Claimant {
            key: ObjectKey::new("ns", "app"),
            uid: "u".to_owned(),
        };
        let traces = Traces {
            claimant: &claimant,
            spec: &case.spec,
            status: &case.status,
            generation: case.generation,
            version: "1-x",
            target: Some(&case.target),
            now: second(case.now),
        };
        first_sync(&traces).map(|untold| untold.at)
    }

    #[test]
    fn a_first_sync_that_nobody_told_is_known_by_its_secret() {
        assert_eq!(check(|_| ()), Some(second(100)));
        assert_eq!(check(|case| case.now = 50), Some(second(50)), "clocks differ");
    }

    #[test]
    fn what_may_be_of_another_time_or_of_others_is_synced_again() {
        assert_eq!(
            check(|case| case.generation = 2),
            None,
            "the spec was another once"
        );
        assert_eq!(check(|case| case.target.owners = vec![owner("earlier")]), None);
        assert_eq!(check(|case| case.target.owners.clear()), None);
        assert_eq!(
            check(|case| case.target.managed.clear()),
            None,
            "we never wrote it"
        );
        assert_eq!(
            check(|case| "edited".clone_into(&mut case.target.data_hash)),
            None
        );
        assert_eq!(
            check(|case| case.spec = spec(&json!({"creationPolicy": "Orphan"}))),
            None
        );
        assert_eq!(
            check(|case| case.spec.data_from.clear()),
            None,
            "a fetch does no harm"
        );
        let told = ExternalSecretStatus {
            refresh_time: Some(Time(second(100))),
            synced_resource_version: Some("1-x".to_owned()),
            ..ExternalSecretStatus::default()
        };
        assert_eq!(check(|case| case.status = told), None);
    }
}
