//! `provider.azurekv`.

use lockstep_api::provider::AzureKvProvider;

use super::references::References;

pub(super) fn review(spec: &AzureKvProvider, references: &mut References) {
    if let Some(auth) = &spec.auth_secret_ref {
        references.secret("authSecretRef.clientId", auth.client_id.as_ref());
        references.secret("authSecretRef.clientSecret", auth.client_secret.as_ref());
    }
    references.account("serviceAccountRef", spec.service_account_ref.as_ref());
}
