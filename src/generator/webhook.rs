//! `Webhook`: the answer of an HTTP request, another one each time.

use lockstep_api::generator::WebhookSpec;

use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::webhook::Webhook;
use crate::provider::{Calls, References, Rules};

/// What errors call the answer.
const ANSWER: &str = "the answer";

pub async fn generate(
    spec: &WebhookSpec,
    references: &References,
    calls: Calls,
    rules: &Rules,
) -> Result<Values, Problem> {
    let webhook = Webhook::open(&spec.into(), references, calls, rules).await?;
    webhook.generate(ANSWER).await.map_err(|problem| match problem {
        // A generator has nothing to keep.
        Problem::NotModified { key } => Problem::BadAnswer {
            what: key,
            why: "HTTP 304".to_owned(),
        },
        other => other,
    })
}
