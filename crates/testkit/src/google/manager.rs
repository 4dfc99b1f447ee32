//! The REST API of Secret Manager.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::secrets::{Nothing, crc32c};
use super::{Google, World, error, lost};
use crate::fake::{Asked, reply};

/// What Google knows of secrets as a whole.
const MOST: usize = 25_000;

pub(super) fn answer(world: &mut World, asked: &Asked, project: &str, rest: &[&str]) -> Response {
    if asked
        .bearer()
        .is_none_or(|token| !world.tokens.contains_key(token))
    {
        return error(401, "UNAUTHENTICATED", "no");
    }
    if project != Google::PROJECT && project != Google::NUMBER {
        return error(403, "PERMISSION_DENIED", "no");
    }
    let (location, rest) = match rest {
        ["locations", location, rest @ ..] => (*location, rest),
        rest => ("", rest),
    };
    let ["secrets", rest @ ..] = rest else {
        return lost();
    };
    let forbidden = rest
        .first()
        .map(|first| first.split(':').next().unwrap_or_default());
    if forbidden.is_some_and(|id| world.forbidden.contains(id)) {
        return error(403, "PERMISSION_DENIED", "no");
    }
    match (&asked.method, rest) {
        (&Method::GET, []) => list(world, asked, location),
        (&Method::POST, []) => create(world, asked, location),
        (&Method::GET, [id]) => found(world.secrets.said(location, id)),
        (&Method::PATCH, [id]) => update(world, asked, location, id),
        (&Method::DELETE, [id]) => delete(world, asked, location, id),
        (&Method::POST, [verb]) => match verb.strip_suffix(":addVersion") {
            Some(id) => add_version(world, asked, location, id),
            None => lost(),
        },
        (&Method::GET, [id, "versions"]) => match world.secrets.list_versions(location, id) {
            Some(all) => page(world, asked, "versions", all),
            None => missing(),
        },
        (method, [id, "versions", version]) => of_version(world, method, location, id, version),
        _ => lost(),
    }
}

fn of_version(world: &mut World, method: &Method, location: &str, id: &str, version: &str) -> Response {
    let (version, verb) = version.split_once(':').unwrap_or((version, ""));
    let Some(number) = world.secrets.number(location, id, version) else {
        return missing();
    };
    let state = match (method, verb) {
        (&Method::GET, "") => return found(world.secrets.version(location, id, number)),
        (&Method::GET, "access") => {
            return match world.secrets.data(location, id, version) {
                Ok(data) => reply(200, &data),
                Err(Nothing::Missing) => missing(),
                Err(Nothing::Shut(state)) => {
                    let message = format!("Secret Version [{id}/{number}] is in {state} state.");
                    error(400, "FAILED_PRECONDITION", &message)
                }
            };
        }
        (&Method::POST, "disable") => "DISABLED",
        (&Method::POST, "enable") => "ENABLED",
        (&Method::POST, "destroy") => "DESTROYED",
        _ => return lost(),
    };
    if !world.secrets.set_state(location, id, number, state) {
        return error(400, "FAILED_PRECONDITION", "it is in DESTROYED state");
    }
    found(world.secrets.version(location, id, number))
}

fn create(world: &mut World, asked: &Asked, location: &str) -> Response {
    let id = asked.query.get("secretId").map_or("", String::as_str);
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let secret = asked.json();
    let is_placed = secret["replication"].is_object() == location.is_empty();
    if id.is_empty() || id.len() > 255 || !id.bytes().all(is_letter) || !is_placed || !are_labels(&secret) {
        return error(400, "INVALID_ARGUMENT", "no");
    }
    if !world.secrets.create(location, id, &secret) {
        return error(409, "ALREADY_EXISTS", "no");
    }
    found(world.secrets.said(location, id))
}

/// Labels are small letters; annotations are what they are.
fn are_labels(secret: &Value) -> bool {
    let Some(labels) = secret["labels"].as_object() else {
        return true;
    };
    let is_letter =
        |letter: char| letter.is_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_');
    labels.iter().all(|(key, value)| {
        let value = value.as_str().unwrap_or("?");
        key.chars().all(is_letter) && value.chars().all(is_letter) && key.len() <= 63 && value.len() <= 63
    })
}

