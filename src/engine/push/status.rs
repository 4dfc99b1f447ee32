//! How a push is told: ESO's words, and here they hold the cause too.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use lockstep_api::push_secret::{PushSecretStatus, PushUpdatePolicy, SyncedPushSecrets};
use lockstep_api::{ConditionStatus, ConditionType};

use crate::engine::condition::{Stamp, Verdict, conditions, truncate};
use crate::engine::problem::Problem;

const SOURCE_DELETED: &str = "SourceDeleted";

/// After everything was pushed.
pub fn after_success(
    old: &PushSecretStatus,
    stamp: &Stamp,
    version: &str,
    policy: PushUpdatePolicy,
    synced: SyncedPushSecrets,
) -> PushSecretStatus {
    let verdict = Verdict {
        status: ConditionStatus::True,
        reason: "Synced",
        message: synced_message(policy),
    };
    PushSecretStatus {
        conditions: conditions(&old.conditions, stamp, verdict, None),
        refresh_time: Some(Time(stamp.now)),
        synced_push_secrets: synced,
        synced_resource_version: Some(version.to_owned()),
    }
}

fn synced_message(policy: PushUpdatePolicy) -> &'static str {
    match policy {
        PushUpdatePolicy::Replace => "PushSecret synced successfully",
        PushUpdatePolicy::IfNotExists => {
            "PushSecret synced successfully. Existing secrets in providers unchanged."
        }
    }
}

/// After a failure: what was pushed before is told as before. `synced`: what is known to be there now, where that is
/// known.
pub fn after_failure(
    old: &PushSecretStatus,
    stamp: &Stamp,
    message: &str,
    problem: &Problem,
    synced: Option<SyncedPushSecrets>,
) -> PushSecretStatus {
    let message = truncate(message.to_owned());
    let verdict = Verdict {
        status: ConditionStatus::False,
        reason: "Errored",
        message: &message,
    };
    PushSecretStatus {
        conditions: conditions(&old.conditions, stamp, verdict, Some(problem)),
        synced_push_secrets: synced.unwrap_or_else(|| old.synced_push_secrets.clone()),
        ..old.clone()
    }
}

/// After the source was deleted, and with it what was pushed.
pub fn after_source_deleted(old: &PushSecretStatus, stamp: &Stamp) -> PushSecretStatus {
    let verdict = Verdict {
        status: ConditionStatus::False,
        reason: SOURCE_DELETED,
        message: "source secret deleted; provider secrets cleaned up",
    };
    PushSecretStatus {
        conditions: conditions(&old.conditions, stamp, verdict, None),
        synced_push_secrets: SyncedPushSecrets::new(),
        ..old.clone()
    }
}

pub fn is_source_deleted(status: &PushSecretStatus) -> bool {
    let mut conditions = status.conditions.iter();
    conditions.any(|it| it.kind == ConditionType::Ready && it.reason.as_deref() == Some(SOURCE_DELETED))
}
