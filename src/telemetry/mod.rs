//! What lockstep tells about itself: metrics and logs.

mod backends;
mod exposition;
pub mod logging;
pub mod metrics;
mod objects;
mod queue_metrics;

pub use metrics::Metrics;
