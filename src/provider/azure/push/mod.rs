//! Writing: look what is there and whose it is, and write only what differs.
//!
//! What does not carry the mark is somebody else's, also where it is deleted and only stands in the way of its name.

mod wanted;

use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::{Instant, sleep};

use super::answer::{self, Codes, DELETED};
use super::bundle::Bundle;
use super::name::{Kind, Name};
use super::read_call;
use super::vault::{Call, Vault};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::{Push, Remote, mark};
use wanted::Wanted;

/// What is recovered is there after some seconds.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const RECOVERED_WITHIN: Duration = Duration::from_secs(25);

pub(super) async fn write(vault: &Vault, push: &Push) -> Result<(), Problem> {
    let key = &push.remote.key;
    let name = Name::parse(key)?;
    let wanted = crate::aside::run(|| Wanted::of(name.kind, push)).await?;
    let there = look(vault, name, key).await?;
    let there = there.as_ref().map(|body| Bundle::read(body, key)).transpose()?;
    if let Some(bundle) = &there {
        check_ours(bundle)?;
        if wanted.is_met_by(bundle) {
            return Ok(());
        }
    }
    let call = setting(vault, name, key).with_body(wanted.body(there.as_ref()));
    let answer = vault.exchange(&call).await?;
    if answer.status == StatusCode::CONFLICT && Codes::of(&answer).is(DELETED) {
        recover(vault, name, key).await?;
        return vault.ask(&call).await.map(drop);
    }
    if answer.status.is_success() {
        return Ok(());
    }
    Err(answer::problem(&answer, key))
}

/// `passes_strangers`: what is not ours is left alone in silence, as by ESO's newer client; its older one calls it an
/// error.
pub(super) async fn delete(vault: &Vault, remote: &Remote, passes_strangers: bool) -> Result<(), Problem> {
    let key = &remote.key;
    let name = Name::parse(key)?;
    let Some(body) = look(vault, name, key).await? else {
        return Ok(());
    };
    match check_ours(&Bundle::read(&body, key)?) {
        Err(_) if passes_strangers => return Ok(()),
        checked => checked?,
    }
    let call = match name.kind {
        Kind::Secret => "DeleteSecret",
        Kind::Certificate => "DeleteCertificate",
        Kind::Key => "DeleteKey",
    };
    let call = vault.call(call, Method::DELETE, &[name.kind.folder(), name.name], key);
    match vault.ask(&call).await {
        Ok(_) | Err(Problem::Absent { .. }) => Ok(()),
        Err(problem) => Err(problem),
    }
}

pub(super) async fn exists(vault: &Vault, remote: &Remote) -> Result<bool, Problem> {
    let name = Name::parse(&remote.key)?;
    look(vault, name, &remote.key).await.map(|found| found.is_some())
}

async fn look(vault: &Vault, name: Name<'_>, key: &str) -> Result<Option<SecretBytes>, Problem> {
    let path = [name.kind.folder(), name.name];
    let call = vault.call(read_call(name.kind), Method::GET, &path, key);
    match vault.ask(&call).await {
        Ok(body) => Ok(Some(body)),
        Err(Problem::Absent { .. }) => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn setting<'c>(vault: &Vault, name: Name<'_>, key: &'c str) -> Call<'c> {
    let (folder, name_) = (name.kind.folder(), name.name);
    match name.kind {
        Kind::Secret => vault.call("SetSecret", Method::PUT, &[folder, name_], key),
        Kind::Key => vault.call("ImportKey", Method::PUT, &[folder, name_], key),
        Kind::Certificate => {
            let path = [folder, name_, "import"];
            vault.call("ImportCertificate", Method::POST, &path, key)
        }
    }
}

fn check_ours(bundle: &Bundle<'_>) -> Result<(), Problem> {
    let is_ours = bundle.tags().any(|tag| tag == (mark::KEY, mark::OURS));
    if is_ours { Ok(()) } else { Err(mark::missing()) }
}

/// Brings back what was deleted, if it was ours: its name can be used in no other way.
async fn recover(vault: &Vault, name: Name<'_>, key: &str) -> Result<(), Problem> {
    let folder = format!("deleted{}", name.kind.folder());
    let call = vault.call("GetDeletedSecret", Method::GET, &[&folder, name.name], key);
    let deleted = vault.ask(&call).await?;
    check_ours(&Bundle::read(&deleted, key)?)?;
    let path = [&folder, name.name, "recover"];
    let call = vault.call("RecoverSecret", Method::POST, &path, key);
    vault.ask(&call).await?;
    let until = Instant::now() + RECOVERED_WITHIN;
    while look(vault, name, key).await?.is_none() {
        if Instant::now() > until {
            return Err(Problem::Unreachable {
                what: key.to_owned(),
                why: "it is deleted, and is not recovered yet".to_owned(),
            });
        }
        sleep(LOOK_AGAIN).await;
    }
    Ok(())
}
