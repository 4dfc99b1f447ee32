//! `GitlabDeployToken`: a user name and a token for a project or group of GitLab. GitLab keeps it until it is deleted.

mod note;

use http::HeaderValue;
use http::header::HeaderName;
use lockstep_api::generator::{FreeJson, GitlabDeployTokenSpec};
use lockstep_gostd::json::{Object, Value};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use url::Url;

use super::Order;
use super::lend::{self, Notes};
use super::web::{self, Hints, Unmade, Web};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::References;
use crate::provider::http::Http;

pub use self::note::Note;

const PUBLIC: &str = "https://gitlab.com";
const AUTH: &str = "spec.auth.token.secretRef";
/// How GitLab begins to say that something is not there.
const GONE: &str = "404 ";
const HINTS: Hints = &[
    (401, "GitLab does not take the access token"),
    (
        403,
        "the access token needs the scope api, and the role Maintainer or Owner",
    ),
    (
        404,
        "GitLab has no such project or group, or the access token does not see it",
    ),
];

/// A token that was made.
struct Token {
    id: u64,
    username: String,
    secret: SecretBytes,
}

pub async fn generate(
    spec: &GitlabDeployTokenSpec,
    resource: FreeJson,
    (web, references): (&Web, &References),
    order: Order<'_>,
) -> Result<Values, Problem> {
    // A user name that the spec gives is that of other tokens, too, and tells nothing.
    let given = spec.username.as_deref().filter(|name| !name.is_empty());
    let own = match given {
        Some(_) => None,
        None => Some(lend::unique_name()?),
    };
    let intent = Note::intent(spec, own.clone());
    let tokens = Tokens::open(spec, &intent, (web, references)).await?;
    let notes = Notes {
        resource,
        intent: intent.write(),
        complete: |intent, made: &Token| completed(intent, made.id),
    };
    let making = tokens.make(spec, given.or(own.as_deref()));
    let made = lend::lend(order, notes, making, |made| tokens.delete(made.id)).await?;
    Ok(Values::from([
        ("username".to_owned(), made.username.into()),
        ("token".to_owned(), made.secret),
    ]))
}

/// Deletes what is noted, or what may have been made after the note.
pub async fn undo(
    spec: &GitlabDeployTokenSpec,
    note: &Note,
    (web, references): (&Web, &References),
) -> Result<(), Problem> {
    if note.token == 0 && note.username.is_none() {
        return Ok(());
    }
    let tokens = Tokens::open(spec, note, (web, references)).await?;
    if note.token != 0 {
        return tokens.delete(note.token).await;
    }
    for id in tokens.of(note.username.as_deref().unwrap_or_default()).await? {
        tokens.delete(id).await?;
    }
    Ok(())
}

fn completed(intent: &FreeJson, id: u64) -> FreeJson {
    let note = Note::read(intent).map(|note| note.completed(id).write());
    note.unwrap_or_else(|| intent.clone())
}

/// The deploy tokens of a project or group.
struct Tokens<'t> {
    http: &'t Http,
    url: Url,
    key: HeaderValue,
    /// For messages.
    what: String,
}

impl<'t> Tokens<'t> {
    /// Where the note says, and as the spec says.
    async fn open(
        spec: &GitlabDeployTokenSpec,
        note: &Note,
        (web, references): (&'t Web, &References),
    ) -> Result<Self, Problem> {
        let text = if note.url.is_empty() { PUBLIC } else { &note.url };
        let address = web::address(text, "spec.url")?;
        let (folder, id, field) = match (note.project.as_str(), note.group.as_str()) {
            ("", group) => ("groups", group, "spec.groupID"),
            (project, _) => ("projects", project, "spec.projectID"),
        };
        let id = web::check_part(id, field)?;
        let secret = references.secret_key(&spec.auth.token.secret_ref, AUTH).await?;
        Ok(Self {
            http: web.http().await?,
            url: web::below(&address, &["api", "v4", folder, id, "deploy_tokens"]),
            key: web::header("", &secret, AUTH)?,
            what: format!("deploy tokens of {id}"),
        })
    }

    async fn make(&self, spec: &GitlabDeployTokenSpec, username: Option<&str>) -> Result<Token, Unmade> {
        let scopes: Vec<_> = spec.scopes.iter().map(|scope| scope.as_str()).collect();
        let mut body = json!({"name": spec.name.as_str(), "scopes": scopes});
        if let Some(username) = username {
            body["username"] = username.into();
        }
        if let Some(ends) = &spec.expires_at {
            let ends = ends.0.strftime("%Y-%m-%dT%H:%M:%SZ");
            body["expires_at"] = ends.to_string().into();
        }
        let request = self.request(Method::POST, self.url.clone()).json(&body);
        let answer = web::ask_for(self.http, request, &self.what, HINTS).await?;
        let members = web::members(&answer, &self.what);
        let token = members.and_then(|members| self.token(&members));
        token.map_err(Unmade::Perhaps)
    }

    fn token(&self, members: &Object<'_>) -> Result<Token, Problem> {
        let username = match members.get("username") {
            Some(Value::Text(name)) => name.as_ref(),
            _ => "",
        };
        Ok(Token {
            id: web::id(members, &self.what)?,
            username: username.to_owned(),
            secret: web::text(members, "token", &self.what)?.into(),
        })
    }

    /// That it is gone is no error, as when its project is gone, which takes it along.
    async fn delete(&self, id: u64) -> Result<(), Problem> {
        let url = web::below(&self.url, &[&id.to_string()]);
        let request = self.request(Method::DELETE, url);
        let answer = self.http.send(request, &self.what).await?;
        if web::is_gone(&answer, GONE) {
            return Ok(());
        }
        web::granted(&answer, &self.what, HINTS).map_err(Unmade::problem)
    }

    /// The ids of those with this user name.
    async fn of(&self, username: &str) -> Result<Vec<u64>, Problem> {
        let found = web::pages(&self.what, |page| self.page(page, username)).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// One for each entry.
    async fn page(&self, page: usize, username: &str) -> Result<Vec<Option<u64>>, Problem> {
        let mut url = self.url.clone();
        let (page, size) = (page.to_string(), web::PAGE.to_string());
        url.query_pairs_mut()
            .extend_pairs([("per_page", size), ("page", page)]);
        let request = self.request(Method::GET, url);
        let answer = web::ask(self.http, request, &self.what, HINTS).await?;
        let entries = web::entries(Some(web::parsed(&answer, &self.what)?), &self.what)?;
        let id = |entry: &Object<'_>| match entry.get("username") {
            Some(Value::Text(name)) if *name == username => web::id(entry, &self.what).map(Some),
            _ => Ok(None),
        };
        entries.iter().map(id).collect()
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let name = HeaderName::from_static("private-token");
        let request = self.http.client().request(method, url);
        request.header(name, self.key.clone())
    }
}

#[cfg(test)]
mod tests;
