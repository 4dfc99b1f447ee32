//! Objects of any kind, as manifests have them.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, TypeMeta};
use kube::discovery::{self, Scope};

/// The API of each kind, asked for once.
pub struct Kinds {
    client: Client,
    namespace: String,
    known: HashMap<TypeMeta, (ApiResource, Scope)>,
}

impl Kinds {
    pub fn new(client: Client, namespace: &str) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            known: HashMap::new(),
        }
    }

    pub async fn apply(&mut self, manifest: &DynamicObject) -> Result<()> {
        let name = manifest.metadata.name.as_deref().context("no name")?;
        let api = self.api_of(manifest).await?;
        let params = PatchParams::apply("test").force();
        api.patch(name, &params, &Patch::Apply(manifest)).await?;
        Ok(())
    }

    /// The API of an object's kind; of the namespace, where the kind has namespaces.
    pub async fn api_of(&mut self, manifest: &DynamicObject) -> Result<Api<DynamicObject>> {
        let kind = manifest.types.clone().context("no apiVersion and kind")?;
        let (resource, scope) = self.resource(kind).await?;
        Ok(match scope {
            Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            Scope::Namespaced => Api::namespaced_with(self.client.clone(), &self.namespace, &resource),
        })
    }

    async fn resource(&mut self, kind: TypeMeta) -> Result<(ApiResource, Scope)> {
        if let Some(known) = self.known.get(&kind) {
            return Ok(known.clone());
        }
        let (resource, capabilities) = discovery::pinned_kind(&self.client, &(&kind).try_into()?).await?;
        let found = (resource, capabilities.scope);
        self.known.insert(kind, found.clone());
        Ok(found)
    }
}
