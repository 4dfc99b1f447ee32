//! Many fields and files at once, by their names and by the titles or tags of items.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use lockstep_gostd::regexp;
use regex::Regex;

use super::connect::{Connect, Summary, bad};
use super::item::{FILE_PREFIX, Item};
use super::lookup::Vaults;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::Find;

/// Reads under way at the same time.
const PARALLEL: usize = 16;
const LOOKED_AT: usize = 5_000;
const FOUND_BYTES: usize = 32 << 20;
const WHAT: &str = "the list of items";

/// `path` is an item's title, and without meaning beside tags, as in ESO; the name is that of a field or file. Where two
/// have the same, that of the first vault and item counts.
pub(super) async fn find(connect: &Connect, vaults: &Vaults, query: &Find) -> Result<Values, Problem> {
    let pattern = query.name.as_deref().map(regexp::compile).transpose();
    let pattern = pattern.map_err(|why| Problem::InvalidSpec {
        field: "find.name.regexp".to_owned(),
        why,
    })?;
    let (mut found, mut bytes) = (Values::new(), 0);
    for vault in vaults.ids(connect).await? {
        let title = query.path.as_deref().filter(|_| query.tags.is_empty());
        let items = connect.items(&vault, title, WHAT).await?;
        if items.len() > LOOKED_AT {
            return Err(too_many());
        }
        let wanted = items.into_iter().filter(|item| {
            let has_tags = query.tags.keys().all(|tag| item.tags.contains(tag));
            has_tags && title.is_none_or(|title| item.title == title)
        });
        let (vault, pattern) = (vault.as_str(), pattern.as_ref());
        let reads = wanted.map(|item| read(connect, vault, item, pattern));
        let mut reads = stream::iter(reads.collect::<Vec<_>>()).buffered(PARALLEL);
        while let Some(parts) = reads.try_next().await? {
            for (name, value) in parts {
                bytes += value.len();
                found.entry(name).or_insert(value);
            }
            if bytes > FOUND_BYTES {
                return Err(too_many());
            }
        }
    }
    Ok(found)
}

/// Files and fields of an item, in this order; nothing, if it has gone in the meantime.
async fn read(
    connect: &Connect,
    vault: &str,
    item: Summary,
    pattern: Option<&Regex>,
) -> Result<Vec<(String, SecretBytes)>, Problem> {
    let is_wanted = |name: &str| pattern.is_none_or(|pattern| pattern.is_match(name));
    let Some(found) = connect.item(vault, &item.id, &item.title).await? else {
        return Ok(Vec::new());
    };
    let whole = Item::read(&found.body, &item.title)?;
    let mut parts = Vec::new();
    for file in whole.files(FILE_PREFIX)? {
        if is_wanted(&file.name) {
            parts.push((file.name, connect.file(&found, &file.id, &item.title).await?));
        }
    }
    for (label, _) in whole.fields().filter(|(label, _)| is_wanted(label)) {
        let value = whole.field(&label)?;
        parts.push((label, value));
    }
    Ok(parts)
}

fn too_many() -> Problem {
    bad(WHAT, "there are too many; narrow the search")
}
