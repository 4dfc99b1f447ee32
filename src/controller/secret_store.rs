//! SecretStore and ClusterSecretStore: is the backend there, and may we use it?

use std::sync::Arc;

use lockstep_api::provider::Maintenance;
use lockstep_api::secret_store::StoreInterval;
use lockstep_api::{ConditionStatus, SecretStoreStatus};
use tokio::time::Instant;
use tracing::{info, warn};

use super::Context;
use super::following::Follower;
use crate::audit::{Action, Record, Who};
use crate::cluster::{Event, Store};
use crate::engine::condition::{self, Verdict as Told, truncate};
use crate::engine::labels;
use crate::engine::object::{ObjectRef, StoreKey};
use crate::engine::problem::{Problem, Retry};
use crate::provider::pool::Verdict;
use crate::queue::Next;
use crate::telemetry::store_like;
use crate::traces;

/// One turn of one store.
pub async fn reconcile(context: Context, key: StoreKey) -> Next {
    let Some(store) = context.cluster.store(&key) else {
        context.pool.forget(&key);
        context.following.set(&Follower::Store(key.clone()), []);
        let (kind, name) = store_like(&key);
        context.metrics.forget(kind, &name);
        return Next::Gone;
    };
    if store.terminating || !context.looks_after(&store) {
        return Next::WhenWoken;
    }
    let started = Instant::now();
    let checked = traces::step("check", check(&context, &store)).await;
    audit(&context, &store, &checked);
    follow(&context, &key, &checked);
    let status = status(&context, &store, &checked);
    let readiness = match &checked {
        Verdict::Valid | Verdict::Doubtful { .. } => ConditionStatus::True,
        Verdict::NoConnection(_) | Verdict::Failed(_) => ConditionStatus::False,
    };
    let (kind, name) = store_like(&key);
    context.metrics.labelled(kind, &name, Some(&store.labels));
    context.metrics.ready(kind, &name, readiness);
    context.metrics.took(kind, &name, started.elapsed());
    traces::step("report", report(&context, &store, &checked, &status)).await
}

/// A spec that cannot be read is a store that cannot be connected to.
async fn check(context: &Context, store: &Arc<Store>) -> Verdict {
    if let Err(fault) = store.spec.as_ref() {
        return Verdict::NoConnection(Problem::BrokenSpec { fault: fault.clone() });
    }
    context.pool.refresh_if_stale(&store.key).await;
    context.pool.check(store).await
}

/// The backend was shown our credentials.
fn audit(context: &Context, store: &Store, checked: &Verdict) {
    context.audit.tell(|| {
        let who = Who::new(&ObjectRef::from(&store.key), &store.uid);
        let credentials = context
            .pool
            .credentials(&store.key, store.key.namespace().unwrap_or_default());
        let record = Record::new(Action::Check, who)
            .store(&store.key)
            .credentials(&credentials);
        record.ended(problem_of(checked))
    });
}

/// Looks again as soon as a credential changes, or what the failure hangs on.
fn follow(context: &Context, key: &StoreKey, checked: &Verdict) {
    let used = context.pool.uses(key).into_iter();
    let used = used.map(|used| (used.object(), Some(Some(used.version))));
    let concerned = problem_of(checked)
        .and_then(Problem::concerns)
        .map(|object| (object, None));
    context
        .following
        .set(&Follower::Store(key.clone()), concerned.into_iter().chain(used));
}

fn problem_of(checked: &Verdict) -> Option<&Problem> {
    match checked {
        Verdict::NoConnection(problem) | Verdict::Failed(problem) => Some(problem),
        Verdict::Valid | Verdict::Doubtful { .. } => None,
    }
}

/// ESO's sentence, but for what ESO would have been able to do.
fn unconnected(problem: &Problem) -> String {
    if problem.is_beyond_us() {
        truncate(problem.to_string())
    } else {
        "unable to create client".to_owned()
    }
}

