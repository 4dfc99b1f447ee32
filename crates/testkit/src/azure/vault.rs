//! The REST API of a key vault.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};

use super::{Azure, World};
use crate::fake::{Asked, reply};

/// For whom tokens may be: the domain of public vaults, and our own.
const AUDIENCES: [&str; 2] = ["https://vault.azure.net", "https://localhost"];
const PAGE: usize = 25;

pub(super) fn answer(world: &mut World, asked: &Asked) -> Response {
    let audience = asked.bearer().and_then(|token| world.tokens.get(token));
    if audience.is_none_or(|audience| !AUDIENCES.contains(&audience.as_str())) {
        return challenge(&world.url);
    }
    if !asked.query.contains_key("api-version") {
        return error(400, "BadParameter", None);
    }
    let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
    let Some((folder, rest)) = path.split_first() else {
        return error(404, "NotFound", None);
    };
    match folder.strip_prefix("deleted") {
        Some(folder) if is_folder(folder) => of_deleted(world, asked, folder, rest),
        None if is_folder(folder) => of_live(world, asked, folder, rest),
        _ => error(404, "NotFound", None),
    }
}

fn is_folder(folder: &str) -> bool {
    matches!(folder, "secrets" | "certificates" | "keys")
}

fn of_live(world: &mut World, asked: &Asked, folder: &str, rest: &[&str]) -> Response {
    let url = world.url.clone();
    match (&asked.method, rest) {
        (&Method::GET, []) => page(asked, &url, folder, world.objects.list(&url, folder)),
        (&Method::GET, [name, "versions"]) => {
            let all = world.objects.list_versions(&url, folder, name);
            page(asked, &url, &format!("{folder}/{name}/versions"), all)
        }
        (&Method::GET, [name]) => get(world, folder, name, None),
        (&Method::GET, [name, version]) => get(world, folder, name, Some(version)),
        (&Method::PUT, [name]) | (&Method::POST, [name, "create" | "import"]) => {
            set(world, asked, folder, name)
        }
        (&Method::PATCH, [name] | [name, _]) => {
            let body = asked.json();
            world.objects.set_attributes(folder, name, &body["attributes"]);
            world.objects.set_tags(folder, name, &body["tags"]);
            get_even_disabled(world, folder, name)
        }
        (&Method::DELETE, [name]) => {
            if !world.objects.delete(folder, name) {
                return missing(folder);
            }
            found(world.objects.deleted_bundle(&url, folder, name), folder)
        }
        _ => error(405, "MethodNotAllowed", None),
    }
}

fn of_deleted(world: &mut World, asked: &Asked, folder: &str, rest: &[&str]) -> Response {
    let url = world.url.clone();
    match (&asked.method, rest) {
        (&Method::GET, [name]) => found(world.objects.deleted_bundle(&url, folder, name), folder),
        (&Method::POST, [name, "recover"]) if world.objects.recover(folder, name) => {
            get_even_disabled(world, folder, name)
        }
        (&Method::DELETE, [name]) if world.objects.purge(folder, name) => reply(204, &Value::Null),
        (&Method::POST | &Method::DELETE, _) => missing(folder),
        _ => error(405, "MethodNotAllowed", None),
    }
}

fn get(world: &World, folder: &str, name: &str, version: Option<&str>) -> Response {
    let bundle = world.objects.bundle(&world.url, folder, name, version);
    if bundle.is_some() && folder == "secrets" && !world.objects.is_enabled(folder, name, version) {
        return error(403, "Forbidden", Some("SecretDisabled"));
    }
    found(bundle, folder)
}

fn get_even_disabled(world: &World, folder: &str, name: &str) -> Response {
    found(world.objects.bundle(&world.url, folder, name, None), folder)
}

