//! Writing: look what is there and whose it is, and change only what differs.
//!
//! Versions are never disabled or destroyed; Google knows no condition for adding one, but for all else it does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;

use super::answer::{self, Shut};
use super::crc32c;
use super::manager::{Call, Manager};
use super::name;
use super::secret::{self, Secret};
use super::version::{self, Found};
use super::wanted::{NAME, Wanted};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::change::{self, Rest};
use crate::provider::{Push, Remote, mark};

/// How often others may get in between.
const ATTEMPTS: usize = 3;
const LATEST: &str = "latest";

pub(super) async fn write(manager: &Manager, push: &Push) -> Result<(), Problem> {
    let id = name::secret(&push.remote.key)?;
    let wanted = Wanted::of(push)?;
    for _ in 0..ATTEMPTS {
        let current = match secret::look(manager, id).await? {
            Some(secret) if !is_ours(&secret) => {
                return Err(Problem::BadData {
                    why: format!("secret {id} is not managed by external secrets"),
                });
            }
            Some(secret) => {
                if !wanted.is_said_of(&secret) && !update(manager, id, &wanted, &secret).await? {
                    continue;
                }
                current(manager, id).await?
            }
            None if create(manager, id, &wanted).await? => None,
            None => continue,
        };
        return match wanted.value(current.as_ref())? {
            Some(value) => add(manager, id, &value).await,
            None => Ok(()),
        };
    }
    Err(overtaken(id))
}

/// A property is taken out of the value; with the last one the secret goes.
pub(super) async fn delete(manager: &Manager, remote: &Remote) -> Result<(), Problem> {
    let id = name::secret(&remote.key)?;
    let property = remote.property.as_deref().filter(|property| !property.is_empty());
    for _ in 0..ATTEMPTS {
        let Some(secret) = secret::look(manager, id).await?.filter(is_ours) else {
            return Ok(());
        };
        if let Some(property) = property
            && let Some(value) = current(manager, id).await?
        {
            match change::without(&value, property) {
                Rest::Same => return Ok(()),
                Rest::Less(value) => return add(manager, id, &value).await,
                Rest::Nothing => {}
            }
        }
        let mut call = manager.call("DeleteSecret", Method::DELETE, &[id], id)?;
        if let Some(etag) = &secret.etag {
            call = call.with("etag", etag);
        }
        match carried_out(manager, &call).await {
            Ok(false) => {}
            Ok(true) | Err(Problem::Absent { .. }) => return Ok(()),
            Err(problem) => return Err(problem),
        }
    }
    Err(overtaken(id))
}

/// Is there a version that can be read? Its value is nobody's business here.
pub(super) async fn exists(manager: &Manager, key: &str) -> Result<bool, Problem> {
    let id = name::secret(key)?;
    match version::newest_enabled(manager, id).await {
        Ok(Some(_)) => return Ok(true),
        Ok(None) => {}
        Err(Problem::Absent { .. }) => return Ok(false),
        Err(problem) => return Err(problem),
    }
    // A secret that never had a value is as good as none; one whose values are shut is there.
    match version::access(manager, id, LATEST).await {
        Ok(_) => Ok(true),
        Err(Problem::Absent { .. }) => Ok(false),
        Err(problem) => Err(problem),
    }
}

fn is_ours(secret: &Secret) -> bool {
    secret.labels.get(mark::KEY).is_some_and(|by| by == mark::OURS)
}

/// What it holds now. What is destroyed is nothing; somebody who disables a version may want it back.
async fn current(manager: &Manager, id: &str) -> Result<Option<SecretBytes>, Problem> {
    match version::access(manager, id, LATEST).await {
        Ok(Found::Value(value)) => Ok(Some(value)),
        Ok(Found::Shut(Shut::Destroyed)) | Err(Problem::Absent { .. }) => Ok(None),
        Ok(Found::Shut(Shut::Disabled)) => Err(Problem::BadData {
            why: format!(
                "{id}: its latest version is disabled; enable or destroy it, and it is pushed again"
            ),
        }),
        Err(problem) => Err(problem),
    }
}

/// `false`: somebody else made it meanwhile.
async fn create(manager: &Manager, id: &str, wanted: &Wanted) -> Result<bool, Problem> {
    let body = wanted.creation(manager.location());
    let call = manager.call("CreateSecret", Method::POST, &[], id)?;
    let call = call.with("secretId", id).with_body(body.to_string().into());
    carried_out(manager, &call).await
}

/// `false`: somebody else changed it meanwhile.
async fn update(manager: &Manager, id: &str, wanted: &Wanted, secret: &Secret) -> Result<bool, Problem> {
    let call = manager.call("UpdateSecret", Method::PATCH, &[id], id)?;
    let call = call.with("updateMask", "labels,annotations");
    let call = call.with_body(wanted.update(secret).to_string().into());
    match carried_out(manager, &call).await {
        // It has gone: whoever looks again makes it anew.
        Err(Problem::Absent { .. }) => Ok(false),
        carried_out => carried_out,
    }
}

/// Google checks what arrives against the checksum.
async fn add(manager: &Manager, id: &str, value: &SecretBytes) -> Result<(), Problem> {
    let (data, sum) = (STANDARD.encode(value.expose()), crc32c::of(value.expose()));
    let body = format!(r#"{{"payload":{{"data":"{data}","dataCrc32c":"{sum}"}}}}"#);
    let verb = format!("{id}:addVersion");
    let call = manager.call("AddSecretVersion", Method::POST, &[&verb], id)?;
    match manager.ask(&call.with_body(body.into())).await {
        Err(Problem::Absent { .. }) => Err(overtaken(id)),
        added => added.map(drop),
    }
}

async fn carried_out(manager: &Manager, call: &Call<'_>) -> Result<bool, Problem> {
    let answer = manager.exchange(call).await?;
    if answer.status.is_success() {
        return Ok(true);
    }
    if answer::is_overtaken(&answer) {
        return Ok(false);
    }
    Err(answer::problem(&answer, call.what()))
}

fn overtaken(id: &str) -> Problem {
    Problem::Unreachable {
        what: format!("{NAME}: {id}"),
        why: "others keep creating, changing or deleting it".to_owned(),
    }
}
