//! Many secrets at once: by name, or by tags. What is listed is looked at here, for the filters of AWS only come near
//! to what is meant: they take a name's beginning, and tags' keys and values apart from one another.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry};

use super::SecretsManager;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::Find;
use crate::provider::aws::batches::Batches;
use crate::provider::aws::search::{Found, Wanted};

const PAGE: i32 = 100;
/// AWS takes no more.
const MOST_FILTERS: usize = 10;
const WHAT: &str = "the list of secrets";

pub(super) async fn find(api: &SecretsManager, batches: &Batches, query: &Find) -> Result<Values, Problem> {
    let wanted = Wanted::of(query)?;
    let path = query.path.as_deref().unwrap_or_default();
    let filters = filters(&wanted, path);
    let (mut found, mut listed, mut next) = (Found::nothing(WHAT), BTreeMap::new(), None);
    loop {
        let call = api.client.list_secrets().max_results(PAGE);
        let call = call.set_filters(Some(filters.clone()).filter(|filters| !filters.is_empty()));
        let page = api
            .told
            .call("ListSecrets", call.set_next_token(next).send())
            .await;
        let page = page.map_err(|fault| fault.into_problem(WHAT))?;
        let entries = page.secret_list.unwrap_or_default();
        // An empty page counts too, so that there is an end of it.
        found.look_at(entries.len().max(1))?;
        for entry in entries
            .into_iter()
            .filter(|entry| is_wanted(entry, &wanted, path))
        {
            let name = entry.name.unwrap_or_default();
            listed.insert(entry.arn.unwrap_or_else(|| name.clone()), name);
        }
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    found.read(api, batches, listed).await?;
    Ok(found.into_values())
}

/// What saves listing everything. A filter that begins with an exclamation mark means the opposite of itself.
fn filters(wanted: &Wanted, path: &str) -> Vec<Filter> {
    let mut filters = vec![(FilterNameStringType::Name, path)];
    if let Wanted::Tags(tags) = wanted {
        filters.extend(
            tags.keys()
                .map(|key| (FilterNameStringType::TagKey, key.as_str())),
        );
    }
    filters.retain(|(_, value)| !value.is_empty() && !value.starts_with('!'));
    filters.truncate(MOST_FILTERS);
    let filters = filters.into_iter();
    filters
        .map(|(name, value)| Filter::builder().key(name).values(value).build())
        .collect()
}

fn is_wanted(entry: &SecretListEntry, wanted: &Wanted, path: &str) -> bool {
    let name = entry.name().unwrap_or_default();
    let has = |key: &str, value: &str| {
        let mut tags = entry.tags().iter();
        tags.any(|tag| tag.key() == Some(key) && tag.value() == Some(value))
    };
    name.starts_with(path)
        && match wanted {
            Wanted::Name(pattern) => pattern.is_match(name),
            Wanted::Tags(tags) => tags.iter().all(|(key, value)| has(key, value)),
        }
}
