//! Logging in as an AWS identity: Vault gets a signed question to AWS of who we are, and asks it.
//!
//! Credentials are asked for whenever a login is, and kept nowhere; least of all in the process's environment.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{AwsJwtAuth, AwsSecretRef, VaultIamAuth};

use super::Login;
use crate::engine::problem::Problem;
use crate::provider::amazon::{Sts, WHO_AM_I};
use crate::provider::vault::call::Call;

const MOUNT: &str = "aws";
const REGION: &str = "us-east-1";
/// What AWS shows of us in its logs, as with ESO.
const SESSION_NAME: &str = "external-secrets-provider-vault";
const SERVER_ID: &str = "x-vault-aws-iam-server-id";

/// What EKS has annotated on ServiceAccounts: the role of each, and whom its tokens are made for.
const ROLE: &str = "eks.amazonaws.com/role-arn";
const AUDIENCE: &str = "eks.amazonaws.com/audience";
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
/// That of a token when none is asked for.
const LIFETIME: Duration = Duration::from_hours(1);

pub(super) async fn call(login: &Login, auth: &VaultIamAuth) -> Result<Call, Problem> {
    let identity = Identity::of(login, auth)?;
    let mut credentials = identity.source(auth).await?;
    if let Some(role) = set(auth.role.as_deref()) {
        let external_id = set(auth.external_id.as_deref());
        credentials = identity.sts.assume_role(role, external_id, credentials).await?;
    }
    let server_id = set(auth.vault_aws_iam_server_id.as_deref()).map(|id| (SERVER_ID, id));
    let mut headers: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (name, value) in identity
        .sts
        .signed(identity.sts.url(), credentials, server_id.as_slice())?
    {
        headers.entry(name).or_default().push(value);
    }
    // Names and texts: they can always be written.
    let headers = serde_json::to_vec(&headers).unwrap_or_default();
    let mount = set(auth.path.as_deref()).unwrap_or(MOUNT);
    let encoded =
        [WHO_AM_I.as_bytes(), &headers, identity.sts.url().as_bytes()].map(|part| STANDARD.encode(part));
    let [body, headers, url] = encoded.each_ref().map(String::as_bytes);
    let texts: [(_, &[u8]); 5] = [
        ("iam_http_request_method", b"POST"),
        ("iam_request_body", body),
        ("iam_request_headers", headers),
        ("iam_request_url", url),
        ("role", auth.vault_role.as_bytes()),
    ];
    Ok(Call::login(mount, &texts))
}

/// Who asks, and where others are made of it.
struct Identity<'l> {
    login: &'l Login,
    field: String,
    sts: Sts,
}

impl<'l> Identity<'l> {
    fn of(login: &'l Login, auth: &VaultIamAuth) -> Result<Self, Problem> {
        let field = format!("{}.iam", login.field);
        let region = set(auth.region.as_deref()).unwrap_or(REGION);
        let given = login.environment.amazon.sts.clone();
        let url = given.unwrap_or_else(|| endpoint(region));
        Ok(Self {
            login,
            sts: Sts::new((url, region), SESSION_NAME, &field)?,
            field,
        })
    }

    /// Who we are before any role is assumed.
    async fn source(&self, auth: &VaultIamAuth) -> Result<Credentials, Problem> {
        match (&auth.jwt, &auth.secret_ref) {
            (Some(jwt), _) => self.service_account(jwt).await,
            (None, Some(keys)) => self.keys(keys).await,
            (None, None) => {
                let references = &self.login.references;
                references.check_own_identity(&self.field, "name jwt or secretRef")?;
                let own = self.sts.own(&self.login.environment.amazon).await?;
                own.ok_or_else(|| Problem::ReferenceInvalid {
                    field: self.field.clone(),
                    why: "needs `jwt` or `secretRef`, for lockstep has no AWS identity of its own here"
                        .to_owned(),
                })
            }
        }
    }

    /// The role that a ServiceAccount has, by a token of that account.
    async fn service_account(&self, jwt: &AwsJwtAuth) -> Result<Credentials, Problem> {
        let field = format!("{}.jwt.serviceAccountRef", self.field);
        let account = jwt
            .service_account_ref
            .as_ref()
            .ok_or_else(|| Problem::InvalidSpec {
                field: field.clone(),
                why: "must be set".to_owned(),
            })?;
        let references = &self.login.references;
        let annotations = references.service_account_annotations(account, &field).await?;
        let annotation = |name| set(annotations.get(name).map(String::as_str));
        let role = annotation(ROLE).ok_or_else(|| Problem::ReferenceInvalid {
            field: field.clone(),
            why: format!(
                "an IAM role must be associated with service account {}: annotate it with {ROLE}",
                account.name
            ),
        })?;
        let audience = annotation(AUDIENCE).unwrap_or(DEFAULT_AUDIENCE);
        let token = references
            .service_account_token(account, &[audience], LIFETIME, &field)
            .await?;
        self.sts.web_identity(role, &token).await
    }

    /// The session token is optional, as it is for provider `aws`.
    async fn keys(&self, keys: &AwsSecretRef) -> Result<Credentials, Problem> {
        let id = self
            .text(keys.access_key_id.as_ref(), "accessKeyIDSecretRef")
            .await?;
        let key = self
            .text(keys.secret_access_key.as_ref(), "secretAccessKeySecretRef")
            .await?;
        let session = match &keys.session_token {
            Some(_) => Some(
                self.text(keys.session_token.as_ref(), "sessionTokenSecretRef")
                    .await?,
            ),
            None => None,
        };
        Ok(Credentials::new(id, key, session, None, "lockstep"))
    }

    async fn text(&self, selector: Option<&SecretKeySelector>, part: &str) -> Result<String, Problem> {
        let nothing = SecretKeySelector::default();
        let part = format!("iam.secretRef.{part}");
        self.login.text(selector.unwrap_or(&nothing), &part).await
    }
}

/// Vault itself asks at `sts.amazonaws.com` unless it is told another region.
fn endpoint(region: &str) -> String {
    match region {
        REGION => "https://sts.amazonaws.com/".to_owned(),
        region if region.starts_with("cn-") => format!("https://sts.{region}.amazonaws.com.cn/"),
        region => format!("https://sts.{region}.amazonaws.com/"),
    }
}

fn set(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
