//! Many secrets at once: by name, or by what users say of them in custom metadata. A name wins, as in ESO.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use lockstep_api::provider::KvVersion;
use lockstep_gostd::regexp;
use regex::Regex;

use super::kv::Kv;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::Find;

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Calls under way at the same time.
    pub(super) parallel: usize,
    pub(super) depth: usize,
    pub(super) names: usize,
    pub(super) bytes: usize,
}

pub(super) const BOUNDS: Bounds = Bounds {
    parallel: 16,
    depth: 64,
    names: 20_000,
    bytes: 32 << 20,
};

enum Wanted<'q> {
    Name(Regex),
    Tags(&'q BTreeMap<String, String>),
}

pub(super) async fn find(kv: &Kv, query: &Find, bounds: &Bounds) -> Result<Values, Problem> {
    let wanted = Wanted::of(query, kv.mount.version)?;
    // The slash is put there even after another one, as in ESO: names are keys of Secrets.
    let root = query
        .path
        .as_ref()
        .map_or_else(String::new, |path| format!("{path}/"));
    let mut names = everything_below(kv, root, bounds).await?;
    if let Wanted::Name(pattern) = &wanted {
        names.retain(|name| pattern.is_match(name));
    }
    let reads = names.into_iter().map(|name| read(kv, name, &wanted));
    let mut reads = stream::iter(reads).buffer_unordered(bounds.parallel);
    let (mut found, mut bytes) = (Values::new(), 0);
    while let Some((name, value)) = reads.try_next().await? {
        let Some(value) = value else { continue };
        bytes += value.len();
        if bytes > bounds.bytes {
            return Err(too_many());
        }
        found.insert(name, value);
    }
    Ok(found)
}

impl<'q> Wanted<'q> {
    fn of(query: &'q Find, version: KvVersion) -> Result<Self, Problem> {
        let invalid = |field: &str, why: String| Problem::InvalidSpec {
            field: format!("find.{field}"),
            why,
        };
        if version == KvVersion::V1 && !query.tags.is_empty() {
            let why = "cannot perform find by tag operations with kv version v1";
            return Err(invalid("tags", why.to_owned()));
        }
        let Some(pattern) = &query.name else {
            return Ok(Self::Tags(&query.tags));
        };
        let pattern = regexp::compile(pattern).map_err(|why| invalid("name.regexp", why))?;
        Ok(Self::Name(pattern))
    }
}

/// The names of all secrets below a folder, level by level.
async fn everything_below(kv: &Kv, root: String, bounds: &Bounds) -> Result<Vec<String>, Problem> {
    let missing = || Problem::Absent {
        key: if root.is_empty() {
            "/".to_owned()
        } else {
            root.clone()
        },
    };
    let mut found = Vec::new();
    let mut folders = sort(&root, kv.names(&root).await?.ok_or_else(missing)?, &mut found);
    for _ in 0..bounds.depth {
        if folders.is_empty() {
            return Ok(found);
        }
        let lists = folders.drain(..).map(async |folder| {
            // A folder may go while we look.
            let names = kv.names(&folder).await?.unwrap_or_default();
            Ok::<_, Problem>((folder, names))
        });
        let mut lists = stream::iter(lists).buffer_unordered(bounds.parallel);
        let mut next = Vec::new();
        while let Some((folder, names)) = lists.try_next().await? {
            next.extend(sort(&folder, names, &mut found));
            if found.len() + next.len() > bounds.names {
                return Err(too_many());
            }
        }
        drop(lists);
        folders = next;
    }
    Err(too_many())
}

/// Adds what is a secret to those found, and gives back what is a folder.
fn sort(folder: &str, names: Vec<String>, found: &mut Vec<String>) -> Vec<String> {
    let paths = names.into_iter().filter(|name| !name.is_empty());
    let paths = paths.map(|name| format!("{folder}{name}"));
    let (folders, secrets): (Vec<_>, Vec<_>) = paths.partition(|path| path.ends_with('/'));
    found.extend(secrets);
    folders
}

/// One that was found; nothing if it is not wanted, or is there in name only.
async fn read(kv: &Kv, name: String, wanted: &Wanted<'_>) -> Result<(String, Option<SecretBytes>), Problem> {
    let value = async {
        if let Wanted::Tags(tags) = wanted {
            let said = kv.custom_metadata(kv.mount.metadata(&name)?, &name).await?;
            if !tags.iter().all(|(key, value)| said.get(key) == Some(value)) {
                return Ok(None);
            }
        }
        kv.listed(&name).await.map(Some)
    };
    match value.await {
        Ok(value) => Ok((name, value)),
        Err(problem) if problem.is_absent() => Ok((name, None)),
        Err(problem) => Err(problem),
    }
}

fn too_many() -> Problem {
    Problem::BadAnswer {
        what: "find".to_owned(),
        why: "there are too many secrets; narrow the search".to_owned(),
    }
}
