//! Writing to Parameter Store: look, and change what differs. As in ESO, a property has no say.

use aws_sdk_ssm::config::retry::RetryConfig;
use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::{ParameterStore, problem};
use crate::engine::json::encode_values;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::aws::answer::Fault;
use crate::provider::aws::batches::Reads as _;
use crate::provider::aws::tags::{self, DESCRIPTION, Tags};
use crate::provider::push_metadata::{self, Metadata};
use crate::provider::{Push, json, mark};

/// How often others may get in between.
const ATTEMPTS: usize = 3;
/// How errors in the metadata begin.
const FAILED: &str = "failed to parse metadata";
/// The key of an account that nobody has to make.
const DEFAULT_KEY: &str = "alias/aws/ssm";
const KIND: ResourceTypeForTagging = ResourceTypeForTagging::Parameter;

/// What the metadata of a push says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wishes {
    secret_type: Option<String>,
    #[serde(rename = "kmsKeyID")]
    kms_key_id: Option<String>,
    tier: Tier,
    encode_as_decoded: bool,
    tags: Tags,
    description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tier {
    #[serde(rename = "type")]
    kind: Option<String>,
    policies: Option<Value>,
}

impl Metadata for Wishes {
    const FIELDS: &'static [&'static str] = &[
        "secretType",
        "kmsKeyID",
        "tier",
        "encodeAsDecoded",
        "tags",
        "description",
    ];
}

pub(super) async fn write(api: &ParameterStore, name: &str, push: &Push) -> Result<(), Problem> {
    let wishes: Option<Wishes> = push_metadata::open(push.remote.metadata.as_ref(), FAILED)?;
    let wishes = wishes.unwrap_or_default();
    tags::check(&wishes.tags).map_err(|why| Problem::BadData { why })?;
    let value = value(push, wishes.encode_as_decoded)?;
    for _ in 0..ATTEMPTS {
        match api.one(name).await {
            Ok(current) => {
                let current = json::single(&current)?;
                return update(api, name, (current, &value), &wishes).await;
            }
            Err(problem) if problem.is_absent() => {}
            Err(problem) => return Err(problem),
        }
        match put(api, name, &value, &wishes, true).await {
            Err(fault) if fault.is(&["ParameterAlreadyExists"]) => {}
            created => return created.map_err(|fault| fault.into_problem(name)),
        }
    }
    Err(Problem::Unreachable {
        what: name.to_owned(),
        why: "others keep creating and deleting it".to_owned(),
    })
}

pub(super) async fn delete(api: &ParameterStore, name: &str) -> Result<(), Problem> {
    let tags = match api.tags(name).await {
        Ok(tags) => tags,
        Err(problem) if problem.is_absent() => return Ok(()),
        Err(problem) => return Err(problem),
    };
    if !tags::is_marked(&tags) {
        return Ok(());
    }
    let call = api.client.delete_parameter().name(name);
    let deleted = api.told.call("DeleteParameter", call.send()).await;
    match deleted.map_err(|fault| problem(fault, name)) {
        Err(problem) if !problem.is_absent() => Err(problem),
        _ => Ok(()),
    }
}

/// Whoever may not decrypt may know that there is something.
pub(super) async fn exists(api: &ParameterStore, name: &str) -> Result<bool, Problem> {
    let call = api.client.get_parameter().name(name);
    let found = api.told.call("GetParameter", call.send()).await;
    match found.map_err(|fault| problem(fault, name)) {
        Ok(_) => Ok(true),
        Err(problem) if problem.is_absent() => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// The values of a whole Secret are base64, unless the metadata says otherwise.
fn value(push: &Push, as_texts: bool) -> Result<SecretBytes, Problem> {
    if push.secret_key.is_some() || as_texts {
        return push.text();
    }
    let encoded = push
        .values
        .iter()
        .map(|(key, value)| (key.clone(), STANDARD.encode(value.expose()).into()));
    Ok(encode_values(&encoded.collect()))
}

async fn update(
    api: &ParameterStore,
    name: &str,
    (current, wanted): (&SecretBytes, &SecretBytes),
    wishes: &Wishes,
) -> Result<(), Problem> {
    let tags = api.tags(name).await?;
    if !tags::is_marked(&tags) {
        return Err(mark::missing());
    }
    if current != wanted {
        let put = put(api, name, wanted, wishes, false).await;
        put.map_err(|fault| fault.into_problem(name))?;
    }
    change_tags(api, name, &tags::changes(&tags, &wishes.tags)).await
}

/// Not repeated by the SDK: what went unanswered may have made a version already, and the next look will tell. The
/// service takes tags only for what is new.
async fn put(
    api: &ParameterStore,
    name: &str,
    value: &SecretBytes,
    wishes: &Wishes,
    is_new: bool,
) -> Result<(), Fault> {
    let kind = wishes
        .secret_type
        .as_deref()
        .map_or(ParameterType::String, ParameterType::from);
    let key = wishes.kms_key_id.as_deref().unwrap_or(DEFAULT_KEY);
    let key = (kind == ParameterType::SecureString).then(|| key.to_owned());
    let is_advanced = wishes.tier.kind.as_deref() == Some("Advanced");
    let policies = wishes.tier.policies.as_ref().filter(|_| is_advanced);
    let call = api.client.put_parameter().name(name);
    let call = call
        .value(String::from_utf8_lossy(value.expose()))
        .r#type(kind)
        .set_key_id(key)
        .description(wishes.description.as_deref().unwrap_or(DESCRIPTION))
        .set_tier(is_advanced.then_some(ParameterTier::Advanced))
        .set_policies(policies.map(Value::to_string))
        .overwrite(!is_new)
        .set_tags(is_new.then(|| as_tags(&tags::with_mark(&wishes.tags))));
    let once = aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::disabled());
    let call = call.customize().config_override(once);
    api.told.call("PutParameter", call.send()).await.map(drop)
}

async fn change_tags(api: &ParameterStore, name: &str, changes: &tags::Changes) -> Result<(), Problem> {
    if !changes.removed.is_empty() {
        let call = api.client.remove_tags_from_resource().resource_type(KIND);
        let call = call.resource_id(name).set_tag_keys(Some(changes.removed.clone()));
        let removed = api.told.call("RemoveTagsFromResource", call.send()).await;
        removed.map_err(|fault| fault.into_problem(name))?;
    }
    if !changes.set.is_empty() {
        let call = api.client.add_tags_to_resource().resource_type(KIND);
        let call = call.resource_id(name).set_tags(Some(as_tags(&changes.set)));
        let set = api.told.call("AddTagsToResource", call.send()).await;
        set.map_err(|fault| fault.into_problem(name))?;
    }
    Ok(())
}

fn as_tags(tags: &Tags) -> Vec<Tag> {
    let tags = tags.iter().map(|(key, value)| {
        let tag = Tag::builder().key(key).value(value);
        tag.build().expect("it has a key and a value")
    });
    tags.collect()
}
