//! The value of a version of a secret.

use http::Method;
use jiff::Timestamp;
use lockstep_gostd::base64::{Alphabet, decode};
use lockstep_gostd::json::{Number, Object, Value};

use super::answer::{self, Shut};
use super::crc32c;
use super::manager::{Call, Manager};
use super::name::Version;
use super::secret::{bad, objects, parsed, text};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// Versions on a page, and pages that are turned until there is one that can be read.
const PAGE: &str = "100";
const PAGES: usize = 20;

/// What a version comes to.
pub(super) enum Found {
    Value(SecretBytes),
    Shut(Shut),
}

pub(super) async fn read(
    manager: &Manager,
    id: &str,
    wanted: Version<'_>,
    falls_back: bool,
) -> Result<SecretBytes, Problem> {
    let shut = match access(manager, id, wanted.name()).await? {
        Found::Value(value) => return Ok(value),
        Found::Shut(shut) => shut,
    };
    if falls_back
        && wanted == Version::Latest
        && let Some(newest) = newest_enabled(manager, id).await?
        && let Found::Value(value) = access(manager, id, &newest).await?
    {
        return Ok(value);
    }
    Err(told(id, wanted, shut, falls_back))
}

/// What a version holds now, or that it holds nothing.
pub(super) async fn access(manager: &Manager, id: &str, version: &str) -> Result<Found, Problem> {
    let verb = format!("{version}:access");
    let call = manager.call("AccessSecretVersion", Method::GET, &[id, "versions", &verb], id)?;
    let answer = manager.exchange(&call).await?;
    if answer.status.is_success() {
        return value(&answer.body, id).map(Found::Value);
    }
    match answer::shut(&answer) {
        Some(shut) => Ok(Found::Shut(shut)),
        None => Err(answer::problem(&answer, id)),
    }
}

/// The newest version that can be read. Google lists them from the newest on.
pub(super) async fn newest_enabled(manager: &Manager, id: &str) -> Result<Option<String>, Problem> {
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let call = listing(manager, id, next.as_deref())?;
        let body = manager.ask(&call).await?;
        let page = parsed(&body, id)?;
        let versions = objects(&page, "versions", id)?;
        let enabled = versions.into_iter().filter(|version| {
            let state = text(version, "state");
            state.is_none_or(|state| state == "ENABLED")
        });
        let newest = enabled.max_by_key(|version| created(version));
        if let Some(newest) = newest {
            let name = text(newest, "name").unwrap_or_default();
            let number = name.rsplit('/').next().unwrap_or_default();
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            return if is_number {
                Ok(Some(number.to_owned()))
            } else {
                Err(bad(id, "a version has no number"))
            };
        }
        next = text(&page, "nextPageToken").filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(None);
        }
    }
    Err(bad(id, "it has too many versions that are disabled or destroyed"))
}

fn listing<'c>(manager: &Manager, id: &'c str, next: Option<&str>) -> Result<Call<'c>, Problem> {
    let call = manager.call("ListSecretVersions", Method::GET, &[id, "versions"], id)?;
    let call = call.with("filter", "state:ENABLED").with("pageSize", PAGE);
    Ok(match next {
        Some(next) => call.with("pageToken", next),
        None => call,
    })
}

fn created(version: &Object<'_>) -> Option<Timestamp> {
    text(version, "createTime")?.parse().ok()
}

/// The bytes, which are those that Google has: there is a checksum with them.
fn value(body: &SecretBytes, id: &str) -> Result<SecretBytes, Problem> {
    let members = parsed(body, id)?;
    let Some(Value::Object(payload)) = members.get("payload") else {
        return Err(bad(id, "it holds no value"));
    };
    let data = match payload.get("data") {
        Some(Value::Text(data)) if !data.is_empty() => data,
        _ => return Err(bad(id, "it holds no value")),
    };
    let bytes = decode(Alphabet::Standard, data.as_bytes());
    let bytes = SecretBytes::from(bytes.map_err(|_| bad(id, "its value is no base64"))?);
    match sum(payload) {
        Some(sum) if sum != crc32c::of(bytes.expose()).to_string() => Err(bad(
            id,
            "its checksum is that of another value: it was damaged on its way",
        )),
        _ => Ok(bytes),
    }
}

/// Numbers of 64 bits are texts in Google's JSON.
fn sum(payload: &Object<'_>) -> Option<String> {
    match payload.get("dataCrc32c")? {
        Value::Text(sum) => Some(sum.to_string()),
        Value::Number(Number::Literal(sum)) => Some((*sum).to_owned()),
        _ => Some(String::new()),
    }
}

fn told(id: &str, wanted: Version<'_>, shut: Shut, fell_back: bool) -> Problem {
    let state = match shut {
        Shut::Disabled => "disabled: enable it, or add another",
        Shut::Destroyed => "destroyed: add another",
    };
    let hint = match (wanted, fell_back) {
        (Version::Latest, false) => {
            "; with secretVersionSelectionPolicy LatestOrFetch the store would take the newest that can be read"
        }
        (Version::Latest, true) => "; there is no other that can be read",
        (Version::Named(_), _) => "",
    };
    Problem::BadData {
        why: format!("{id}: version {} is {state}{hint}", wanted.name()),
    }
}
