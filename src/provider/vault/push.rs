//! Writing to a KV engine: look, decide, write what was decided if nothing has changed since.
//!
//! In version 2 of the engine, a write names the version that it follows, whatever the store says of check-and-set:
//! who else changes the same secret loses nothing, and a mount that insists on it is served. The mark goes into the
//! secret's metadata, beside what others say there. Version 1 has neither: the mark is a part of the secret.

use std::collections::BTreeMap;

use lockstep_api::provider::KvVersion;
use lockstep_gostd::json::{Number, Object, Value, encode_texts};

use super::answer::{is_overtaken, understand};
use super::call::{Call, Verb};
use super::kv::{Kv, members, said_by_users, unusable};
use super::merge::{self, CUSTOM, Rest};
use super::secret;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{Push, Remote, mark};

/// How often others may get in between.
const ATTEMPTS: usize = 4;

/// What is at a place.
struct Kept {
    /// `None`: its newest version was deleted.
    secret: Option<SecretBytes>,
    version: u64,
    /// What users say of it.
    said: BTreeMap<String, String>,
}

#[derive(PartialEq)]
enum Mark {
    Set,
    /// It may be set, beside what is said already.
    Unset(BTreeMap<String, String>),
    /// This is somebody else's.
    Missing,
}

pub(super) async fn write(kv: &Kv, push: &Push) -> Result<(), Problem> {
    let (key, engine) = (&push.remote.key, kv.mount.version);
    let (value, property) = (push.text()?, property(&push.remote));
    if engine == KvVersion::V1 && property == Some(CUSTOM) {
        let why =
            format!("property {CUSTOM} is where the mark is in a kv engine of version v1: choose another");
        return Err(Problem::BadData { why });
    }
    for _ in 0..ATTEMPTS {
        let kept = look(kv, key).await?;
        let found = match &kept {
            Some(kept) => mark_of(kv, key, kept).await?,
            None => mark_of_nothing(kv, key).await?,
        };
        if found == Mark::Missing {
            return Err(mark::missing());
        }
        let existing = kept.as_ref().and_then(|kept| kept.secret.as_ref());
        let Some(secret) = merge::merged(existing, &value, property, engine)? else {
            return Ok(());
        };
        if let (Mark::Unset(said), KvVersion::V2) = (found, engine) {
            set_mark(kv, key, said).await?;
        }
        if put(kv, key, &secret, kept.as_ref()).await? {
            return Ok(());
        }
    }
    Err(overtaken(key))
}

/// Takes the property away, and with the last one the secret in all its versions.
pub(super) async fn delete(kv: &Kv, remote: &Remote) -> Result<(), Problem> {
    let key = &remote.key;
    for _ in 0..ATTEMPTS {
        let kept = look(kv, key).await?;
        let Some((kept, secret)) = kept.as_ref().and_then(|kept| Some((kept, kept.secret.as_ref()?))) else {
            return Ok(());
        };
        if mark_of(kv, key, kept).await? == Mark::Missing {
            return Ok(());
        }
        let done = match merge::without(secret, property(remote))? {
            Rest::Same => true,
            Rest::Less(rest) => put(kv, key, &rest, Some(kept)).await?,
            Rest::Nothing => remove(kv, key).await.map(|()| true)?,
        };
        if done {
            return Ok(());
        }
    }
    Err(overtaken(key))
}

pub(super) async fn exists(kv: &Kv, remote: &Remote, has_paths: bool) -> Result<bool, Problem> {
    let kept = look(kv, &remote.key).await?;
    match (kept.and_then(|kept| kept.secret), property(remote)) {
        (None, _) => Ok(false),
        (Some(_), None) => Ok(true),
        (Some(secret), Some(property)) => Ok(secret::find(&secret, property, has_paths)?.is_some()),
    }
}

