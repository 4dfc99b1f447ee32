//! `ACRAccessToken`: a login for a registry of Azure.

use lockstep_api::generator::ACRAccessTokenSpec;

use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::References;
use crate::provider::azure::registry;
use crate::provider::entra::Environment;

/// Registries want no other name with a token.
const USER: &str = "00000000-0000-0000-0000-000000000000";

pub(super) async fn registry_token(
    spec: &ACRAccessTokenSpec,
    references: &References,
) -> Result<Values, Problem> {
    let token = registry::token(spec, references, &Environment::of_process()).await?;
    Ok(Values::from([
        ("username".to_owned(), USER.into()),
        ("password".to_owned(), token),
    ]))
}
