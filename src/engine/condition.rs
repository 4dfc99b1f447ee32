//! How what happened is told in the status: ESO's words, because people alert on them.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use lockstep_api::external_secret::{Binding, SourceFault};
use lockstep_api::provider::Capability;
use lockstep_api::{Condition, ConditionStatus, ConditionType, ExternalSecretStatus, SecretStoreStatus};

use super::collect::EntryFault;
use super::plan::Outcome;
use super::problem::{Problem, Retry};

/// Longest message in a status; what backends and users name in theirs is not ours to bound elsewhere.
const LONGEST_MESSAGE: usize = 1000;

/// A condition before it knows when it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    pub status: ConditionStatus,
    pub reason: &'static str,
    pub message: &'a str,
}

/// What the target is: some of ESO's words differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Secret,
    Resource,
}

impl Sort {
    /// A target that nobody may have is not told of as a resource.
    fn failure_reason(self, stage: Stage) -> &'static str {
        match self {
            Self::Resource if stage != Stage::Target => "ResourceSyncedError",
            Self::Secret | Self::Resource => "SecretSyncedError",
        }
    }
}

/// How far a reconcile got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The spec could not be understood.
    Understand,
    /// The target is of a kind that we do not write.
    Target,
    /// What is there could not be seen.
    Look,
    Fetch,
    /// What was fetched could not be made into the target.
    Render,
    Write,
    Delete,
    DeleteOrphans,
}

/// A reconcile that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub stage: Stage,
    pub problem: Problem,
    pub entries: Vec<EntryFault>,
    /// There is a target, and workloads may be bound to it.
    pub met_target: bool,
}

impl Failure {
    /// Boxed, as results carry it: a success should not pay for the size of a failure.
    pub fn new(stage: Stage, problem: Problem) -> Box<Self> {
        Box::new(Self {
            stage,
            problem,
            entries: Vec::new(),
            met_target: false,
        })
    }

    /// Somebody else wrote at the same time. That is no news, only a reason to look again.
    pub fn is_conflict(&self) -> bool {
        matches!(self.problem, Problem::Conflict { .. })
    }

    /// The backend has nothing new. No news either: what was synced before is as good as it was.
    pub fn is_not_modified(&self) -> bool {
        self.problem.is_not_modified()
    }

    /// The message of the condition, as ESO words it. The cause stands beside it, in what kstatus asks for, and in
    /// the event.
    pub fn message(&self, sort: Sort) -> String {
        let told = match (self.stage, self.problem.root()) {
            (_, Problem::OwnedByExternalSecret { .. }) => "target is owned by another ExternalSecret",
            (_, Problem::OwnedByOther { .. }) => "failed to take ownership of target secret",
            (_, Problem::Immutable { .. }) => "could not update secret, target is immutable",
            // ESO never gets here: there is no sentence of its to keep.
            (Stage::Understand, problem) | (_, problem @ Problem::HeldBack { .. }) => {
                return truncate(problem.to_string());
            }
            (Stage::Target, _) => "invalid generic target",
            (Stage::Fetch, _) => "could not get secret data from provider",
            (Stage::Look, _) => "could not get target resource",
            (Stage::Render, _) if sort == Sort::Resource => "could not apply template to manifest",
            (Stage::Render | Stage::Write, _) => "could not update secret",
            (Stage::Delete, _) if sort == Sort::Resource => "could not delete resource",
            (Stage::Delete, _) => "could not delete secret",
            (Stage::DeleteOrphans, _) => "could not delete orphaned secrets",
        };
        told.to_owned()
    }
}

pub fn of_outcome(sort: Sort, outcome: Outcome) -> Verdict<'static> {
    let reason = match (sort, outcome) {
        (Sort::Secret, Outcome::Synced | Outcome::Retained) => "SecretSynced",
        (Sort::Secret, Outcome::Deleted) => "SecretDeleted",
        (Sort::Secret, Outcome::Missing) => "SecretMissing",
        (Sort::Resource, Outcome::Synced | Outcome::Retained) => "ResourceSynced",
        (Sort::Resource, Outcome::Deleted) => "ResourceDeleted",
        (Sort::Resource, Outcome::Missing) => "ResourceMissing",
    };
    let message = match (sort, outcome) {
        (_, Outcome::Synced) => "secret synced",
        (_, Outcome::Retained) => "secret retained due to DeletionPolicy=Retain",
        (_, Outcome::Deleted) => "secret deleted due to DeletionPolicy=Delete",
        (Sort::Secret, Outcome::Missing) => "secret will not be created due to CreationPolicy=Merge",
        (Sort::Resource, Outcome::Missing) => "resource will not be created due to CreationPolicy=Merge",
    };
    Verdict {
        status: ConditionStatus::True,
        reason,
        message,
    }
}