async fn look(kv: &Kv, key: &str) -> Result<Option<Kept>, Problem> {
    let call = Call::read(kv.mount.data(key)).counted("ReadSecretData");
    let data = match kv.existing(&call, key).await {
        Ok(envelope) => envelope.data.unwrap_or_default(),
        Err(problem) if problem.is_absent() => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let data = members(&data, &call)?;
    let kept = match kv.mount.version {
        KvVersion::V1 => Ok(of_first(data)),
        KvVersion::V2 => of_second(&data).map_err(|why| unusable(&call, why)),
    };
    kept.map(Some)
}

fn of_first(mut data: Object<'_>) -> Kept {
    let said = said_by_users(&data);
    data.remove(CUSTOM);
    Kept {
        secret: Some(merge::encoded(&data)),
        version: 0,
        said,
    }
}

fn of_second(data: &Object<'_>) -> Result<Kept, &'static str> {
    let secret = match data.get("data") {
        Some(Value::Object(secret)) => Some(merge::encoded(secret)),
        Some(Value::Null) => None,
        _ => return Err("it has no `data.data`; is the engine of version v2?"),
    };
    let Some(Value::Object(metadata)) = data.get("metadata") else {
        return Err("it has no `data.metadata`");
    };
    let version = match metadata.get("version") {
        Some(Value::Number(Number::Literal(digits))) => digits.parse().ok(),
        _ => None,
    };
    Ok(Kept {
        secret,
        version: version.ok_or("it does not say of which version it is")?,
        said: said_by_users(metadata),
    })
}

/// Old servers do not say it along with the secret; and of a key that repeats the mount, ESO marks the metadata of
/// what would be there if the mount were not cut off.
async fn mark_of(kv: &Kv, key: &str, kept: &Kept) -> Result<Mark, Problem> {
    if is_marked(&kept.said) {
        return Ok(Mark::Set);
    }
    if kv.mount.version == KvVersion::V1 {
        return Ok(Mark::Missing);
    }
    let (own, other) = (kv.mount.own_metadata(key)?, kv.mount.metadata(key)?);
    let said = said_at(kv, &own, key).await?;
    if is_marked(&said) {
        return Ok(Mark::Set);
    }
    if other != own && is_marked(&said_at(kv, &other, key).await?) {
        return Ok(Mark::Unset(said));
    }
    Ok(Mark::Missing)
}

/// Something may be said of a secret before there is one. Who may not read that may create the secret all the same.
async fn mark_of_nothing(kv: &Kv, key: &str) -> Result<Mark, Problem> {
    if kv.mount.version == KvVersion::V1 {
        return Ok(Mark::Unset(BTreeMap::new()));
    }
    match said_at(kv, &kv.mount.own_metadata(key)?, key).await {
        Ok(said) if is_marked(&said) => Ok(Mark::Set),
        Ok(said) => Ok(Mark::Unset(said)),
        Err(Problem::Refused { .. }) => Ok(Mark::Unset(BTreeMap::new())),
        Err(problem) => Err(problem),
    }
}

async fn said_at(kv: &Kv, path: &str, key: &str) -> Result<BTreeMap<String, String>, Problem> {
    match kv.custom_metadata(path.to_owned(), key).await {
        Err(problem) if problem.is_absent() => Ok(BTreeMap::new()),
        said => said,
    }
}

fn is_marked(said: &BTreeMap<String, String>) -> bool {
    said.get(mark::KEY).is_some_and(|by| by == mark::OURS)
}

/// Before the secret itself is written: it is never there without the mark.
async fn set_mark(kv: &Kv, key: &str, mut said: BTreeMap<String, String>) -> Result<(), Problem> {
    said.insert(mark::KEY.to_owned(), mark::OURS.to_owned());
    let said = encode_texts(said.iter().map(|(name, text)| (name.as_str(), text.as_bytes())));
    let body = [br#"{"custom_metadata":"#.as_slice(), &said, b"}"].concat();
    let call = writing(kv.mount.own_metadata(key)?, body.into());
    kv.session.call(&call).await.map(drop)
}

/// Not if somebody else wrote since.
async fn put(kv: &Kv, key: &str, secret: &SecretBytes, kept: Option<&Kept>) -> Result<bool, Problem> {
    let body = match kv.mount.version {
        KvVersion::V1 => {
            let said = kept.map(|kept| kept.said.clone()).unwrap_or_default();
            merge::marked(secret, said)?
        }
        KvVersion::V2 => {
            let follows = kept.map_or(0, |kept| kept.version);
            let end = format!(r#","options":{{"cas":{follows}}}}}"#);
            let body = [br#"{"data":"#.as_slice(), secret.expose(), end.as_bytes()].concat();
            body.into()
        }
    };
    let call = writing(kv.mount.data(key), body);
    let answer = kv.session.exchange(&call).await?;
    if is_overtaken(&answer) {
        return Ok(false);
    }
    understand(&call, answer).map(|_| true)
}

/// In version 2, the metadata: all versions go with it.
async fn remove(kv: &Kv, key: &str) -> Result<(), Problem> {
    let path = match kv.mount.version {
        KvVersion::V1 => kv.mount.data(key),
        KvVersion::V2 => kv.mount.own_metadata(key)?,
    };
    let call = Call::delete(path).counted("DeleteSecret");
    kv.session.call(&call).await.map(drop)
}

fn writing(path: String, body: SecretBytes) -> Call {
    Call {
        body: Some(body),
        ..Call::new(Verb::Write, path).counted("WriteSecretData")
    }
}

fn property(remote: &Remote) -> Option<&str> {
    remote.property.as_deref().filter(|property| !property.is_empty())
}

fn overtaken(key: &str) -> Problem {
    Problem::Unreachable {
        what: key.to_owned(),
        why: "others keep changing it".to_owned(),
    }
}
