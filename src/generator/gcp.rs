//! `GCRAccessToken`: a login for a registry of Google Cloud.

use jiff::Timestamp;
use lockstep_api::generator::GCRAccessTokenSpec;

use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::References;
use crate::provider::gcp::{Environment, token};

/// Registries want this name with a token.
const USER: &str = "oauth2accesstoken";

pub(super) async fn registry_token(
    spec: &GCRAccessTokenSpec,
    references: &References,
    now: Timestamp,
) -> Result<Values, Problem> {
    let granted = token(&spec.auth, references, &Environment::of_process()).await?;
    let ends = now.as_second().saturating_add_unsigned(granted.life.as_secs());
    Ok(Values::from([
        ("username".to_owned(), USER.into()),
        ("password".to_owned(), granted.token),
        ("expiry".to_owned(), ends.to_string().into()),
    ]))
}