/// What every status is written with.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub now: Timestamp,
    pub generation: i64,
    pub manner: Manner,
}

/// Whether conditions are told that ESO does not know. Its CRD refuses them, so whoever goes back to it has them
/// taken away first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// With `Reconciling` and `Stalled` while something is wrong, as kstatus defines them.
    Kstatus,
    Eso,
}

/// The status after a success. `binding` names the Secret where there is one to bind to.
pub fn after_success(
    old: &ExternalSecretStatus,
    stamp: &Stamp,
    sort: Sort,
    version: &str,
    outcome: Outcome,
    binding: Option<&str>,
) -> ExternalSecretStatus {
    let binding = binding.map(self::binding);
    ExternalSecretStatus {
        refresh_time: Some(Time(stamp.now)),
        synced_resource_version: Some(version.to_owned()),
        conditions: conditions(&old.conditions, stamp, of_outcome(sort, outcome), None),
        binding: binding.or_else(|| old.binding.clone()),
        observed_generation: Some(stamp.generation),
        sources: Vec::new(),
    }
}

/// What binds workloads to a Secret of this name.
pub fn binding(name: &str) -> Binding {
    Binding {
        name: name.to_owned(),
    }
}

/// The status after a failure: what was synced last, and when, stays.
pub fn after_failure(
    old: &ExternalSecretStatus,
    stamp: &Stamp,
    sort: Sort,
    failure: &Failure,
) -> ExternalSecretStatus {
    let message = failure.message(sort);
    let verdict = Verdict {
        status: ConditionStatus::False,
        reason: sort.failure_reason(failure.stage),
        message: &message,
    };
    ExternalSecretStatus {
        conditions: conditions(&old.conditions, stamp, verdict, Some(&failure.problem)),
        observed_generation: Some(stamp.generation),
        sources: failure.entries.iter().map(source_fault).collect(),
        ..old.clone()
    }
}

fn source_fault(fault: &EntryFault) -> SourceFault {
    SourceFault {
        entry: fault.want.entry.path(),
        key: fault.want.ask.key().map(str::to_owned),
        property: fault.want.ask.property().map(str::to_owned),
        reason: fault.problem.reason().to_owned(),
        message: Some(truncate(fault.problem.root().to_string())),
    }
}

/// The status of a store after it was looked at.
pub fn of_store(
    old: &SecretStoreStatus,
    stamp: &Stamp,
    verdict: Verdict,
    problem: Option<&Problem>,
    capabilities: Option<Capability>,
) -> SecretStoreStatus {
    SecretStoreStatus {
        conditions: conditions(&old.conditions, stamp, verdict, problem),
        capabilities: capabilities.or(old.capabilities),
    }
}

/// The conditions as they are now: ours made anew, those of others kept.
pub fn conditions(
    old: &[Condition],
    stamp: &Stamp,
    ready: Verdict,
    problem: Option<&Problem>,
) -> Vec<Condition> {
    let ours = [
        ConditionType::Ready,
        ConditionType::Reconciling,
        ConditionType::Stalled,
    ];
    let foreign = old.iter().filter(|condition| !ours.contains(&condition.kind));
    let abnormal = problem
        .filter(|_| stamp.manner == Manner::Kstatus)
        .map(|problem| {
            let (kind, outlook) = abnormal(problem);
            let verdict = Verdict {
                status: ConditionStatus::True,
                reason: problem.reason(),
                message: &truncate(format!("{problem}; {outlook}")),
            };
            condition(old, stamp, kind, verdict)
        });
    foreign
        .cloned()
        .chain([condition(old, stamp, ConditionType::Ready, ready)])
        .chain(abnormal)
        .collect()
}

/// What kstatus calls a failure: does it pass by itself, or has somebody to act?
fn abnormal(problem: &Problem) -> (ConditionType, &'static str) {
    match problem.retry() {
        Retry::AtOnce | Retry::Backoff | Retry::After(_) => (ConditionType::Reconciling, "it is tried again"),
        Retry::OnChangeOfOther => (
            ConditionType::Stalled,
            "it waits for a change of the object that it hangs on",
        ),
        Retry::OnEdit => (ConditionType::Stalled, "it waits for an edit"),
    }
}

/// Its time moves only when its status does.
fn condition(old: &[Condition], stamp: &Stamp, kind: ConditionType, verdict: Verdict) -> Condition {
    let before = old.iter().find(|condition| condition.kind == kind);
    let since = before
        .filter(|condition| condition.status == verdict.status)
        .and_then(|condition| condition.last_transition_time.clone())
        .unwrap_or(Time(stamp.now));
    Condition {
        kind,
        status: verdict.status,
        reason: said(verdict.reason),
        message: said(verdict.message),
        last_transition_time: Some(since),
        observed_generation: Some(stamp.generation),
    }
}

