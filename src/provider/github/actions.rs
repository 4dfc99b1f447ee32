//! Calls about secrets of one place: an organization, a repository, or an environment of one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use lockstep_api::provider::GithubProvider;
use lockstep_gostd::json::{Number, Numbers, Object, Value};
use tokio::sync::OnceCell;

use super::FIELD;
use super::login::App;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, explained};
use crate::provider::rest::{Call, Rest};

/// As many as GitHub gives at once, and how often it is asked for more.
const PAGE: usize = 100;
const PAGES: usize = 100;

#[derive(Debug)]
pub(super) struct Actions {
    rest: Rest,
    app: App,
    place: Place,
    /// GitHub knows environments by the id of their repository.
    repository: OnceCell<String>,
}

/// Whose secrets.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    Organization(String),
    Repository {
        owner: String,
        name: String,
    },
    Environment {
        owner: String,
        repository: String,
        name: String,
    },
}

/// A secret that is there.
pub(super) struct There {
    pub(super) visibility: Option<String>,
}

/// What values are sealed for.
pub(super) struct Key {
    pub(super) id: String,
    pub(super) bytes: [u8; 32],
}

impl Place {
    /// All parts become parts of paths.
    pub(super) fn of(spec: &GithubProvider) -> Result<Self, Problem> {
        let given = |field: &str, text: Option<&str>| match text.filter(|text| !text.is_empty()) {
            Some("." | "..") => Err(Problem::InvalidSpec {
                field: format!("{FIELD}.{field}"),
                why: "is no name".to_owned(),
            }),
            given => Ok(given.map(str::to_owned)),
        };
        let owner = given("organization", Some(&spec.organization))?;
        let owner = owner.ok_or_else(|| Problem::InvalidSpec {
            field: format!("{FIELD}.organization"),
            why: "must be set".to_owned(),
        })?;
        let repository = given("repository", spec.repository.as_deref())?;
        let environment = given("environment", spec.environment.as_deref())?;
        Ok(match (repository, environment) {
            (None, _) => Self::Organization(owner),
            (Some(name), None) => Self::Repository { owner, name },
            (Some(repository), Some(name)) => Self::Environment {
                owner,
                repository,
                name,
            },
        })
    }
}

/// What GitHub lets a secret be called.
pub(super) fn name(key: &str) -> Result<&str, Problem> {
    let is_name = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name {
        return Ok(key);
    }
    Err(Problem::BadData {
        why: format!(
            "remote key {key:?} cannot name a secret of GitHub: it takes letters, digits and underscores"
        ),
    })
}

impl Actions {
    pub(super) fn new(rest: Rest, app: App, place: Place) -> Self {
        Self {
            rest,
            app,
            place,
            repository: OnceCell::new(),
        }
    }

    pub(super) fn is_of_organization(&self) -> bool {
        matches!(self.place, Place::Organization(_))
    }

    pub(super) fn login_age(&self) -> Option<std::time::Duration> {
        self.app.age()
    }

    pub(super) async fn look(&self, name: &str) -> Result<Option<There>, Problem> {
        let answer = self
            .exchange(&self.call("GetSecret", Method::GET, &[name], name).await?)
            .await?;
        if answer.status == StatusCode::NOT_FOUND && says_so_itself(&answer) {
            return Ok(None);
        }
        let answer = success(answer, name)?;
        let secret = object(&answer, name)?;
        // Letters of either case are the same there.
        if text(&secret, "name").is_none_or(|known| !known.eq_ignore_ascii_case(name)) {
            return Err(bad(name, "it is another secret"));
        }
        Ok(Some(There {
            visibility: text(&secret, "visibility"),
        }))
    }

    /// The public key of the place.
    pub(super) async fn key(&self, name: &str) -> Result<Key, Problem> {
        let answer = self
            .ask(
                &self
                    .call("GetPublicKey", Method::GET, &["public-key"], name)
                    .await?,
            )
            .await?;
        let key = object(&answer, name)?;
        let bytes = text(&key, "key").and_then(|key| STANDARD.decode(key).ok());
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        match (text(&key, "key_id"), bytes) {
            (Some(id), Some(bytes)) => Ok(Key { id, bytes }),
            _ => Err(bad(name, "it is no public key")),
        }
    }

    /// The ids of the repositories that an organization's secret is shown to.
    pub(super) async fn selected(&self, name: &str) -> Result<Vec<u64>, Problem> {
        let (mut all, size) = (Vec::new(), PAGE.to_string());
        for page in 1..=PAGES {
            let call = self
                .call(
                    "ListSelectedRepositories",
                    Method::GET,
                    &[name, "repositories"],
                    name,
                )
                .await?;
            let page = page.to_string();
            let call = call.with_query(&[("per_page", size.as_str()), ("page", page.as_str())]);
            let answer = self.ask(&call).await?;
            let listed = object(&answer, name)?;
            let Some(Value::Array(repositories)) = listed.get("repositories") else {
                return Err(bad(name, "it is no list of repositories"));
            };
            let ids = repositories.iter().map(|repository| match repository {
                Value::Object(repository) => id(repository),
                _ => None,
            });
            let ids: Option<Vec<_>> = ids.collect();
            let ids = ids.ok_or_else(|| bad(name, "a repository has no id"))?;
            let is_last = ids.len() < PAGE;
            all.extend(ids);
            if is_last {
                return Ok(all);
            }
        }
        Err(bad(name, "it is shown to too many repositories"))
    }

