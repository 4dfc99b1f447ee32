//! `provider.kubernetes`.

use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{KubernetesAuth, KubernetesProvider};

use super::references::References;

pub(super) fn review(spec: &KubernetesProvider, references: &mut References) {
    references.ca_provider("server.caProvider", spec.server.ca_provider.as_ref());
    match &spec.auth {
        Some(KubernetesAuth::Cert(auth)) => whole("auth.cert.clientCert", &auth.client_cert, references),
        Some(KubernetesAuth::Token(auth)) => whole("auth.token.bearerToken", &auth.bearer_token, references),
        Some(KubernetesAuth::ServiceAccount(account)) => {
            references.account("auth.serviceAccount", Some(account));
        }
        None => {}
    }
}

/// A selector with a name and a key.
fn whole(field: &str, selector: &SecretKeySelector, references: &mut References) {
    if selector.name.is_none() {
        references.refuse(&format!("{field}.name"), "must be set");
    }
    if selector.key.is_none() {
        references.refuse(&format!("{field}.key"), "must be set");
    }
    references.fixed_secret(field, Some(selector));
}
