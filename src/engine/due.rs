//! Is it time to fetch? An ordered list of small checks over facts that are handed in.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::external_secret::{CreationPolicy, RefreshPolicy, SourceRef};
use lockstep_api::{ConditionStatus, ConditionType, ExternalSecretSpec, ExternalSecretStatus};

use super::target::Target;
use super::{labels, window};

/// What the decision rests on.
#[derive(Debug)]
pub struct Facts<'a> {
    pub spec: &'a ExternalSecretSpec,
    pub status: &'a ExternalSecretStatus,
    /// What `status.syncedResourceVersion` would be now.
    pub version: &'a str,
    /// The last success. Kept in memory, because the status tells it only coarsely.
    pub refreshed: Option<Timestamp>,
    pub target: Option<&'a Target>,
    /// What the templates were read from has changed since the last sync.
    pub templates_changed: bool,
    pub sources: Sources,
    /// What we put on the target beside its data is not as the last sync left it. After a restart nobody knows how that
    /// was, until the next sync.
    pub marks_changed: bool,
    /// What generators lent, and the target holds.
    pub loan: Option<Loan>,
    /// Where in its interval the object refreshes; see [`phase`].
    pub phase: Duration,
    pub now: Timestamp,
}

/// What has become since the last sync of the stores that answered then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sources {
    /// Nothing that anybody has noticed.
    Same,
    /// One stood in for another, which is back.
    Returned,
    /// What one holds has changed, as it says itself.
    Changed,
}

/// How what was lent fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loan {
    /// It ends, and no renewal helps.
    Over,
    /// Nothing is to be done about it until then.
    Until(Timestamp),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Now(Cause),
    At(Timestamp),
    /// Not by time: only an edit or drift of the target can make it due.
    Never,
}

/// Why it is time, in the order in which the causes are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    TargetDrifted,
    LoanOver,
    NeverSynced,
    ObjectChanged,
    TemplatesChanged,
    ClockWentBack,
    IntervalOver,
}

/// Drift comes first: a Secret that somebody edited is put right whatever the refresh policy says.
pub fn due(facts: &Facts) -> Due {
    if is_synced(facts) && (!is_target_sound(facts) || have_marks_drifted(facts)) {
        return Due::Now(Cause::TargetDrifted);
    }
    if is_synced(facts) && facts.loan == Some(Loan::Over) {
        return Due::Now(Cause::LoanOver);
    }
    no_later_than_loan(by_policy(facts), facts)
}

fn by_policy(facts: &Facts) -> Due {
    match facts.spec.refresh_policy() {
        RefreshPolicy::CreatedOnce => unless_synced(facts).unwrap_or(Due::Never),
        RefreshPolicy::OnChange => unless_synced(facts)
            .or_else(|| if_changed(facts))
            .unwrap_or(Due::Never),
        RefreshPolicy::Periodic => periodic(facts),
    }
}

/// A credential that ends is replaced whatever the refresh policy says, and while windows are closed: a dead one is of no
/// use to anybody.
fn no_later_than_loan(due: Due, facts: &Facts) -> Due {
    match (due, facts.loan) {
        (Due::Now(cause), _) => Due::Now(cause),
        (Due::At(time), Some(Loan::Until(until))) => Due::At(time.min(until)),
        (Due::Never, Some(Loan::Until(until))) => Due::At(until),
        (due, None | Some(Loan::Over)) => due,
    }
}

/// Nobody is served more often than this, whatever the spec asks for.
pub const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// How often an object is refreshed; `None`: not by time.
pub fn interval(spec: &ExternalSecretSpec) -> Option<Duration> {
    let interval = Some(spec.refresh_interval()).filter(|interval| !interval.is_zero());
    match spec.refresh_policy() {
        RefreshPolicy::Periodic => interval.map(|interval| interval.max(SHORTEST_INTERVAL)),
        RefreshPolicy::CreatedOnce | RefreshPolicy::OnChange => None,
    }
}

