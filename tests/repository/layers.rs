//! Who may name whom. Dependencies point one way: faces, controller, { engine, provider, generator, cluster }, crates.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::source::{Source, sources};

struct Rule {
    /// Folders (or single files, without `.rs`) that the rule is about.
    within: &'static [&'static str],
    /// Parts of them that it is not about.
    except: &'static [&'static str],
    /// What none of them names: a path, or the beginning of one.
    never: &'static [&'static str],
    why: &'static str,
}

const FACES: &[&str] = &["crate::operator", "crate::agent", "crate::cli", "crate::webhook"];

/// The engine decides from what it is given: no client, no backend, no clock of its own.
const ENGINE: Rule = Rule {
    within: &["src/engine"],
    except: &[],
    never: &[
        "kube",
        "tokio",
        "futures",
        "axum",
        "notify",
        "crate::provider",
        "crate::cluster",
        "crate::controller",
        "crate::generator",
        "crate::queue",
        "crate::server",
        "crate::telemetry",
        "crate::operator",
        "crate::agent",
        "crate::cli",
        "crate::certificates",
        "crate::webhook",
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "std::time::Instant",
        "std::time::SystemTime",
        "jiff::Timestamp::now",
        "jiff::Zoned::now",
        "Timestamp::now",
        "Zoned::now",
    ],
    why: "the engine decides from what it is given; hand it in",
};

const CLIENTS: Rule = Rule {
    within: &["src"],
    except: &[
        "src/cluster",
        "src/provider/kubernetes",
        "src/operator",
        "src/agent",
        "src/cli",
        "src/main",
        "src/webhook",
    ],
    never: &["kube::Client", "kube::client", "kube::Api", "kube::api::Api"],
    why: "only `cluster`, the Kubernetes provider and the wiring of a face hold a client; ask the `Cluster` trait",
};

const LAYERS: &[Rule] = &[
    Rule {
        within: &[
            "src/certificates",
            "src/cluster",
            "src/provider",
            "src/generator",
            "src/queue",
        ],
        except: &[],
        never: &["crate::controller"],
        why: "dependencies point one way; what both need belongs below the controller",
    },
    Rule {
        within: &[
            "src/certificates",
            "src/controller",
            "src/cluster",
            "src/provider",
            "src/generator",
            "src/queue",
            "src/server",
        ],
        except: &[],
        never: FACES,
        why: "a face wires the parts together; no part knows its face",
    },
    Rule {
        within: &[
            "crates/gotemplate/src",
            "crates/gjson/src",
            "crates/gostd/src",
            "crates/jsonpath/src",
        ],
        except: &[],
        never: &[
            "std::fs",
            "std::env",
            "std::net",
            "std::process",
            "std::time::Instant",
            "tokio",
            "kube",
        ],
        why: "a template reads nothing but its data: no file, no environment, no network, no clock of its own",
    },
    Rule {
        within: &["crates/api/src"],
        except: &[],
        never: &["kube", "tokio", "std::fs", "std::env", "std::net"],
        why: "the API crate is types and their schema, nothing else",
    },
];

/// Keywords that never stand in the engine.
const WAITING: [&str; 2] = ["async", "await"];

#[test]
fn the_engine_is_pure() {
    let sources = sources();
    let mut findings = ENGINE.findings(&sources);
    for source in sources.iter().filter(|source| ENGINE.is_about(source)) {
        for word in WAITING {
            let lines = source.lines_of(word);
            findings.extend(
                lines
                    .iter()
                    .map(|line| format!("{}:{line} {word}: fetch first, then ask", source.path)),
            );
        }
    }
    assert_none("the engine decides, and does nothing else:", &findings);
}

#[test]
fn clients_stay_where_they_belong() {
    assert_none(
        "a Kubernetes client where none belongs:",
        &CLIENTS.findings(&sources()),
    );
}

#[test]
fn each_layer_names_only_what_is_below_it() {
    let sources = sources();
    let findings: Vec<String> = LAYERS.iter().flat_map(|rule| rule.findings(&sources)).collect();
    assert_none("a layer names what it must not know:", &findings);
}

#[test]
fn backends_do_not_know_each_other() {
    let sources = sources();
    let backends: BTreeSet<&str> = sources.iter().filter_map(backend_of).collect();
    let mut findings = Vec::new();
    for source in &sources {
        let Some(own) = backend_of(source) else { continue };
        for named in source.names() {
            let other = named
                .path
                .strip_prefix("crate::provider::")
                .and_then(|rest| rest.split("::").next());
            if other.is_some_and(|other| other != own && backends.contains(other)) {
                findings.push(format!("{}:{} names {}", source.path, named.line, named.path));
            }
        }
    }
    assert_none(
        "a backend imports another; what both need belongs in `src/provider`:",
        &findings,
    );
}

/// Where a secret value never comes out of its `SecretBytes`: what these write ends in a log, a status, an event, a
/// metric or on a screen.
const SEALED: &[&str] = &[
    "src/controller",
    "src/engine/condition",
    "src/engine/due",
    "src/engine/own",
    "src/engine/problem",
    "src/engine/store",
    "src/operator",
    "src/queue",
    "src/server",
    "src/telemetry",
];

/// Parts of these that hand values over.
const HANDING_OVER: &[&str] = &["src/controller/external_secret/act"];

#[test]
fn values_come_out_only_where_they_are_handed_over() {
    let below = |source: &Source, folders: &[&str]| folders.iter().any(|folder| source.is_below(folder));
    let mut findings = Vec::new();
    for source in sources() {
        if below(&source, SEALED) && !below(&source, HANDING_OVER) {
            let lines = source.lines_of_method("expose");
            findings.extend(
                lines
                    .iter()
                    .map(|line| format!("{}:{line} .expose()", source.path)),
            );
        }
    }
    assert_none(
        "a value is taken out where it could be shown; hand on the `SecretBytes`:",
        &findings,
    );
}

/// Folders of `src/provider` that are no backend, but serve them all.
const SHARED: [&str; 3] = ["entra", "google", "reader"];

fn backend_of(source: &Source) -> Option<&str> {
    let (folder, _) = source.path.strip_prefix("src/provider/")?.split_once('/')?;
    (!SHARED.contains(&folder)).then_some(folder)
}

impl Rule {
    fn is_about(&self, source: &Source) -> bool {
        let below = |folders: &[&str]| folders.iter().any(|folder| source.is_below(folder));
        below(self.within) && !below(self.except)
    }

    fn findings(&self, sources: &[Source]) -> Vec<String> {
        let mut findings = Vec::new();
        for source in sources.iter().filter(|source| self.is_about(source)) {
            let named = source.names();
            let wrong = named
                .iter()
                .filter(|named| self.never.iter().any(|never| begins_with(&named.path, never)));
            findings.extend(wrong.map(|named| {
                format!(
                    "{}:{} names {}: {}",
                    source.path, named.line, named.path, self.why
                )
            }));
        }
        findings
    }
}

/// Whether a path is that one or stands below it, segment by segment.
fn begins_with(path: &str, start: &str) -> bool {
    path.strip_prefix(start)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::begins_with;

    #[test]
    fn a_path_begins_with_whole_segments() {
        assert!(begins_with("kube::Client", "kube") && begins_with("kube", "kube"));
        assert!(!begins_with("kube_lease_manager::Lease", "kube"));
    }
}
