//! Writing to Secrets Manager: look, and change what differs. Each version costs money, so the same value is never
//! written twice. The service knows no condition for a write.

use std::collections::BTreeSet;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_smithy_types::Blob;

use super::policy::{self, Policy};
use super::wishes::{Format, Wishes, as_replicas, as_tags};
use super::{SecretsManager, problem};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::aws::answer::Fault;
use crate::provider::aws::tags::{self, Tags};
use crate::provider::change::{self, Rest};
use crate::provider::{Push, Remote, mark};

/// As ESO calls it.
const NAME: &str = "aws secrets manager";
/// How often others may get in between.
const ATTEMPTS: usize = 3;
/// The first version of each secret, as in ESO: who repeats a creation that went unanswered makes no second one.
const FIRST_VERSION: &str = "00000000-0000-0000-0000-000000000001";

/// What a secret holds now.
struct Current {
    value: SecretBytes,
    format: Format,
}

pub(super) async fn write(api: &SecretsManager, id: &str, push: &Push) -> Result<(), Problem> {
    let wishes = Wishes::of(push.remote.metadata.as_ref())?;
    let property = property(&push.remote);
    let value = match (wishes.format, property) {
        (Format::Binary, None) => push.value()?,
        (Format::Text, _) | (_, Some(_)) => push.text()?,
    };
    let policy = Policy::wanted(api, wishes.policy.as_ref(), &push.source.namespace).await?;
    for _ in 0..ATTEMPTS {
        if let Some(secret) = look(api, id).await? {
            return update(api, (id, &secret), (property, &value), (&wishes, policy.as_ref())).await;
        }
        let value = change::with(None, property, &value, NAME)?;
        match create(api, id, &value, &wishes).await {
            Ok(()) => {
                return match &policy {
                    Some(policy) => policy.put(api, id).await,
                    None => Ok(()),
                };
            }
            Err(fault) if fault.is(&["ResourceExistsException"]) => {}
            Err(fault) => return Err(fault.into_problem(id)),
        }
    }
    Err(Problem::Unreachable {
        what: id.to_owned(),
        why: "others keep creating and deleting it".to_owned(),
    })
}

/// A property is taken out of the value; with the last one the secret goes, as the store says.
pub(super) async fn delete(api: &SecretsManager, id: &str, remote: &Remote) -> Result<(), Problem> {
    let Some(secret) = look(api, id).await? else {
        return Ok(());
    };
    if !tags::is_marked(&tags_of(&secret)) || secret.deleted_date().is_some() {
        return Ok(());
    }
    if let (Some(property), Some(current)) = (property(remote), current(api, id, &secret).await?) {
        match change::without(&current.value, property) {
            Rest::Same => return Ok(()),
            Rest::Less(value) => return put(api, id, &value, current.format, None).await,
            Rest::Nothing => {}
        }
    }
    remove_copies(api, id, &regions_of(&secret)).await?;
    let deletion = &api.deletion;
    let call = api.client.delete_secret().secret_id(id);
    let call = call.set_force_delete_without_recovery(deletion.force_delete_without_recovery.then_some(true));
    let window = deletion.recovery_window_in_days.filter(|days| *days > 0);
    let call = call.set_recovery_window_in_days(window);
    match api.told.call("DeleteSecret", call.send()).await {
        Ok(_) => Ok(()),
        Err(fault) => absent_is_fine(problem(fault, id)),
    }
}

async fn update(
    api: &SecretsManager,
    (id, secret): (&str, &DescribeSecretOutput),
    (property, value): (Option<&str>, &SecretBytes),
    (wishes, policy): (&Wishes, Option<&Policy>),
) -> Result<(), Problem> {
    let tags = tags_of(secret);
    if !tags::is_marked(&tags) {
        return Err(mark::missing());
    }
    if secret.deleted_date().is_some() {
        let why = format!("{id} waits for its deletion: restore it, or wait until it is gone");
        return Err(Problem::BadData { why });
    }
    let current = current(api, id, secret).await?;
    let value = change::with(
        current.as_ref().map(|current| &current.value),
        property,
        value,
        NAME,
    )?;
    change_tags(api, id, &tags::changes(&tags, &wishes.tags)).await?;
    policy::reconcile(api, id, policy).await?;
    if let Some(wanted) = &wishes.regions {
        copy(api, id, secret, wanted).await?;
    }
    match current {
        Some(current) if current.value == value => Ok(()),
        Some(_) => put(api, id, &value, wishes.format, None).await,
        None => put(api, id, &value, wishes.format, Some(FIRST_VERSION)).await,
    }
}

async fn look(api: &SecretsManager, id: &str) -> Result<Option<DescribeSecretOutput>, Problem> {
    let call = api.client.describe_secret().secret_id(id);
    match api.told.call("DescribeSecret", call.send()).await {
        Ok(secret) => Ok(Some(secret)),
        Err(fault) => absent_is_fine(problem(fault, id)).map(|()| None),
    }
}

