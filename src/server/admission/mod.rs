//! The validating webhook: ESO's paths, and the API server's questions in their wire format.
//!
//! Whoever reaches the port may ask, and gets to know nothing but whether an object of theirs would be refused. What
//! they can cost is bounded: the size of a question, the time for it, and how many are worked on at a time.

mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, body::Bytes};
use tokio::sync::Semaphore;
use tracing::{debug, info};

use self::wire::Review;
use crate::engine::admit::{self, Refusal, Subject};
use crate::telemetry::{Metrics, WebhookMetrics};

/// Two objects as large as the API server takes them, and some.
const LARGEST: usize = 7 * 1024 * 1024;
/// Below the five seconds after which the API server stops waiting.
const DEADLINE: Duration = Duration::from_secs(4);
/// How long the API server may go on asking one who was told to stop: it takes a moment until it knows.
pub const LINGER: Duration = Duration::from_secs(3);
/// Questions in memory at a time.
const AT_ONCE: usize = 16;

/// By path, as ESO's configurations have them.
const SUBJECTS: [(&str, Subject); 3] = [
    (
        "/validate-external-secrets-io-v1-externalsecret",
        Subject::ExternalSecret,
    ),
    (
        "/validate-external-secrets-io-v1-secretstore",
        Subject::SecretStore,
    ),
    (
        "/validate-external-secrets-io-v1-clustersecretstore",
        Subject::ClusterSecretStore,
    ),
];

#[derive(Clone)]
struct Desk {
    subject: Subject,
    metrics: WebhookMetrics,
    permits: Arc<Semaphore>,
}

pub fn router(metrics: &Metrics) -> Router {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut router = Router::new();
    for (path, subject) in SUBJECTS {
        let desk = Desk {
            subject,
            metrics: metrics.webhook(path),
            permits: permits.clone(),
        };
        router = router.route(path, post(answer).with_state(desk));
    }
    router
}

async fn answer(State(desk): State<Desk>, body: Body) -> Response {
    let request = desk.metrics.began();
    let answer = match tokio::time::timeout(DEADLINE, desk.answer(body)).await {
        Ok(answer) => answer,
        Err(_) => Err((StatusCode::SERVICE_UNAVAILABLE, "too many questions at a time")),
    };
    let code = answer.as_ref().map_or_else(|(code, _)| *code, |_| StatusCode::OK);
    request.answered(code.as_u16());
    match answer {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(refused) => refused.into_response(),
    }
}

impl Desk {
    async fn answer(&self, body: Body) -> Result<Vec<u8>, (StatusCode, &'static str)> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let body = to_bytes(body, LARGEST).await.map_err(|_| {
            (
                StatusCode::PAYLOAD_TOO_LARGE,
                "the question cannot be read to its end",
            )
        })?;
        let subject = self.subject;
        // Beside the async workers: a large object takes its time.
        let review = tokio::task::spawn_blocking(move || review(subject, &body)).await;
        review.unwrap_or(Err((
            StatusCode::INTERNAL_SERVER_ERROR,
            "the question could not be answered",
        )))
    }
}

fn review(subject: Subject, body: &Bytes) -> Result<Vec<u8>, (StatusCode, &'static str)> {
    let bad = |why| (StatusCode::BAD_REQUEST, why);
    let review: Review = serde_json::from_slice(body).map_err(|_| bad("this is no AdmissionReview"))?;
    let request = review
        .request
        .ok_or_else(|| bad("there is no request in this AdmissionReview"))?;
    let (api_version, uid) = (review.api_version, request.uid);
    // What is deleted is judged by nobody.
    let verdict = match request.operation.as_str() {
        "CREATE" | "UPDATE" => {
            let old = Some(&request.old_object).filter(|old| !old.is_null());
            admit::review(subject, request.object, old)
        }
        _ => admit::Verdict::default(),
    };
    let (namespace, name) = (
        request.namespace.unwrap_or_default(),
        request.name.unwrap_or_default(),
    );
    match &verdict.refusal {
        Some(Refusal::Denied(why) | Refusal::Unreadable(why)) => {
            info!(?subject, namespace, name, why, "refused an object");
        }
        None => debug!(?subject, namespace, name, "let an object pass"),
    }
    Ok(wire::answer(&api_version, &uid, &verdict))
}

#[cfg(test)]
mod tests;
