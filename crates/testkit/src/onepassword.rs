//! A small 1Password Connect server on loopback: vaults, items and their files.
//!
//! It is made from the public document of the REST API, and believed only because 1Password's own client for Python
//! agrees with it: `one_password_s_own_client_agrees_with_the_fake`.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, reply};
use crate::{Error, Faults};

/// A running Connect server; ended when dropped.
#[derive(Debug)]
pub struct OnePassword(Fake<Account>);

#[derive(Debug, Default)]
struct Account {
    vaults: Vec<Value>,
    items: Vec<Value>,
    /// What files hold, by their ids.
    contents: BTreeMap<String, Vec<u8>>,
    made: usize,
    /// What readers see until so many reads are over.
    before: Option<(usize, Vec<Value>)>,
    lag: usize,
}

impl OnePassword {
    /// The only token that it knows.
    pub const TOKEN: &str = "canary-token";

    /// Starts one.
    pub async fn start() -> Result<Self, Error> {
        Fake::start("1Password Connect", Account::answer).await.map(Self)
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        self.faults().url()
    }

    /// In front of it.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// From now on, what is written shows only after so many reads.
    pub fn lag(&self, reads: usize) {
        self.0.open().lag = reads;
    }

    /// Makes a vault, and tells its id.
    pub fn put_vault(&self, name: &str) -> String {
        let mut world = self.0.open();
        let id = world.new_id();
        world.vaults.push(json!({"id": id, "name": name}));
        id
    }

