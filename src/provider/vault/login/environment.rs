//! Where the clouds are, and who the operator's own pod is to them: what the clouds put into its environment.

use std::sync::Arc;

use crate::provider::google;

/// What is absent is as the cloud has it for everybody.
#[derive(Clone, Debug, Default)]
pub(in crate::provider::vault) struct Environment {
    pub(in crate::provider::vault) sts: Option<String>,
    /// The pod's own token and role (IRSA).
    pub(in crate::provider::vault) web_identity_token_file: Option<String>,
    pub(in crate::provider::vault) role_arn: Option<String>,
    /// The pod's own credentials (Pod Identity).
    pub(in crate::provider::vault) container_credentials: Option<String>,
    pub(in crate::provider::vault) container_token_file: Option<String>,
    pub(in crate::provider::vault) google: Arc<google::Environment>,
}

impl Environment {
    pub(in crate::provider::vault) fn of_process() -> Self {
        Self {
            sts: variable("AWS_STS_ENDPOINT"),
            web_identity_token_file: variable("AWS_WEB_IDENTITY_TOKEN_FILE"),
            role_arn: variable("AWS_ROLE_ARN"),
            container_credentials: variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            container_token_file: variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            google: Arc::new(google::Environment::of_process()),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clouds tell a pod who it is in its environment, and in no other way"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
