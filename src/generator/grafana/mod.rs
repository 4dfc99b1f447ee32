//! `Grafana`: a token of a service account of Grafana, which keeps it until it is deleted. The account stays.

mod note;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use lockstep_api::SecretKeySelector;
use lockstep_api::generator::{FreeJson, GrafanaServiceAccount, GrafanaSpec, LocalSecretKeySelector};
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

const ACCOUNTS: &str = "service accounts";
/// How Grafana begins to say that an account is not there, or its token.
const GONE: &str = "service account ";
const HINTS: Hints = &[
    (401, "Grafana does not take the credential"),
    (403, "the credential needs the right to write service accounts"),
];

pub async fn generate(
    spec: &GrafanaSpec,
    resource: FreeJson,
    (web, references): (&Web, &References),
    order: Order<'_>,
) -> Result<Values, Problem> {
    let grafana = Grafana::open(spec, (web, references)).await?;
    let account = grafana.account(&spec.service_account).await?;
    let name = lend::unique_name()?;
    let notes = Notes {
        resource,
        intent: Note::intent(account.id, &account.login, name.clone()).write(),
        complete: |intent, (id, _): &(u64, SecretBytes)| completed(intent, *id),
    };
    let making = grafana.make(account.id, &name, spec);
    let undo = |(id, _): &(u64, SecretBytes)| grafana.delete(account.id, *id);
    let (_, secret) = lend::lend(order, notes, making, undo).await?;
    Ok(Values::from([
        ("login".to_owned(), account.login.into()),
        ("token".to_owned(), secret),
    ]))
}

/// Deletes what is noted, or what may have been made after the note.
pub async fn undo(
    spec: &GrafanaSpec,
    note: &Note,
    (web, references): (&Web, &References),
) -> Result<(), Problem> {
    let noted = &note.service_account;
    let grafana = Grafana::open(spec, (web, references)).await?;
    if noted.token != 0 {
        return grafana.delete(noted.id, noted.token).await;
    }
    let Some(name) = &noted.name else { return Ok(()) };
    for token in grafana.of(noted.id, name).await? {
        grafana.delete(noted.id, token).await?;
    }
    Ok(())
}

fn completed(intent: &FreeJson, id: u64) -> FreeJson {
    let note = Note::read(intent).map(|note| note.completed(id).write());
    note.unwrap_or_else(|| intent.clone())
}

struct Account {
    id: u64,
    login: String,
}

struct Grafana<'g> {
    http: &'g Http,
    /// Below which all paths are.
    url: Url,
    key: HeaderValue,
}

