//! `UUID`: a random UUID.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generator;

generator! {
    /// Makes a random UUID.
    UUID { plural: "uuids", scope: Namespaced, spec: UUIDSpec }
}

/// A random UUID. There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct UUIDSpec {}
