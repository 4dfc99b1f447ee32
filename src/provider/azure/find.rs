//! Many secrets at once, by name and by tags. The vault lists all of them, page by page; what is wanted is read.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::Method;
use lockstep_gostd::regexp;
use regex::Regex;

use super::bundle::Bundle;
use super::name::{Kind, is_name};
use super::vault::Vault;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::Find;

/// Names that a search looks at, pages that it turns, and bytes that it finds.
const LOOKED_AT: usize = 20_000;
const PAGES: usize = 1_000;
const FOUND_BYTES: usize = 32 << 20;
/// Reads under way at the same time.
const PARALLEL: usize = 16;
const WHAT: &str = "the list of secrets";

/// `path` has no meaning here, as in ESO.
pub(super) async fn find(vault: &Vault, query: &Find) -> Result<Values, Problem> {
    let names = names(vault, query).await?;
    let reads = names.into_iter().map(|name| read(vault, name));
    let mut reads = stream::iter(reads).buffer_unordered(PARALLEL);
    let (mut found, mut bytes) = (Values::new(), 0);
    while let Some(read) = reads.try_next().await? {
        let Some((name, value)) = read else { continue };
        bytes += value.len();
        if bytes > FOUND_BYTES {
            return Err(too_many());
        }
        found.insert(name, value);
    }
    Ok(found)
}

async fn names(vault: &Vault, query: &Find) -> Result<Vec<String>, Problem> {
    let pattern = query.name.as_deref().map(compile).transpose()?;
    let (mut names, mut looked_at, mut next) = (Vec::new(), 0, None);
    for _ in 0..PAGES {
        let call = vault.list("GetSecrets", Kind::Secret.folder(), next.as_deref(), WHAT)?;
        let body = vault.ask(&call).await?;
        let (entries, goes_on) = Bundle::read(&body, WHAT)?.page()?;
        looked_at += entries.len();
        if looked_at > LOOKED_AT {
            return Err(too_many());
        }
        let wanted = entries
            .iter()
            .filter(|entry| entry.is_enabled() && entry.has_tags(&query.tags));
        let wanted = wanted.map(name).filter(|name| match (name, &pattern) {
            (Ok(name), Some(pattern)) => pattern.is_match(name),
            (Ok(_), None) | (Err(_), _) => true,
        });
        names.extend(wanted.collect::<Result<Vec<_>, _>>()?);
        next = goes_on;
        if next.is_none() {
            return Ok(names);
        }
    }
    Err(too_many())
}

fn compile(pattern: &str) -> Result<Regex, Problem> {
    regexp::compile(pattern).map_err(|why| Problem::InvalidSpec {
        field: "find.name.regexp".to_owned(),
        why,
    })
}

/// The last part of its id. It becomes part of a path again.
fn name(entry: &Bundle<'_>) -> Result<String, Problem> {
    let id = entry.text("id").unwrap_or_default();
    let name = id.rsplit('/').next().filter(|name| is_name(name));
    name.map(str::to_owned)
        .ok_or_else(|| super::bundle::bad(WHAT, "an entry has no name"))
}

/// What has gone in the meantime is not there.
async fn read(vault: &Vault, name: String) -> Result<Option<(String, SecretBytes)>, Problem> {
    let call = vault.call("GetSecret", Method::GET, &[Kind::Secret.folder(), &name], &name);
    let body = match vault.ask(&call).await {
        Ok(body) => body,
        Err(Problem::Absent { .. }) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let value = Bundle::read(&body, &name)?.value(Kind::Secret, false)?;
    Ok(Some((name, value)))
}

fn too_many() -> Problem {
    super::bundle::bad(WHAT, "there are too many; narrow the search")
}
