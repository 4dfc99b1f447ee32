//! Who the operator's own pod is to AWS, and where AWS is: what AWS and its platforms put into its environment.

use aws_credential_types::Credentials;

use crate::engine::secret_bytes::SecretBytes;

/// What is absent is as AWS has it for everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    pub(in crate::provider) sts: Option<String>,
    pub(in crate::provider) region: Option<String>,
    /// Keys of its own.
    pub(in crate::provider) access_key_id: Option<String>,
    pub(in crate::provider) secret_access_key: Option<SecretBytes>,
    pub(in crate::provider) session_token: Option<SecretBytes>,
    /// The pod's own token and role (IRSA).
    pub(in crate::provider) web_identity_token_file: Option<String>,
    pub(in crate::provider) role_arn: Option<String>,
    /// The pod's own credentials (Pod Identity).
    pub(in crate::provider) container_credentials: Option<String>,
    pub(in crate::provider) container_token_file: Option<String>,
    /// In place of the machine's metadata; only tests have one.
    pub(in crate::provider) metadata: Option<String>,
}

impl Environment {
    pub(in crate::provider) fn of_process() -> Self {
        let secret = |name| variable(name).map(SecretBytes::from);
        Self {
            sts: variable("AWS_STS_ENDPOINT"),
            region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
            access_key_id: variable("AWS_ACCESS_KEY_ID"),
            secret_access_key: secret("AWS_SECRET_ACCESS_KEY"),
            session_token: secret("AWS_SESSION_TOKEN"),
            web_identity_token_file: variable("AWS_WEB_IDENTITY_TOKEN_FILE"),
            role_arn: variable("AWS_ROLE_ARN"),
            container_credentials: variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            container_token_file: variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            metadata: None,
        }
    }

    /// Keys that somebody gave to the operator itself.
    pub(in crate::provider) fn keys(&self) -> Option<Credentials> {
        let text = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        let session = self.session_token.as_ref().map(text);
        let secret = self.secret_access_key.as_ref().map(text)?;
        Some(Credentials::new(
            self.access_key_id.clone()?,
            secret,
            session,
            None,
            "lockstep",
        ))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "AWS tells a pod who it is in its environment, and in no other way"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
