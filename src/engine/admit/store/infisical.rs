//! `provider.infisical`.

use lockstep_api::provider::InfisicalProvider;

use super::references::References;

pub(super) fn review(spec: &InfisicalProvider, references: &mut References) {
    let scope = &spec.secrets_scope;
    if scope.project_slug.is_empty() || scope.environment_slug.is_empty() {
        references.refuse("secretsScope", "projectSlug and environmentSlug cannot be empty");
    }
    references.ca_provider("caProvider", spec.ca_provider.as_ref());
    let Some(auth) = &spec.auth.universal else { return };
    let parts = [
        ("clientId", &auth.client_id),
        ("clientSecret", &auth.client_secret),
    ];
    for (part, selector) in parts {
        let field = format!("auth.universalAuthCredentials.{part}");
        references.secret(&field, Some(selector));
        if selector.key.is_none() {
            references.refuse(&format!("{field}.key"), "must be set");
        }
    }
}
