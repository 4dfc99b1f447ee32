//! An identity of AWS: what Google is shown is a signed question to AWS of who we are, which it asks itself.

use aws_credential_types::Credentials;
use jiff::Timestamp;
use lockstep_api::SecretKeySelector;
use lockstep_gostd::json::{Numbers, Object, Value};
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::amazon;
use crate::provider::google::Environment;
use crate::provider::http::{Http, problem};
use crate::provider::sigv4::Request;

/// What Google calls such a token.
pub(super) const KIND: &str = "urn:ietf:params:aws:token-type:aws4_request";
const QUESTION: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Where a machine of AWS says who it is.
const METADATA: [&str; 3] = ["169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal"];
pub(super) const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials";
pub(super) const ZONE: &str = "/latest/meta-data/placement/availability-zone";
pub(super) const SESSION: &str = "/latest/api/token";

pub(super) struct Aws {
    http: Http,
    environment: amazon::Environment,
    place: Place,
    keys: Option<Keys>,
    field: String,
}

/// Where the region comes from.
pub(super) enum Place {
    Known(String),
    Metadata {
        /// The metadata want to be asked within a session.
        has_sessions: bool,
    },
}

#[derive(Clone)]
pub(super) struct Keys {
    id: String,
    secret: SecretBytes,
    session: Option<SecretBytes>,
}

/// Is it where the machine's metadata are, and nothing else?
pub(super) fn is_metadata(url: &str, path: &str) -> bool {
    METADATA.iter().any(|host| url == format!("http://{host}{path}"))
}

/// Is it where AWS is asked who somebody is? What is left out is that.
pub(super) fn is_verification(url: &str) -> bool {
    let Ok(parsed) = Url::parse(&url.replace("{region}", "region")) else {
        return url.is_empty();
    };
    let host = parsed.host_str().unwrap_or_default();
    parsed.scheme() == "https"
        && parsed.query() == Some(QUESTION)
        && matches!(host, "sts.region.amazonaws.com" | "sts.amazonaws.com")
}

impl Keys {
    pub(super) async fn read(
        references: &References,
        selector: &SecretKeySelector,
        field: &str,
    ) -> Result<Self, Problem> {
        let read = async |key: &str| references.secret_key_or(selector, key, field).await;
        let (id, secret) = (
            read("aws_access_key_id").await?,
            read("aws_secret_access_key").await?,
        );
        let session = match read("aws_session_token").await {
            Ok(session) => Some(session),
            Err(Problem::ReferenceKeyMissing { .. }) => None,
            Err(problem) => return Err(problem),
        };
        let keys = Self {
            id: text(&id),
            secret,
            session: session.filter(|session| !session.is_empty()),
        };
        if keys.id.is_empty() || keys.secret.is_empty() {
            return Err(Problem::ReferenceInvalid {
                field: field.to_owned(),
                why: "aws_access_key_id and aws_secret_access_key must not be empty".to_owned(),
            });
        }
        Ok(keys)
    }

    fn of_environment(environment: &amazon::Environment) -> Option<Self> {
        Some(Self {
            id: environment.access_key_id.clone()?,
            secret: environment.secret_access_key.clone()?,
            session: environment.session_token.clone(),
        })
    }

    fn credentials(&self) -> Credentials {
        let session = self.session.as_ref().map(text);
        Credentials::new(self.id.clone(), text(&self.secret), session, None, "lockstep")
    }
}

impl Aws {
    pub(super) fn new(
        environment: &Environment,
        place: Place,
        keys: Option<Keys>,
        field: &str,
    ) -> Result<Self, Problem> {
        Ok(Self {
            http: environment.http_nearby(field)?,
            environment: environment.aws.clone(),
            place,
            keys,
            field: field.to_owned(),
        })
    }

