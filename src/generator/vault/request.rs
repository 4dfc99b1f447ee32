//! What is asked of Vault, by which login, and how often.

use std::time::Duration;

use lockstep_api::generator::VaultDynamicSecretSpec;

use crate::engine::fingerprint;
use crate::engine::problem::Problem;
use crate::provider::vault::{Call, Envelope, Session};

/// Where the spec says nothing of it.
pub const RETRIES: u32 = 2;
pub const PAUSE: Duration = Duration::from_secs(1);
/// Whatever the spec says: the object's own backoff goes on from there.
pub const MOST_RETRIES: u32 = 10;
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);
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
    let (mut left, pause) = patience(spec)?;
    let call = call(spec);
    loop {
        match session.call(&call).await {
            Err(Problem::Unreachable { .. }) if left > 0 => {
                left -= 1;
                tokio::time::sleep(pause).await;
            }
            answer => return answer,
        }
    }
}

/// How often a call is repeated, and after how long. ESO's client repeats twice where nothing is said, and never where
/// something is said but not how often.
pub fn patience(spec: &VaultDynamicSecretSpec) -> Result<(u32, Duration), Problem> {
    let Some(settings) = &spec.retry_settings else {
        return Ok((RETRIES, PAUSE));
    };
    let pause = settings.retry_interval().map_err(|why| Problem::InvalidSpec {
        field: "spec.retrySettings.retryInterval".to_owned(),
        why,
    })?;
    let retries = settings.max_retries.unwrap_or_default();
    let retries = u32::try_from(retries).unwrap_or_default().min(MOST_RETRIES);
    Ok((retries, pause.unwrap_or(PAUSE).min(LONGEST_PAUSE)))
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
