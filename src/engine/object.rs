//! Names of objects, as decisions and errors speak of them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use lockstep_api::external_secret::Manifest;
use lockstep_api::{ExternalSecretSpec, StoreKind, StoreRef};

/// A namespaced object of a kind that the context tells.
///
/// Each object that we follow stands in some ten maps. They share the names, and hold a pointer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Arc<KeyNames>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyNames {
    pub namespace: String,
    pub name: String,
}

impl ObjectKey {
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self(Arc::new(KeyNames {
            namespace: namespace.into(),
            name: name.into(),
        }))
    }

    /// The target of an ExternalSecret: what its spec names, or what is named like itself.
    #[must_use]
    pub fn target_of(&self, spec: &ExternalSecretSpec) -> Self {
        let name = spec
            .target
            .name
            .as_ref()
            .map_or(self.name.as_str(), |name| name.as_str());
        Self::new(&self.namespace, name)
    }

    /// The target, where the spec names another kind for it than Secret.
    #[must_use]
    pub fn resource_of(&self, spec: &ExternalSecretSpec) -> Option<ResourceKey> {
        spec.target.manifest.as_ref().map(|manifest| ResourceKey {
            kind: manifest.into(),
            key: self.target_of(spec),
        })
    }

    /// The target, of whichever kind.
    #[must_use]
    pub fn target_ref_of(&self, spec: &ExternalSecretSpec) -> ObjectRef {
        let resource = self.resource_of(spec);
        resource.as_ref().map_or_else(
            || ObjectRef::namespaced("Secret", &self.target_of(spec)),
            ObjectRef::from,
        )
    }
}

impl Deref for ObjectKey {
    type Target = KeyNames;

    fn deref(&self) -> &KeyNames {
        &self.0
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A kind of object that may be a target, as `spec.target.manifest` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKind {
    pub api_version: String,
    pub kind: String,
}

impl ResourceKind {
    pub fn is_config_map(&self) -> bool {
        self.api_version == "v1" && self.kind == "ConfigMap"
    }
}

impl From<&Manifest> for ResourceKind {
    fn from(manifest: &Manifest) -> Self {
        Self {
            api_version: manifest.api_version.clone(),
            kind: manifest.kind.clone(),
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.kind, self.api_version)
    }
}

/// A target that is no Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    pub kind: ResourceKind,
    pub key: ObjectKey,
}

impl From<&ResourceKey> for ObjectRef {
    fn from(resource: &ResourceKey) -> Self {
        Self::namespaced(resource.kind.kind.clone(), &resource.key)
    }
}

/// A store of either kind. The API treats every kind but `ClusterSecretStore` as a store of the namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreKey {
    Namespaced(ObjectKey),
    Cluster(String),
}

impl StoreKey {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Namespaced(_) => "SecretStore",
            Self::Cluster(_) => "ClusterSecretStore",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Namespaced(key) => &key.name,
            Self::Cluster(name) => name,
        }
    }

    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespaced(key) => Some(&key.namespace),
            Self::Cluster(_) => None,
        }
    }
}

impl StoreKey {
    /// The store that a reference in this namespace means. One without a name means none.
    pub fn named_by(reference: &StoreRef, namespace: &str) -> Option<Self> {
        let name = reference.name.as_ref()?.to_string();
        Some(match reference.kind() {
            StoreKind::SecretStore => Self::Namespaced(ObjectKey::new(namespace, name)),
            StoreKind::ClusterSecretStore => Self::Cluster(name),
        })
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ObjectRef::from(self).fmt(f)
    }
}

/// What holds credentials and templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    Secret,
    ConfigMap,
}

impl DocumentKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

/// Any object, by kind and name. Shared as [`ObjectKey`] is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef(Arc<RefNames>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefNames {
    pub kind: Cow<'static, str>,
    pub namespace: Option<String>,
    pub name: String,
}

impl ObjectRef {
    fn new(kind: Cow<'static, str>, namespace: Option<String>, name: String) -> Self {
        Self(Arc::new(RefNames {
            kind,
            namespace,
            name,
        }))
    }

    pub fn namespaced(kind: impl Into<Cow<'static, str>>, key: &ObjectKey) -> Self {
        Self::new(kind.into(), Some(key.namespace.clone()), key.name.clone())
    }

    /// What has no namespace, or whose namespace does not matter.
    pub fn cluster(kind: impl Into<Cow<'static, str>>, name: impl Into<String>) -> Self {
        Self::new(kind.into(), None, name.into())
    }

    pub fn secret(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new("Secret".into(), Some(namespace.into()), name.into())
    }
}

impl From<&StoreKey> for ObjectRef {
    fn from(store: &StoreKey) -> Self {
        match store {
            StoreKey::Namespaced(key) => Self::namespaced(store.kind(), key),
            StoreKey::Cluster(name) => Self::cluster(store.kind(), name),
        }
    }
}

impl Deref for ObjectRef {
    type Target = RefNames;

    fn deref(&self) -> &RefNames {
        &self.0
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
