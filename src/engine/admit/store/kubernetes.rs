//! `provider.kubernetes`.

use lockstep_api::provider::{KubernetesAuth, KubernetesProvider, KubernetesServer};

use super::references::References;

pub(super) fn review(spec: &KubernetesProvider, references: &mut References) {
    connection(&spec.server, spec.auth.as_ref(), references);
}

/// Which API server, and who we are there.
pub(super) fn connection(
    server: &KubernetesServer,
    auth: Option<&KubernetesAuth>,
    references: &mut References,
) {
    references.ca_provider("server.caProvider", server.ca_provider.as_ref());
    match auth {
        Some(KubernetesAuth::Cert(auth)) => {
            references.whole_secret("auth.cert.clientCert", &auth.client_cert);
        }
        Some(KubernetesAuth::Token(auth)) => {
            references.whole_secret("auth.token.bearerToken", &auth.bearer_token);
        }
        Some(KubernetesAuth::ServiceAccount(account)) => {
            references.account("auth.serviceAccount", Some(account));
        }
        None => {}
    }
}
