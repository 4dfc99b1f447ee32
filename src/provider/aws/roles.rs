//! Roles that are assumed, one after the other. The SDK's own provider knows no transitive tags.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sdk_sts::types::Tag;
use lockstep_api::provider::{AwsProvider, SessionTagsPolicy};

use super::FIELD;
use super::answer::problem;
use super::login::SESSION_NAME;
use crate::engine::problem::Problem;
use crate::provider::Surroundings;

/// A role, and what is shown when it is assumed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) transitive_tags: Vec<String>,
}

impl Role {
    pub(crate) fn plain(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            ..Self::default()
        }
    }
}

/// The roles of a store in the order in which they are assumed. All that is said beside them belongs to the last one.
pub(super) fn of_store(spec: &AwsProvider, surroundings: &Surroundings) -> Result<Vec<Role>, Problem> {
    let mut roles: Vec<_> = spec.additional_roles.iter().map(|arn| Role::plain(arn)).collect();
    if let Some(arn) = filled(spec.role.as_ref()) {
        roles.push(Role {
            external_id: filled(spec.external_id.as_ref()).cloned(),
            tags: tags(spec, surroundings)?,
            transitive_tags: spec.transitive_tag_keys.clone(),
            ..Role::plain(arn)
        });
    }
    Ok(roles)
}

/// Tags that tell who asks make the session that of one namespace alone.
fn tags(spec: &AwsProvider, surroundings: &Surroundings) -> Result<Vec<(String, String)>, Problem> {
    if spec.session_tags_policy == SessionTagsPolicy::None {
        let given = spec.session_tags.iter();
        return Ok(given.map(|tag| (tag.key.clone(), tag.value.clone())).collect());
    }
    let owner = &surroundings.owner;
    let namespace = surroundings
        .references
        .user_namespace(&format!("{FIELD}.sessionTagsPolicy"))?;
    let mut tags = vec![
        ("esoNamespace".to_owned(), namespace),
        ("esoStoreName".to_owned(), owner.name.clone()),
        ("esoStoreKind".to_owned(), owner.kind.to_string()),
    ];
    if spec.session_tags_policy == SessionTagsPolicy::Custom {
        let custom = spec.custom_session_tags.iter();
        tags.extend(custom.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
    Ok(tags)
}

fn filled(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

/// A role, and the client to assume it with, which has the credentials of whoever comes before.
#[derive(Debug)]
pub(super) struct AssumedRole {
    pub(super) role: Role,
    pub(super) sts: aws_sdk_sts::Client,
}

impl AssumedRole {
    pub(super) async fn assume(&self) -> Result<Credentials, Problem> {
        let role = &self.role;
        let what = format!("assuming role {}", role.arn);
        let mut call = self
            .sts
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(SESSION_NAME)
            .set_external_id(role.external_id.clone());
        for (key, value) in &role.tags {
            // Both parts are there.
            if let Ok(tag) = Tag::builder().key(key).value(value).build() {
                call = call.tags(tag);
            }
        }
        if !role.transitive_tags.is_empty() {
            call = call.set_transitive_tag_keys(Some(role.transitive_tags.clone()));
        }
        let answer = call.send().await.map_err(|error| problem(&error, &what))?;
        credentials(answer.credentials, &what)
    }
}

/// What STS made, in the SDK's other form.
pub(super) fn credentials(
    made: Option<aws_sdk_sts::types::Credentials>,
    what: &str,
) -> Result<Credentials, Problem> {
    let bad = |why: &str| Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    };
    let made = made.ok_or_else(|| bad("it holds no credentials"))?;
    let ends = SystemTime::try_from(made.expiration).map_err(|_| bad("its expiry is no time"))?;
    Ok(Credentials::new(
        made.access_key_id,
        made.secret_access_key,
        Some(made.session_token),
        Some(ends),
        "sts",
    ))
}
