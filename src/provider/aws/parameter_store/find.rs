//! Many parameters at once: below a path by name, or by tags.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::ParameterStringFilter;
use regex::Regex;

use super::{ParameterStore, payload};
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::Find;
use crate::provider::aws::answer::Fault;
use crate::provider::aws::batches::Batches;
use crate::provider::aws::search::{Found, Wanted};

/// AWS has no larger pages, of values and of descriptions.
const PAGE: i32 = 10;
const DESCRIBED_PAGE: i32 = 50;
const WHAT: &str = "the list of parameters";

pub(super) async fn find(api: &ParameterStore, batches: &Batches, query: &Find) -> Result<Values, Problem> {
    let path = query.path.as_deref().filter(|path| !path.is_empty());
    let wanted = Wanted::of(query)?;
    let mut found = Found::nothing(WHAT);
    let listed = match &wanted {
        Wanted::Name(pattern) => match below(api, path.unwrap_or("/"), pattern, &mut found).await? {
            Access::Granted => return Ok(found.into_values()),
            Access::Denied => describe(api, path, &wanted, &mut found).await?,
        },
        Wanted::Tags(_) => describe(api, path, &wanted, &mut found).await?,
    };
    found.read(api, batches, listed).await?;
    Ok(found.into_values())
}

enum Access {
    Granted,
    /// Listing and reading may still be allowed each for itself.
    Denied,
}

async fn below(
    api: &ParameterStore,
    path: &str,
    pattern: &Regex,
    found: &mut Found,
) -> Result<Access, Problem> {
    let mut next = None;
    loop {
        let call = api.client.get_parameters_by_path().path(path).recursive(true);
        let call = call.with_decryption(true).max_results(PAGE).set_next_token(next);
        let page = match api.told.call("GetParametersByPath", call.send()).await {
            Err(fault) if fault.is_denial() => return Ok(Access::Denied),
            page => page.map_err(|fault: Fault| fault.into_problem(WHAT))?,
        };
        let parameters = page.parameters.unwrap_or_default();
        // An empty page counts too, so that there is an end of it.
        found.look_at(parameters.len().max(1))?;
        for parameter in parameters {
            let name = parameter.name.unwrap_or_default();
            if pattern.is_match(&name) {
                let value = payload(parameter.value, &name)?;
                found.add(name, &value)?;
            }
        }
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(Access::Granted);
        }
    }
}

/// The names that are wanted, each as its own id.
async fn describe(
    api: &ParameterStore,
    path: Option<&str>,
    wanted: &Wanted,
    found: &mut Found,
) -> Result<BTreeMap<String, String>, Problem> {
    let filters = filters(path, wanted)?;
    let (mut listed, mut next) = (BTreeMap::new(), None);
    loop {
        let call = api.client.describe_parameters().max_results(DESCRIBED_PAGE);
        let call = call.set_parameter_filters(Some(filters.clone()).filter(|filters| !filters.is_empty()));
        let page = api
            .told
            .call("DescribeParameters", call.set_next_token(next).send());
        let page = page.await.map_err(|fault| fault.into_problem(WHAT))?;
        let parameters = page.parameters.unwrap_or_default();
        found.look_at(parameters.len().max(1))?;
        for name in parameters.into_iter().filter_map(|parameter| parameter.name) {
            let is_wanted = match wanted {
                Wanted::Name(pattern) => pattern.is_match(&name),
                Wanted::Tags(_) => true,
            };
            if is_wanted {
                listed.insert(name.clone(), name);
            }
        }
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(listed);
        }
    }
}

/// Each tag has a filter of its own, with its value: all of them have to be there.
fn filters(path: Option<&str>, wanted: &Wanted) -> Result<Vec<ParameterStringFilter>, Problem> {
    let filter = |key: String, option: &str, value: &str| {
        let filter = ParameterStringFilter::builder()
            .key(key)
            .option(option)
            .values(value);
        filter.build().map_err(|_| Problem::InvalidSpec {
            field: "find.tags".to_owned(),
            why: "cannot be put into a filter".to_owned(),
        })
    };
    let path = path.map(|path| filter("Path".to_owned(), "Recursive", path));
    let tags = match wanted {
        Wanted::Name(_) => &BTreeMap::new(),
        Wanted::Tags(tags) => tags,
    };
    let tags = tags
        .iter()
        .map(|(key, value)| filter(format!("tag:{key}"), "Equals", value));
    path.into_iter().chain(tags).collect()
}
