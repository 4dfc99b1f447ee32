//! What every target is stamped with: whose it is, that it is looked after, and what was written.

use std::collections::BTreeMap;

use lockstep_api::external_secret::CreationPolicy;

use super::Inputs;
use crate::engine::own;
use crate::engine::problem::Problem;
use crate::engine::target::{Owner, Target};
use crate::engine::{fingerprint, labels};

/// The owners of a target where there was none.
pub fn first_owners(inputs: &Inputs, policy: CreationPolicy) -> Result<Option<Vec<Owner>>, Problem> {
    let target = inputs.claimant.key.target_ref_of(inputs.spec);
    let owners = own::owners(policy, inputs.claimant, &target, None)?;
    Ok((!owners.is_empty()).then_some(owners))
}

pub fn changed_owners(
    inputs: &Inputs,
    policy: CreationPolicy,
    existing: &Target,
) -> Result<Option<Vec<Owner>>, Problem> {
    let target = inputs.claimant.key.target_ref_of(inputs.spec);
    let owners = own::owners(policy, inputs.claimant, &target, Some(existing))?;
    Ok((owners != existing.owners).then_some(owners))
}

/// Whether what others put into the target stays.
pub fn keeps_foreign(policy: CreationPolicy) -> bool {
    match policy {
        CreationPolicy::Owner | CreationPolicy::Orphan => false,
        CreationPolicy::Merge | CreationPolicy::CreateOrMerge | CreationPolicy::None => true,
    }
}

pub fn labels(
    inputs: &Inputs,
    policy: CreationPolicy,
    mut wanted: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    wanted.insert(labels::MANAGED.to_owned(), "true".to_owned());
    if policy == CreationPolicy::Owner {
        wanted.insert(
            labels::CREATED_BY.to_owned(),
            fingerprint::owner_label(&inputs.claimant.key),
        );
    }
    wanted
}

/// What is missing for a target to be watched.
pub fn missing_mark(existing: &Target) -> BTreeMap<String, Option<String>> {
    if existing.is_managed() {
        return BTreeMap::new();
    }
    [(labels::MANAGED.to_owned(), Some("true".to_owned()))].into()
}

pub fn hash(mut annotations: BTreeMap<String, String>, hash: String) -> BTreeMap<String, String> {
    annotations.insert(labels::DATA_HASH.to_owned(), hash);
    annotations
}

pub fn all<T>(map: BTreeMap<String, T>) -> BTreeMap<String, Option<T>> {
    map.into_iter().map(|(key, value)| (key, Some(value))).collect()
}
