//! `STSSessionToken`: temporary credentials for AWS, other ones at each call.

use lockstep_api::generator::{STSSessionTokenSpec, StsRequestParameters};

use super::{Client, bad};
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::aws::problem;

const WHAT: &str = "GetSessionToken";

/// A session cannot be had for a session, and a ServiceAccount has nothing else.
pub(super) async fn generate(spec: &STSSessionTokenSpec, client: &Client) -> Result<Values, Problem> {
    if spec.auth.as_ref().is_some_and(|auth| auth.jwt.is_some()) {
        return Err(Problem::InvalidSpec {
            field: "spec.auth.jwt".to_owned(),
            why: "cannot be used for STS session tokens; use secretRef".to_owned(),
        });
    }
    let (auth, role) = (spec.auth.as_ref(), spec.role.as_ref());
    let session = client.session(auth, &spec.region, role).await?;
    let none = StsRequestParameters::default();
    let wanted = spec.request_parameters.as_ref().unwrap_or(&none);
    let call = session
        .sts()
        .get_session_token()
        .set_duration_seconds(wanted.session_duration)
        .set_serial_number(wanted.serial_number.clone())
        .set_token_code(wanted.token_code.as_ref().map(|code| code.expose().to_owned()));
    let answer = call.send().await.map_err(|error| problem(&error, WHAT))?;
    let made = answer.credentials;
    let made = made.ok_or_else(|| bad(WHAT, "it holds no credentials"))?;
    let expiration = made.expiration.secs().to_string();
    Ok(Values::from([
        ("access_key_id".to_owned(), made.access_key_id.into()),
        ("secret_access_key".to_owned(), made.secret_access_key.into()),
        ("session_token".to_owned(), made.session_token.into()),
        ("expiration".to_owned(), expiration.into()),
    ]))
}
