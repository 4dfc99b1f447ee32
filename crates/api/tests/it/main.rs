//! What the API promises, checked from outside the crate.

mod definitions;
mod durations;
mod fields;
mod kinds;
mod rules;
mod scenarios;
mod wire;
