//! `provider.doppler`, whose token is never that of whoever uses the store.

use lockstep_api::provider::DopplerProvider;

use super::references::References;

pub(super) fn review(spec: &DopplerProvider, references: &mut References) {
    let token = spec.auth.secret_ref.as_ref().map(|auth| &auth.doppler_token);
    references.fixed_secret("auth.secretRef.dopplerToken", token);
    if token.is_some_and(|token| token.name.is_none()) {
        references.refuse("auth.secretRef.dopplerToken.name", "must be set");
    }
    let account = spec.auth.oidc_config.as_ref();
    references.fixed_account(
        "auth.oidcConfig.serviceAccountRef",
        account.map(|auth| &auth.service_account_ref),
    );
}