/// A secret can be there without a value.
async fn current(
    api: &SecretsManager,
    id: &str,
    secret: &DescribeSecretOutput,
) -> Result<Option<Current>, Problem> {
    if secret
        .version_ids_to_stages()
        .is_none_or(std::collections::HashMap::is_empty)
    {
        return Ok(None);
    }
    let call = api.client.get_secret_value().secret_id(id);
    match api.told.call("GetSecretValue", call.send()).await {
        Ok(answer) => {
            let binary = answer
                .secret_binary
                .map(|blob| (blob.into_inner().into(), Format::Binary));
            let found = binary.or(answer.secret_string.map(|text| (text.into(), Format::Text)));
            Ok(found.map(|(value, format)| Current { value, format }))
        }
        Err(fault) => absent_is_fine(problem(fault, id)).map(|()| None),
    }
}

async fn create(api: &SecretsManager, id: &str, value: &SecretBytes, wishes: &Wishes) -> Result<(), Fault> {
    let regions = wishes.regions.as_deref().unwrap_or_default();
    let replicas = as_replicas(regions, Some(&wishes.kms_key));
    let (text, binary) = fields(value, wishes.format);
    let call = api.client.create_secret().name(id);
    let call = call
        .client_request_token(FIRST_VERSION)
        .description(&wishes.description)
        .kms_key_id(&wishes.kms_key)
        .set_tags(Some(as_tags(&tags::with_mark(&wishes.tags))))
        .set_add_replica_regions(Some(replicas).filter(|replicas| !replicas.is_empty()))
        .set_secret_string(text)
        .set_secret_binary(binary);
    api.told.call("CreateSecret", call.send()).await.map(drop)
}

/// `version` is its id; without one, it gets a new one that stays the same while the call is repeated.
async fn put(
    api: &SecretsManager,
    id: &str,
    value: &SecretBytes,
    format: Format,
    version: Option<&str>,
) -> Result<(), Problem> {
    let (text, binary) = fields(value, format);
    let call = api.client.put_secret_value().secret_id(id);
    let call = call
        .set_client_request_token(version.map(str::to_owned))
        .set_secret_string(text)
        .set_secret_binary(binary);
    let put = api.told.call("PutSecretValue", call.send()).await;
    put.map(drop).map_err(|fault| fault.into_problem(id))
}

async fn change_tags(api: &SecretsManager, id: &str, changes: &tags::Changes) -> Result<(), Problem> {
    if !changes.removed.is_empty() {
        let call = api.client.untag_resource().secret_id(id);
        let call = call.set_tag_keys(Some(changes.removed.clone()));
        let removed = api.told.call("UntagResource", call.send()).await;
        removed.map_err(|fault| fault.into_problem(id))?;
    }
    if !changes.set.is_empty() {
        let call = api.client.tag_resource().secret_id(id);
        let call = call.set_tags(Some(as_tags(&changes.set)));
        let set = api.told.call("TagResource", call.send()).await;
        set.map_err(|fault| fault.into_problem(id))?;
    }
    Ok(())
}

/// Makes the regions that hold a copy those that are wanted.
async fn copy(
    api: &SecretsManager,
    id: &str,
    secret: &DescribeSecretOutput,
    wanted: &[String],
) -> Result<(), Problem> {
    let current = regions_of(secret);
    let gone = current.iter().filter(|region| !wanted.contains(region));
    remove_copies(api, id, &gone.cloned().collect::<Vec<_>>()).await?;
    let new: BTreeSet<_> = wanted.iter().filter(|region| !current.contains(region)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<_> = new.into_iter().cloned().collect();
    let call = api.client.replicate_secret_to_regions().secret_id(id);
    let call = call.set_add_replica_regions(Some(as_replicas(&new, secret.kms_key_id())));
    let copied = api.told.call("ReplicateSecretToRegions", call.send()).await;
    copied.map(drop).map_err(|fault| {
        fault
            .into_problem(id)
            .at("failed to replicate existing secret to regions")
    })
}

async fn remove_copies(api: &SecretsManager, id: &str, regions: &[String]) -> Result<(), Problem> {
    if regions.is_empty() {
        return Ok(());
    }
    let call = api.client.remove_regions_from_replication().secret_id(id);
    let call = call.set_remove_replica_regions(Some(regions.to_vec()));
    let removed = api.told.call("RemoveRegionsFromReplication", call.send()).await;
    removed.map(drop).map_err(|fault| {
        fault
            .into_problem(id)
            .at("failed to remove regions from secret replication")
    })
}

fn tags_of(secret: &DescribeSecretOutput) -> Tags {
    let tags = secret.tags().iter();
    tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
        .collect()
}

fn regions_of(secret: &DescribeSecretOutput) -> Vec<String> {
    let copies = secret.replication_status().iter();
    copies
        .filter_map(|copy| copy.region().map(str::to_owned))
        .collect()
}

/// A value goes into one of two fields.
fn fields(value: &SecretBytes, format: Format) -> (Option<String>, Option<Blob>) {
    match format {
        Format::Text => (Some(String::from_utf8_lossy(value.expose()).into_owned()), None),
        Format::Binary => (None, Some(Blob::new(value.expose()))),
    }
}

fn property(remote: &Remote) -> Option<&str> {
    remote.property.as_deref().filter(|property| !property.is_empty())
}

fn absent_is_fine(problem: Problem) -> Result<(), Problem> {
    if problem.is_absent() { Ok(()) } else { Err(problem) }
}