    pub(super) async fn token(&self, audience: &str) -> Result<SecretBytes, Problem> {
        let (region, keys) = self.identity().await?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.is_empty() || !region.bytes().all(is_plain) {
            return Err(Problem::BadData {
                why: format!("{}: the region of AWS is none", self.field),
            });
        }
        let host = format!("sts.{region}.amazonaws.com");
        let url = format!("https://{host}?{QUESTION}");
        let request = Request {
            url: &url,
            region: &region,
            form: None,
            headers: &[("x-goog-cloud-target-resource", audience)],
        };
        let mut headers = request.signed(keys.credentials(), Timestamp::now())?;
        headers.push(("host".to_owned(), host));
        let headers: Vec<_> = headers
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect();
        let token = json!({"url": url, "method": "POST", "headers": headers}).to_string();
        let encoded: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        Ok(encoded.into())
    }

    /// What the environment says comes before what the machine says, as with AWS's own clients.
    async fn identity(&self) -> Result<(String, Keys), Problem> {
        let has_sessions = match (&self.place, &self.keys) {
            (Place::Known(region), Some(keys)) => return Ok((region.clone(), keys.clone())),
            (Place::Known(_), None) => false,
            (Place::Metadata { has_sessions }, _) => *has_sessions,
        };
        let known = (
            self.environment.region.clone(),
            Keys::of_environment(&self.environment),
        );
        if let (Some(region), Some(keys)) = known {
            return Ok((region, keys));
        }
        let session = if has_sessions {
            Some(self.session().await?)
        } else {
            None
        };
        let region = if let Some(region) = known.0 {
            region
        } else {
            let zone = text(&self.ask(ZONE, session.as_ref()).await?);
            // A zone is its region with a letter.
            zone.trim_end_matches(|last: char| last.is_ascii_alphabetic())
                .to_owned()
        };
        let keys = match known.1 {
            Some(keys) => keys,
            None => self.of_machine(session.as_ref()).await?,
        };
        Ok((region, keys))
    }

    async fn of_machine(&self, session: Option<&SecretBytes>) -> Result<Keys, Problem> {
        let role = text(&self.ask(CREDENTIALS, session).await?);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
        if role.is_empty() || role.starts_with('.') || !role.bytes().all(is_plain) {
            return Err(self.unusable("the machine has no role"));
        }
        let body = self.ask(&format!("{CREDENTIALS}/{role}"), session).await?;
        let members = Value::parse_object(body.expose(), Numbers::AsWritten).unwrap_or_default();
        let get = |name: &str| member(&members, name);
        match (get("AccessKeyId"), get("SecretAccessKey")) {
            (Some(id), Some(secret)) => Ok(Keys {
                id: text(&id),
                secret,
                session: get("Token"),
            }),
            _ => Err(self.unusable("the machine gives no credentials")),
        }
    }

    async fn session(&self) -> Result<SecretBytes, Problem> {
        let request = self.http.client().put(self.url(SESSION));
        let request = request.header("x-aws-ec2-metadata-token-ttl-seconds", "300");
        let what = self.what();
        let answer = self.http.send(request, &what).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(problem(answer.status, &answer.headers, &what))
    }

    async fn ask(&self, path: &str, session: Option<&SecretBytes>) -> Result<SecretBytes, Problem> {
        let mut request = self.http.client().get(self.url(path));
        if let Some(session) = session {
            request = request.header("x-aws-ec2-metadata-token", text(session));
        }
        let what = self.what();
        let answer = self.http.send(request, &what).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(problem(answer.status, &answer.headers, &what))
    }

    fn url(&self, path: &str) -> String {
        match &self.environment.metadata {
            Some(base) => format!("{base}{path}"),
            None => format!("http://{}{path}", METADATA[0]),
        }
    }

    fn what(&self) -> String {
        format!("{}: asking the machine's metadata of AWS", self.field)
    }

    fn unusable(&self, why: &str) -> Problem {
        Problem::BadAnswer {
            what: self.what(),
            why: why.to_owned(),
        }
    }
}

fn member(members: &Object<'_>, name: &str) -> Option<SecretBytes> {
    match members.get(name)? {
        Value::Text(text) if !text.is_empty() => Some(text.as_ref().into()),
        _ => None,
    }
}

fn text(value: &SecretBytes) -> String {
    String::from_utf8_lossy(value.expose()).trim().to_owned()
}
