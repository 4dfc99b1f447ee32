//! The one way to the API server: every request is bounded in number and in time.

use std::future::Future;
use std::time::Duration;

use kube::Client;
use tokio::sync::Semaphore;

use super::errors;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

/// Longer than any healthy API server takes, shorter than anybody wants to wait.
pub const DEADLINE: Duration = Duration::from_secs(15);
/// Requests under way toward the API server at a time.
const PERMITS: usize = 64;

pub struct Requests {
    pub client: Client,
    permits: Semaphore,
}

impl Requests {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            permits: Semaphore::new(PERMITS),
        }
    }

    pub async fn request<T>(
        &self,
        verb: &'static str,
        object: &ObjectRef,
        call: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Problem> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let Ok(answer) = tokio::time::timeout(DEADLINE, call).await else {
            let (object, why) = (
                object.clone(),
                format!("no answer within {} seconds", DEADLINE.as_secs()),
            );
            return Err(Problem::ApiUnavailable { object, why });
        };
        answer.map_err(|error| errors::problem(verb, object, &error))
    }
}