fn update(world: &mut World, asked: &Asked, location: &str, id: &str) -> Response {
    let Some(said) = world.secrets.said(location, id) else {
        return missing();
    };
    let secret = asked.json();
    let mask = asked.query.get("updateMask").map_or("", String::as_str);
    let mask: Vec<_> = mask.split(',').collect();
    let is_known = |field: &&str| matches!(*field, "labels" | "annotations" | "topics");
    if !mask.iter().all(is_known) || !are_labels(&secret) {
        return error(400, "INVALID_ARGUMENT", "no");
    }
    if secret["etag"].is_string() && secret["etag"] != said["etag"] {
        return error(409, "ABORTED", "the etag is another");
    }
    world.secrets.update(location, id, &secret, &mask);
    found(world.secrets.said(location, id))
}

fn delete(world: &mut World, asked: &Asked, location: &str, id: &str) -> Response {
    let Some(said) = world.secrets.said(location, id) else {
        return missing();
    };
    let etag = asked.query.get("etag").filter(|etag| !etag.is_empty());
    if etag.is_some_and(|etag| said["etag"] != etag.as_str()) {
        return error(409, "ABORTED", "the etag is another");
    }
    world.secrets.delete(location, id);
    reply(200, &json!({}))
}

fn add_version(world: &mut World, asked: &Asked, location: &str, id: &str) -> Response {
    let body = asked.json();
    let data = body["payload"]["data"].as_str().unwrap_or_default();
    let Ok(data) = STANDARD.decode(data) else {
        return error(400, "INVALID_ARGUMENT", "no");
    };
    let sum = &body["payload"]["dataCrc32c"];
    let is_whole = sum.is_null() || sum.as_str().and_then(|sum| sum.parse().ok()) == Some(crc32c(&data));
    if data.is_empty() || data.len() > 64 << 10 || !is_whole {
        return error(400, "INVALID_ARGUMENT", "no");
    }
    match world.secrets.add_version(location, id, &data) {
        Some(number) => found(world.secrets.version(location, id, number)),
        None => missing(),
    }
}

fn list(world: &World, asked: &Asked, location: &str) -> Response {
    page(world, asked, "secrets", world.secrets.list(location))
}

fn page(world: &World, asked: &Asked, name: &str, all: Vec<Value>) -> Response {
    let query = |name: &str| asked.query.get(name).map_or("", String::as_str);
    let mut terms = query("filter").split([' ', '\t']);
    let Some(all) = terms.try_fold(all, filtered) else {
        return error(400, "INVALID_ARGUMENT", "no");
    };
    let number = |name: &str| query(name).parse::<usize>().ok();
    let size = number("pageSize").filter(|size| *size > 0).unwrap_or(MOST);
    let size = size.min(world.page.unwrap_or(MOST));
    let from = number("pageToken").unwrap_or(0);
    let total = all.len();
    let shown: Vec<_> = all.into_iter().skip(from).take(size).collect();
    let mut body = json!({ "totalSize": total });
    if !shown.is_empty() {
        body[name] = shown.into();
    }
    if total > from + size {
        body["nextPageToken"] = (from + size).to_string().into();
    }
    reply(200, &body)
}

/// One term of a filter: what is left of the entries.
fn filtered(mut entries: Vec<Value>, term: &str) -> Option<Vec<Value>> {
    if term.is_empty() || term == "AND" {
        return Some(entries);
    }
    if let Some(state) = term.strip_prefix("state:") {
        entries.retain(|entry| entry["state"] == state);
    } else if let Some(part) = term.strip_prefix("name:") {
        let has = |entry: &Value| {
            entry["name"]
                .as_str()
                .and_then(|name| name.rsplit('/').next())
                .is_some_and(|id| id.contains(part))
        };
        entries.retain(has);
    } else {
        let (key, value) = term.strip_prefix("labels.")?.split_once('=')?;
        entries.retain(|entry| entry["labels"][key] == value);
    }
    Some(entries)
}

fn found(said: Option<Value>) -> Response {
    said.map_or_else(missing, |said| reply(200, &said))
}

fn missing() -> Response {
    error(404, "NOT_FOUND", "not found or has no versions")
}
