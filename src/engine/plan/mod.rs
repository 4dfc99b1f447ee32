//! From values to a plan that can be carried out without any further choice.

mod change;
mod resource;
#[cfg(test)]
mod resource_tests;
mod stamps;
#[cfg(test)]
mod tests;
mod write;

use lockstep_api::ExternalSecretSpec;
use lockstep_api::external_secret::{CreationPolicy, DeletionPolicy};

use super::condition::{Failure, Stage};
use super::object::ObjectKey;
use super::own::Claimant;
use super::problem::Problem;
use super::render::{Made, Object};
use super::target::Target;
use super::values::Values;

pub use change::{Base, SecretWrite};
pub use resource::{ResourceWrite, restamp};

/// What planning rests on.
#[derive(Debug)]
pub struct Inputs<'a> {
    pub claimant: &'a Claimant,
    pub spec: &'a ExternalSecretSpec,
    pub target: &'a ObjectKey,
    /// What is there, as far as it is known.
    pub existing: Option<&'a Target>,
    /// The values that are there, where somebody has looked.
    pub existing_values: Option<&'a Values>,
    /// The same, of a target that is no Secret.
    pub existing_object: Option<&'a Object>,
}

/// What is to be done, and how it is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub step: Step,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Nothing,
    Write(Write),
    Delete {
        uid: String,
    },
    /// The values of the target are needed to say more.
    LookCloser,
}

/// Boxed: most plans are no write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    Secret(Box<SecretWrite>),
    Resource(Box<ResourceWrite>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Synced,
    /// Nothing was found, and the target stays as it is.
    Retained,
    /// Nothing was found, and the target went with it.
    Deleted,
    /// There is no target, and it is not ours to create.
    Missing,
}

/// What to do, and at which stage it failed where nothing can be done.
pub fn decide(inputs: &Inputs, made: &Made, nothing_found: bool) -> Result<Plan, Box<Failure>> {
    if nothing_found {
        let plan = plan_nothing_found(inputs).map_err(|problem| Failure::new(Stage::Delete, problem))?;
        if let Some(plan) = plan {
            return Ok(plan);
        }
    }
    plan(inputs, made.clone()).map_err(|problem| Failure::new(Stage::Render, problem))
}

/// What to do about values that were found, and rendered.
pub fn plan(inputs: &Inputs, made: Made) -> Result<Plan, Problem> {
    let synced = |step| Plan {
        step,
        outcome: Outcome::Synced,
    };
    match (inputs.spec.target.creation_policy(), inputs.existing) {
        (CreationPolicy::None, existing) => Ok(synced(
            existing.map_or(Step::Nothing, |there| mark(inputs, there)),
        )),
        (CreationPolicy::Merge, None) => Ok(Plan {
            step: Step::Nothing,
            outcome: Outcome::Missing,
        }),
        (CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge, None) => {
            create(inputs, made).map(synced)
        }
        (policy, Some(existing)) => update(inputs, policy, existing, made).map(synced),
    }
}

fn create(inputs: &Inputs, made: Made) -> Result<Step, Problem> {
    match made {
        Made::Secret(rendered) => write::create(inputs, rendered),
        Made::Resource(manifest) => resource::create(inputs, &manifest),
    }
}

fn update(inputs: &Inputs, policy: CreationPolicy, existing: &Target, made: Made) -> Result<Step, Problem> {
    match made {
        Made::Secret(_) if inputs.spec.target.immutable() => write::freeze(inputs, policy, existing),
        Made::Secret(rendered) => write::update(inputs, policy, existing, rendered),
        Made::Resource(manifest) => resource::update(inputs, policy, existing, &manifest),
    }
}

/// A target that is not ours to write, by policy or by its owner, is marked, so that we see it change.
pub fn mark(inputs: &Inputs, existing: &Target) -> Step {
    match inputs.claimant.key.resource_of(inputs.spec) {
        None => write::mark(inputs, existing),
        Some(target) => resource::mark(target, existing),
    }
}

/// What to do when nothing at all was found. `None`: go on, and write an empty target.
pub fn plan_nothing_found(inputs: &Inputs) -> Result<Option<Plan>, Problem> {
    match inputs.spec.target.deletion_policy() {
        DeletionPolicy::Merge => Ok(None),
        DeletionPolicy::Retain => Ok(Some(Plan {
            step: Step::Nothing,
            outcome: Outcome::Retained,
        })),
        DeletionPolicy::Delete => {
            let policy = inputs.spec.target.creation_policy();
            if policy != CreationPolicy::Owner {
                let target = inputs.claimant.key.target_ref_of(inputs.spec);
                return Err(Problem::NotDeletable {
                    target,
                    policy: policy_name(policy),
                });
            }
            // What another made under our target's name is not ours to delete.
            let ours = inputs
                .existing
                .filter(|target| super::own::is_controlled_by(target, inputs.claimant));
            let step = ours.map_or(Step::Nothing, |target| Step::Delete {
                uid: target.uid.clone(),
            });
            Ok(Some(Plan {
                step,
                outcome: Outcome::Deleted,
            }))
        }
    }
}

fn policy_name(policy: CreationPolicy) -> &'static str {
    match policy {
        CreationPolicy::Owner => "Owner",
        CreationPolicy::Orphan => "Orphan",
        CreationPolicy::Merge => "Merge",
        CreationPolicy::None => "None",
        CreationPolicy::CreateOrMerge => "CreateOrMerge",
    }
}
