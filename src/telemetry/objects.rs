//! The series of single objects. There are as many as there are objects, so they are kept as a few numbers each, and
//! become text only when somebody asks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockstep_api::ConditionStatus;

use super::exposition::Exposition;
use crate::engine::object::ObjectKey;

/// Of one kind, by its ESO name. Objects without a namespace have an empty one.
#[derive(Debug)]
pub(super) struct Objects {
    kind: &'static str,
    rows: Mutex<BTreeMap<ObjectKey, Row>>,
}

#[derive(Debug, Default)]
struct Row {
    syncs: u64,
    failures: u64,
    /// In nanoseconds, as ESO has it.
    took: Option<u64>,
    ready: Option<ConditionStatus>,
}

/// A family: what its name ends in, what it says, its type, and the series that an object has of it.
struct Family {
    name: &'static str,
    help: &'static str,
    sort: &'static str,
    series: fn(&Row, &mut Tell),
}

/// Takes the labels of a series, beside those of its object, and its value.
type Tell<'t> = dyn FnMut(&str, u64) + 't;

const FAMILIES: [Family; 4] = [
    Family {
        name: "sync_calls_total",
        help: "Syncs of an object",
        sort: "counter",
        series: |row, tell| {
            if row.syncs > 0 {
                tell("", row.syncs);
            }
        },
    },
    Family {
        name: "sync_calls_error",
        help: "Syncs that failed",
        sort: "counter",
        series: |row, tell| {
            if row.failures > 0 {
                tell("", row.failures);
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
                u64::from(ready == ConditionStatus::False),
            );
            tell(
                ",condition=\"Ready\",status=\"True\"",
                u64::from(ready == ConditionStatus::True),
            );
        },
    },
    Family {
        name: "reconcile_duration",
        help: "How long the last reconcile took, in nanoseconds",
        sort: "gauge",
        series: |row, tell| {
            if let Some(took) = row.took {
                tell("", took);
            }
        },
    },
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

    pub(super) fn forget(&self, key: &ObjectKey) {
        self.rows().remove(key);
    }

    /// Everything, in the text format. Families without a series are left out.
    pub(super) fn render(&self, text: &mut String) {
        let rows = self.rows();
        for family in &FAMILIES {
            let name = format!("{}_{}", self.kind, family.name);
            let mut exposition = Exposition::new(text, name, family.help, family.sort);
            for (key, row) in rows.iter() {
                (family.series)(row, &mut |labels, value| {
                    let object =
                        format_args!("name=\"{}\",namespace=\"{}\"{labels}", key.name, key.namespace);
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

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(objects: &Objects) -> String {
        let mut text = String::new();
        objects.render(&mut text);
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
}
