//! `Fake`: fixed values, for tests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;
use crate::PlainText;

generator! {
    /// Hands out the values that stand in its own spec.
    Fake { plural: "fakes", scope: Namespaced, spec: FakeSpec }
}

/// Fixed values, for tests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FakeSpec {
    /// The class of the controller that shall act on this generator. Without it, any does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// The keys and values, readable by all who can read the generator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, PlainText>,
}