impl<'g> Grafana<'g> {
    async fn open(spec: &GrafanaSpec, (web, references): (&'g Web, &References)) -> Result<Self, Problem> {
        let address = web::address(&spec.url, "spec.url")?;
        Ok(Self {
            http: web.http().await?,
            url: web::below(&address, &["api", "serviceaccounts"]),
            key: key(spec, references).await?,
        })
    }

    /// The account of this very name, made if there is none.
    async fn account(&self, wanted: &GrafanaServiceAccount) -> Result<Account, Problem> {
        if let Some(found) = self.find(&wanted.name).await? {
            return Ok(found);
        }
        let body = json!({"name": wanted.name, "role": wanted.role});
        let request = self.request(Method::POST, self.url.clone()).json(&body);
        match web::ask_for(self.http, request, ACCOUNTS, HINTS).await {
            Ok(answer) => account(&web::members(&answer, ACCOUNTS)?),
            // Somebody else may have made it meanwhile.
            Err(unmade) => self.find(&wanted.name).await?.ok_or_else(|| unmade.problem()),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<Account>, Problem> {
        let found = web::pages(ACCOUNTS, |page| self.page(page, name)).await?;
        Ok(found.into_iter().flatten().next())
    }

    /// One for each entry. Grafana finds what a name is part of, too.
    async fn page(&self, page: usize, name: &str) -> Result<Vec<Option<Account>>, Problem> {
        let mut url = web::below(&self.url, &["search"]);
        let (page, size) = (page.to_string(), web::PAGE.to_string());
        url.query_pairs_mut()
            .extend_pairs([("query", name), ("perpage", &size), ("page", &page)]);
        let request = self.request(Method::GET, url);
        let answer = web::ask(self.http, request, ACCOUNTS, HINTS).await?;
        let list = web::members(&answer, ACCOUNTS)?.remove("serviceAccounts");
        let entries = web::entries(list, ACCOUNTS)?;
        named(&entries, name, account).collect()
    }

    async fn make(&self, account: u64, name: &str, spec: &GrafanaSpec) -> Result<(u64, SecretBytes), Unmade> {
        let mut body = json!({ "name": name });
        if let Some(seconds) = spec.service_account.seconds_to_live {
            body["secondsToLive"] = seconds.get().into();
        }
        let what = tokens(account);
        let request = self.request(Method::POST, self.tokens(account)).json(&body);
        let answer = web::ask_for(self.http, request, &what, HINTS).await?;
        let members = web::members(&answer, &what);
        let made = members.and_then(|members| {
            Ok((
                web::id(&members, &what)?,
                web::text(&members, "key", &what)?.into(),
            ))
        });
        made.map_err(Unmade::Perhaps)
    }

    /// That it is gone is no error.
    async fn delete(&self, account: u64, token: u64) -> Result<(), Problem> {
        let url = web::below(&self.tokens(account), &[&token.to_string()]);
        let what = tokens(account);
        let answer = self.http.send(self.request(Method::DELETE, url), &what).await?;
        if web::is_gone(&answer, GONE) {
            return Ok(());
        }
        web::granted(&answer, &what, HINTS).map_err(Unmade::problem)
    }

    /// The ids of the tokens of this name. An account that is gone has none.
    async fn of(&self, account: u64, name: &str) -> Result<Vec<u64>, Problem> {
        let what = tokens(account);
        let request = self.request(Method::GET, self.tokens(account));
        let answer = self.http.send(request, &what).await?;
        if web::is_gone(&answer, GONE) {
            return Ok(Vec::new());
        }
        web::granted(&answer, &what, HINTS).map_err(Unmade::problem)?;
        let entries = web::entries(Some(web::parsed(&answer, &what)?), &what)?;
        let ids: Result<Vec<_>, _> = named(&entries, name, |entry| web::id(entry, &what)).collect();
        Ok(ids?.into_iter().flatten().collect())
    }

    fn tokens(&self, account: u64) -> Url {
        web::below(&self.url, &[&account.to_string(), "tokens"])
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.client().request(method, url);
        request.header(AUTHORIZATION, self.key.clone())
    }
}

fn tokens(account: u64) -> String {
    format!("tokens of service account {account}")
}

fn account(members: &Object<'_>) -> Result<Account, Problem> {
    Ok(Account {
        id: web::id(members, ACCOUNTS)?,
        login: web::text(members, "login", ACCOUNTS)?.to_owned(),
    })
}

/// What those entries come to that have this very name.
fn named<'e, T>(
    entries: &'e [Object<'_>],
    name: &'e str,
    read: impl Fn(&Object<'_>) -> Result<T, Problem> + 'e,
) -> impl Iterator<Item = Result<Option<T>, Problem>> + 'e {
    entries.iter().map(move |entry| match entry.get("name") {
        Some(Value::Text(found)) if *found == name => read(entry).map(Some),
        _ => Ok(None),
    })
}

/// A token counts before a password, as in ESO.
async fn key(spec: &GrafanaSpec, references: &References) -> Result<HeaderValue, Problem> {
    if let Some(token) = &spec.auth.token {
        let field = "spec.auth.token";
        let token = references.secret_key(&selector(token), field).await?;
        return web::header("Bearer ", &token, field);
    }
    let field = "spec.auth.basic.password";
    let basic = spec.auth.basic.as_ref().ok_or_else(|| Problem::InvalidSpec {
        field: "spec.auth".to_owned(),
        why: "must have token or basic".to_owned(),
    })?;
    let password = references.secret_key(&selector(&basic.password), field).await?;
    let both = SecretBytes::from([basic.username.as_bytes(), b":", password.expose()].concat());
    web::header("Basic ", &STANDARD.encode(both.expose()).into(), field)
}

fn selector(local: &LocalSecretKeySelector) -> SecretKeySelector {
    SecretKeySelector {
        name: local.name.clone(),
        key: local.key.clone(),
        ..SecretKeySelector::default()
    }
}

#[cfg(test)]
mod tests;
