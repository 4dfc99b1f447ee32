//! Tokens of an installed GitHub app, one at a time: each call of a store is made with the same.

use std::fmt;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use lockstep_gostd::json::{Numbers, Value};
use url::Url;

use super::actions::{bad, failed};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::perishable::{Fresh, Perishable};
use crate::provider::rest::{Rest, Who};
use crate::provider::signer::Signer;

/// What a token lives, where GitHub does not say.
const LIFE: Duration = Duration::from_mins(50);

/// An app, and where it is installed.
pub(super) struct App {
    id: i64,
    installation: String,
    signer: Signer,
    /// Where its key comes from, for messages.
    field: String,
    token: Perishable<SecretBytes>,
}

/// Where the API is: github.com has it at an address of its own, a server of an enterprise below its own.
pub(super) fn api(url: &Url) -> Url {
    let host = url.host_str().unwrap_or_default();
    let mut api = url.clone();
    let path = url.path().trim_end_matches('/');
    let is_public = host == "github.com" && path.is_empty();
    if is_public {
        // A host and nothing else stands for itself.
        let _ = api.set_host(Some("api.github.com"));
    } else if !path.ends_with("/api/v3") && !host.starts_with("api.") && !host.contains(".api.") {
        api.set_path(&format!("{path}/api/v3"));
    }
    api
}

impl App {
    pub(super) fn new(id: i64, installation: i64, signer: Signer, field: String) -> Self {
        Self {
            id,
            installation: installation.to_string(),
            signer,
            field,
            token: Perishable::new(None),
        }
    }

    /// Who to be now, with the token that says so.
    pub(super) async fn current(&self, rest: &Rest) -> Result<(Who, SecretBytes), Problem> {
        let token = self.token.current(self.log_in(rest)).await?;
        Ok((self.who(&token)?, token))
    }

    /// Somebody else than who was refused, unless that one is too new for another one to be any better.
    pub(super) async fn other_than(
        &self,
        refused: &SecretBytes,
        rest: &Rest,
    ) -> Result<Option<Who>, Problem> {
        let token = self.token.instead_of(refused, self.log_in(rest)).await?;
        token.map(|token| self.who(&token)).transpose()
    }

    pub(super) fn age(&self) -> Option<Duration> {
        self.token.age()
    }

    fn who(&self, token: &SecretBytes) -> Result<Who, Problem> {
        Who::bearer(token, &self.field)
    }

    async fn log_in(&self, rest: &Rest) -> Result<Fresh<SecretBytes>, Problem> {
        let what = format!("login to installation {}", self.installation);
        let path = ["app", "installations", &self.installation, "access_tokens"];
        let call = rest.call("CreateInstallationToken", Method::POST, &path, &what);
        let now = Timestamp::now();
        let answer = rest.send(&call, &self.app(now)?).await?;
        if !answer.status.is_success() {
            return Err(failed(&answer, &what));
        }
        let granted = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
        let granted = granted.map_err(|_| bad(&what, "it holds no token"))?;
        let Some(Value::Text(token)) = granted.get("token") else {
            return Err(bad(&what, "it holds no token"));
        };
        let ends = match granted.get("expires_at") {
            Some(Value::Text(ends)) => ends.parse::<Timestamp>().ok(),
            _ => None,
        };
        let life = ends.and_then(|ends| Duration::try_from(ends.duration_since(now)).ok());
        Ok(Fresh::living(token.as_ref().into(), life.unwrap_or(LIFE)))
    }

    /// That we are the app.
    fn app(&self, now: Timestamp) -> Result<Who, Problem> {
        let jwt = self.signer.github_app(&self.id.to_string(), now);
        let jwt = jwt.map_err(|why| Problem::ReferenceInvalid {
            field: self.field.clone(),
            why: why.to_owned(),
        })?;
        self.who(&jwt)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_where_github_has_it() {
        for (url, expected) in [
            ("https://github.com/", "https://api.github.com/"),
            ("https://github.com", "https://api.github.com/"),
            ("https://git.example.com", "https://git.example.com/api/v3"),
            ("https://git.example.com/", "https://git.example.com/api/v3"),
            (
                "https://git.example.com/api/v3/",
                "https://git.example.com/api/v3/",
            ),
            ("https://api.example.com/", "https://api.example.com/"),
        ] {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(api(&url).as_str(), expected);
        }
    }
}
