//! The series of single objects. There are as many as there are objects, so they are kept as a few numbers each, and
//! become text only when somebody asks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::ConditionStatus;

use super::exposition::{Exposition, number};
use super::standing::{self, Rare, Standing};
use crate::engine::lease::Term;
use crate::engine::object::ObjectKey;

/// Of one kind, by its ESO name. Objects without a namespace have an empty one.
#[derive(Debug)]
pub(super) struct Objects {
    kind: &'static str,
    rows: Mutex<BTreeMap<ObjectKey, Row>>,
}

#[derive(Debug, Default)]
pub(super) struct Row {
    syncs: u64,
    failures: u64,
    /// In nanoseconds, as ESO has it.
    took: Option<u64>,
    ready: Option<ConditionStatus>,
    pub(super) succeeded: Option<Timestamp>,
    pub(super) interval: Option<Duration>,
    pub(super) rare: Option<Box<Rare>>,
    /// Its recommended labels, written out. Only where they are told.
    labels: Option<Box<str>>,
}

/// A family: its name, what it says, its type, and the series that an object has of it.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) sort: &'static str,
    pub(super) series: fn(&Row, &mut Tell),
}

/// Takes the labels of a series, beside those of its object, and its value.
pub(super) type Tell<'t> = dyn FnMut(&str, f64) + 't;

/// ESO's. Their names begin with the kind.
const FAMILIES: [Family; 4] = [
    Family {
        name: "sync_calls_total",
        help: "Syncs of an object",
        sort: "counter",
        series: |row, tell| {
            if row.syncs > 0 {
                tell("", number(row.syncs));
            }
        },
    },
    Family {
        name: "sync_calls_error",
        help: "Syncs that failed",
        sort: "counter",
        series: |row, tell| {
            if row.failures > 0 {
                tell("", number(row.failures));
            }
        },
    },
    Family {
        name: "status_condition",
        help: "Whether a condition has a status",
        sort: "gauge",
        series: |row, tell| {
            // On a flip, the series of the other status goes to 0 rather than away, as ESO has it.
            let Some(ready) = row.ready else { return };
            tell(
                ",condition=\"Ready\",status=\"False\"",
                f64::from(ready == ConditionStatus::False),
            );
            tell(
                ",condition=\"Ready\",status=\"True\"",
                f64::from(ready == ConditionStatus::True),
            );
        },
    },
    Family {
        name: "reconcile_duration",
        help: "How long the last reconcile took, in nanoseconds",
        sort: "gauge",
        series: |row, tell| {
            if let Some(took) = row.took {
                tell("", number(took));
            }
        },
    },
];

/// Kubernetes' recommended labels, as Prometheus can name them.
const RECOMMENDED: [(&str, &str); 6] = [
    ("app.kubernetes.io/name", "app_kubernetes_io_name"),
    ("app.kubernetes.io/instance", "app_kubernetes_io_instance"),
    ("app.kubernetes.io/version", "app_kubernetes_io_version"),
    ("app.kubernetes.io/component", "app_kubernetes_io_component"),
    ("app.kubernetes.io/part-of", "app_kubernetes_io_part_of"),
    ("app.kubernetes.io/managed-by", "app_kubernetes_io_managed_by"),
];