fn set(world: &mut World, asked: &Asked, folder: &str, name: &str) -> Response {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.is_empty() || name.len() > 127 || !name.bytes().all(is_letter) {
        return error(400, "BadParameter", None);
    }
    if world.objects.is_deleted(folder, name) {
        return error(409, "Conflict", Some("ObjectIsDeletedButRecoverable"));
    }
    let body = asked.json();
    let Some(kept) = kept(&body, folder) else {
        return error(400, "BadParameter", None);
    };
    let (tags, attributes) = (body["tags"].clone(), &body["attributes"]);
    world.objects.put(folder, name, kept, tags, attributes);
    get_even_disabled(world, folder, name)
}

/// What is kept of a request to set, import or create something. Private keys go in, and never come out.
fn kept(body: &Value, folder: &str) -> Option<Value> {
    match folder {
        "secrets" => {
            let mut kept = json!({"value": body["value"].as_str()?});
            if let Some(kind) = body["contentType"].as_str() {
                kept["contentType"] = kind.into();
            }
            Some(kept)
        }
        "keys" => {
            let mut key = body["key"].clone();
            if key.is_null() {
                // Created, not imported: any point will do, for nobody calculates with it.
                let point = STANDARD
                    .encode([7; 32])
                    .replace('+', "-")
                    .replace('/', "_")
                    .replace('=', "");
                key = json!({"kty": body["kty"].as_str()?, "crv": "P-256", "x": point, "y": point});
            }
            let members = key.as_object_mut()?;
            for private in ["d", "dp", "dq", "qi", "p", "q", "k"] {
                members.remove(private);
            }
            if !members.contains_key("key_ops") {
                members.insert("key_ops".to_owned(), json!(["sign", "verify"]));
            }
            Some(json!({ "key": key }))
        }
        _ => Some(json!({"cer": base64(&certificate(body["value"].as_str()?)?)})),
    }
}

/// PEM, or base64 of PEM or DER.
fn certificate(value: &str) -> Option<Vec<u8>> {
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    if let Some((_, rest)) = value.split_once(begin) {
        let (inner, _) = rest.split_once(end)?;
        let inner: String = inner.split_whitespace().collect();
        return STANDARD.decode(inner).ok();
    }
    let decoded = STANDARD.decode(value).ok()?;
    match std::str::from_utf8(&decoded) {
        Ok(text) if text.contains(begin) => certificate(text),
        _ => Some(decoded),
    }
}

fn page(asked: &Asked, url: &str, path: &str, all: Vec<Value>) -> Response {
    let number = |name: &str| asked.query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (from, count) = (
        number("$skiptoken").unwrap_or(0),
        number("maxresults").unwrap_or(PAGE),
    );
    if !(1..=PAGE).contains(&count) {
        return error(400, "BadParameter", None);
    }
    let next = (all.len() > from + count).then(|| {
        let to = from + count;
        format!("{url}/{path}?api-version=7.4&$skiptoken={to}&maxresults={count}")
    });
    let shown: Vec<_> = all.into_iter().skip(from).take(count).collect();
    reply(200, &json!({"value": shown, "nextLink": next}))
}

fn found(bundle: Option<Value>, folder: &str) -> Response {
    bundle.map_or_else(|| missing(folder), |bundle| reply(200, &bundle))
}

fn missing(folder: &str) -> Response {
    let code = match folder {
        "secrets" => "SecretNotFound",
        "keys" => "KeyNotFound",
        _ => "CertificateNotFound",
    };
    error(404, code, None)
}

fn error(status: u16, code: &str, inner: Option<&str>) -> Response {
    let mut error = json!({"code": code, "message": "no, said the canary-4f1c"});
    if let Some(inner) = inner {
        error["innererror"] = json!({ "code": inner });
    }
    reply(status, &json!({ "error": error }))
}

fn challenge(url: &str) -> Response {
    let mut response = error(401, "Unauthorized", None);
    let says = format!(
        "Bearer authorization=\"{url}/{}\", resource=\"https://localhost\"",
        Azure::TENANT
    );
    if let Ok(says) = HeaderValue::from_str(&says) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, says);
    }
    response
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
