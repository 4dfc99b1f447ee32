//! A ServiceAccount's token for a role of AWS (IRSA). The token is asked for whenever credentials are, and is kept
//! nowhere.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use lockstep_api::ServiceAccountSelector;

use super::answer::problem;
use super::login::SESSION_NAME;
use super::roles;
use crate::engine::problem::Problem;
use crate::provider::References;

const ROLE: &str = "eks.amazonaws.com/role-arn";
const AUDIENCE: &str = "eks.amazonaws.com/audience";
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
/// That of a token when none is asked for.
const LIFETIME: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(super) struct WebIdentity {
    account: ServiceAccountSelector,
    references: References,
    sts: aws_sdk_sts::Client,
    field: String,
}

impl WebIdentity {
    /// An account without a role is found out at once.
    pub(super) async fn new(
        account: ServiceAccountSelector,
        references: References,
        sts: aws_sdk_sts::Client,
        field: String,
    ) -> Result<Self, Problem> {
        let identity = Self {
            account,
            references,
            sts,
            field,
        };
        identity.role(&identity.annotations().await?)?;
        Ok(identity)
    }

    pub(super) async fn assume(&self) -> Result<Credentials, Problem> {
        let annotations = self.annotations().await?;
        let role = self.role(&annotations)?;
        let audience = annotations.get(AUDIENCE).map_or(DEFAULT_AUDIENCE, String::as_str);
        let token = self
            .references
            .service_account_token(&self.account, &[audience], LIFETIME, &self.field)
            .await?;
        let call = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(role)
            .role_session_name(SESSION_NAME)
            .web_identity_token(String::from_utf8_lossy(token.expose()));
        let what = format!("assuming role {role} as ServiceAccount {}", self.account.name);
        let answer = call.send().await.map_err(|error| problem(&error, &what))?;
        roles::credentials(answer.credentials, &what)
    }

    async fn annotations(&self) -> Result<BTreeMap<String, String>, Problem> {
        self.references
            .service_account_annotations(&self.account, &self.field)
            .await
    }

    fn role<'a>(&self, annotations: &'a BTreeMap<String, String>) -> Result<&'a str, Problem> {
        let role = annotations.get(ROLE).filter(|role| !role.is_empty());
        role.map(String::as_str).ok_or_else(|| Problem::ReferenceInvalid {
            field: self.field.clone(),
            why: format!(
                "an IAM role must be associated with service account {}: annotate it with {ROLE}",
                self.account.name
            ),
        })
    }
}
