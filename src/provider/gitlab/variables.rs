//! Calls to GitLab: single variables, and lists of them, page by page.

use std::fmt;

use http::{Method, StatusCode};
use lockstep_gostd::json::{Number, Numbers, Object, Value};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, explained, problem};
use crate::provider::rest::{Call, Rest, Who};

/// As many as GitLab gives at once.
const PAGE: usize = 100;
/// No project may have more variables than 8,000, no group more than 30,000.
const PAGES: usize = 500;
const NEXT: &str = "x-next-page";

#[derive(Debug)]
pub(super) struct Variables {
    rest: Rest,
    who: Who,
}

/// Whose variables.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner<'o> {
    Project(&'o str),
    Group(&'o str),
}

/// What GitLab says of one variable.
#[derive(Debug)]
pub(super) enum Answered {
    Value(SecretBytes),
    NoVariable,
    /// There is no such project or group, or we may not know of it.
    NoOwner,
}

/// A variable in a list.
pub(super) struct Variable {
    pub(super) key: String,
    pub(super) environment: String,
    /// None of those that are hidden.
    pub(super) value: Option<SecretBytes>,
}

impl Variables {
    pub(super) fn new(rest: Rest, who: Who) -> Self {
        Self { rest, who }
    }

    pub(super) async fn get(
        &self,
        owner: Owner<'_>,
        key: &str,
        environment: Option<&str>,
    ) -> Result<Answered, Problem> {
        if !is_key(key) {
            return Err(Problem::BadData {
                why: format!("key {key:?} cannot name a variable of GitLab"),
            });
        }
        let (folder, id, name) = owner.parts();
        let mut call = self
            .rest
            .call(name, Method::GET, &[folder, id, "variables", key], key);
        if let Some(environment) = environment {
            call = call.with_query(&[("filter[environment_scope]", environment)]);
        }
        let answer = self.rest.send(&call, &self.who).await?;
        match (answer.status, said(&answer).as_deref()) {
            (StatusCode::NOT_FOUND, Some("404 Variable Not Found")) => Ok(Answered::NoVariable),
            (StatusCode::NOT_FOUND, Some("404 Project Not Found" | "404 Group Not Found")) => {
                Ok(Answered::NoOwner)
            }
            (StatusCode::CONFLICT, _) => {
                let why = "several environments have it: name one in the store's environment, HTTP 409";
                Err(explained(
                    answer.status,
                    &answer.headers,
                    key.to_owned(),
                    why.to_owned(),
                ))
            }
            (status, _) if status.is_success() => read(&answer, key).map(Answered::Value),
            (status, _) => Err(problem(status, &answer.headers, key)),
        }
    }

    /// All variables of a project or group.
    pub(super) async fn list(&self, owner: Owner<'_>) -> Result<Vec<Variable>, Problem> {
        let what = format!("the variables of {owner}");
        let (folder, id, name) = owner.listed();
        let path = [folder, id, "variables"];
        let entries = self.pages(name, &path, &what, |entry| {
            let value = match entry.get("value") {
                Some(Value::Text(value)) => Some(value.as_ref().into()),
                _ => None,
            };
            Some(Variable {
                key: text(entry, "key")?,
                environment: text(entry, "environment_scope").unwrap_or_default(),
                value,
            })
        });
        entries.await
    }

    /// The ids of all groups that a project is in, the innermost one last.
    pub(super) async fn groups(&self, project: &str) -> Result<Vec<String>, Problem> {
        let what = format!("the groups of project {project}");
        let path = ["projects", project, "groups"];
        let groups = self.pages("ListProjectsGroups", &path, &what, |group| {
            Some((text(group, "full_path")?.chars().count(), number(group, "id")?))
        });
        let mut groups = groups.await?;
        groups.sort_by_key(|(length, _)| *length);
        Ok(groups.into_iter().map(|(_, id)| id).collect())
    }

    /// May we list those?
    pub(super) async fn knock(&self, owner: Owner<'_>) -> Result<(), Problem> {
        let what = format!("the variables of {owner}");
        let (folder, id, name) = owner.listed();
        let call = self
            .rest
            .call(name, Method::GET, &[folder, id, "variables"], &what);
        let answer = self.ask(&call.with_query(&[("per_page", "1")]), &what).await?;
        entries(&answer, &what, |_| Some(())).map(drop)
    }

    async fn pages<T>(
        &self,
        name: &'static str,
        path: &[&str],
        what: &str,
        read: impl Fn(&Object<'_>) -> Option<T>,
    ) -> Result<Vec<T>, Problem> {
        let mut all = Vec::new();
        let (size, mut page) = (PAGE.to_string(), 1);
        while page <= PAGES {
            let number = page.to_string();
            let call = self.rest.call(name, Method::GET, path, what);
            let call = call.with_query(&[("per_page", size.as_str()), ("page", number.as_str())]);
            let answer = self.ask(&call, what).await?;
            let found = entries(&answer, what, &read)?;
            // Of long lists, GitLab does not say how long they are.
            let goes_on = match answer.headers.get(NEXT) {
                Some(next) => !next.is_empty(),
                None => found.len() == PAGE,
            };
            all.extend(found);
            if !goes_on {
                return Ok(all);
            }
            page += 1;
        }
        Err(bad(what, "there are too many"))
    }

    async fn ask(&self, call: &Call<'_>, what: &str) -> Result<Answer, Problem> {
        let answer = self.rest.send(call, &self.who).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(problem(answer.status, &answer.headers, what))
    }
}

impl<'o> Owner<'o> {
    /// Its path, and the name of the call that gets a variable, as in ESO's metrics.
    fn parts(self) -> (&'static str, &'o str, &'static str) {
        match self {
            Self::Project(id) => ("projects", id, "ProjectVariableGet"),
            Self::Group(id) => ("groups", id, "GroupVariableGet"),
        }
    }

    fn listed(self) -> (&'static str, &'o str, &'static str) {
        match self {
            Self::Project(id) => ("projects", id, "ProjectVariablesList"),
            Self::Group(id) => ("groups", id, "GroupVariablesList"),
        }
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(id) => write!(f, "project {id}"),
            Self::Group(id) => write!(f, "group {id}"),
        }
    }
}

fn is_key(key: &str) -> bool {
    (1..=255).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The value of the variable that was asked for.
fn read(answer: &Answer, key: &str) -> Result<SecretBytes, Problem> {
    let variable = Value::parse_object(answer.body.expose(), Numbers::AsWritten);
    let variable = variable
        .ok()
        .filter(|variable| text(variable, "key").as_deref() == Some(key));
    let variable = variable.ok_or_else(|| bad(key, "it is not the variable"))?;
    match variable.get("value") {
        Some(Value::Text(value)) => Ok(value.as_ref().into()),
        Some(Value::Null) | None => Err(Problem::BadData {
            why: format!("{key}: the variable is hidden, and GitLab does not tell its value"),
        }),
        Some(_) => Err(bad(key, "its value is no text")),
    }
}

/// Every entry has to make sense: what is left out would be taken for something that is not there.
fn entries<T>(
    answer: &Answer,
    what: &str,
    read: impl Fn(&Object<'_>) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let Ok(Value::Array(entries)) = Value::parse(answer.body.expose(), Numbers::AsWritten) else {
        return Err(bad(what, "it is no list"));
    };
    let entries = entries.iter().map(|entry| match entry {
        Value::Object(entry) => read(entry),
        _ => None,
    });
    let entries: Option<Vec<T>> = entries.collect();
    entries.ok_or_else(|| bad(what, "an entry lacks a part"))
}

/// What GitLab says of a request that failed.
fn said(answer: &Answer) -> Option<String> {
    let error = Value::parse_object(answer.body.expose(), Numbers::AsWritten).ok()?;
    text(&error, "message")
}

fn text(object: &Object<'_>, field: &str) -> Option<String> {
    match object.get(field) {
        Some(Value::Text(text)) => Some(text.clone().into_owned()),
        _ => None,
    }
}

/// An id. It becomes part of a path.
fn number(object: &Object<'_>, field: &str) -> Option<String> {
    match object.get(field) {
        Some(Value::Number(Number::Literal(digits)))
            if digits.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            Some((*digits).to_owned())
        }
        _ => None,
    }
}

fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}
