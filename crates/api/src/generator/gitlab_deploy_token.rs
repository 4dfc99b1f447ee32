//! `GitlabDeployToken`: a deploy token of a GitLab project or group.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_least_one, generator};
use crate::SecretKeySelector;
use crate::one_of::one_of;
use crate::provider::NonEmptyText;

generator! {
    /// Makes a deploy token of a GitLab project or group, and deletes it when it is used no more.
    GitlabDeployToken { plural: "gitlabdeploytokens", scope: Namespaced, spec: GitlabDeployTokenSpec }
}

/// A deploy token of a GitLab project or group: whose it is, and what it may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, transform = state_one_owner)]
pub struct GitlabDeployTokenSpec {
    /// Whose token it is.
    #[serde(flatten)]
    pub owner: GitlabOwner,
    /// How to log in.
    pub auth: GitlabDeployTokenAuth,
    /// When the token expires. Without it, the token does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The name of the token.
    pub name: NonEmptyText,
    /// What the token may do.
    #[serde(deserialize_with = "at_least_one")]
    #[schemars(length(min = 1))]
    pub scopes: Vec<GitlabDeployScope>,
    /// The address of GitLab, https://gitlab.com when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The user name that goes with the token. Without it, GitLab makes one up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

one_of!(
    /// The project or the group that a deploy token belongs to.
    #[derive(Eq)]
    GitlabOwner {
        /// The id or the path of the project that the token belongs to. Not together with groupID.
        "projectID" => Project(NonEmptyText),
        /// The id or the path of the group that the token belongs to. Not together with projectID.
        "groupID" => Group(NonEmptyText),
    }
);

/// How to log in to GitLab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GitlabDeployTokenAuth {
    /// With an access token.
    pub token: GitlabTokenRef,
}

/// An access token of GitLab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GitlabTokenRef {
    /// The Secret's key that holds the token.
    pub secret_ref: SecretKeySelector,
}

/// What a deploy token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum GitlabDeployScope {
    ReadRepository,
    ReadRegistry,
    WriteRegistry,
    ReadPackageRegistry,
    WritePackageRegistry,
    ReadVirtualRegistry,
    WriteVirtualRegistry,
}

impl GitlabDeployScope {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadRepository => "read_repository",
            Self::ReadRegistry => "read_registry",
            Self::WriteRegistry => "write_registry",
            Self::ReadPackageRegistry => "read_package_registry",
            Self::WritePackageRegistry => "write_package_registry",
            Self::ReadVirtualRegistry => "read_virtual_registry",
            Self::WriteVirtualRegistry => "write_virtual_registry",
        }
    }
}

/// The spec has other members beside the owner, so that a rule has to say what bounds on their number cannot.
fn state_one_owner(schema: &mut Schema) {
    schema.remove("minProperties");
    schema.remove("maxProperties");
    schema.insert(
        "x-kubernetes-validations".to_owned(),
        json!([{
            "rule": "has(self.projectID) != has(self.groupID)",
            "message": "set either projectID or groupID",
        }]),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parsed;

    fn spec(owner: &serde_json::Value) -> Parsed<GitlabDeployTokenSpec> {
        let mut spec = json!({
            "name": "deploy",
            "scopes": ["read_repository"],
            "auth": {"token": {"secretRef": {"name": "creds", "key": "token"}}},
        });
        let members = spec.as_object_mut().expect("an object");
        members.extend(owner.as_object().expect("an object").clone());
        Parsed::from_json(spec)
    }

    #[test]
    fn a_token_belongs_to_a_project_or_a_group() {
        let project = spec(&json!({"projectID": "42"}));
        let owner = &project.as_ref().expect("sound").owner;
        assert!(matches!(owner, GitlabOwner::Project(id) if id.as_str() == "42"));
        let written = serde_json::to_value(&project).expect("serializes");
        assert_eq!(
            (&written["projectID"], written.get("groupID")),
            (&json!("42"), None)
        );

        for owner in [
            json!({}),
            json!({"projectID": "42", "groupID": "a/b"}),
            json!({"groupID": ""}),
        ] {
            assert!(spec(&owner).as_ref().is_err(), "{owner}");
        }
    }

    #[test]
    fn a_fault_beside_the_owner_keeps_its_place() {
        let fault = |value| spec(&value).as_ref().expect_err("broken").clone();
        assert_eq!(
            fault(json!({"projectID": "1", "scopes": ["fly"]})).field,
            "scopes[0]"
        );
        assert_eq!(
            fault(json!({"projectID": "1", "scopes": []})).why,
            "must have at least one entry"
        );
        assert_eq!(fault(json!({"projectID": "1", "name": ""})).field, "name");
    }
}
