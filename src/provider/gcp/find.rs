//! Many secrets at once, by name or by labels. Google's filters save turning pages; what is listed is looked at here,
//! for they only come near to what is meant.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http::Method;
use lockstep_gostd::regexp;
use regex::Regex;

use super::manager::Manager;
use super::name::{Version, is_secret};
use super::secret::{Secret, bad, objects, parsed, text};
use super::version;
use crate::engine::keys;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::Find;

/// Names that a search looks at, pages that it turns, and bytes that it finds.
const LOOKED_AT: usize = 20_000;
const PAGES: usize = 1_000;
const FOUND_BYTES: usize = 32 << 20;
const PAGE: &str = "500";
/// Of all that Google could say of each secret.
const FIELDS: &str = "secrets(name,labels),nextPageToken";
/// Reads under way at the same time.
const PARALLEL: usize = 16;
const WHAT: &str = "the list of secrets";

pub(super) async fn find(manager: &Manager, query: &Find, falls_back: bool) -> Result<Values, Problem> {
    let ids = ids(manager, query).await?;
    let reads = ids.into_iter().map(|id| read(manager, id, falls_back));
    let mut reads = stream::iter(reads).buffer_unordered(PARALLEL);
    let (mut found, mut bytes) = (Values::new(), 0);
    while let Some(read) = reads.try_next().await? {
        let Some((id, value)) = read else { continue };
        bytes += value.len();
        if bytes > FOUND_BYTES {
            return Err(too_many());
        }
        found.insert(id, value);
    }
    keys::convert(query.conversion, found)
}

/// What is looked for. A name comes before tags, as in ESO.
struct Wanted<'q> {
    query: &'q Find,
    pattern: Option<Regex>,
}

impl<'q> Wanted<'q> {
    fn of(query: &'q Find) -> Result<Self, Problem> {
        let invalid = |field: &str, why: String| Problem::InvalidSpec {
            field: format!("find.{field}"),
            why,
        };
        let pattern = query.name.as_deref().map(regexp::compile).transpose();
        let pattern = pattern.map_err(|why| invalid("name.regexp", why))?;
        if pattern.is_none() && query.tags.is_empty() {
            let why = "unexpected find operator: the gcpsm provider finds by name or tags";
            return Err(invalid("name", why.to_owned()));
        }
        Ok(Self { query, pattern })
    }

    fn path(&self) -> &str {
        self.query.path.as_deref().unwrap_or_default()
    }

    /// Only what cannot mean anything else is put into it.
    fn filter(&self) -> String {
        let is_plain = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || "-_".contains(letter))
        };
        let mut terms = Vec::new();
        if self.pattern.is_none() {
            let tags = self.query.tags.iter();
            let tags = tags.filter(|(key, value)| is_plain(key) && is_plain(value));
            terms.extend(tags.map(|(key, value)| format!("labels.{key}={value}")));
        }
        if is_plain(self.path()) {
            terms.push(format!("name:{}", self.path()));
        }
        terms.join(" AND ")
    }

    fn has(&self, secret: &Secret) -> bool {
        let is_meant = if let Some(pattern) = &self.pattern {
            pattern.is_match(secret.id())
        } else {
            let mut tags = self.query.tags.iter();
            tags.all(|(key, value)| secret.labels.get(key) == Some(value))
        };
        is_meant && secret.id().starts_with(self.path())
    }
}

async fn ids(manager: &Manager, query: &Find) -> Result<Vec<String>, Problem> {
    let wanted = Wanted::of(query)?;
    let filter = wanted.filter();
    let (mut ids, mut looked_at, mut next) = (Vec::new(), 0, None::<String>);
    for _ in 0..PAGES {
        let mut call = manager.call("ListSecrets", Method::GET, &[], WHAT)?;
        call = call.with("pageSize", PAGE).with("fields", FIELDS);
        if !filter.is_empty() {
            call = call.with("filter", &filter);
        }
        if let Some(token) = &next {
            call = call.with("pageToken", token);
        }
        let body = manager.ask(&call).await.map_err(not_absent)?;
        let page = parsed(&body, WHAT)?;
        let entries = objects(&page, "secrets", WHAT)?;
        looked_at += entries.len();
        if looked_at > LOOKED_AT {
            return Err(too_many());
        }
        for entry in entries {
            let secret = Secret::of(entry);
            if !is_secret(secret.id()) {
                return Err(bad(WHAT, "an entry has no name"));
            }
            if wanted.has(&secret) {
                ids.push(secret.id().to_owned());
            }
        }
        next = text(&page, "nextPageToken").filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(ids);
        }
    }
    Err(too_many())
}

/// There is no such project: that is no reason to delete anything.
fn not_absent(problem: Problem) -> Problem {
    if matches!(problem, Problem::Absent { .. }) {
        return bad(WHAT, "there is no such project or location, HTTP 404");
    }
    problem
}

/// What has gone in the meantime, or never had a value, is not there.
async fn read(
    manager: &Manager,
    id: String,
    falls_back: bool,
) -> Result<Option<(String, SecretBytes)>, Problem> {
    match version::read(manager, &id, Version::Latest, falls_back).await {
        Ok(value) => Ok(Some((id, value))),
        Err(Problem::Absent { .. }) => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn too_many() -> Problem {
    bad(WHAT, "there are too many; narrow the search")
}