/// As Go leaves out what is empty.
fn said(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// Is the generation all that is new, because ESO does not tell it? Of some kinds it does not tell either since when; but
/// that moves with the status only.
pub fn adds_generation(old: &[Condition], new: &[Condition]) -> bool {
    let untold = old
        .iter()
        .any(|condition| condition.observed_generation.is_none());
    let as_eso = |conditions: &[Condition]| -> Vec<Condition> {
        let mut conditions = conditions.to_vec();
        for condition in &mut conditions {
            condition.observed_generation = None;
            condition.last_transition_time = None;
        }
        conditions
    };
    untold && as_eso(old) == as_eso(new)
}

/// Cuts a message at a character boundary.
pub fn truncate(mut text: String) -> String {
    if text.len() > LONGEST_MESSAGE {
        let end = (0..=LONGEST_MESSAGE)
            .rev()
            .find(|&index| text.is_char_boundary(index))
            .unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(second: i64) -> Stamp {
        Stamp {
            now: Timestamp::from_second(second).expect("a time"),
            generation: 3,
            manner: Manner::Kstatus,
        }
    }

    #[test]
    fn a_generation_is_no_news_where_eso_told_the_rest() {
        let told = |stamp: &Stamp| conditions(&[], stamp, of_outcome(Sort::Secret, Outcome::Synced), None);
        let ours = told(&stamp(1));
        let mut esos = ours.clone();
        esos[0].observed_generation = None;
        assert!(adds_generation(&esos, &ours));
        assert!(!adds_generation(&[], &ours), "nobody told anything");
        let edited = Stamp {
            generation: 4,
            ..stamp(1)
        };
        assert!(!adds_generation(&ours, &told(&edited)), "an edit is news");
        let other = conditions(&[], &stamp(1), of_outcome(Sort::Secret, Outcome::Missing), None);
        assert!(!adds_generation(&esos, &other));
    }

    #[test]
    fn what_is_wrong_is_told_as_kstatus_has_it_and_forgotten_when_it_is_over() {
        let told = |status: &ExternalSecretStatus| -> Vec<String> {
            let conditions = status.conditions.iter();
            conditions
                .map(|it| format!("{}={}", it.kind.as_str(), it.status.as_str()))
                .collect()
        };
        let passing = Failure::new(Stage::Fetch, Problem::Absent { key: "k".into() });
        let lasting = Failure::new(Stage::Write, Problem::NotSupported { what: "x".into() });
        let first = after_failure(
            &ExternalSecretStatus::default(),
            &stamp(1),
            Sort::Secret,
            &passing,
        );
        assert_eq!(told(&first), ["Ready=False", "Reconciling=True"]);
        let message = first.conditions[1].message.as_deref();
        assert_eq!(message, Some("k: secret does not exist; it is tried again"));
        let second = after_failure(&first, &stamp(2), Sort::Secret, &lasting);
        assert_eq!(told(&second), ["Ready=False", "Stalled=True"]);
        let plain = Stamp {
            manner: Manner::Eso,
            ..stamp(3)
        };
        assert_eq!(
            told(&after_failure(&second, &plain, Sort::Secret, &lasting)),
            ["Ready=False"]
        );
        let well = after_success(&second, &stamp(4), Sort::Secret, "1-a", Outcome::Synced, None);
        assert_eq!(told(&well), ["Ready=True"]);
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let first = after_success(
            &ExternalSecretStatus::default(),
            &stamp(10),
            Sort::Secret,
            "1-a",
            Outcome::Synced,
            Some("app"),
        );
        let retained = after_success(&first, &stamp(20), Sort::Secret, "1-a", Outcome::Retained, None);
        let failure = Failure::new(Stage::Fetch, Problem::Absent { key: "k".into() });
        let failed = after_failure(&retained, &stamp(30), Sort::Secret, &failure);
        let seconds = [&first, &retained, &failed].map(|status| {
            status.conditions[0]
                .last_transition_time
                .as_ref()
                .expect("a time")
                .0
                .as_second()
        });
        assert_eq!(seconds, [10, 10, 30]);
        assert_eq!(failed.refresh_time, retained.refresh_time);
        assert_eq!(failed.synced_resource_version.as_deref(), Some("1-a"));
        assert_eq!(failed.binding.map(|binding| binding.name).as_deref(), Some("app"));
    }

    #[test]
    fn causes_that_eso_names_are_named_whatever_the_stage() {
        let target = crate::engine::object::ObjectRef::secret("ns", "app");
        let problem = Problem::Immutable { target }.at("somewhere");
        assert_eq!(
            Failure::new(Stage::Write, problem).message(Sort::Secret),
            "could not update secret, target is immutable"
        );
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let text = truncate("ü".repeat(LONGEST_MESSAGE));
        assert!(text.ends_with("ü…") && text.len() <= LONGEST_MESSAGE + "…".len());
    }
}