fn periodic(facts: &Facts) -> Due {
    let Some(interval) = interval(facts.spec) else {
        // An interval of zero fetches once and never again, not even after an edit.
        return unless_synced(facts).unwrap_or(Due::Never);
    };
    unless_synced(facts)
        .or_else(|| if_changed(facts))
        .or_else(|| if_templates_changed(facts))
        .or_else(|| if_clock_went_back(facts))
        .unwrap_or_else(|| when_interval_is_over(facts, interval))
}

fn unless_synced(facts: &Facts) -> Option<Due> {
    (!is_synced(facts)).then_some(Due::Now(Cause::NeverSynced))
}

fn if_changed(facts: &Facts) -> Option<Due> {
    let changed = facts.status.synced_resource_version.as_deref() != Some(facts.version);
    changed.then_some(Due::Now(Cause::ObjectChanged))
}

/// ESO sees such a change at the next refresh. What generators make must not become another because of it.
fn if_templates_changed(facts: &Facts) -> Option<Due> {
    (facts.templates_changed && !generates(facts.spec)).then_some(Due::Now(Cause::TemplatesChanged))
}

/// Does each fetch give other values?
pub fn generates(spec: &ExternalSecretSpec) -> bool {
    let mut entries = spec.data_from.iter();
    entries.any(|entry| matches!(entry.source_ref, Some(SourceRef::Generator(_))))
}

fn if_clock_went_back(facts: &Facts) -> Option<Due> {
    last_refresh(facts)
        .is_none_or(|last| last > facts.now)
        .then_some(Due::Now(Cause::ClockWentBack))
}

/// After that pause, an object that another store answered for asks its own again when it is back. One that goes and
/// comes all the time does not keep its objects busy.
const RETURN_PAUSE: Duration = Duration::from_secs(30);

/// What generators make must not become another because what is read beside it did.
fn when_due(facts: &Facts, interval: Duration) -> Timestamp {
    let last = last_refresh(facts).unwrap_or(facts.now);
    let after = |wait| last.checked_add(wait).unwrap_or(Timestamp::MAX);
    let due = after(wait(last, interval, facts.phase));
    match facts.sources {
        Sources::Changed if !generates(facts.spec) => due.min(facts.now),
        Sources::Returned if !generates(facts.spec) => due.min(after(RETURN_PAUSE)),
        Sources::Same | Sources::Changed | Sources::Returned => due,
    }
}

/// Sync windows hold back only this check: a closed window never keeps a first sync, an edit or drift waiting.
fn when_interval_is_over(facts: &Facts, interval: Duration) -> Due {
    let due = when_due(facts, interval);
    if due > facts.now {
        return Due::At(due);
    }
    match facts
        .spec
        .sync_windows
        .as_ref()
        .map(|windows| window::state(windows, facts.now))
    {
        None | Some(window::State::Open) => Due::Now(Cause::IntervalOver),
        Some(window::State::Closed { opens: Some(opens) }) => Due::At(opens),
        Some(window::State::Closed { opens: None }) => Due::Never,
    }
}

/// Of an object that is late, for there is much to do.
const OLDEST_ANSWER: Duration = Duration::from_secs(10);

/// Creation is told in whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// How old an answer may be that others have got already: as old as the object is overdue. It is to be new where somebody
/// waits for it, that is after an edit, or while the object fails.
pub fn may_be_old(facts: &Facts, created: Option<Timestamp>) -> Duration {
    let since = match due(facts) {
        Due::Now(Cause::IntervalOver) if is_ready(facts.status) => {
            interval(facts.spec).map(|interval| when_due(facts, interval))
        }
        Due::Now(Cause::NeverSynced) if facts.status.conditions.is_empty() => {
            created.and_then(|created| created.checked_add(SECOND).ok())
        }
        Due::Now(_) | Due::At(_) | Due::Never => None,
    };
    let overdue = since.and_then(|since| Duration::try_from(facts.now.duration_since(since)).ok());
    overdue.unwrap_or_default().min(OLDEST_ANSWER)
}

