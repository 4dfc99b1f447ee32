//! What lockstep tells about itself: metrics and logs.

mod backends;
mod controllers;
mod exposition;
mod families;
mod kind;
pub mod logging;
pub mod metrics;
mod objects;
mod process;
mod queue_metrics;
mod requests;
mod standing;
mod webhooks;

pub use kind::Kind;
pub use metrics::{Metrics, parent_like, store_like};
pub use standing::Standing;
pub use webhooks::WebhookMetrics;
