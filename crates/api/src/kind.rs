//! What the API server needs to know of a kind, and the macro that declares a root object.

use schemars::JsonSchema;

/// A kind of ours: its names, how `kubectl get` shows it, and the types of its parts.
pub trait Kind {
    const GROUP: &'static str;
    const VERSION: &'static str;
    const KIND: &'static str;
    const PLURAL: &'static str;
    const SCOPE: Scope;
    const SHORT_NAMES: &'static [&'static str] = &[];
    const CATEGORIES: &'static [&'static str] = &["external-secrets"];
    /// JSON paths that `kubectl get --field-selector` accepts.
    const SELECTABLE: &'static [&'static str] = &[];
    /// Whether the status is written apart from the spec, with rights of its own.
    const STATUS_SUBRESOURCE: bool = true;

    type Spec: JsonSchema;
    type Status: JsonSchema;

    fn columns() -> Vec<Column> {
        Vec::new()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Namespaced,
    Cluster,
}

/// A column of `kubectl get`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: ColumnType,
    pub path: &'static str,
    /// 0 is always shown, 1 only with `-o wide`.
    pub priority: i32,
}

impl Column {
    pub(crate) const fn text(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            kind: ColumnType::Text,
            path,
            priority: 0,
        }
    }

    pub(crate) const fn date(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            kind: ColumnType::Date,
            path,
            priority: 0,
        }
    }

    /// Only shown by `-o wide`.
    pub(crate) const fn wide(self) -> Self {
        Self { priority: 1, ..self }
    }

    pub(crate) const fn age(name: &'static str) -> Self {
        Self::date(name, ".metadata.creationTimestamp")
    }

    pub(crate) const fn ready_reason(name: &'static str) -> Self {
        Self::text(name, r#".status.conditions[?(@.type=="Ready")].reason"#)
    }

    pub(crate) const fn ready_status() -> Self {
        Self::text("Ready", r#".status.conditions[?(@.type=="Ready")].status"#)
    }
}

#[derive(Clone, Copy, Debug)]
pub enum ColumnType {
    Text,
    Date,
}

/// Declares the root object of a kind: metadata, a spec that may be broken, an optional status, and the traits
/// through which Kubernetes clients know it.
macro_rules! root {
    ($(#[$doc:meta])* $kind:ident { group: $group:literal, version: $version:literal, plural: $plural:literal, scope: $scope:ident, spec: $spec:ty, status: $status:ty }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        pub struct $kind {
            #[serde(default)]
            pub metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
            #[serde(default)]
            pub spec: $crate::Parsed<$spec>,
            /// Only ever written by controllers; one that cannot be read counts as none.
            #[serde(default, deserialize_with = "crate::kind::lenient")]
            pub status: Option<$status>,
        }

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let mut root = serializer.serialize_struct(stringify!($kind), 5)?;
                root.serialize_field("apiVersion", concat!($group, "/", $version))?;
                root.serialize_field("kind", stringify!($kind))?;
                root.serialize_field("metadata", &self.metadata)?;
                root.serialize_field("spec", &self.spec)?;
                if let Some(status) = &self.status {
                    root.serialize_field("status", status)?;
                }
                root.end()
            }
        }

        impl k8s_openapi::Resource for $kind {
            const API_VERSION: &'static str = concat!($group, "/", $version);
            const GROUP: &'static str = $group;
            const KIND: &'static str = stringify!($kind);
            const VERSION: &'static str = $version;
            const URL_PATH_SEGMENT: &'static str = $plural;
            type Scope = $crate::kind::scope::$scope;
        }

        impl k8s_openapi::Metadata for $kind {
            type Ty = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

            fn metadata(&self) -> &Self::Ty {
                &self.metadata
            }

            fn metadata_mut(&mut self) -> &mut Self::Ty {
                &mut self.metadata
            }
        }
    };
}
pub(crate) use root;

pub(crate) mod scope {
    pub use k8s_openapi::{ClusterResourceScope as Cluster, NamespaceResourceScope as Namespaced};
}

pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    use serde::Deserialize as _;
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok().flatten())
}
