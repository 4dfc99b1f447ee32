//! `lockstep diff`: what the next sync would change, by the operator's own steps, on a cluster that is only looked at.

mod changes;
mod connect;
mod counts;
mod flags;
mod pushes;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use self::show::Report;
use super::ending::{Ending, Halt, complain, print};
use super::manifests;
use crate::audit::Audit;
use crate::cluster::folder::Manifests;
use crate::cluster::kube::Glance;
use crate::controller::external_secret::{Outlook, preview};
use crate::controller::following::Following;
use crate::controller::rendering::Rendering;
use crate::controller::{Context, RefreshTime, Settings, push_secret};
use crate::engine::condition::Manner;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::render::{Engine, Targets};
use crate::engine::store::StoreRules;
use crate::generator::Generators;
use crate::process::PARTING;
use crate::provider::Calls;
use crate::provider::pool::Pool;
use crate::telemetry::Metrics;
use crate::traces::Traces;

pub use self::flags::Flags;

pub async fn run(flags: &Flags) -> Result<Ending, Halt> {
    let config = connect::config(flags).await?;
    let namespace = flags
        .namespace
        .clone()
        .unwrap_or_else(|| config.default_namespace.clone());
    let mut given = manifests::read(&flags.files, Some(&namespace)).map_err(misuse)?;
    check_files(flags, &given)?;
    for what in &given.pushing {
        complain(&format!(
            "{what} is passed over: name the PushSecrets that it makes, or use --all"
        ));
    }
    let client = connect::client(config).await?;
    if !given.cluster_external_secrets.is_empty() {
        let there = Glance::namespaces(client.clone()).await;
        given.declare_all(there.map_err(|problem| Halt::new(ending(&problem), problem))?);
        manifests::spread(&mut given).map_err(misuse)?;
    }
    let mut asked = Asked {
        external_secrets: given.external_secrets.keys().cloned().collect(),
        push_secrets: given.push_secrets.keys().cloned().collect(),
    };
    let cluster = Arc::new(Glance::new(client, given));
    asked.by_name(&flags.names, &namespace);
    if flags.all {
        let namespace = Some(namespace.as_str()).filter(|_| !flags.all_namespaces);
        let found = asked.all(&cluster, namespace).await;
        found.map_err(|problem| Halt::new(ending(&problem), problem))?;
    }
    let context = context(flags, cluster.clone())?;
    let mut worst = Ending::Fine;
    let mut report = Report::default();
    for key in asked.external_secrets {
        let told = match cluster.look(&key).await {
            Ok(()) => tell(&mut report, &key, &preview(&context, &key).await),
            Err(problem) => Err((ending(&problem), problem.to_string())),
        };
        worst = worst.max(told.unwrap_or_else(|(ending, why)| {
            report.counts.failed += 1;
            complain(&format!(
                "{}: {why}",
                ObjectRef::namespaced("ExternalSecret", &key)
            ));
            ending
        }));
    }
    let pushes = push_secrets(&context, &cluster, asked.push_secrets, &mut report);
    worst = worst.max(Box::pin(pushes).await);
    context.close(PARTING).await;
    print(report.summary().as_bytes());
    Ok(worst)
}

async fn push_secrets(
    context: &Context,
    cluster: &Glance,
    keys: BTreeSet<ObjectKey>,
    report: &mut Report,
) -> Ending {
    let mut worst = Ending::Fine;
    for key in keys {
        let told = match cluster.look_at_push(&key).await {
            Ok(()) => tell_push(report, &key, &push_secret::preview(context, &key).await),
            Err(problem) => Err((ending(&problem), problem.to_string())),
        };
        worst = worst.max(told.unwrap_or_else(|(ending, why)| {
            report.counts.failed += 1;
            complain(&format!("{}: {why}", ObjectRef::namespaced("PushSecret", &key)));
            ending
        }));
    }
    worst
}

/// What is looked at.
struct Asked {
    external_secrets: BTreeSet<ObjectKey>,
    push_secrets: BTreeSet<ObjectKey>,
}

impl Asked {
    /// A name alone is that of an ExternalSecret.
    fn by_name(&mut self, names: &[String], namespace: &str) {
        for name in names {
            match name.split_once('/') {
                Some((kind, name)) if is_push_secret(kind) => {
                    self.push_secrets.insert(ObjectKey::new(namespace, name));
                }
                Some(_) | None => {
                    self.external_secrets.insert(ObjectKey::new(namespace, name));
                }
            }
        }
    }

    async fn all(&mut self, cluster: &Glance, namespace: Option<&str>) -> Result<(), Problem> {
        self.external_secrets.extend(cluster.list(namespace).await?);
        self.push_secrets.extend(cluster.list_pushes(namespace).await?);
        Ok(())
    }
}