fn status(context: &Context, store: &Store, checked: &Verdict) -> SecretStoreStatus {
    let stamp = context.stamp(store.generation);
    let told = |status, reason, message| Told {
        status,
        reason,
        message,
    };
    let invalid = "InvalidProviderConfig";
    let unconnected;
    let told = match checked {
        Verdict::Valid => told(ConditionStatus::True, "Valid", "store validated"),
        Verdict::Doubtful { .. } => told(
            ConditionStatus::True,
            "ValidationUnknown",
            "could not determine validation status",
        ),
        Verdict::NoConnection(problem) => {
            unconnected = self::unconnected(problem);
            told(ConditionStatus::False, invalid, &unconnected)
        }
        Verdict::Failed(_) => told(ConditionStatus::False, invalid, "unable to validate store"),
    };
    // What the store can do is only told once it was found to be sound.
    let spec = store.spec.as_ref().ok().filter(|_| *checked == Verdict::Valid);
    condition::of_store(
        &store.status,
        &stamp,
        told,
        problem_of(checked),
        spec.map(|spec| spec.provider.capability()),
    )
}

async fn report(context: &Context, store: &Store, checked: &Verdict, status: &SecretStoreStatus) -> Next {
    let is_other = *status != store.status;
    let is_news = is_other && !condition::adds_generation(&store.status.conditions, &status.conditions);
    match checked {
        Verdict::Valid if is_news => {
            announce(context, store, false, "Valid", "store validated".to_owned());
            announce_maintenance(context, store);
        }
        Verdict::Valid => {}
        Verdict::Doubtful { why } => announce(context, store, true, "ValidationUnknown", why.clone()),
        Verdict::NoConnection(problem) | Verdict::Failed(problem) => {
            let (kind, _) = store_like(&store.key);
            context.metrics.problem(kind.name(), problem.reason());
            announce(context, store, true, "InvalidProviderConfig", problem.to_string());
        }
    }
    if is_other && let Err(problem) = context.cluster.write_store_status(store, status).await {
        warn!(store = %store.key, reason = problem.reason(), cause = %problem, "could not write the status");
        return Next::Backoff;
    }
    next(context, store, checked)
}

fn next(context: &Context, store: &Store, checked: &Verdict) -> Next {
    let own = store
        .spec
        .as_ref()
        .ok()
        .and_then(|spec| spec.refresh_interval.as_ref())
        .map(StoreInterval::to_std);
    let interval = own
        .filter(|interval| !interval.is_zero())
        .unwrap_or(context.settings.store_interval);
    let problem = match checked {
        Verdict::Valid | Verdict::Doubtful { .. } => return Next::After(interval),
        Verdict::NoConnection(problem) | Verdict::Failed(problem) => problem,
    };
    match problem.retry() {
        Retry::After(pause) => Next::FailedAfter(pause),
        Retry::AtOnce | Retry::Backoff | Retry::OnChangeOfOther => Next::Backoff,
        Retry::OnEdit => Next::WhenWoken,
    }
}

/// Some providers are looked after by nobody upstream. An annotation says that the user knows.
fn announce_maintenance(context: &Context, store: &Store) {
    let Ok(spec) = store.spec.as_ref() else { return };
    let muted = store.annotations.contains_key(labels::IGNORE_MAINTENANCE);
    match spec.provider.maintenance() {
        Maintenance::NotMaintained if !muted => {
            let message = format!(
                "provider `{}` is for tests and not maintained; plan to move to another",
                spec.provider.name()
            );
            announce(context, store, true, "StoreUnmaintained", message);
        }
        Maintenance::NotMaintained | Maintenance::Maintained => {}
    }
}

fn announce(context: &Context, store: &Store, warning: bool, reason: &'static str, message: String) {
    if warning {
        warn!(store = %store.key, reason, "{message}");
    } else {
        info!(store = %store.key, reason, "{message}");
    }
    let about = ObjectRef::from(&store.key);
    context.cluster.publish(Event {
        about,
        uid: store.uid.clone(),
        warning,
        reason,
        message,
    });
}
