//! `dataTo`: entries that push many keys of the source.

use std::collections::BTreeMap;

use lockstep_api::push_secret::{
    PushDataTo, PushEntry, PushMode, PushRemoteRef, PushRewrite, PushSecretData, PushSecretSpec,
};
use lockstep_gostd::regexp;
use lockstep_gostd::unicode::lossy;

use super::entries::{convert, original};
use super::stores;
use crate::engine::problem::Problem;
use crate::engine::render::{Renderer, RewriteFault};
use crate::engine::rewrite::Renaming;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::store::Store;
use crate::engine::values::Values;

/// An entry that `dataTo` made.
#[derive(Debug)]
pub(super) struct Expanded {
    pub data: PushSecretData,
    pub values: Values,
    /// The key of the source, where it is one.
    original: Option<String>,
}

impl Expanded {
    /// Keys that `data` names are left to it, but for those in a bundle.
    pub(super) fn is_named_by(&self, keys: &[&str]) -> bool {
        self.original
            .as_deref()
            .is_some_and(|original| keys.contains(&original))
    }
}

/// Everything that `dataTo` makes for a store.
pub(super) fn expand(
    spec: &PushSecretSpec,
    store: &Store,
    values: &Values,
    renderer: &mut Renderer,
) -> Result<Vec<Expanded>, Problem> {
    let mut all = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (index, entry) in spec.data_to.iter().enumerate() {
        if !stores::is_meant(&entry.store_ref, store) {
            continue;
        }
        let here = format!("dataTo[{index}]");
        let made = of_entry(entry, values, renderer).map_err(|problem| problem.at(here.clone()))?;
        for made in &made {
            let key = made.data.entry.secret_key().unwrap_or_default();
            let remote = &made.data.entry.remote_ref.remote_key;
            if let Some(first) = taken.insert(remote.clone(), format!("{here}:{key}")) {
                let why = format!(
                    "duplicate remote key {remote:?} from source key {key:?} (conflicts with {first})"
                );
                return Err(Problem::BadData { why }.at(here));
            }
        }
        all.extend(made);
    }
    Ok(all)
}

fn of_entry(entry: &PushDataTo, values: &Values, renderer: &mut Renderer) -> Result<Vec<Expanded>, Problem> {
    let converted = convert(entry.conversion_strategy, values);
    let mut matched = converted.map_err(|problem| problem.at("conversion failed"))?;
    if let Some(pattern) = entry.regexp() {
        let regex = regexp::compile(pattern).map_err(|why| Problem::BadData {
            why: format!("match failed: failed to compile regexp pattern {pattern:?}: {why}"),
        })?;
        matched.retain(|key, _| regex.is_match(key));
    }
    if matched.is_empty() {
        return Ok(Vec::new());
    }
    match entry.mode() {
        PushMode::Bundle(remote_key) => Ok(vec![Expanded {
            data: data(entry, None, remote_key.to_owned()),
            values: matched,
            original: None,
        }]),
        PushMode::EachKey(rewrites) => {
            let renamed = rename(rewrites, matched.keys(), renderer);
            let renamed = renamed.map_err(|problem| problem.at("rewrite failed"))?;
            let pairs = matched.into_iter().zip(renamed);
            pairs
                .map(|((key, value), remote_key)| each(entry, values, key, value, remote_key))
                .collect()
        }
    }
}

fn each(
    entry: &PushDataTo,
    values: &Values,
    key: String,
    value: SecretBytes,
    remote_key: String,
) -> Result<Expanded, Problem> {
    if remote_key.is_empty() {
        return Err(Problem::BadData {
            why: format!("empty remote key produced for source key {key:?}"),
        });
    }
    let original = original(entry.conversion_strategy, values, &key);
    Ok(Expanded {
        original: original.map(str::to_owned),
        data: data(entry, Some(key.clone()), remote_key),
        values: Values::from([(key, value)]),
    })
}

fn data(entry: &PushDataTo, secret_key: Option<String>, remote_key: String) -> PushSecretData {
    PushSecretData {
        conversion_strategy: entry.conversion_strategy,
        entry: PushEntry {
            remote_ref: PushRemoteRef {
                property: None,
                remote_key,
            },
            secret_key,
        },
        metadata: entry.metadata.clone(),
    }
}

fn unrenamed(fault: RewriteFault) -> Problem {
    match fault {
        RewriteFault::Unparsed(why) => invalid("template", &why),
        RewriteFault::Failed(why) => Problem::BadData {
            why: format!("template exec: {why}"),
        },
    }
}

fn invalid(what: &str, why: &str) -> Problem {
    Problem::BadData {
        why: format!("invalid {what}: {why}"),
    }
}

/// The names at the store, in the order of the keys.
fn rename<'k>(
    rewrites: &[PushRewrite],
    keys: impl Iterator<Item = &'k String>,
    renderer: &mut Renderer,
) -> Result<Vec<String>, Problem> {
    let mut names: Vec<String> = keys.cloned().collect();
    for (index, rewrite) in rewrites.iter().enumerate() {
        let here = |name: &str| format!("rewrite[{index}] on key {name:?}");
        match rewrite {
            PushRewrite::Regexp(operation) => {
                let first = names.first().map(String::as_str).unwrap_or_default().to_owned();
                let renaming =
                    Renaming::of(operation).map_err(|why| invalid("regexp", &why).at(here(&first)))?;
                for name in &mut names {
                    *name = renaming
                        .rename(name)
                        .map_err(|why| Problem::BadData { why }.at(here(name)))?;
                }
            }
            PushRewrite::Transform(operation) => {
                for name in &mut names {
                    let renamed = renderer.rewrite("t", &operation.template, name);
                    let renamed = renamed.map_err(|fault| unrenamed(fault).at(here(name)))?;
                    *name = lossy(&renamed).into_owned();
                }
            }
        }
    }
    Ok(names)
}
