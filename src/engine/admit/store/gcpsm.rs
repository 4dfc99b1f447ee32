//! `provider.gcpsm`.

use lockstep_api::provider::GcpsmProvider;

use super::references::References;

pub(super) fn review(spec: &GcpsmProvider, references: &mut References) {
    let key = spec.auth.secret_ref.as_ref();
    let key = key.and_then(|auth| auth.service_account_key.as_ref());
    references.secret("auth.secretRef.secretAccessKeySecretRef", key);
    let account = spec.auth.workload_identity.as_ref();
    references.account(
        "auth.workloadIdentity.serviceAccountRef",
        account.map(|auth| &auth.service_account_ref),
    );
}
