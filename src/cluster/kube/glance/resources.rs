//! The same for targets that are no Secrets.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::{discovery, reduce};
use super::{Glance, is_made_by, refused};
use crate::cluster::Resources;
use crate::engine::object::{ObjectKey, ResourceKey, ResourceKind};
use crate::engine::plan::ResourceWrite;
use crate::engine::problem::Problem;
use crate::engine::render::Object;
use crate::engine::target::Target;

#[async_trait]
impl Resources for Glance {
    /// Nothing is watched; but whether it could be is told here, as to the operator.
    async fn watch(&self, kind: &ResourceKind) -> Result<(), Problem> {
        self.discovered(kind).await.map(drop)
    }

    fn target(&self, key: &ResourceKey) -> Option<Arc<Target>> {
        let target = self.seen().resources.get(key).cloned();
        target.filter(|target| target.is_managed())
    }

    fn targets_created_by(
        &self,
        kind: &ResourceKind,
        namespace: &str,
        owner: &str,
    ) -> Vec<(ObjectKey, Arc<Target>)> {
        let seen = self.seen();
        let of_kind = seen
            .resources
            .iter()
            .filter(|(resource, _)| resource.kind == *kind);
        let meant = of_kind
            .map(|(resource, target)| (&resource.key, target))
            .filter(|(key, target)| key.namespace == namespace && is_made_by(target, owner));
        meant.map(|(key, target)| (key.clone(), target.clone())).collect()
    }

    async fn read(&self, key: &ResourceKey) -> Result<Option<(Target, Object)>, Problem> {
        let resource = self.discovered(&key.kind).await?;
        let api = discovery::api(&self.requests, &key.key.namespace, &resource);
        let call = api.get_opt(&key.key.name);
        let found = self.requests.request("get", &key.into(), call).await?;
        Ok(found.map(reduce::resource))
    }

    async fn write(&self, _: &ResourceWrite) -> Result<Target, Problem> {
        Err(refused())
    }

    async fn delete(&self, _: &ResourceKey, _: &str) -> Result<(), Problem> {
        Err(refused())
    }
}
