//! Calls to a Connect server.

use std::time::Duration;

use http::{Method, StatusCode};
use lockstep_gostd::json::{Number, Numbers, Object, Value};
use tokio::time::sleep;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, problem};
use crate::provider::rest::{Call, Rest, Who};

/// Now and then a Connect server refuses a good token, and takes it the next time: asked again after these, as by ESO.
const REFUSED_IN_PASSING: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];

#[derive(Debug)]
pub(super) struct Connect {
    rest: Rest,
    who: Who,
}

/// A vault as it is listed.
pub(super) struct Vault {
    pub(super) id: String,
    pub(super) name: String,
}

/// An item as it is listed: without its fields.
pub(super) struct Summary {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) tags: Vec<String>,
}

/// A whole item, as the server writes it.
pub(super) struct Found {
    pub(super) vault: String,
    pub(super) id: String,
    pub(super) body: SecretBytes,
}

impl Connect {
    pub(super) fn new(rest: Rest, who: Who) -> Self {
        Self { rest, who }
    }

    pub(super) async fn vaults(&self) -> Result<Vec<Vault>, Problem> {
        let what = "the list of vaults";
        let answer = self
            .ask(&self.rest.call("GetVaults", Method::GET, &["v1", "vaults"], what))
            .await?;
        list(&answer.body, what, |vault| {
            Some(Vault {
                id: id(vault)?,
                name: text(vault, "name").unwrap_or_default(),
            })
        })
    }

    /// Items of a vault: all, or those of a title. Letters of either case are the same there.
    pub(super) async fn items(
        &self,
        vault: &str,
        title: Option<&str>,
        what: &str,
    ) -> Result<Vec<Summary>, Problem> {
        let path = ["v1", "vaults", vault, "items"];
        let mut call = self.rest.call("GetItems", Method::GET, &path, what);
        if let Some(title) = title {
            let filter = format!("title eq {}", serde_json::Value::from(title));
            call = call.with_query(&[("filter", filter.as_str())]);
        }
        let answer = self.ask(&call).await?;
        let items = list(&answer.body, what, |item| {
            Some(Summary {
                id: id(item)?,
                title: text(item, "title")?,
                tags: texts(item, "tags"),
            })
        })?;
        let is_wanted =
            |item: &Summary| title.is_none_or(|title| item.title.to_lowercase() == title.to_lowercase());
        Ok(items.into_iter().filter(is_wanted).collect())
    }

    /// A whole item. `None`: the server says that there is none.
    pub(super) async fn item(&self, vault: &str, item: &str, what: &str) -> Result<Option<Found>, Problem> {
        let path = ["v1", "vaults", vault, "items", item];
        let call = self.rest.call("GetItem", Method::GET, &path, what);
        let answer = self.exchange(&call).await?;
        if answer.status == StatusCode::NOT_FOUND && says_so_itself(&answer) {
            return Ok(None);
        }
        let answer = success(answer, what)?;
        Ok(Some(Found {
            vault: vault.to_owned(),
            id: item.to_owned(),
            body: answer.body,
        }))
    }

    /// What a file of an item holds.
    pub(super) async fn file(&self, item: &Found, file: &str, what: &str) -> Result<SecretBytes, Problem> {
        let path = [
            "v1",
            "vaults",
            &item.vault,
            "items",
            &item.id,
            "files",
            file,
            "content",
        ];
        let call = self.rest.call("GetFileContent", Method::GET, &path, what);
        Ok(self.ask(&call).await?.body)
    }

    pub(super) async fn create(&self, vault: &str, item: SecretBytes, what: &str) -> Result<(), Problem> {
        let path = ["v1", "vaults", vault, "items"];
        let call = self.rest.call("CreateItem", Method::POST, &path, what);
        self.ask(&call.with_body(item)).await.map(drop)
    }

    pub(super) async fn replace(&self, item: &Found, body: SecretBytes, what: &str) -> Result<(), Problem> {
        let path = ["v1", "vaults", &item.vault, "items", &item.id];
        let call = self.rest.call("UpdateItem", Method::PUT, &path, what);
        self.ask(&call.with_body(body)).await.map(drop)
    }

    /// That it is gone already is no error.
    pub(super) async fn delete(&self, item: &Found, what: &str) -> Result<(), Problem> {
        let path = ["v1", "vaults", &item.vault, "items", &item.id];
        let answer = self
            .exchange(&self.rest.call("DeleteItem", Method::DELETE, &path, what))
            .await?;
        if answer.status == StatusCode::NOT_FOUND && says_so_itself(&answer) {
            return Ok(());
        }
        success(answer, what).map(drop)
    }

    async fn ask(&self, call: &Call<'_>) -> Result<Answer, Problem> {
        success(self.exchange(call).await?, call.what())
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Problem> {
        for pause in REFUSED_IN_PASSING {
            let answer = self.rest.send(call, &self.who).await?;
            if answer.status != StatusCode::FORBIDDEN {
                return Ok(answer);
            }
            sleep(pause).await;
        }
        self.rest.send(call, &self.who).await
    }
}

fn success(answer: Answer, what: &str) -> Result<Answer, Problem> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(problem(answer.status, &answer.headers, what))
}

/// Is it the server who says 404, and nobody in between?
fn says_so_itself(answer: &Answer) -> bool {
    let error = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
    error.is_ok_and(|error| matches!(error.get("status"), Some(Value::Number(Number::Literal("404")))))
}

/// Every entry of a list has to make sense: what is left out would be taken for something that is not there.
fn list<T>(
    body: &SecretBytes,
    what: &str,
    read: impl Fn(&Object<'_>) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let Ok(Value::Array(entries)) = Value::parse(body.expose(), Numbers::AsWritten) else {
        return Err(bad(what, "it is no list"));
    };
    let entries = entries.iter().map(|entry| match entry {
        Value::Object(entry) => read(entry),
        _ => None,
    });
    let entries: Option<Vec<T>> = entries.collect();
    entries.ok_or_else(|| bad(what, "an entry has no id or title"))
}

fn id(object: &Object<'_>) -> Option<String> {
    text(object, "id").filter(|id| is_id(id))
}

/// 1Password's own ids. They become parts of paths.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 26
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

pub(super) fn text(object: &Object<'_>, field: &str) -> Option<String> {
    match object.get(field) {
        Some(Value::Text(text)) => Some(text.clone().into_owned()),
        _ => None,
    }
}

fn texts(object: &Object<'_>, field: &str) -> Vec<String> {
    let Some(Value::Array(entries)) = object.get(field) else {
        return Vec::new();
    };
    let texts = entries.iter().filter_map(|entry| match entry {
        Value::Text(text) => Some(text.clone().into_owned()),
        _ => None,
    });
    texts.collect()
}

pub(super) fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}
