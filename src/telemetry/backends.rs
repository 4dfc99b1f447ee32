//! The series of stores: how their backends are doing. Like those of other objects they are numbers until somebody
//! asks, and go with their store.

use super::exposition::{Exposition, number};
use crate::engine::object::StoreKey;
use crate::provider::pool::Vitals;
use crate::provider::reader::tally::Histogram;

/// Stores that have series of their own. So many that no one misses the others, and not as many as tenants may make.
const MOST: usize = 2000;

/// A family: what its name ends in, what it says, its type, and what a store has of it.
struct Family {
    name: &'static str,
    help: &'static str,
    sort: &'static str,
    series: fn(&Vitals, &mut Tell),
}

/// Takes what follows the name of the family, labels beside those of the store, and a value.
type Tell<'t> = dyn FnMut(&str, &str, f64) + 't;

const FAMILIES: [Family; 10] = [
    Family {
        name: "calls_total",
        help: "Calls to the backend of a store, by how they ended",
        sort: "counter",
        series: |vitals, tell| {
            let totals = &vitals.totals;
            for (outcome, count) in [
                ("answered", totals.answered),
                ("throttled", totals.throttled),
                ("unanswered", totals.unanswered),
            ] {
                tell("", &format!(",outcome=\"{outcome}\""), number(count));
            }
        },
    },
    Family {
        name: "call_duration_seconds",
        help: "How long calls take",
        sort: "histogram",
        series: |vitals, tell| histogram(&vitals.totals.took, tell),
    },
    Family {
        name: "batch_size",
        help: "Reads that go in one call",
        sort: "histogram",
        series: |vitals, tell| histogram(&vitals.totals.batches, tell),
    },
    Family {
        name: "reads_total",
        help: "Reads that were wanted",
        sort: "counter",
        series: |vitals, tell| tell("", "", number(vitals.totals.reads)),
    },
    Family {
        name: "reads_saved_total",
        help: "Reads that cost no call of their own",
        sort: "counter",
        series: |vitals, tell| tell("", "", number(vitals.totals.saved())),
    },
    Family {
        name: "connections",
        help: "Connections that are kept",
        sort: "gauge",
        series: |vitals, tell| tell("", "", number(vitals.connections as u64)),
    },
    Family {
        name: "circuits_open",
        help: "Connections whose backend does not answer and is asked by a single call now and then",
        sort: "gauge",
        series: |vitals, tell| tell("", "", number(vitals.away as u64)),
    },
    Family {
        name: "budget_calls_per_second",
        help: "Calls a second, as learnt from refusals; absent where there were none",
        sort: "gauge",
        series: |vitals, tell| {
            if let Some(a_second) = vitals.a_second {
                tell("", "", (a_second * 100.0).round() / 100.0);
            }
        },
    },
    Family {
        name: "budget_parallel_calls",
        help: "Calls at a time",
        sort: "gauge",
        series: |vitals, tell| {
            if let Some(parallel) = vitals.parallel {
                tell("", "", number(parallel as u64));
            }
        },
    },
    Family {
        name: "token_age_seconds",
        help: "Age of the oldest token that was logged in for",
        sort: "gauge",
        series: |vitals, tell| {
            if let Some(age) = vitals.token_age {
                tell("", "", number(age.as_secs()));
            }
        },
    },
];

/// Everything, in the text format. Families without a series are left out.
pub(super) fn render(stores: &[(StoreKey, Vitals)], text: &mut String) {
    let stores = &stores[..stores.len().min(MOST)];
    for family in &FAMILIES {
        let name = format!("lockstep_backend_{}", family.name);
        let mut exposition = Exposition::new(text, name, family.help, family.sort);
        for (key, vitals) in stores {
            (family.series)(vitals, &mut |part, labels, value| {
                let namespace = key.namespace().unwrap_or_default();
                let store = format_args!(
                    "kind=\"{}\",name=\"{}\",namespace=\"{namespace}\"{labels}",
                    key.kind(),
                    key.name()
                );
                exposition.sample(part, store, value);
            });
        }
    }
}

fn histogram(histogram: &Histogram, tell: &mut Tell) {
    let mut so_far = 0;
    for (bound, count) in histogram.bounds.iter().zip(&histogram.counts) {
        so_far += count;
        tell("_bucket", &format!(",le=\"{bound}\""), number(so_far));
    }
    tell("_bucket", ",le=\"+Inf\"", number(histogram.count()));
    tell("_sum", "", histogram.sum);
    tell("_count", "", number(histogram.count()));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::object::ObjectKey;
    use crate::provider::reader::tally::Totals;

    #[test]
    fn a_store_is_told_by_its_kind_name_and_namespace() {
        let few = |bounds, counts, sum| Histogram { bounds, counts, sum };
        let vitals = Vitals {
            totals: Totals {
                reads: 9,
                answered: 3,
                throttled: 1,
                unanswered: 0,
                took: few(&[0.5, 1.0], vec![1, 2, 1], 3.25),
                batches: few(&[1.0], vec![2, 2], 9.0),
            },
            connections: 1,
            away: 0,
            a_second: Some(7.123),
            parallel: Some(4),
            token_age: Some(Duration::from_secs(61)),
        };
        let mut text = String::new();
        let key = StoreKey::Namespaced(ObjectKey::new("ns", "vault"));
        render(&[(key, vitals)], &mut text);
        let told: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let store = "kind=\"SecretStore\",name=\"vault\",namespace=\"ns\"";
        for line in [
            format!("lockstep_backend_calls_total{{{store},outcome=\"throttled\"}} 1"),
            format!("lockstep_backend_call_duration_seconds_bucket{{{store},le=\"1\"}} 3"),
            format!("lockstep_backend_call_duration_seconds_bucket{{{store},le=\"+Inf\"}} 4"),
            format!("lockstep_backend_call_duration_seconds_sum{{{store}}} 3.25"),
            format!("lockstep_backend_reads_saved_total{{{store}}} 5"),
            format!("lockstep_backend_budget_calls_per_second{{{store}}} 7.12"),
            format!("lockstep_backend_token_age_seconds{{{store}}} 61"),
        ] {
            assert!(told.contains(&line.as_str()), "{line} is missing in\n{text}");
        }
    }
}
