//! The token that is shown: of a ServiceAccount, from a file or an address, or made of an identity of AWS.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use lockstep_api::ServiceAccountSelector;
use lockstep_gostd::json::{Numbers, Value};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use url::Url;

use super::aws::Aws;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::http::{Http, problem};

/// Of a token of a ServiceAccount, as in ESO.
const LIFETIME: Duration = Duration::from_mins(15);
/// No token is longer.
const BOUND: u64 = 1 << 20;
/// Where a pod has the token that it shows to its own cluster. That is nobody else's.
const OWN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// What is there is no file with a token.
const NOT_FILES: [&str; 3] = ["/proc", "/sys", "/dev"];

pub(super) enum Subject {
    Account {
        account: ServiceAccountSelector,
        references: References,
        field: String,
    },
    File {
        path: PathBuf,
        format: Format,
        field: String,
    },
    Url {
        http: Http,
        url: Box<Url>,
        headers: BTreeMap<String, String>,
        format: Format,
        field: String,
    },
    Aws(Aws),
}

/// Whether the token stands by itself, or is a member of an object.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Format {
    #[serde(rename = "type")]
    kind: String,
    subject_token_field_name: String,
}

impl Subject {
    /// It is for this audience of Google's, and is asked for whenever it is shown.
    pub(super) async fn token(&self, audience: &str) -> Result<SecretBytes, Problem> {
        match self {
            Self::Account {
                account,
                references,
                field,
            } => {
                references
                    .service_account_token(account, &[], LIFETIME, field)
                    .await
            }
            Self::File { path, format, field } => {
                let what = format!("{field}: credential_source.file");
                format.token(of_file(path, &what).await?, &what)
            }
            Self::Url {
                http,
                url,
                headers,
                format,
                field,
            } => {
                let what = format!("{field}: credential_source.url");
                let request = http.client().get(url.as_ref().clone());
                let request = request.headers(legal(headers, &what)?);
                let answer = http.send(request, &what).await?;
                if !answer.status.is_success() {
                    return Err(problem(answer.status, &answer.headers, &what));
                }
                format.token(answer.body, &what)
            }
            Self::Aws(aws) => aws.token(audience).await,
        }
    }
}

impl Format {
    fn token(&self, text: SecretBytes, what: &str) -> Result<SecretBytes, Problem> {
        if self.kind != "json" {
            return Ok(text);
        }
        let name = &self.subject_token_field_name;
        let members = Value::parse_object(text.expose(), Numbers::AsWritten);
        match members
            .ok()
            .as_ref()
            .and_then(|members| members.get(name.as_str()))
        {
            Some(Value::Text(token)) => Ok(token.as_ref().into()),
            _ => Err(invalid(
                what,
                "holds no JSON with a text of the name in subject_token_field_name",
            )),
        }
    }
}

fn legal(headers: &BTreeMap<String, String>, what: &str) -> Result<HeaderMap, Problem> {
    let headers = headers.iter().map(|(name, value)| {
        let name = HeaderName::try_from(name).map_err(drop)?;
        let mut value = HeaderValue::try_from(value).map_err(drop)?;
        value.set_sensitive(true);
        Ok((name, value))
    });
    let headers: Result<HeaderMap, ()> = headers.collect();
    headers.map_err(|()| invalid(what, "is to be asked with headers that no header can hold"))
}

async fn of_file(path: &Path, what: &str) -> Result<SecretBytes, Problem> {
    let unreadable = |_| invalid(what, "cannot be read");
    let real = tokio::fs::canonicalize(path).await.map_err(unreadable)?;
    let own = tokio::fs::canonicalize(OWN).await;
    let own = own.unwrap_or_else(|_| OWN.into());
    if real.starts_with(&own) || real.starts_with(OWN) {
        let why = "must not be lockstep's own token; name a ServiceAccount by serviceAccountRef";
        return Err(invalid(what, why));
    }
    let mut file = tokio::fs::File::open(&real).await.map_err(unreadable)?;
    let is_file = file.metadata().await.is_ok_and(|found| found.is_file());
    if !is_file || NOT_FILES.iter().any(|folder| real.starts_with(folder)) {
        return Err(invalid(what, "is no file with a token"));
    }
    let mut bytes = Vec::new();
    let outcome = (&mut file).take(BOUND + 1).read_to_end(&mut bytes).await;
    let token = SecretBytes::from(bytes);
    match outcome {
        Ok(_) if token.len() as u64 <= BOUND => Ok(token),
        Ok(_) => Err(invalid(what, "is too large for a token")),
        Err(error) => Err(unreadable(error)),
    }
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(path: &Path) -> String {
        of_file(path, "f").await.expect_err("refused").to_string()
    }

    #[tokio::test]
    async fn a_file_holds_a_token_and_is_not_our_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("token"), "subject\n").expect("written");
        std::os::unix::fs::symlink(path("token"), path("link")).expect("linked");
        assert_eq!(of_file(&path("link"), "f").await, Ok("subject\n".into()));
        std::os::unix::fs::symlink("/proc/self/environ", path("environ")).expect("linked");
        let large = std::fs::File::create(path("large")).expect("made");
        large.set_len(BOUND + 1).expect("made larger");
        for (path, why) in [
            (path("none"), "f: cannot be read"),
            (path("environ"), "f: is no file with a token"),
            ("/dev/zero".into(), "f: is no file with a token"),
            (folder.path().to_owned(), "f: is no file with a token"),
            (path("large"), "f: is too large for a token"),
        ] {
            assert_eq!(refusal(&path).await, why, "{}", path.display());
        }
    }

    #[test]
    fn a_token_may_be_a_member_of_an_object() {
        let format = |kind: &str| Format {
            kind: kind.to_owned(),
            subject_token_field_name: "t".to_owned(),
        };
        let json = SecretBytes::from(r#"{"t":"canary"}"#);
        assert_eq!(format("json").token(json.clone(), "f"), Ok("canary".into()));
        assert_eq!(format("text").token(json.clone(), "f"), Ok(json));
        for bad in ["canary", r#"{"x":"canary"}"#, r#"{"t":["canary"]}"#] {
            let refused = format("json")
                .token(bad.into(), "f")
                .expect_err("refused")
                .to_string();
            assert!(!refused.contains("canary"), "{refused}");
        }
    }
}
