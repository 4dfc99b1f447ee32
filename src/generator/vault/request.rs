//! What is asked of Vault, by which login, and how often.

use lockstep_api::generator::VaultDynamicSecretSpec;

use crate::engine::fingerprint;
use crate::engine::problem::Problem;
use crate::generator::patience::Patience;
use crate::provider::vault::{Call, Envelope, Session};

/// Where the spec says nothing of it.
pub const RETRIES: u32 = 2;

/// Whoever logs in like this, in this namespace, is the same.
pub fn login_of(spec: &VaultDynamicSecretSpec, namespace: &str) -> String {
    // Credentials are not in here, but references to them; parameters of the call do not count.
    let provider = serde_json::to_string(&spec.provider).unwrap_or_default();
    fingerprint::of_text(&format!("{namespace} {provider} {:?}", spec.retry_settings))
}

pub fn path_of(spec: &VaultDynamicSecretSpec) -> String {
    let provider = &spec.provider;
    let namespace = provider.namespace.as_deref().unwrap_or_default();
    let method = spec.method.as_deref().unwrap_or_default();
    format!("{} {namespace} {method} {}", provider.server, spec.path)
}

/// Asks again where nobody answers, as often as the spec says. What the first attempt may have made hangs on the same
/// token.
pub async fn patiently(
    spec: &VaultDynamicSecretSpec,
    session: &Session,
) -> Result<Option<Envelope>, Problem> {
    let call = call(spec);
    let patience = Patience::of(spec.retry_settings.as_ref(), RETRIES)?;
    patience.ask(|| session.call(&call)).await
}

/// What is asked of the server.
fn call(spec: &VaultDynamicSecretSpec) -> Call {
    match spec.method.as_deref().unwrap_or_default() {
        "" | "GET" => {
            let parameters = spec.get_parameters.iter();
            let query = parameters
                .flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), value.clone())));
            Call {
                query: query.collect(),
                ..Call::read(&spec.path)
            }
        }
        "LIST" => Call::list(&spec.path),
        "DELETE" => Call::delete(&spec.path),
        _ => {
            let body = spec
                .parameters
                .as_ref()
                .map(|parameters| parameters.as_value().to_string());
            Call {
                body: Some(body.unwrap_or_else(|| "{}".to_owned()).into()),
                ..Call::write(&spec.path, &[])
            }
        }
    }
}
