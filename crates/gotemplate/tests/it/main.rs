//! The engine from outside.

mod bounds;
mod errors;
mod language;
mod properties;
mod vectors;
mod world;
