//! Writing: look what is there, and write only what differs.
//!
//! 1Password keeps no mark of whose an item is, and ESO sets none: of an item that is there, only the field is changed.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::connect::{Connect, Found};
use super::item::{self, Item, PASSWORD};
use super::lookup::{self, Vaults};
use crate::engine::problem::Problem;
use crate::provider::push_metadata::{self, Metadata};
use crate::provider::{Push, Remote};

/// What was written shows a moment later. Who does not wait writes the item once more, or over it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const SHOWS_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wishes {
    tags: Option<Vec<String>>,
    /// One of the store's, for items that are not there yet; the first, unless it is named.
    vault: Option<String>,
}

impl Metadata for Wishes {
    const FIELDS: &'static [&'static str] = &["tags", "vault"];
}

pub(super) async fn write(connect: &Connect, vaults: &Vaults, push: &Push) -> Result<(), Problem> {
    let key = &push.remote.key;
    let wishes = push_metadata::open(
        push.remote.metadata.as_ref(),
        "failed to parse push secret metadata",
    )?;
    let wishes: Wishes = wishes.unwrap_or_default();
    let value = push.text()?;
    let value = str::from_utf8(value.expose()).map_err(|_| Problem::BadData {
        why: format!("{key}: the value is no text"),
    })?;
    let label = label(&push.remote);
    if let Some(found) = lookup::item(connect, vaults, key).await? {
        let mut item = Item::read(&found.body, key)?;
        let has_other_tags = wishes.tags.as_ref().is_some_and(|tags| item.set_tags(tags));
        let has_other_value = item.set_field(label, value)?;
        if !has_other_tags && !has_other_value {
            return Ok(());
        }
        connect.replace(&found, item.encode(), key).await?;
    } else {
        let vault = match &wishes.vault {
            Some(name) => vaults.id(connect, name).await?,
            None => vaults.ids(connect).await?.swap_remove(0),
        };
        let tags = wishes.tags.unwrap_or_default();
        let item = item::new(&vault, key, &tags, label, value);
        connect.create(&vault, item, key).await?;
    }
    let shows = |found: Option<&Found>| {
        let item = found.map(|found| Item::read(&found.body, key)).transpose()?;
        Ok(item.is_some_and(|item| {
            item.field(label)
                .is_ok_and(|known| known.expose() == value.as_bytes())
        }))
    };
    wait_until(connect, vaults, key, shows).await
}

/// Takes the field away, and with the last one the item.
pub(super) async fn delete(connect: &Connect, vaults: &Vaults, remote: &Remote) -> Result<(), Problem> {
    let (key, label) = (&remote.key, label(remote));
    let Some(found) = lookup::item(connect, vaults, key).await? else {
        return Ok(());
    };
    let mut item = Item::read(&found.body, key)?;
    if !item.remove_field(label)? {
        return Ok(());
    }
    if item.is_empty() {
        connect.delete(&found, key).await?;
    } else {
        connect.replace(&found, item.encode(), key).await?;
    }
    let is_gone = |found: Option<&Found>| {
        let item = found.map(|found| Item::read(&found.body, key)).transpose()?;
        Ok(item.is_none_or(|item| item.fields().all(|(known, _)| known != label)))
    };
    wait_until(connect, vaults, key, is_gone).await
}

pub(super) async fn exists(connect: &Connect, vaults: &Vaults, remote: &Remote) -> Result<bool, Problem> {
    let Some(found) = lookup::item(connect, vaults, &remote.key).await? else {
        return Ok(false);
    };
    let item = Item::read(&found.body, &remote.key)?;
    Ok(item.fields().any(|(known, _)| known == label(remote)))
}

fn label(remote: &Remote) -> &str {
    let property = remote.property.as_deref();
    property
        .filter(|property| !property.is_empty())
        .unwrap_or(PASSWORD)
}

async fn wait_until(
    connect: &Connect,
    vaults: &Vaults,
    key: &str,
    is_so: impl Fn(Option<&Found>) -> Result<bool, Problem>,
) -> Result<(), Problem> {
    let until = Instant::now() + SHOWS_WITHIN;
    loop {
        let found = lookup::item(connect, vaults, key).await?;
        if is_so(found.as_ref())? {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Problem::Unreachable {
                what: key.to_owned(),
                why: "it was written, and does not show yet".to_owned(),
            });
        }
        sleep(LOOK_AGAIN).await;
    }
}
