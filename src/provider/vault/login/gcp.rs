//! Logging in as a Google Cloud identity: with a token that the account signed, or that the metadata server made.

use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{GcpWorkloadIdentity, VaultGcpAuth};
use serde_json::json;

use super::{Login, text};
use crate::engine::problem::Problem;
use crate::provider::google::{ACCOUNT, AccountKey, Metadata, Services, Workload};
use crate::provider::vault::call::Call;

/// Vault takes a token that ends within a quarter of an hour.
const LIFETIME: Duration = Duration::from_mins(10);

pub(super) async fn call(login: &Login, auth: &VaultGcpAuth) -> Result<Call, Problem> {
    let field = format!("{}.gcp", login.field);
    let jwt = if let Some(secret) = &auth.secret_ref {
        let field = format!("{field}.secretRef.secretAccessKeySecretRef");
        let nothing = SecretKeySelector::default();
        let selector = secret.service_account_key.as_ref().unwrap_or(&nothing);
        let key = login.references.secret_key(selector, &field).await?;
        let key = AccountKey::read(&key, &field)?;
        let jwt = key.jwt(&claims(&key.email, &auth.role, Timestamp::now()))?;
        text(&jwt, &field)?.to_owned()
    } else if let Some(identity) = &auth.workload_identity {
        let field = format!("{field}.workloadIdentity");
        signed(login, identity, &auth.role, field).await?
    } else {
        let audience = format!("{}/vault/{}", login.server.trim_end_matches('/'), auth.role);
        let metadata = Metadata::of(&login.environment.google, &field)?;
        metadata.identity(&audience).await?
    };
    // The same shape as a login by JWT.
    let texts = [("jwt", jwt.as_bytes()), ("role", auth.role.as_bytes())];
    Ok(Call::login(&auth.path, &texts))
}

/// What Vault wants to be told: who asks, for which of its roles.
fn claims(email: &str, role: &str, now: Timestamp) -> serde_json::Value {
    let ends = now.as_second().saturating_add_unsigned(LIFETIME.as_secs());
    json!({"sub": email, "aud": format!("vault/{role}"), "exp": ends})
}

/// Google signs with the key of the account that a ServiceAccount acts as.
async fn signed(
    login: &Login,
    identity: &GcpWorkloadIdentity,
    role: &str,
    field: String,
) -> Result<String, Problem> {
    let services = Services::of(&login.environment.google, &field)?;
    let workload = Workload {
        identity: identity.clone(),
        references: login.references.clone(),
        environment: (*login.environment.google).clone(),
        field,
    };
    let email = workload.account().await?;
    let email = email.ok_or_else(|| Problem::ReferenceInvalid {
        field: workload.reference(),
        why: format!(
            "service account {} names no account of Google Cloud: annotate it with {ACCOUNT}",
            identity.service_account_ref.name
        ),
    })?;
    let token = workload.token(&services).await?.token;
    let claims = claims(&email, role, Timestamp::now());
    services.sign(&email, &claims, &token).await
}
