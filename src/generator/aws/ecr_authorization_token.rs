//! `ECRAuthorizationToken`: a login for a registry of AWS, private or public.

use aws_smithy_types::DateTime;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_api::generator::ECRAuthorizationTokenSpec;

use super::{Client, bad};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::aws::{Session, problem};

const WHAT: &str = "GetAuthorizationToken";

pub(super) async fn generate(spec: &ECRAuthorizationTokenSpec, client: &Client) -> Result<Values, Problem> {
    let (auth, role) = (spec.auth.as_ref(), spec.role.as_ref());
    let session = client.session(auth, &spec.region, role).await?;
    match spec.scope.as_deref() {
        Some("public") => public(&session).await,
        _ => private(&session).await,
    }
}

async fn private(session: &Session) -> Result<Values, Problem> {
    let answer = session.registry().get_authorization_token().send().await;
    let answer = answer.map_err(|error| problem(&error, WHAT))?;
    let data = answer.authorization_data.unwrap_or_default().into_iter().next();
    let data = data.ok_or_else(|| bad(WHAT, "it holds no token"))?;
    let mut values = login(data.authorization_token, data.expires_at)?;
    let endpoint = data.proxy_endpoint;
    let endpoint = endpoint.ok_or_else(|| bad(WHAT, "it names no registry"))?;
    values.insert("proxy_endpoint".to_owned(), endpoint.into());
    Ok(values)
}

async fn public(session: &Session) -> Result<Values, Problem> {
    let answer = session.public_registry().get_authorization_token().send().await;
    let answer = answer.map_err(|error| problem(&error, WHAT))?;
    let data = answer.authorization_data;
    let data = data.ok_or_else(|| bad(WHAT, "it holds no token"))?;
    login(data.authorization_token, data.expires_at)
}

/// A token is a user and a password, as in a header.
fn login(token: Option<String>, ends: Option<DateTime>) -> Result<Values, Problem> {
    let token = token.ok_or_else(|| bad(WHAT, "it holds no token"))?;
    let ends = ends.ok_or_else(|| bad(WHAT, "it does not say when the token ends"))?;
    let both = STANDARD.decode(token);
    let both = SecretBytes::from(both.map_err(|_| bad(WHAT, "its token is no base64"))?);
    let mut parts = both.expose().splitn(2, |&byte| byte == b':');
    let (Some(user), Some(password)) = (parts.next(), parts.next()) else {
        return Err(bad(WHAT, "its token has no password"));
    };
    Ok(Values::from([
        ("username".to_owned(), user.into()),
        ("password".to_owned(), password.into()),
        ("expires_at".to_owned(), ends.secs().to_string().into()),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> DateTime {
        DateTime::from_secs(1_700_000_000)
    }

    #[test]
    fn a_token_is_a_user_and_a_password() {
        let token = Some(STANDARD.encode("AWS:pass:word"));
        let values = [
            ("expires_at", "1700000000"),
            ("password", "pass:word"),
            ("username", "AWS"),
        ];
        let values = values.map(|(key, value)| (key.to_owned(), value.into()));
        assert_eq!(login(token, Some(ends())), Ok(Values::from(values)));
    }

    #[test]
    fn what_is_no_token_is_not_quoted() {
        for (token, ends, why) in [
            (None, Some(ends()), "it holds no token"),
            (
                Some("?canary?".to_owned()),
                Some(ends()),
                "its token is no base64",
            ),
            (
                Some(STANDARD.encode("canary")),
                Some(ends()),
                "its token has no password",
            ),
            (
                Some(STANDARD.encode("a:b")),
                None,
                "it does not say when the token ends",
            ),
        ] {
            let refused = login(token, ends).expect_err("no token").to_string();
            assert_eq!(
                refused,
                format!("GetAuthorizationToken: the answer cannot be used: {why}")
            );
        }
    }
}