    pub(super) async fn put(&self, name: &str, body: SecretBytes) -> Result<(), Problem> {
        let call = self
            .call("CreateOrUpdateSecret", Method::PUT, &[name], name)
            .await?;
        self.ask(&call.with_body(body)).await.map(drop)
    }

    /// That it is gone already is no error. GitHub says the same of a place that we may not see any more, and there it
    /// may be as before.
    pub(super) async fn delete(&self, name: &str) -> Result<(), Problem> {
        let answer = self
            .exchange(&self.call("DeleteSecret", Method::DELETE, &[name], name).await?)
            .await?;
        if answer.status == StatusCode::NOT_FOUND && says_so_itself(&answer) {
            return self.knock().await;
        }
        success(answer, name).map(drop)
    }

    /// May we list the secrets?
    pub(super) async fn knock(&self) -> Result<(), Problem> {
        let what = "the list of secrets";
        let call = self.call("ListSecrets", Method::GET, &[], what).await?;
        let answer = self.ask(&call.with_query(&[("per_page", "1")])).await?;
        object(&answer, what).map(drop)
    }

    /// A call below the folder of secrets.
    async fn call<'c>(
        &self,
        name: &'static str,
        method: Method,
        rest: &[&str],
        what: &'c str,
    ) -> Result<Call<'c>, Problem> {
        let folder = match &self.place {
            Place::Organization(name) => vec!["orgs", name, "actions", "secrets"],
            Place::Repository { owner, name } => vec!["repos", owner, name, "actions", "secrets"],
            Place::Environment {
                owner,
                repository,
                name,
            } => {
                let id = self.repository(owner, repository, what).await?;
                vec!["repositories", id, "environments", name, "secrets"]
            }
        };
        let path: Vec<_> = folder.into_iter().chain(rest.iter().copied()).collect();
        Ok(self.rest.call(name, method, &path, what))
    }

    async fn repository(&self, owner: &str, name: &str, what: &str) -> Result<&str, Problem> {
        let ask = || async {
            let call = self
                .rest
                .call("GetRepository", Method::GET, &["repos", owner, name], what);
            let answer = self.ask(&call).await?;
            let id = id(&object(&answer, what)?);
            id.map(|id| id.to_string())
                .ok_or_else(|| bad(what, "the repository has no id"))
        };
        self.repository.get_or_try_init(ask).await.map(String::as_str)
    }

    async fn ask(&self, call: &Call<'_>) -> Result<Answer, Problem> {
        success(self.exchange(call).await?, call.what())
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Problem> {
        let (who, token) = self.app.current(&self.rest).await?;
        let answer = self.rest.send(call, &who).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match self.app.other_than(&token, &self.rest).await? {
            Some(newer) => self.rest.send(call, &newer).await,
            None => Ok(answer),
        }
    }
}

fn success(answer: Answer, what: &str) -> Result<Answer, Problem> {
    if answer.status.is_success() {
        Ok(answer)
    } else {
        Err(failed(&answer, what))
    }
}

/// What an answer that is no success means. Of too many requests, GitHub says 403 as well as 429.
pub(super) fn failed(answer: &Answer, what: &str) -> Problem {
    let (status, headers) = (answer.status, &answer.headers);
    let is_limit = headers.contains_key("retry-after")
        || headers
            .get("x-ratelimit-remaining")
            .is_some_and(|left| left.as_bytes() == b"0");
    let why = format!("HTTP {}", status.as_u16());
    let status = if status == StatusCode::FORBIDDEN && is_limit {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        status
    };
    explained(status, headers, what.to_owned(), why)
}

/// Is it GitHub who says 404, and nobody in between?
fn says_so_itself(answer: &Answer) -> bool {
    let error = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
    error.is_ok_and(|error| text(&error, "message").as_deref() == Some("Not Found"))
}

fn object<'a>(answer: &'a Answer, what: &str) -> Result<Object<'a>, Problem> {
    let object = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
    object.map_err(|_| bad(what, "it is no JSON object"))
}

fn text(object: &Object<'_>, field: &str) -> Option<String> {
    match object.get(field) {
        Some(Value::Text(text)) => Some(text.clone().into_owned()),
        _ => None,
    }
}

fn id(object: &Object<'_>) -> Option<u64> {
    match object.get("id") {
        Some(Value::Number(Number::Literal(digits))) => digits.parse().ok(),
        _ => None,
    }
}

pub(super) fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}
