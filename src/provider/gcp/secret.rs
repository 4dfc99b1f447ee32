//! What Google says of a secret, beside its values.

use std::collections::BTreeMap;

use http::Method;
use lockstep_gostd::json::{Numbers, Object, Value};

use super::manager::Manager;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

#[derive(Default)]
pub(super) struct Secret {
    /// With project and location.
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) etag: Option<String>,
}

impl Secret {
    pub(super) fn read(body: &SecretBytes, what: &str) -> Result<Self, Problem> {
        Ok(Self::of(&parsed(body, what)?))
    }

    pub(super) fn of(members: &Object<'_>) -> Self {
        Self {
            name: text(members, "name").unwrap_or_default(),
            labels: texts(members, "labels"),
            annotations: texts(members, "annotations"),
            etag: text(members, "etag"),
        }
    }

    pub(super) fn id(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// `None`: there is no such secret.
pub(super) async fn look(manager: &Manager, id: &str) -> Result<Option<Secret>, Problem> {
    let call = manager.call("GetSecret", Method::GET, &[id], id)?;
    match manager.ask(&call).await {
        Ok(body) => Secret::read(&body, id).map(Some),
        Err(Problem::Absent { .. }) => Ok(None),
        Err(problem) => Err(problem),
    }
}

pub(super) fn parsed<'b>(body: &'b SecretBytes, what: &str) -> Result<Object<'b>, Problem> {
    match Value::parse(body.expose(), Numbers::AsWritten) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(bad(what, "it is no object")),
        Err(fault) => Err(bad(what, &fault.to_string())),
    }
}

pub(super) fn text(members: &Object<'_>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The objects of a list; what is left out is empty.
pub(super) fn objects<'m, 'b>(
    members: &'m Object<'b>,
    name: &str,
    what: &str,
) -> Result<Vec<&'m Object<'b>>, Problem> {
    let Some(found) = members.get(name) else {
        return Ok(Vec::new());
    };
    let Value::Array(entries) = found else {
        return Err(bad(what, "it holds no list"));
    };
    let entries = entries.iter().map(|entry| match entry {
        Value::Object(entry) => Ok(entry),
        _ => Err(bad(what, "an entry of the list is no object")),
    });
    entries.collect()
}

fn texts(members: &Object<'_>, name: &str) -> BTreeMap<String, String> {
    let Some(Value::Object(texts)) = members.get(name) else {
        return BTreeMap::new();
    };
    let texts = texts.iter().filter_map(|(key, value)| match value {
        Value::Text(value) => Some((key.to_string(), value.to_string())),
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
