//! Writing to a remote Secret: look, decide, write what was decided if nothing has changed since.

use k8s_openapi::api::core::v1::Secret;
use lockstep_api::ResourceName;

use super::answer::Fault;
use super::merge::{PushMetadata, merged};
use super::{Kubernetes, secret_name};
use crate::engine::problem::Problem;
use crate::provider::{Push, Remote, push_metadata};

/// How often others may get in between.
const ATTEMPTS: usize = 4;
/// How errors in the metadata begin.
const FAILED: &str = "unable to parse metadata parameters";

pub(super) async fn write(store: &Kubernetes, push: &Push) -> Result<(), Problem> {
    let property = property(&push.remote);
    if property.is_none() && push.secret_key.is_some() {
        let why = "requires property in RemoteRef to push secret value if secret key is defined";
        return Err(Problem::BadData { why: why.to_owned() });
    }
    let metadata = wishes(&push.remote)?;
    let namespace = namespace(store, &metadata)?;
    let name = secret_name(&push.remote.key)?;
    for _ in 0..ATTEMPTS {
        let existing = look(store, namespace, &name).await?;
        let mut wanted = merged(existing.as_ref(), push, &metadata)?;
        let written = match &existing {
            Some(existing) if *existing == wanted => return Ok(()),
            Some(_) => store.api.replace(namespace, &name, &wanted).await,
            None => {
                wanted.metadata.name = Some(name.to_string());
                store.api.create(namespace, &wanted).await
            }
        };
        match written {
            // Somebody created, changed or deleted it in between.
            Err(Fault::Conflict | Fault::Missing) => {}
            written => return written.map_err(|fault| fault.into_problem(namespace, name.as_str())),
        }
    }
    Err(Fault::Conflict.into_problem(namespace, name.as_str()))
}

/// Takes the property away, and with the last one the Secret.
pub(super) async fn delete(store: &Kubernetes, remote: &Remote) -> Result<(), Problem> {
    let metadata = wishes(remote)?;
    let (namespace, name) = (namespace(store, &metadata)?, secret_name(&remote.key)?);
    for _ in 0..ATTEMPTS {
        let Some(mut existing) = look(store, namespace, &name).await? else {
            return Ok(());
        };
        let deleted = match property(remote) {
            None => store.api.delete(namespace, &name, &existing).await,
            Some(property) => {
                let data = existing.data.get_or_insert_default();
                if data.remove(property).is_none() {
                    return Ok(());
                }
                if data.is_empty() {
                    store.api.delete(namespace, &name, &existing).await
                } else {
                    store.api.replace(namespace, &name, &existing).await
                }
            }
        };
        match deleted {
            Err(Fault::Conflict | Fault::Missing) => {}
            deleted => return deleted.map_err(|fault| fault.into_problem(namespace, name.as_str())),
        }
    }
    Err(Fault::Conflict.into_problem(namespace, name.as_str()))
}

pub(super) async fn exists(store: &Kubernetes, remote: &Remote) -> Result<bool, Problem> {
    let metadata = wishes(remote)?;
    let existing = look(store, namespace(store, &metadata)?, &secret_name(&remote.key)?).await?;
    let has = |secret: Secret| match property(remote) {
        Some(property) => secret.data.is_some_and(|data| data.contains_key(property)),
        None => true,
    };
    Ok(existing.is_some_and(has))
}

fn wishes(remote: &Remote) -> Result<PushMetadata, Problem> {
    Ok(push_metadata::open(remote.metadata.as_ref(), FAILED)?.unwrap_or_default())
}

/// Where the Secret is. ESO writes into the namespace that the metadata names, and looks and deletes in the store's.
fn namespace<'n>(store: &'n Kubernetes, metadata: &'n PushMetadata) -> Result<&'n str, Problem> {
    match &metadata.remote_namespace {
        Some(namespace) if store.is_cluster_wide => Ok(namespace.as_str()),
        Some(_) => {
            let why = "remoteNamespace override is only supported with ClusterSecretStore";
            Err(Problem::BadData { why: why.to_owned() })
        }
        None => Ok(&store.namespace),
    }
}

async fn look(store: &Kubernetes, namespace: &str, name: &ResourceName) -> Result<Option<Secret>, Problem> {
    match store.api.get(namespace, name).await {
        Ok(secret) => Ok(Some(secret)),
        Err(Fault::Missing) => Ok(None),
        Err(fault) => Err(fault.into_problem(namespace, name.as_str())),
    }
}

fn property(remote: &Remote) -> Option<&str> {
    remote.property.as_deref().filter(|property| !property.is_empty())
}
