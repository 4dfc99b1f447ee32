//! `provider.aws`.

use lockstep_api::provider::{AwsProvider, AwsSecretRef, AwsSecretsManager};

use super::references::References;

/// Of a secret that is deleted, as AWS has it.
const RECOVERY_DAYS: std::ops::RangeInclusive<i64> = 7..=30;

pub(super) fn review(spec: &AwsProvider, references: &mut References) {
    if !is_host_label(&spec.region) {
        references.refuse("region", "must be a region of AWS, such as eu-central-1");
    }
    if let Some(settings) = &spec.secrets_manager {
        deletion(settings, references);
    }
    keys("auth.secretRef", spec.auth.secret_ref.as_ref(), references);
    let account = spec
        .auth
        .jwt
        .as_ref()
        .and_then(|jwt| jwt.service_account_ref.as_ref());
    references.account("auth.jwt.serviceAccountRef", account);
}

/// An access key's parts.
pub(super) fn keys(field: &str, keys: Option<&AwsSecretRef>, references: &mut References) {
    let Some(keys) = keys else { return };
    for (name, selector) in [
        ("accessKeyIDSecretRef", &keys.access_key_id),
        ("secretAccessKeySecretRef", &keys.secret_access_key),
        ("sessionTokenSecretRef", &keys.session_token),
    ] {
        references.secret(&format!("{field}.{name}"), selector.as_ref());
    }
}

fn deletion(settings: &AwsSecretsManager, references: &mut References) {
    // Zero means that AWS decides.
    let Some(days) = settings.recovery_window_in_days.filter(|days| *days != 0) else {
        return;
    };
    let field = "secretsManager.recoveryWindowInDays";
    if !RECOVERY_DAYS.contains(&days) {
        references.refuse(field, "must be between 7 and 30 days");
    } else if settings.force_delete_without_recovery {
        references.refuse(field, "must be left out where forceDeleteWithoutRecovery is set");
    }
}

/// A region becomes a part of a host's name. Which regions there are, nobody knows for long.
fn is_host_label(region: &str) -> bool {
    let is_plain = region
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=63).contains(&region.len()) && is_plain && !region.starts_with('-') && !region.ends_with('-')
}
