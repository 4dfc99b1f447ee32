//! The resource policy of a secret: who may do what with it.

use lockstep_api::ResourceName;
use serde_json::Value;

use super::SecretsManager;
use super::wishes::{PolicySource, PolicyWish};
use crate::cluster::DocumentKind;
use crate::engine::object::ObjectKey;
use crate::engine::problem::Problem;
use crate::provider::aws::answer::Fault;

/// What a push wants.
#[derive(Debug)]
pub(super) struct Policy {
    json: String,
    blocks_public: Option<bool>,
}

impl Policy {
    /// Reads it where the push says. `None`: there shall be none.
    pub(super) async fn wanted(
        api: &SecretsManager,
        wish: Option<&PolicyWish>,
        namespace: &str,
    ) -> Result<Option<Self>, Problem> {
        let Some(wish) = wish else { return Ok(None) };
        let resolved = resolve(api, wish.policy_source_ref.as_ref(), namespace).await;
        let json = resolved.map_err(|problem| problem.at("failed to resolve resource policy"))?;
        if json.is_empty() {
            return Ok(None);
        }
        if parsed(&json).is_none() {
            return Err(bad("failed to unmarshal desired resource policy: it is no JSON"));
        }
        Ok(Some(Self {
            json,
            blocks_public: wish.block_public_policy,
        }))
    }

    pub(super) async fn put(&self, api: &SecretsManager, id: &str) -> Result<(), Problem> {
        let call = api.client.put_resource_policy().secret_id(id);
        let call = call
            .resource_policy(&self.json)
            .set_block_public_policy(self.blocks_public);
        let put = api.told.call("PutResourcePolicy", call.send()).await;
        put.map(drop)
            .map_err(|fault| about(fault, id, "failed to put resource policy"))
    }
}

/// Makes the policy of a secret that is there the one that is wanted. As in ESO, a push that wants none takes away the
/// one that is there.
pub(super) async fn reconcile(
    api: &SecretsManager,
    id: &str,
    wanted: Option<&Policy>,
) -> Result<(), Problem> {
    let call = api.client.get_resource_policy().secret_id(id);
    let current = api.told.call("GetResourcePolicy", call.send()).await;
    match (current, wanted) {
        (Ok(current), Some(wanted)) if is_same(current.resource_policy(), &wanted.json) => Ok(()),
        (Ok(_), Some(wanted)) => wanted.put(api, id).await,
        (Ok(current), None) if current.resource_policy().is_none_or(str::is_empty) => Ok(()),
        (Ok(_), None) => remove(api, id).await,
        // ESO never looks before it deletes, so its users need not have allowed it.
        (Err(fault), None) if fault.is_denial() => remove(api, id).await,
        (Err(fault), _) => Err(about(fault, id, "failed to get current resource policy")),
    }
}

async fn remove(api: &SecretsManager, id: &str) -> Result<(), Problem> {
    let call = api.client.delete_resource_policy().secret_id(id);
    let removed = api.told.call("DeleteResourcePolicy", call.send()).await;
    removed
        .map(drop)
        .map_err(|fault| about(fault, id, "failed to delete resource policy"))
}

async fn resolve(
    api: &SecretsManager,
    source: Option<&PolicySource>,
    namespace: &str,
) -> Result<String, Problem> {
    let source = source.ok_or_else(|| bad("policySourceRef is nil"))?;
    let kind = match source.kind.as_str() {
        "ConfigMap" => DocumentKind::ConfigMap,
        "Secret" => DocumentKind::Secret,
        other => {
            return Err(bad(&format!(
                "unsupported PolicySourceRef kind: {other} (must be ConfigMap or Secret)"
            )));
        }
    };
    let name = ResourceName::parse(&source.name).map_err(|why| bad(&format!("its name: {why}")))?;
    let object = ObjectKey::new(namespace, name.as_str());
    let policy = api.references.passing(kind, &object, &source.key).await?;
    let policy = str::from_utf8(policy.expose()).map_err(|_| bad("it is no text"))?;
    Ok(policy.to_owned())
}

fn is_same(current: Option<&str>, wanted: &str) -> bool {
    current
        .and_then(parsed)
        .is_some_and(|current| parsed(wanted) == Some(current))
}

fn parsed(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

fn about(fault: Fault, id: &str, doing: &str) -> Problem {
    fault.into_problem(id).at(doing)
}

fn bad(why: &str) -> Problem {
    Problem::BadData { why: why.to_owned() }
}
