//! Logging in as an AWS identity: Vault gets a signed question to AWS of who we are, and asks it.
//!
//! Credentials are asked for whenever a login is, and kept nowhere; least of all in the process's environment.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{AwsJwtAuth, AwsSecretRef, VaultIamAuth};
use reqwest::redirect::Policy;
use url::form_urlencoded;

use super::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, Http, Options, problem};
use crate::provider::sigv4::{FORM, Request};
use crate::provider::vault::call::Call;

const MOUNT: &str = "aws";
const REGION: &str = "us-east-1";
const VERSION: &str = "2011-06-15";
const WHO_AM_I: &str = "Action=GetCallerIdentity&Version=2011-06-15";
/// What AWS shows of us in its logs, as with ESO.
const SESSION_NAME: &str = "external-secrets-provider-vault";
const SERVER_ID: &str = "x-vault-aws-iam-server-id";
const DEADLINE: Duration = Duration::from_secs(15);

/// What EKS has annotated on ServiceAccounts: the role of each, and whom its tokens are made for.
const ROLE: &str = "eks.amazonaws.com/role-arn";
const AUDIENCE: &str = "eks.amazonaws.com/audience";
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
/// That of a token when none is asked for.
const LIFETIME: Duration = Duration::from_hours(1);

pub(super) async fn call(login: &Login, auth: &VaultIamAuth) -> Result<Call, Problem> {
    let sts = Sts::of(login, auth)?;
    let mut credentials = sts.source(auth).await?;
    if let Some(role) = set(auth.role.as_deref()) {
        credentials = sts
            .assume_role(role, set(auth.external_id.as_deref()), credentials)
            .await?;
    }
    let server_id = set(auth.vault_aws_iam_server_id.as_deref()).map(|id| (SERVER_ID, id));
    let request = Request {
        url: &sts.url,
        region: sts.region,
        form: Some(WHO_AM_I),
        headers: server_id.as_slice(),
    };
    let mut headers: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (name, value) in request.signed(credentials, Timestamp::now())? {
        headers.entry(name).or_default().push(value);
    }
    let headers = serde_json::to_vec(&headers).map_err(|_| sts.unusable())?;
    let mount = set(auth.path.as_deref()).unwrap_or(MOUNT);
    let encoded = [WHO_AM_I.as_bytes(), &headers, sts.url.as_bytes()].map(|part| STANDARD.encode(part));
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

/// The service that makes credentials of others.
struct Sts<'l> {
    login: &'l Login,
    field: String,
    http: Http,
    url: String,
    region: &'l str,
}

impl<'l> Sts<'l> {
    fn of(login: &'l Login, auth: &'l VaultIamAuth) -> Result<Self, Problem> {
        let field = format!("{}.iam", login.field);
        let region = set(auth.region.as_deref()).unwrap_or(REGION);
        if !region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(Problem::InvalidSpec {
                field: format!("{field}.region"),
                why: "is no region of AWS".to_owned(),
            });
        }
        let url = login.environment.sts.clone().unwrap_or_else(|| endpoint(region));
        let options = Options {
            authorities: None,
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        Ok(Self {
            login,
            http: Http::new(options, &field)?,
            field,
            url,
            region,
        })
    }

    /// Who we are before any role is assumed.
    async fn source(&self, auth: &VaultIamAuth) -> Result<Credentials, Problem> {
        match (&auth.jwt, &auth.secret_ref) {
            (Some(jwt), _) => self.service_account(jwt).await,
            (None, Some(keys)) => self.keys(keys).await,
            (None, None) => self.own().await,
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
        self.web_identity(role, &token).await
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

    /// The identity of the operator's own pod.
    async fn own(&self) -> Result<Credentials, Problem> {
        let environment = &self.login.environment;
        let nobody =
            || self.invalid("needs `jwt` or `secretRef`, for lockstep has no AWS identity of its own here");
        if let Some(file) = &environment.web_identity_token_file {
            let role = environment.role_arn.as_deref().ok_or_else(nobody)?;
            let token = tokio::fs::read(file).await.map_err(|_| nobody())?;
            return self.web_identity(role, &token.into()).await;
        }
        let url = environment.container_credentials.as_deref().ok_or_else(nobody)?;
        let mut request = self.http.client().get(url);
        if let Some(file) = &environment.container_token_file {
            let token = tokio::fs::read(file).await.map_err(|_| nobody())?;
            request = request.header("authorization", token.trim_ascii());
        }
        let what = "asking for the credentials of the operator's own pod";
        let answer = succeeded(self.http.send(request, what).await?, what)?;
        let made: Option<BTreeMap<String, serde_json::Value>> =
            serde_json::from_slice(answer.body.expose()).ok();
        let made = made.ok_or_else(|| self.unusable())?;
        let part = |name: &str| {
            made.get(name)
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned)
        };
        let (id, key) = part("AccessKeyId")
            .zip(part("SecretAccessKey"))
            .ok_or_else(|| self.unusable())?;
        Ok(Credentials::new(id, key, part("Token"), None, "lockstep"))
    }

    async fn web_identity(&self, role: &str, token: &SecretBytes) -> Result<Credentials, Problem> {
        let token = std::str::from_utf8(token.expose()).map_err(|_| self.unusable())?;
        let body = form(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role),
            ("RoleSessionName", SESSION_NAME),
            ("WebIdentityToken", token.trim()),
        ]);
        let headers = vec![("content-type".to_owned(), FORM.to_owned())];
        self.ask(body, headers, role).await
    }

    async fn assume_role(
        &self,
        role: &str,
        external_id: Option<&str>,
        credentials: Credentials,
    ) -> Result<Credentials, Problem> {
        let mut parameters = vec![
            ("Action", "AssumeRole"),
            ("RoleArn", role),
            ("RoleSessionName", SESSION_NAME),
        ];
        parameters.extend(external_id.map(|id| ("ExternalId", id)));
        let body = form(&parameters);
        let request = Request {
            url: &self.url,
            region: self.region,
            form: Some(&body),
            headers: &[],
        };
        let headers = request.signed(credentials, Timestamp::now())?;
        self.ask(body, headers, role).await
    }

    async fn ask(
        &self,
        body: String,
        headers: Vec<(String, String)>,
        role: &str,
    ) -> Result<Credentials, Problem> {
        let what = format!("assuming role {role}");
        let request = self.http.client().post(&self.url).body(body);
        let request = headers
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        let answer = succeeded(self.http.send(request, &what).await?, &what)?;
        let xml = String::from_utf8_lossy(answer.body.expose());
        let part = |name| element(&xml, name).map(str::to_owned);
        let (id, key) = part("AccessKeyId")
            .zip(part("SecretAccessKey"))
            .ok_or_else(|| self.unusable())?;
        Ok(Credentials::new(id, key, part("SessionToken"), None, "lockstep"))
    }

    fn unusable(&self) -> Problem {
        Problem::BadAnswer {
            what: self.field.clone(),
            why: "AWS did not hand out credentials".to_owned(),
        }
    }

    fn invalid(&self, why: &str) -> Problem {
        Problem::ReferenceInvalid {
            field: self.field.clone(),
            why: why.to_owned(),
        }
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

fn succeeded(answer: Answer, what: &str) -> Result<Answer, Problem> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(problem(answer.status, &answer.headers, what))
}

fn form(parameters: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", VERSION).extend_pairs(parameters);
    form.finish()
}

/// The text of the first element of that name. Credentials have no characters that XML would escape.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn set(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