fn is_ready(status: &ExternalSecretStatus) -> bool {
    let mut conditions = status.conditions.iter();
    conditions
        .any(|condition| condition.kind == ConditionType::Ready && condition.status == ConditionStatus::True)
}

fn is_synced(facts: &Facts) -> bool {
    was_synced(facts.status)
}

/// Was any generation of the spec ever synced?
pub fn was_synced(status: &ExternalSecretStatus) -> bool {
    let version = status.synced_resource_version.as_deref().unwrap_or_default();
    !version.is_empty() && status.refresh_time.is_some()
}

/// Was this generation of the spec synced, whatever became of labels and annotations?
pub fn is_synced_generation(status: &ExternalSecretStatus, generation: i64) -> bool {
    let version = status.synced_resource_version.as_deref().unwrap_or_default();
    version
        .split_once('-')
        .is_some_and(|(synced, _)| synced == generation.to_string())
}

/// The last sync that worked, as far as anybody knows.
pub fn last_refresh(facts: &Facts) -> Option<Timestamp> {
    let told = facts.status.refresh_time.as_ref().map(|time| time.0);
    told.max(facts.refreshed)
}

/// Is the target as we left it?
fn is_target_sound(facts: &Facts) -> bool {
    !is_kept_up(facts.spec) || facts.target.is_some_and(is_as_stamped)
}

/// ESO sees such an edit at the next refresh. What generators make must not become another because of it.
fn have_marks_drifted(facts: &Facts) -> bool {
    facts.marks_changed && is_kept_up(facts.spec) && !generates(facts.spec)
}

/// Is it our business what others do to the target between two refreshes?
pub fn is_kept_up(spec: &ExternalSecretSpec) -> bool {
    match spec.target.creation_policy() {
        CreationPolicy::Orphan | CreationPolicy::None => false,
        CreationPolicy::Owner | CreationPolicy::Merge | CreationPolicy::CreateOrMerge => true,
    }
}

/// A target as a successful write leaves it.
pub fn sound_target() -> Target {
    Target {
        labels: [(labels::MANAGED.to_owned(), "true".to_owned())].into(),
        annotations: [(labels::DATA_HASH.to_owned(), String::new())].into(),
        ..Target::default()
    }
}

/// Does the target fit the stamps of a write of ours?
pub fn is_as_stamped(target: &Target) -> bool {
    target.is_managed() && target.annotations.get(labels::DATA_HASH) == Some(&target.data_hash)
}

/// Where in its interval an object refreshes: the same for all objects that read the same key of the same store, so
/// that they share the read, and spread out for the others.
pub fn phase(store: impl Hash, key: &str, interval: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    (store, key).hash(&mut hasher);
    match u64::try_from(interval.as_nanos()) {
        Ok(0) | Err(_) => Duration::ZERO,
        Ok(nanos) => Duration::from_nanos(hasher.finish() % nanos),
    }
}

