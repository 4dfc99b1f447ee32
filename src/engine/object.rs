//! Names of objects, as decisions and errors speak of them.

use std::fmt;

use lockstep_api::{ExternalSecretSpec, StoreKind, StoreRef};

/// A namespaced object of a kind that the context tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    pub namespace: String,
    pub name: String,
}

impl ObjectKey {
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl ObjectKey {
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
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
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

/// Any object, by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    pub kind: &'static str,
    pub namespace: Option<String>,
    pub name: String,
}

impl ObjectRef {
    pub fn namespaced(kind: &'static str, key: &ObjectKey) -> Self {
        Self {
            kind,
            namespace: Some(key.namespace.clone()),
            name: key.name.clone(),
        }
    }

    pub fn secret(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: "Secret",
            namespace: Some(namespace.into()),
            name: name.into(),
        }
    }
}

impl From<&StoreKey> for ObjectRef {
    fn from(store: &StoreKey) -> Self {
        Self {
            kind: store.kind(),
            namespace: store.namespace().map(str::to_owned),
            name: store.name().to_owned(),
        }
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