impl Objects {
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            rows: Mutex::default(),
        }
    }

    pub(super) fn synced(&self, key: &ObjectKey, failed: bool, took: Duration) {
        self.change(key, |row| {
            row.syncs += 1;
            row.failures += u64::from(failed);
            row.took = Some(nanoseconds(took));
        });
    }

    pub(super) fn took(&self, key: &ObjectKey, took: Duration) {
        self.change(key, |row| row.took = Some(nanoseconds(took)));
    }

    pub(super) fn ready(&self, key: &ObjectKey, status: ConditionStatus) {
        self.change(key, |row| row.ready = Some(status));
    }

    pub(super) fn stands(&self, key: &ObjectKey, standing: Standing) {
        self.change(key, |row| row.stands(standing));
    }

    pub(super) fn held(&self, key: &ObjectKey, is_held: bool) {
        self.change(key, |row| row.held(is_held));
    }

    pub(super) fn answered(&self, key: &ObjectKey, by_fallback: bool) {
        self.change(key, |row| row.answered(by_fallback));
    }

    pub(super) fn lent(&self, key: &ObjectKey, term: Option<Term>) {
        self.change(key, |row| row.lent(term));
    }

    pub(super) fn labelled(&self, key: &ObjectKey, labels: Option<&BTreeMap<String, String>>) {
        let labels = recommended(labels).into_boxed_str();
        self.change(key, |row| row.labels = Some(labels));
    }

    pub(super) fn forget(&self, key: &ObjectKey) {
        self.rows().remove(key);
    }

    /// Everything, in the text format. Families without a series are left out.
    pub(super) fn render(&self, with_labels: bool, text: &mut String) {
        let (rows, none) = (self.rows(), recommended(None));
        let named = |family: &Family| format!("{}_{}", self.kind, family.name);
        let of_eso = FAMILIES.iter().map(|family| (named(family), family));
        let of_ours = standing::FAMILIES.iter();
        let of_ours = of_ours.map(|family| (family.name.to_owned(), family));
        for (name, family) in of_eso.chain(of_ours) {
            let mut exposition = Exposition::new(text, name, family.help, family.sort);
            for (key, row) in rows.iter() {
                let recommended = if with_labels {
                    row.labels.as_deref().unwrap_or(&none)
                } else {
                    ""
                };
                (family.series)(row, &mut |labels, value| {
                    let (name, namespace) = (&key.name, &key.namespace);
                    let object =
                        format_args!("name=\"{name}\",namespace=\"{namespace}\"{recommended}{labels}");
                    exposition.sample("", object, value);
                });
            }
        }
    }

    fn change(&self, key: &ObjectKey, change: impl FnOnce(&mut Row)) {
        let mut rows = self.rows();
        match rows.get_mut(key) {
            Some(row) => change(row),
            None => change(rows.entry(key.clone()).or_default()),
        }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values of labels hold no character that would have to be escaped.
fn recommended(labels: Option<&BTreeMap<String, String>>) -> String {
    let value = |name| labels.and_then(|labels| labels.get(name));
    let written = RECOMMENDED.map(|(name, ours)| {
        let value = value(name).map(String::as_str).unwrap_or_default();
        format!(",{ours}=\"{value}\"")
    });
    written.concat()
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::lease::Sort;

    fn text(objects: &Objects) -> String {
        let mut text = String::new();
        objects.render(false, &mut text);
        text
    }

    #[test]
    fn names_labels_and_types_are_those_of_eso() {
        let objects = Objects::new("externalsecret");
        let key = ObjectKey::new("ns", "app");
        objects.synced(&key, true, Duration::from_nanos(5));
        objects.ready(&key, ConditionStatus::False);
        assert_eq!(
            text(&objects),
            "# HELP externalsecret_sync_calls_total Syncs of an object\n\
             # TYPE externalsecret_sync_calls_total counter\n\
             externalsecret_sync_calls_total{name=\"app\",namespace=\"ns\"} 1\n\
             # HELP externalsecret_sync_calls_error Syncs that failed\n\
             # TYPE externalsecret_sync_calls_error counter\n\
             externalsecret_sync_calls_error{name=\"app\",namespace=\"ns\"} 1\n\
             # HELP externalsecret_status_condition Whether a condition has a status\n\
             # TYPE externalsecret_status_condition gauge\n\
             externalsecret_status_condition{name=\"app\",namespace=\"ns\",condition=\"Ready\",status=\"False\"} 1\n\
             externalsecret_status_condition{name=\"app\",namespace=\"ns\",condition=\"Ready\",status=\"True\"} 0\n\
             # HELP externalsecret_reconcile_duration How long the last reconcile took, in nanoseconds\n\
             # TYPE externalsecret_reconcile_duration gauge\n\
             externalsecret_reconcile_duration{name=\"app\",namespace=\"ns\"} 5\n"
        );
    }

    #[test]
    fn series_of_an_object_go_with_it() {
        let objects = Objects::new("externalsecret");
        let key = ObjectKey::new("ns", "app");
        objects.took(&key, Duration::ZERO);
        assert!(text(&objects).contains("app"));
        objects.forget(&key);
        assert_eq!(text(&objects), "");
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn what_only_lockstep_tells_has_the_same_labels() {
        let objects = Objects::new("externalsecret");
        let key = ObjectKey::new("ns", "app");
        let standing = Standing {
            succeeded: Some(at(1_700_000_000)),
            interval: Some(Duration::from_mins(1)),
            certificates: [("tls.crt".to_owned(), at(1_900_000_000))].into(),
        };
        objects.stands(&key, standing);
        objects.held(&key, true);
        let term = Term {
            granted: at(1_700_000_000),
            span: 3600,
            sort: Sort::Renewable,
        };
        objects.lent(&key, Some(term));
        let text = text(&objects);
        let told: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let object = "{name=\"app\",namespace=\"ns\"";
        assert_eq!(
            told,
            [
                format!("lockstep_externalsecret_last_success_timestamp_seconds{object}}} 1700000000"),
                format!("lockstep_externalsecret_refresh_interval_seconds{object}}} 60"),
                format!(
                    "lockstep_externalsecret_certificate_not_after_timestamp_seconds{object},key=\"tls.crt\"}} 1900000000"
                ),
                format!("lockstep_guard_held{object}}} 1"),
                format!("lockstep_lease_end_timestamp_seconds{object}}} 1700003600"),
                format!("lockstep_lease_duration_seconds{object}}} 3600"),
            ]
        );
    }

    #[test]
    fn what_is_over_is_told_no_more() {
        let objects = Objects::new("externalsecret");
        let key = ObjectKey::new("ns", "app");
        objects.held(&key, true);
        let standing = |succeeded| Standing {
            succeeded: Some(at(succeeded)),
            ..Standing::default()
        };
        objects.stands(&key, standing(100));
        assert!(text(&objects).contains("guard_held"), "a look does not let go");
        objects.held(&key, false);
        objects.lent(&key, None);
        objects.stands(&key, standing(50));
        let text = text(&objects);
        assert!(
            !text.contains("guard_held") && !text.contains("interval"),
            "{text}"
        );
        assert!(text.ends_with("} 100\n"), "time does not go back:\n{text}");
        assert!(objects.rows()[&key].rare.is_none(), "room for what is not there");
    }
}
