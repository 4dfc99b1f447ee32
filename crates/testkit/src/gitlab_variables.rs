//! A small GitLab on loopback: CI/CD variables of projects and groups.
//!
//! It is made from the public documents of the REST API, and believed only because an independent client for Python
//! agrees with it: `python_s_client_of_gitlab_agrees_with_the_fake`.

use std::collections::BTreeMap;

use axum::response::Response;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, reply};
use crate::{Error, Faults};

/// A running GitLab; ended when dropped.
#[derive(Debug)]
pub struct GitlabVariables(Fake<Instance>);

/// Projects and groups by their ids, each with a path.
#[derive(Debug, Default)]
struct Instance {
    owners: BTreeMap<(&'static str, String), Owner>,
}

#[derive(Debug, Default)]
struct Owner {
    path: String,
    variables: Vec<Value>,
    /// Of a project, the ids of its groups.
    groups: Vec<String>,
}

impl GitlabVariables {
    /// The only token that it knows.
    pub const TOKEN: &str = "canary-token";

    /// Starts one.
    pub async fn start() -> Result<Self, Error> {
        Fake::start("GitLab", Instance::answer).await.map(Self)
    }

    /// The address of the server.
    pub fn url(&self) -> String {
        self.faults().url()
    }

    /// In front of it.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Makes a project that is in these groups.
    pub fn put_project(&self, id: &str, path: &str, groups: &[&str]) {
        self.put("projects", id, path, groups);
    }

    /// Makes a group.
    pub fn put_group(&self, id: &str, path: &str) {
        self.put("groups", id, path, &[]);
    }

    /// Puts a variable into a project (`projects`) or group (`groups`). No value: it is hidden.
    pub fn put_variable(
        &self,
        folder: &'static str,
        id: &str,
        key: &str,
        environment: &str,
        value: Option<&str>,
    ) {
        let variable = json!({
            "key": key, "value": value, "environment_scope": environment, "variable_type": "env_var",
            "protected": false, "masked": value.is_none(), "hidden": value.is_none(), "raw": false, "description": null,
        });
        if let Some(owner) = self.0.open().owners.get_mut(&(folder, id.to_owned())) {
            owner.variables.push(variable);
        }
    }

    fn put(&self, folder: &'static str, id: &str, path: &str, groups: &[&str]) {
        let owner = Owner {
            path: path.to_owned(),
            variables: Vec::new(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        };
        self.0.open().owners.insert((folder, id.to_owned()), owner);
    }
}

impl Instance {
    /// By id, or by path.
    fn owner(&self, folder: &str, id: &str) -> Option<&Owner> {
        let mut owners = self.owners.iter().filter(|((known, _), _)| *known == folder);
        owners
            .find(|((_, known), owner)| known == id || owner.path == id)
            .map(|(_, owner)| owner)
    }

    fn groups(&self, owner: &Owner) -> Vec<Value> {
        let groups = owner
            .groups
            .iter()
            .filter_map(|id| Some((id, self.owner("groups", id)?)));
        let shown = groups.map(|(id, group)| {
            let id = id.parse::<u64>().unwrap_or_default();
            json!({"id": id, "name": group.path, "full_path": group.path, "full_name": group.path})
        });
        shown.collect()
    }
}

impl Instance {
    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.header("private-token") != Some(GitlabVariables::TOKEN) {
            return reply(401, &json!({"message": "401 Unauthorized"}));
        }
        let path = asked.unescaped();
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let ["api", "v4", folder, id, rest @ ..] = path.as_slice() else {
            return reply(404, &json!({"error": "404 Not Found"}));
        };
        let Some(owner) = self.owner(folder, id) else {
            let kind = if *folder == "groups" { "Group" } else { "Project" };
            return reply(404, &json!({"message": format!("404 {kind} Not Found")}));
        };
        match (&asked.method, rest) {
            (&Method::GET, []) => reply(200, &json!({"id": id, "path_with_namespace": owner.path})),
            (&Method::GET, ["variables"]) => page(asked, &owner.variables),
            (&Method::GET, ["variables", key]) => one(asked, owner, key),
            (&Method::GET, ["groups"]) => page(asked, &self.groups(owner)),
            _ => reply(405, &json!({"error": "405 Not Allowed"})),
        }
    }
}

/// Without a filter, one key must mean one variable.
fn one(asked: &Asked, owner: &Owner, key: &str) -> Response {
    let scope = asked.query.get("filter[environment_scope]");
    let found: Vec<_> = owner
        .variables
        .iter()
        .filter(|variable| variable["key"] == key)
        .filter(|variable| scope.is_none_or(|scope| variable["environment_scope"] == scope.as_str()))
        .collect();
    match found.as_slice() {
        [] => reply(404, &json!({"message": "404 Variable Not Found"})),
        [variable] => reply(200, variable),
        _ => {
            let why = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'";
            reply(409, &json!({ "message": why }))
        }
    }
}

fn page(asked: &Asked, all: &[Value]) -> Response {
    let number = |name: &str, unless: usize| {
        let given = asked.query.get(name).and_then(|number| number.parse().ok());
        given.filter(|number| *number > 0).unwrap_or(unless)
    };
    let (size, page) = (number("per_page", 20).min(100), number("page", 1));
    let shown: Vec<_> = all.iter().skip((page - 1) * size).take(size).cloned().collect();
    let pages = all.len().div_ceil(size).max(1);
    let next = if page < pages {
        (page + 1).to_string()
    } else {
        String::new()
    };
    let mut response = reply(200, &shown.into());
    for (name, value) in [
        ("x-page", page.to_string()),
        ("x-next-page", next.clone()),
        ("x-per-page", size.to_string()),
        ("x-total", all.len().to_string()),
        ("x-total-pages", pages.to_string()),
    ] {
        set(&mut response, name, &value);
    }
    if !next.is_empty() {
        let host = asked.header("host").unwrap_or_default();
        let path = asked.unescaped().join("/");
        let link = format!("<http://{host}/{path}?page={next}&per_page={size}>; rel=\"next\"");
        set(&mut response, "link", &link);
    }
    response
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}