/// As `kubectl` takes it.
fn is_push_secret(kind: &str) -> bool {
    ["pushsecret", "pushsecrets", "ps"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
}

/// 1 says that something differs, and that is not known.
fn misuse(halt: Halt) -> Halt {
    Halt {
        ending: Ending::Misuse,
        ..halt
    }
}

/// Prints each as soon as it is known: stores may take their time.
fn tell(report: &mut Report, key: &ObjectKey, outlook: &Outlook) -> Result<Ending, (Ending, String)> {
    let why = match outlook {
        Outlook::Preview(preview) => {
            return match report.tell(key, preview) {
                Ok((text, differs)) => {
                    print(text.as_bytes());
                    Ok(if differs { Ending::Finding } else { Ending::Fine })
                }
                Err(failure) => Err((ending(&failure.problem), show::failure(failure, preview.sort))),
            };
        }
        Outlook::Broken(fault) => fault.to_string(),
        Outlook::NotOurs => "is served by a controller of another class; see --controller-class".to_owned(),
        Outlook::Gone => "does not exist".to_owned(),
        Outlook::Terminating => {
            print(report.terminating("ExternalSecret", key).as_bytes());
            return Ok(Ending::Fine);
        }
    };
    Err((Ending::Misuse, why))
}

fn tell_push(
    report: &mut Report,
    key: &ObjectKey,
    outlook: &push_secret::Outlook,
) -> Result<Ending, (Ending, String)> {
    use push_secret::Outlook;
    let why = match outlook {
        Outlook::Places(places) => {
            print(pushes::text(key, places).as_bytes());
            let mut worst = Ending::Fine;
            for (place, problem) in pushes::failures(places) {
                complain(&format!(
                    "{}: {place}: {problem}",
                    ObjectRef::namespaced("PushSecret", key)
                ));
                worst = worst.max(ending(problem));
            }
            let counts = pushes::counts(places);
            report.counts += counts;
            let differs = counts.differing() > 0;
            return Ok(worst.max(if differs { Ending::Finding } else { Ending::Fine }));
        }
        Outlook::Failed(failure) => {
            return Err((ending(failure.problem()), show::push_failure(failure)));
        }
        Outlook::Broken(fault) => fault.to_string(),
        Outlook::NotOurs => {
            "no store of it is served by this class of controller; see --controller-class".to_owned()
        }
        Outlook::Gone => "does not exist".to_owned(),
        Outlook::Terminating => {
            print(report.terminating("PushSecret", key).as_bytes());
            return Ok(Ending::Fine);
        }
    };
    Err((Ending::Misuse, why))
}

fn ending(problem: &Problem) -> Ending {
    let is_out_of_reach = matches!(
        problem.root(),
        Problem::Unreachable { .. } | Problem::Throttled { .. } | Problem::ApiUnavailable { .. }
    );
    if is_out_of_reach {
        Ending::Unreachable
    } else {
        Ending::Misuse
    }
}

fn check_files(flags: &Flags, given: &Manifests) -> Result<(), Halt> {
    let names_some = flags.all || !flags.names.is_empty();
    let gives_some = !given.external_secrets.is_empty()
        || !given.cluster_external_secrets.is_empty()
        || !given.push_secrets.is_empty();
    if names_some || gives_some {
        return Ok(());
    }
    let why = "neither an ExternalSecret nor a PushSecret in what -f names; name one, or use --all";
    Err(Halt::misuse(why))
}

/// The operator's, as far as one look needs it.
fn context(flags: &Flags, cluster: Arc<Glance>) -> Result<Context, Halt> {
    let metrics = Metrics::new().map_err(|error| Halt::misuse(format!("the metrics: {error}")))?;
    let rules = flags.rules.rules();
    let engine = Engine::new(&flags.template_left_delimiter, &flags.template_right_delimiter);
    Ok(Context {
        pool: Arc::new(Pool::new(
            cluster.clone(),
            Calls::new(metrics.clone()),
            rules.clone(),
        )),
        following: Arc::new(Following::new(cluster.clone())),
        rendering: Arc::new(Rendering::new(engine)),
        generators: Arc::new(Generators::new(
            cluster.clone(),
            Calls::new(metrics.clone()),
            rules,
        )),
        cluster,
        metrics,
        audit: Audit::default(),
        traces: Traces::default(),
        rules: StoreRules {
            class: flags.controller_class.clone(),
            flood_gate: true,
        },
        settings: Settings {
            namespaced_stores: true,
            cluster_stores: true,
            store_interval: std::time::Duration::ZERO,
            refresh_time: RefreshTime::Coarse,
            conditions: Manner::Kstatus,
            guard: true,
            grace: std::time::Duration::ZERO,
            targets: Targets::Anything,
        },
        clock: Timestamp::now,
    })
}
