//! Decisions, and nothing else: no await, no client, no clock of its own. What is decided here can be printed, tested
//! without a runtime, and is exactly what gets carried out.

pub mod admit;
pub mod ask;
pub mod certificate;
pub mod collect;
pub mod condition;
pub mod crd;
pub mod cron;
pub mod decode;
pub mod due;
pub mod fallback;
pub mod fingerprint;
pub mod generator;
pub mod guard;
pub mod json;
pub mod keys;
pub mod labels;
pub mod lease;
pub mod merge_patch;
pub mod null_bytes;
pub mod object;
pub mod own;
pub mod plan;
pub mod problem;
pub mod push;
pub mod render;
pub mod renewal;
pub mod rewrite;
pub mod secret_bytes;
pub mod selector;
pub mod spread;
pub mod state;
pub mod store;
pub mod target;
pub mod untold;
pub mod values;
#[cfg(test)]
pub mod vectors;
pub mod window;