/// How long after the last refresh the next one is: never more than the interval, never less than half of it, and
/// from the second one on at the object's phase.
fn wait(last: Timestamp, interval: Duration, phase: Duration) -> Duration {
    let Ok(interval_nanos) = i128::try_from(interval.as_nanos()) else {
        return interval;
    };
    let phase = i128::try_from(phase.as_nanos()).unwrap_or_default();
    let past_phase = (last.as_nanosecond() - phase).rem_euclid(interval_nanos.max(1));
    let until_phase = interval_nanos - past_phase;
    let wait = until_phase.max(interval_nanos / 2);
    u64::try_from(wait).map_or(interval, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use lockstep_api::Parsed;
    use serde_json::{Value, json};

    use super::*;

    fn spec(fields: Value) -> ExternalSecretSpec {
        match Parsed::from_json(fields) {
            Parsed::Sound(spec) => spec,
            Parsed::Broken(fault) => panic!("{fault}"),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn synced(second: i64) -> ExternalSecretStatus {
        ExternalSecretStatus {
            refresh_time: Some(Time(at(second))),
            synced_resource_version: Some("1-x".into()),
            ..ExternalSecretStatus::default()
        }
    }

    fn sound() -> Target {
        Target {
            labels: [(labels::MANAGED.to_owned(), "true".to_owned())].into(),
            annotations: [(labels::DATA_HASH.to_owned(), "h".to_owned())].into(),
            data_hash: "h".to_owned(),
            ..Target::default()
        }
    }

    /// The phase is that of second 0.
    fn facts<'f>(
        spec: &'f ExternalSecretSpec,
        status: &'f ExternalSecretStatus,
        version: &'f str,
        target: Option<&'f Target>,
        now: i64,
    ) -> Facts<'f> {
        Facts {
            spec,
            status,
            version,
            refreshed: None,
            target,
            templates_changed: false,
            sources: Sources::Same,
            marks_changed: false,
            loan: None,
            phase: Duration::ZERO,
            now: at(now),
        }
    }

    /// One row: spec, status, version, target, now → decision. The phase is that of second 0.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a row reads better without a borrow in it"
    )]
    fn check(
        fields: Value,
        status: &ExternalSecretStatus,
        version: &str,
        target: Option<&Target>,
        now: i64,
        expected: Due,
    ) {
        let spec = spec(fields.clone());
        let facts = facts(&spec, status, version, target, now);
        assert_eq!(due(&facts), expected, "{fields} at {now}");
    }

    #[test]
    fn each_policy_has_its_own_causes() {
        let (never, once) = (ExternalSecretStatus::default(), synced(1000));
        let target = Some(&sound()).cloned();
        let target = target.as_ref();
        let policies = ["Periodic", "OnChange", "CreatedOnce"]
            .map(|policy| json!({"refreshPolicy": policy, "refreshInterval": "1000s"}));
        for policy in &policies {
            check(
                policy.clone(),
                &never,
                "1-x",
                None,
                1001,
                Due::Now(Cause::NeverSynced),
            );
            check(
                policy.clone(),
                &once,
                "1-x",
                None,
                1001,
                Due::Now(Cause::TargetDrifted),
            );
        }
        let [periodic, on_change, created_once] = policies;
        check(
            periodic.clone(),
            &once,
            "2-x",
            target,
            1001,
            Due::Now(Cause::ObjectChanged),
        );
        check(
            on_change.clone(),
            &once,
            "2-x",
            target,
            1001,
            Due::Now(Cause::ObjectChanged),
        );
        check(created_once.clone(), &once, "2-x", target, 1001, Due::Never);
        check(periodic.clone(), &once, "1-x", target, 1001, Due::At(at(2000)));
        check(
            periodic.clone(),
            &once,
            "1-x",
            target,
            2000,
            Due::Now(Cause::IntervalOver),
        );
        check(
            periodic,
            &once,
            "1-x",
            target,
            999,
            Due::Now(Cause::ClockWentBack),
        );
        check(on_change, &once, "1-x", target, 99_999, Due::Never);
        check(created_once, &once, "1-x", target, 99_999, Due::Never);
    }

    #[test]
    fn an_interval_of_zero_fetches_once() {
        let target = sound();
        for interval in ["0", "-5m"] {
            let fields = json!({"refreshInterval": interval});
            check(
                fields.clone(),
                &ExternalSecretStatus::default(),
                "1-x",
                None,
                5,
                Due::Now(Cause::NeverSynced),
            );
            check(fields, &synced(1), "2-x", Some(&target), 99_999, Due::Never);
        }
    }

    #[test]
    fn drift_is_what_no_longer_fits_its_stamps() {
        let once = synced(1000);
        let mut edited = sound();
        edited.data_hash = "other".into();
        let mut unlabelled = sound();
        unlabelled.labels.clear();
        for target in [&edited, &unlabelled] {
            check(
                json!({}),
                &once,
                "1-x",
                Some(target),
                1001,
                Due::Now(Cause::TargetDrifted),
            );
            let orphan = json!({"target": {"creationPolicy": "Orphan"}, "refreshPolicy": "CreatedOnce"});
            check(orphan, &once, "1-x", Some(target), 1001, Due::Never);
        }
    }

    /// What is decided where only our marks on the target were edited.
    fn with_edited_marks(fields: Value) -> Due {
        let (spec, status, target) = (spec(fields), synced(1000), sound());
        due(&Facts {
            spec: &spec,
            status: &status,
            version: "1-x",
            refreshed: None,
            target: Some(&target),
            templates_changed: false,
            sources: Sources::Same,
            marks_changed: true,
            loan: None,
            phase: Duration::ZERO,
            now: at(1001),
        })
    }

    #[test]
    fn edited_marks_are_drift_whatever_the_policy() {
        for policy in ["Periodic", "OnChange", "CreatedOnce"] {
            let due = with_edited_marks(json!({"refreshPolicy": policy, "refreshInterval": "1000s"}));
            assert_eq!(due, Due::Now(Cause::TargetDrifted), "{policy}");
        }
    }

    #[test]
    fn edited_marks_are_nobodys_business_under_orphan_and_none() {
        for policy in ["Orphan", "None"] {
            let fields = json!({"refreshPolicy": "OnChange", "target": {"creationPolicy": policy}});
            assert_eq!(with_edited_marks(fields), Due::Never, "{policy}");
        }
    }

    #[test]
    fn edited_marks_make_no_new_password() {
        let generator =
            json!({"apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "name": "g"});
        let fields = json!({
            "refreshPolicy": "OnChange",
            "dataFrom": [{"sourceRef": {"generatorRef": generator}}],
        });
        assert_eq!(with_edited_marks(fields), Due::Never);
    }

    /// What is decided of something that was lent, at second 1001, with a refresh at second 2000.
    fn with_loan(policy: &str, status: &ExternalSecretStatus, loan: Loan) -> Due {
        let spec = spec(json!({"refreshPolicy": policy, "refreshInterval": "1000s"}));
        due(&Facts {
            spec: &spec,
            status,
            version: "1-x",
            refreshed: None,
            target: Some(&sound()),
            templates_changed: false,
            sources: Sources::Same,
            marks_changed: false,
            loan: Some(loan),
            phase: Duration::ZERO,
            now: at(1001),
        })
    }

    #[test]
    fn what_was_lent_is_replaced_in_time_whatever_the_policy() {
        for policy in ["Periodic", "OnChange", "CreatedOnce"] {
            let once = synced(1000);
            assert_eq!(
                with_loan(policy, &once, Loan::Over),
                Due::Now(Cause::LoanOver),
                "{policy}"
            );
            assert_eq!(
                with_loan(policy, &once, Loan::Until(at(1500))),
                Due::At(at(1500)),
                "{policy}"
            );
            let never = ExternalSecretStatus::default();
            assert_eq!(
                with_loan(policy, &never, Loan::Over),
                Due::Now(Cause::NeverSynced),
                "{policy}"
            );
        }
        assert_eq!(
            with_loan("Periodic", &synced(1000), Loan::Until(at(9000))),
            Due::At(at(2000))
        );
    }

    #[test]
    fn news_of_the_sources_come_before_the_interval_and_keep_to_everything_else() {
        let sync_window = json!({"refreshInterval": "1000s", "syncWindows": {"kind": "allow",
            "windows": [{"schedule": "0 0 1 1 *", "duration": "1h"}]}});
        let generator =
            json!({"apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "name": "g"});
        let generates = json!({"refreshInterval": "1000s",
            "dataFrom": [{"sourceRef": {"generatorRef": generator}}]});
        let plain = json!({"refreshInterval": "1000s"});
        let now = Due::Now(Cause::IntervalOver);
        for (fields, sources, second, expected) in [
            (&plain, Sources::Changed, 1001, now),
            (&plain, Sources::Returned, 1001, Due::At(at(1030))),
            (&plain, Sources::Returned, 1030, now),
            (&plain, Sources::Same, 1030, Due::At(at(2000))),
            (&generates, Sources::Changed, 1001, Due::At(at(2000))),
            (&generates, Sources::Returned, 1030, Due::At(at(2000))),
            (
                &json!({"refreshInterval": "0s"}),
                Sources::Changed,
                1001,
                Due::Never,
            ),
            (
                &json!({"refreshPolicy": "OnChange"}),
                Sources::Changed,
                1001,
                Due::Never,
            ),
            (
                &json!({"refreshPolicy": "CreatedOnce"}),
                Sources::Changed,
                1001,
                Due::Never,
            ),
        ] {
            let (spec, status, target) = (spec(fields.clone()), synced(1000), sound());
            let facts = Facts {
                sources,
                ..facts(&spec, &status, "1-x", Some(&target), second)
            };
            assert_eq!(due(&facts), expected, "{fields} {sources:?} at {second}");
        }
        let (spec, status, target) = (spec(sync_window), synced(1000), sound());
        let facts = Facts {
            sources: Sources::Changed,
            ..facts(&spec, &status, "1-x", Some(&target), 40_000_000)
        };
        assert!(matches!(due(&facts), Due::At(_)), "a closed window");
    }

    #[test]
    fn refreshes_meet_at_their_phase_and_never_come_late_or_twice_as_often() {
        let hour = Duration::from_hours(1);
        let phase = Duration::from_mins(10);
        for offset in 0..3600 {
            let first = at(1_000_000_000 + offset);
            let wait_one = wait(first, hour, phase);
            assert!(wait_one <= hour && wait_one >= hour / 2, "{offset}: {wait_one:?}");
            let second = first + wait_one;
            let third = second + wait(second, hour, phase);
            assert_eq!(third.as_second().rem_euclid(3600), 600, "{offset}");
        }
    }

    #[test]
    fn an_answer_may_be_as_old_as_an_object_is_late_unless_somebody_waits_for_it() {
        let age = |fields: Value, version: &str, now: i64| {
            let (spec, target) = (spec(json!({"refreshInterval": "1000s"})), sound());
            let status: ExternalSecretStatus = serde_json::from_value(fields).expect("a status");
            may_be_old(
                &facts(&spec, &status, version, Some(&target), now),
                Some(at(1990)),
            )
            .as_secs()
        };
        let synced = |ready: &str| {
            json!({"refreshTime": at(1000).to_string(), "syncedResourceVersion": "1-x",
                "conditions": [{"type": "Ready", "status": ready}]})
        };
        assert_eq!(age(synced("True"), "1-x", 2000), 0);
        assert_eq!(age(synced("True"), "1-x", 2003), 3);
        assert_eq!(age(synced("True"), "1-x", 2100), 10, "not for ever");
        assert_eq!(age(synced("False"), "1-x", 2003), 0, "it fails");
        assert_eq!(age(synced("True"), "2-x", 2003), 0, "it was edited");
        assert_eq!(age(synced("True"), "1-x", 1999), 0, "it is not due");
        let failed = json!({"conditions": [{"type": "Ready", "status": "False"}]});
        for (status, now, expected) in [
            (json!({}), 1990, 0),
            (json!({}), 1991, 0),
            (json!({}), 1995, 4),
            (json!({}), 3000, 10),
            (failed, 1995, 0),
        ] {
            assert_eq!(age(status, "1-x", now), expected, "created at 1990, now {now}");
        }
    }

    #[test]
    fn objects_that_share_a_key_share_their_phase() {
        let hour = Duration::from_hours(1);
        assert_eq!(phase("store", "db", hour), phase("store", "db", hour));
        assert_ne!(phase("store", "db", hour), phase("store", "api", hour));
        assert_eq!(phase("store", "db", Duration::ZERO), Duration::ZERO);
    }
}
