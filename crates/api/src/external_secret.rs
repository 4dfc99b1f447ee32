//! `ExternalSecret`: which values to fetch, and the Secret that receives them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{StoreRef, absent_if_empty};
use crate::duration::GoDuration;
use crate::kind::root;

mod kind;
mod rules;
mod source;
mod status;
mod target;
mod template;
mod window;

pub use source::{
    DataEntry, DataFrom, Find, FindName, MergeConflictPolicy, MergePriorityPolicy, MergeStrategy, RemoteRef,
    Rewrite, RewriteMerge, RewriteRegexp, RewriteTransform, SourceRef,
};
pub use status::{Binding, ExternalSecretStatus, SourceFault};
pub use target::{CreationPolicy, DeletionPolicy, Manifest, Target};
pub use template::{
    EngineVersion, Template, TemplateAs, TemplateFrom, TemplateItem, TemplateMergePolicy, TemplateMetadata,
    TemplateSource,
};
pub use window::{Schedule, SyncWindow, SyncWindowKind, SyncWindows};

root! {
    /// Values of a backend, and the Secret that they are kept in step with.
    ExternalSecret {
        group: "external-secrets.io", version: "v1", plural: "externalsecrets", scope: Namespaced,
        spec: ExternalSecretSpec, status: ExternalSecretStatus
    }
}

/// What to fetch, how often, and into which Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline, transform = rules::spec)]
pub struct ExternalSecretSpec {
    /// The store of all entries that name none themselves.
    #[serde(
        default,
        deserialize_with = "absent_if_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub secret_store_ref: Option<StoreRef>,
    /// The Secret that receives the values.
    #[serde(default)]
    #[schemars(extend("default" = {"creationPolicy": "Owner", "deletionPolicy": "Retain"}))]
    pub target: Target,
    /// When to fetch again: once, every refreshInterval (Periodic, when absent), or when this object changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_policy: Option<RefreshPolicy>,
    /// How long fetched values are good for, such as `15m` or `24h`. Zero fetches once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h0m0s"))]
    pub refresh_interval: Option<GoDuration>,
    /// Times to which periodic fetching is confined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_windows: Option<SyncWindows>,
    /// Values that are fetched one by one. They win over those of dataFrom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataEntry>,
    /// Sources of which all values are fetched. Later ones win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_from: Vec<DataFrom>,
}

impl ExternalSecretSpec {
    pub fn refresh_policy(&self) -> RefreshPolicy {
        self.refresh_policy.unwrap_or_default()
    }

    /// Zero means never again.
    pub fn refresh_interval(&self) -> Duration {
        self.refresh_interval
            .as_ref()
            .map_or(Duration::from_hours(1), GoDuration::to_std)
    }

    /// The same spec with its durations as Go writes them: what a controller in Go makes of it when it copies it.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        let windows = self.sync_windows.iter_mut().flat_map(|it| &mut it.windows);
        let durations = windows.map(|window| &mut window.duration);
        for duration in durations.chain(&mut self.refresh_interval) {
            *duration = duration.canonical();
        }
        self
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum RefreshPolicy {
    CreatedOnce,
    #[default]
    Periodic,
    OnChange,
}
