//! `provider.onepassword`.

use std::collections::BTreeSet;

use lockstep_api::provider::OnePasswordProvider;

use super::references::References;

pub(super) fn review(spec: &OnePasswordProvider, references: &mut References) {
    let (field, token) = (
        "auth.secretRef.connectTokenSecretRef",
        &spec.auth.secret_ref.connect_token,
    );
    references.whole_secret(field, token);
    if spec.vaults.is_empty() {
        references.refuse("vaults", "must name at least one vault");
    }
    let turns: BTreeSet<_> = spec.vaults.values().collect();
    if turns.len() < spec.vaults.len() {
        references.refuse("vaults", "must not give two vaults the same number");
    }
    if url::Url::parse(&spec.connect_host).is_err() {
        // ESO takes it, and finds nobody there.
        references.doubt("spec.provider.onepassword.connectHost: must be a URL");
    }
}
