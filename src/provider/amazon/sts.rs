//! AWS STS, the service that makes credentials of others.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use jiff::Timestamp;
use reqwest::redirect::Policy;
use url::form_urlencoded;

use super::Environment;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, Http, Options, problem};
use crate::provider::sigv4::{FORM, Request};

const VERSION: &str = "2011-06-15";
/// What tells those whom it is shown to, signed, who signed it.
pub(in crate::provider) const WHO_AM_I: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const DEADLINE: Duration = Duration::from_secs(15);

pub(in crate::provider) struct Sts {
    http: Http,
    url: String,
    region: String,
    /// What AWS shows of us in its logs.
    session: &'static str,
    /// Where all this stands in the object, for messages.
    field: String,
}

impl Sts {
    pub(in crate::provider) fn new(
        (url, region): (String, &str),
        session: &'static str,
        field: &str,
    ) -> Result<Self, Problem> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.is_empty() || !region.bytes().all(is_plain) {
            return Err(Problem::InvalidSpec {
                field: format!("{field}.region"),
                why: "is no region of AWS".to_owned(),
            });
        }
        let options = Options {
            authorities: None,
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        Ok(Self {
            http: Http::new(options, field)?,
            url,
            region: region.to_owned(),
            session,
            field: field.to_owned(),
        })
    }

    /// Headers that go with [`WHO_AM_I`] to this address, with the signature over all of it.
    pub(in crate::provider) fn signed(
        &self,
        url: &str,
        credentials: Credentials,
        headers: &[(&'static str, &str)],
    ) -> Result<Vec<(String, String)>, Problem> {
        let request = Request {
            url,
            region: &self.region,
            form: Some(WHO_AM_I),
            headers,
        };
        request.signed(credentials, Timestamp::now())
    }

    pub(in crate::provider) fn url(&self) -> &str {
        &self.url
    }

    /// The identity of the operator's own pod, if it has one.
    pub(in crate::provider) async fn own(
        &self,
        environment: &Environment,
    ) -> Result<Option<Credentials>, Problem> {
        if let Some(file) = &environment.web_identity_token_file {
            let token = tokio::fs::read(file).await.ok();
            let Some((role, token)) = environment.role_arn.as_deref().zip(token) else {
                return Ok(None);
            };
            return self.web_identity(role, &token.into()).await.map(Some);
        }
        let Some(url) = environment.container_credentials.as_deref() else {
            return Ok(None);
        };
        let mut request = self.http.client().get(url);
        if let Some(file) = &environment.container_token_file {
            let Ok(token) = tokio::fs::read(file).await else {
                return Ok(None);
            };
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
        self.made(part("AccessKeyId"), part("SecretAccessKey"), part("Token"))
            .map(Some)
    }

    pub(in crate::provider) async fn web_identity(
        &self,
        role: &str,
        token: &SecretBytes,
    ) -> Result<Credentials, Problem> {
        let token = std::str::from_utf8(token.expose()).map_err(|_| self.unusable())?;
        let body = form(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role),
            ("RoleSessionName", self.session),
            ("WebIdentityToken", token.trim()),
        ]);
        let headers = vec![("content-type".to_owned(), FORM.to_owned())];
        self.ask(body, headers, role).await
    }

    pub(in crate::provider) async fn assume_role(
        &self,
        role: &str,
        external_id: Option<&str>,
        credentials: Credentials,
    ) -> Result<Credentials, Problem> {
        let mut parameters = vec![
            ("Action", "AssumeRole"),
            ("RoleArn", role),
            ("RoleSessionName", self.session),
        ];
        parameters.extend(external_id.map(|id| ("ExternalId", id)));
        let body = form(&parameters);
        let request = Request {
            url: &self.url,
            region: &self.region,
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
        self.made(part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"))
    }

    fn made(
        &self,
        id: Option<String>,
        key: Option<String>,
        session: Option<String>,
    ) -> Result<Credentials, Problem> {
        let (id, key) = id.zip(key).ok_or_else(|| self.unusable())?;
        Ok(Credentials::new(id, key, session, None, "lockstep"))
    }

    fn unusable(&self) -> Problem {
        Problem::BadAnswer {
            what: self.field.clone(),
            why: "AWS did not hand out credentials".to_owned(),
        }
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