    /// Puts an item into a vault, and tells its id. `item` has what makes it another than a login without fields.
    pub fn put_item(&self, vault: &str, title: &str, item: &Value) -> String {
        let mut whole = json!({"title": title, "category": "LOGIN", "vault": {"id": vault}, "fields": []});
        if let (Some(whole), Some(item)) = (whole.as_object_mut(), item.as_object()) {
            whole.extend(item.clone());
        }
        self.0.open().put(vault, whole)["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Puts a file into an item.
    pub fn put_file(&self, item: &str, name: &str, content: &[u8]) {
        let mut world = self.0.open();
        let id = world.new_id();
        world.contents.insert(id.clone(), content.to_vec());
        if let Some(item) = world.items.iter_mut().find(|known| known["id"] == item) {
            let vault = item["vault"]["id"].as_str().unwrap_or_default();
            let path = format!(
                "/v1/vaults/{vault}/items/{}/files/{id}/content",
                item["id"].as_str().unwrap_or_default()
            );
            let file = json!({"id": id, "name": name, "size": content.len(), "content_path": path});
            match item["files"].as_array_mut() {
                Some(files) => files.push(file),
                None => item["files"] = json!([file]),
            }
        }
    }

    /// Takes all items of this title away.
    pub fn delete_items(&self, title: &str) {
        self.0.open().items.retain(|item| item["title"] != title);
    }

    /// All items of this title.
    pub fn items(&self, title: &str) -> Vec<Value> {
        let world = self.0.open();
        world
            .items
            .iter()
            .filter(|item| item["title"] == title)
            .cloned()
            .collect()
    }
}

impl Account {
    fn new_id(&mut self) -> String {
        self.made += 1;
        format!("{:0>26}", format!("x{}", self.made))
    }

    /// What readers see.
    fn seen(&mut self) -> &[Value] {
        if self.before.as_ref().is_some_and(|(reads, _)| *reads == 0) {
            self.before = None;
        }
        match &mut self.before {
            Some((reads, before)) => {
                *reads -= 1;
                before
            }
            None => &self.items,
        }
    }

    fn put(&mut self, vault: &str, mut item: Value) -> Value {
        if self.lag > 0 {
            self.before = Some((self.lag, self.items.clone()));
        }
        let known = item["id"].as_str().map(str::to_owned);
        let id = known.unwrap_or_else(|| self.new_id());
        item["id"] = id.clone().into();
        item["vault"] = json!({"id": vault});
        item["version"] = (item["version"].as_i64().unwrap_or_default() + 1).into();
        let mut unnamed = Vec::new();
        for field in item["fields"].as_array_mut().into_iter().flatten() {
            if field["id"].is_null() {
                unnamed.push(field);
            }
        }
        for field in unnamed {
            self.made += 1;
            field["id"] = format!("field{}", self.made).into();
        }
        match self.items.iter_mut().find(|known| known["id"] == id.as_str()) {
            Some(known) => *known = item.clone(),
            None => self.items.push(item.clone()),
        }
        item
    }

    fn of_vault(&mut self, asked: &Asked, vault: &str) -> Response {
        let filter = asked.query.get("filter").map(|filter| wanted(filter));
        let Some(filter) = filter.unwrap_or(Some((String::new(), String::new()))) else {
            return failed(400, "Invalid filter");
        };
        let (attribute, value) = filter;
        let items = self.seen().iter().filter(|item| item["vault"]["id"] == vault);
        let items = items.filter(|item| match attribute.as_str() {
            "" => true,
            "tag" => item["tags"]
                .as_array()
                .is_some_and(|tags| tags.contains(&value.as_str().into())),
            attribute => item[attribute]
                .as_str()
                .is_some_and(|text| text.to_lowercase() == value.to_lowercase()),
        });
        let summaries: Vec<_> = items.map(summary).collect();
        reply(200, &summaries.into())
    }

    fn about_item(&mut self, asked: &Asked, vault: &str, id: &str) -> Response {
        let is_it = |item: &Value| item["id"] == id && item["vault"]["id"] == vault;
        let Some(found) = self.seen().iter().find(|item| is_it(item)).cloned() else {
            return failed(404, "Item not found");
        };
        match asked.method {
            Method::GET => reply(200, &found),
            Method::PUT => reply(200, &self.put(vault, asked.json())),
            Method::DELETE => {
                self.items.retain(|item| !is_it(item));
                let mut gone = Response::new(Body::empty());
                *gone.status_mut() = http::StatusCode::NO_CONTENT;
                gone
            }
            _ => failed(405, "Method not allowed"),
        }
    }

    fn files(&self, item: &str) -> Option<&Vec<Value>> {
        let item = self.items.iter().find(|known| known["id"] == item)?;
        item["files"].as_array()
    }

    fn has_vault(&self, id: &str) -> bool {
        self.vaults.iter().any(|vault| vault["id"] == id)
    }
}

impl Account {
    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.bearer() != Some(OnePassword::TOKEN) {
            return failed(401, "Invalid token signature");
        }
        let path = asked.unescaped();
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["v1", "vaults"] => {
                let filter = asked.query.get("filter").and_then(|filter| wanted(filter));
                let vaults = self.vaults.iter().filter(|vault| {
                    filter
                        .as_ref()
                        .is_none_or(|(_, name)| vault["name"] == name.as_str())
                });
                reply(200, &vaults.cloned().collect::<Vec<_>>().into())
            }
            ["v1", "vaults", vault, ..] if !self.has_vault(vault) => failed(404, "Vault not found"),
            ["v1", "vaults", id] => {
                let vault = self.vaults.iter().find(|vault| vault["id"] == *id);
                vault.map_or_else(|| failed(404, "Vault not found"), |vault| reply(200, vault))
            }
            ["v1", "vaults", vault, "items"] if asked.method == Method::POST => {
                let item = self.put(vault, asked.json());
                reply(200, &item)
            }
            ["v1", "vaults", vault, "items"] => self.of_vault(asked, vault),
            ["v1", "vaults", vault, "items", item] => self.about_item(asked, vault, item),
            ["v1", "vaults", _, "items", item, "files"] => match self.files(item) {
                Some(files) => reply(200, &files.clone().into()),
                None => reply(200, &json!([])),
            },
            ["v1", "vaults", _, "items", _, "files", file, "content"] => match self.contents.get(*file) {
                Some(content) => Response::new(Body::from(content.clone())),
                None => failed(404, "File not found"),
            },
            _ => failed(404, "Not found"),
        }
    }
}

/// A filter is an attribute, `eq`, and a text of JSON.
fn wanted(filter: &str) -> Option<(String, String)> {
    let (attribute, value) = filter.split_once(" eq ")?;
    Some((attribute.to_owned(), serde_json::from_str(value).ok()?))
}

/// A list shows no fields and no files.
fn summary(item: &Value) -> Value {
    let mut summary = item.clone();
    if let Some(members) = summary.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "fields" | "files" | "sections"));
    }
    summary
}

fn failed(status: u16, message: &str) -> Response {
    reply(status, &json!({"status": status, "message": message}))
}
