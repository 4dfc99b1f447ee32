//! What lockstep tells about itself: metrics and logs.

mod backends;
mod exposition;
pub mod logging;
pub mod metrics;
mod objects;
mod process;
mod queue_metrics;
mod standing;
mod webhooks;

pub use metrics::Metrics;
pub use standing::Standing;
pub use webhooks::WebhookMetrics;
