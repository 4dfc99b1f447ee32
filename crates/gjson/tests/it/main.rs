//! Checks against what the Go libraries answer, and properties that hold for any input.

mod edges;
mod hostile;
mod properties;
mod vectors;
