//! Many variables at once, by name and by environment.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use lockstep_gostd::regexp;
use regex::Regex;

use super::Gitlab;
use super::variables::{Owner, Variable};
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::Find;

/// The only tag that there is.
const SCOPE: &str = "environment_scope";

/// What counts, and for which environment.
struct Wanted {
    pattern: Regex,
    environment: Option<String>,
}

/// As in ESO, where a search does not find what a read finds: the project's win over those of groups; among groups, those
/// of the environment over those of all, the inner over the outer one of those, and of those for all the outermost.
pub(super) async fn find(store: &Gitlab, query: &Find) -> Result<Values, Problem> {
    let wanted = Wanted::of(store, query)?;
    let groups = store.groups().await?;
    let lists = groups
        .iter()
        .map(|group| store.variables.list(Owner::Group(group)));
    let mut found = Values::new();
    for list in try_join_all(lists).await? {
        for variable in list.into_iter().filter(|variable| wanted.has(variable)) {
            let is_for_all = is_for_all(&variable.environment);
            if let Some(value) = variable.value
                && !(is_for_all && found.contains_key(&variable.key))
            {
                found.insert(variable.key, value);
            }
        }
    }
    let Some(project) = &store.project else {
        return Ok(found);
    };
    let mut special = BTreeSet::new();
    let list = store.variables.list(Owner::Project(project)).await?;
    for variable in list.into_iter().filter(|variable| wanted.has(variable)) {
        let is_for_all = is_for_all(&variable.environment);
        let Some(value) = variable.value else { continue };
        if is_for_all && special.contains(&variable.key) {
            continue;
        }
        if !is_for_all {
            special.insert(variable.key.clone());
        }
        found.insert(variable.key, value);
    }
    Ok(found)
}

impl Wanted {
    fn of(store: &Gitlab, query: &Find) -> Result<Self, Problem> {
        let invalid = |field: &str, why: String| Problem::InvalidSpec {
            field: format!("find.{field}"),
            why,
        };
        if query.path.is_some() {
            let why = "variables of GitLab have none";
            return Err(invalid("path", why.to_owned()));
        }
        let Some(pattern) = &query.name else {
            return Err(invalid("name", "must be set".to_owned()));
        };
        let pattern = regexp::compile(pattern).map_err(|why| invalid("name.regexp", why))?;
        if query.tags.keys().any(|tag| tag != SCOPE) {
            return Err(invalid(
                "tags",
                format!("{SCOPE} is the only one that variables of GitLab have"),
            ));
        }
        let own = store.environment.clone();
        let environment = match query.tags.get(SCOPE) {
            None => own,
            Some(tag) if !is_for_all(tag) && own.as_deref().is_some_and(|own| !is_for_all(own)) => {
                return Err(invalid("tags", format!("{SCOPE} is set by the store already")));
            }
            Some(tag) => Some(tag.clone()),
        };
        Ok(Self { pattern, environment })
    }

    fn has(&self, variable: &Variable) -> bool {
        let environment = self
            .environment
            .as_deref()
            .filter(|environment| !is_for_all(environment));
        let is_here = is_for_all(&variable.environment)
            || environment.is_none_or(|environment| environment == variable.environment);
        is_here && !variable.key.is_empty() && self.pattern.is_match(&variable.key)
    }
}

fn is_for_all(environment: &str) -> bool {
    matches!(environment, "" | "*")
}
