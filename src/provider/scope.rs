//! On whose behalf references are resolved.

use crate::engine::object::StoreKey;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreScope {
    Namespaced {
        namespace: String,
    },
    /// A cluster-wide store, and the namespace that uses it. Nobody does while the store is only validated.
    Cluster {
        consumer: Option<String>,
    },
    /// A generator of either kind, and the namespace that uses it.
    Generator {
        namespace: String,
        /// It is one that all namespaces may use.
        is_cluster_wide: bool,
    },
}

impl StoreScope {
    pub fn new(store: &StoreKey, consumer: Option<&str>) -> Self {
        match store {
            StoreKey::Namespaced(key) => Self::Namespaced {
                namespace: key.namespace.clone(),
            },
            StoreKey::Cluster(_) => Self::Cluster {
                consumer: consumer.map(str::to_owned),
            },
        }
    }

    /// Whether only those write it who write for the whole cluster.
    pub fn is_cluster_wide(&self) -> bool {
        match self {
            Self::Namespaced { .. } => false,
            Self::Cluster { .. } => true,
            Self::Generator { is_cluster_wide, .. } => *is_cluster_wide,
        }
    }
}
