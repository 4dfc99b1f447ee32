//! Whose target is it?

use lockstep_api::external_secret::CreationPolicy;

use super::object::{ObjectKey, ObjectRef};
use super::problem::Problem;
use super::target::{Owner, Target};

const GROUP: &str = "external-secrets.io/";
const API_VERSION: &str = "external-secrets.io/v1";
const KIND: &str = "ExternalSecret";

/// The ExternalSecret that wants to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimant {
    pub key: ObjectKey,
    pub uid: String,
}

/// The owner references that the target ends up with, or why we may not touch it.
///
/// A target that another ExternalSecret controls is left alone under every policy, one that something else controls
/// only where we would have to control it ourselves. An ExternalSecret made anew under its old name is the same owner.
pub fn owners(
    policy: CreationPolicy,
    claimant: &Claimant,
    target: &ObjectRef,
    existing: Option<&Target>,
) -> Result<Vec<Owner>, Problem> {
    let controller = existing.and_then(Target::controller);
    if let Some(other) =
        controller.filter(|owner| is_external_secret(owner) && owner.name != claimant.key.name)
    {
        return Err(Problem::OwnedByExternalSecret {
            target: target.clone(),
            owner: other.name.clone(),
        });
    }
    let foreign: Vec<Owner> = existing
        .iter()
        .flat_map(|target| &target.owners)
        .filter(|owner| !is_claimant(owner, claimant))
        .cloned()
        .collect();
    match policy {
        CreationPolicy::Owner => {
            if let Some(other) = foreign.iter().find(|owner| owner.controller) {
                let owner = format!("{} {}", other.kind, other.name);
                return Err(Problem::OwnedByOther {
                    target: target.clone(),
                    owner,
                });
            }
            Ok(foreign.into_iter().chain([claim(claimant)]).collect())
        }
        CreationPolicy::Orphan
        | CreationPolicy::Merge
        | CreationPolicy::None
        | CreationPolicy::CreateOrMerge => Ok(foreign),
    }
}

/// Is it this very ExternalSecret that controls the target?
pub fn is_controlled_by(target: &Target, claimant: &Claimant) -> bool {
    target
        .controller()
        .is_some_and(|owner| is_external_secret(owner) && owner.uid == claimant.uid)
}

/// Was it made by this ExternalSecret, or by one of its name before it?
pub fn is_made_by(target: &Target, claimant: &Claimant) -> bool {
    target
        .controller()
        .is_some_and(|owner| is_claimant(owner, claimant))
}

fn claim(claimant: &Claimant) -> Owner {
    Owner {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        name: claimant.key.name.clone(),
        uid: claimant.uid.clone(),
        controller: true,
        block_owner_deletion: true,
    }
}

fn is_claimant(owner: &Owner, claimant: &Claimant) -> bool {
    is_external_secret(owner) && owner.name == claimant.key.name
}

fn is_external_secret(owner: &Owner) -> bool {
    owner.kind == KIND && owner.api_version.starts_with(GROUP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(api_version: &str, kind: &str, name: &str, controller: bool) -> Owner {
        Owner {
            api_version: api_version.into(),
            kind: kind.into(),
            name: name.into(),
            uid: format!("uid-{name}"),
            controller,
            block_owner_deletion: false,
        }
    }

    fn external_secret(name: &str) -> Owner {
        owner("external-secrets.io/v1beta1", "ExternalSecret", name, true)
    }

    const POLICIES: [CreationPolicy; 4] = [
        CreationPolicy::Owner,
        CreationPolicy::Orphan,
        CreationPolicy::Merge,
        CreationPolicy::CreateOrMerge,
    ];

    fn decide(policy: CreationPolicy, owners_there: Vec<Owner>) -> Result<Vec<String>, &'static str> {
        let claimant = Claimant {
            key: ObjectKey::new("ns", "app"),
            uid: "uid-app".into(),
        };
        let existing = Target {
            owners: owners_there,
            ..Target::default()
        };
        owners(
            policy,
            &claimant,
            &ObjectRef::secret("ns", "app"),
            Some(&existing),
        )
        .map(|owners| owners.into_iter().map(|owner| owner.name).collect())
        .map_err(|problem| problem.reason())
    }

    #[test]
    fn anothers_secret_is_left_alone_under_every_policy() {
        for policy in POLICIES {
            assert_eq!(
                decide(policy, vec![external_secret("other")]),
                Err("OwnedByExternalSecret"),
                "{policy:?}"
            );
        }
    }

    #[test]
    fn only_owner_needs_to_control() {
        let deployment = || vec![owner("apps/v1", "Deployment", "web", true)];
        assert_eq!(decide(CreationPolicy::Owner, deployment()), Err("OwnedByOther"));
        assert_eq!(
            decide(CreationPolicy::Merge, deployment()),
            Ok(vec!["web".into()])
        );
    }

    #[test]
    fn our_reference_comes_and_goes_with_the_policy_and_foreign_ones_stay() {
        let there = || {
            vec![
                owner("apps/v1", "Deployment", "web", false),
                external_secret("app"),
            ]
        };
        assert_eq!(
            decide(CreationPolicy::Owner, there()),
            Ok(vec!["web".into(), "app".into()])
        );
        for policy in &POLICIES[1..] {
            assert_eq!(decide(*policy, there()), Ok(vec!["web".into()]), "{policy:?}");
        }
    }
}
