//! The target of either sort: how it is looked at, written and deleted.

use std::sync::Arc;

use super::gather::Subject;
use crate::cluster::Resources;
use crate::controller::Context;
use crate::engine::condition::{Failure, Stage};
use crate::engine::object::{ObjectKey, ObjectRef, ResourceKey};
use crate::engine::plan::{self, Write};
use crate::engine::problem::Problem;
use crate::engine::render::{self, Object};
use crate::engine::target::Target;
use crate::engine::values::Values;
use crate::engine::{fingerprint, own};

/// What is known of the target: from the watch, or from a closer look.
#[derive(Debug, Default)]
pub struct View {
    pub target: Option<Arc<Target>>,
    pub values: Option<Values>,
    pub object: Option<Object>,
}

/// A target that an ExternalSecret made under another name.
#[derive(Debug)]
pub struct Orphan {
    resource: Option<ResourceKey>,
    key: ObjectKey,
    uid: String,
}

/// The target as it is watched. A kind other than Secret is watched from its first use on.
pub async fn look(context: &Context, subject: &Subject) -> Result<Option<Arc<Target>>, Box<Failure>> {
    render::check_target(&subject.spec, context.settings.targets)
        .map_err(|problem| Failure::new(Stage::Target, problem))?;
    watched(context, &subject.target, subject.resource.as_ref())
        .await
        .map_err(|problem| Failure::new(Stage::Look, problem))
}

pub async fn watched(
    context: &Context,
    target: &ObjectKey,
    resource: Option<&ResourceKey>,
) -> Result<Option<Arc<Target>>, Problem> {
    let Some(resource) = resource else {
        return Ok(context.cluster.target(target));
    };
    let resources = resources(context)?;
    resources.watch(&resource.kind).await?;
    Ok(resources.target(resource))
}

/// As it is now, watched or not.
pub async fn look_closer(context: &Context, subject: &Subject) -> Result<View, Problem> {
    let Some(resource) = &subject.resource else {
        let found = context.cluster.read_target(&subject.target).await?;
        let (target, values) = found.unzip();
        return Ok(View {
            target: target.map(Arc::new),
            values,
            object: None,
        });
    };
    let found = resources(context)?.read(resource).await?;
    let (target, object) = found.unzip();
    Ok(View {
        target: target.map(Arc::new),
        values: None,
        object,
    })
}

/// What is there afterwards.
pub async fn write(context: &Context, write: &Write) -> Result<Target, Problem> {
    match write {
        Write::Secret(write) => context.cluster.write_secret(write).await,
        Write::Resource(write) => resources(context)?.write(write).await,
    }
}

/// Sees to it that the hash of what was written fits what the API server made of it.
pub async fn settle(context: &Context, write: &Write, written: &Target) -> Result<(), Problem> {
    let Write::Resource(write) = write else {
        return Ok(());
    };
    match plan::restamp(&write.target, written) {
        Some(stamp) => resources(context)?.write(&stamp).await.map(drop),
        None => Ok(()),
    }
}

pub async fn delete(
    context: &Context,
    target: &ObjectKey,
    resource: Option<&ResourceKey>,
    uid: &str,
) -> Result<(), Problem> {
    match resource {
        None => context.cluster.delete_secret(target, uid).await,
        Some(resource) => resources(context)?.delete(resource, uid).await,
    }
}

/// What we made of the target's kind under earlier names, and Secrets in any case.
pub fn orphans(context: &Context, subject: &Subject) -> Vec<Orphan> {
    let namespace = &subject.key.namespace;
    let label = fingerprint::owner_label(&subject.key);
    let secrets = context.cluster.targets_created_by(namespace, &label);
    let secrets = secrets.into_iter().map(|(key, target)| (None, key, target));
    let kind = subject.resource.as_ref().map(|resource| &resource.kind);
    let others = kind.and_then(|kind| {
        let found = context
            .cluster
            .resources()?
            .targets_created_by(kind, namespace, &label);
        let named = found.into_iter().map(|(key, target)| {
            let resource = ResourceKey {
                kind: kind.clone(),
                key: key.clone(),
            };
            (Some(resource), key, target)
        });
        Some(named.collect::<Vec<_>>())
    });
    secrets
        .chain(others.into_iter().flatten())
        .filter(|(resource, key, target)| {
            let is_target = *key == subject.target && *resource == subject.resource;
            !is_target && own::is_made_by(target, &subject.claimant)
        })
        .map(|(resource, key, target)| Orphan {
            resource,
            key,
            uid: target.uid.clone(),
        })
        .collect()
}

impl Orphan {
    pub async fn delete(&self, context: &Context) -> Result<(), Problem> {
        delete(context, &self.key, self.resource.as_ref(), &self.uid).await
    }

    pub fn name(&self) -> ObjectRef {
        let resource = self.resource.as_ref();
        resource.map_or_else(|| ObjectRef::namespaced("Secret", &self.key), ObjectRef::from)
    }

    /// What the event says.
    pub fn farewell(&self) -> String {
        let what = match &self.resource {
            None => "secret deleted".to_owned(),
            Some(resource) => format!("Deleted {} {}", resource.kind.kind, self.key.name),
        };
        format!("{what} because it was orphaned")
    }
}

fn resources(context: &Context) -> Result<&dyn Resources, Problem> {
    context.cluster.resources().ok_or_else(|| Problem::NotSupported {
        what: "spec.target.manifest, which only a cluster can take,".to_owned(),
    })
}

/// How errors and conditions name the target.
pub fn reference(subject: &Subject) -> ObjectRef {
    subject.key.target_ref_of(&subject.spec)
}
