//! `GeneratorState`: what a generator made elsewhere, so that it can be undone.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, FreeJson};
use crate::Condition;
use crate::kind::{Column, Kind, Scope, root};

root! {
    /// Remembers what a generator made elsewhere, so that it can be undone. Written by lockstep only.
    GeneratorState {
        group: "generators.external-secrets.io", version: "v1alpha1", plural: "generatorstates",
        scope: Namespaced, spec: GeneratorStateSpec, status: GeneratorStateStatus
    }
}

impl Kind for GeneratorState {
    const GROUP: &'static str = "generators.external-secrets.io";
    const VERSION: &'static str = "v1alpha1";
    const KIND: &'static str = "GeneratorState";
    const PLURAL: &'static str = "generatorstates";
    const SCOPE: Scope = Scope::Namespaced;
    const SHORT_NAMES: &'static [&'static str] = &["gs"];
    const CATEGORIES: &'static [&'static str] = CATEGORIES;
    const STATUS_SUBRESOURCE: bool = false;

    type Spec = GeneratorStateSpec;
    type Status = GeneratorStateStatus;

    fn columns() -> Vec<Column> {
        vec![
            Column::text("GC Deadline", ".spec.garbageCollectionDeadline"),
            Column::age("Age"),
        ]
    }
}

/// What a generator made elsewhere, and until when it is needed. Written by lockstep only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GeneratorStateSpec {
    /// When it is undone. Without it, it is still in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub garbage_collection_deadline: Option<Time>,
    /// The generator as it was then.
    pub resource: FreeJson,
    /// What the generator has to know to undo it.
    pub state: FreeJson,
}

/// Whether undoing it works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GeneratorStateStatus {
    /// Whether undoing it works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
