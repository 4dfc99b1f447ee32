//! The one way to the API server: every request is bounded in number and in time.

use std::future::Future;
use std::time::Duration;

use kube::Client;
use tokio::sync::Semaphore;

use super::errors;
use crate::cluster::{Fence, Pass};
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

/// Longer than any healthy API server takes, shorter than anybody wants to wait.
pub const DEADLINE: Duration = Duration::from_secs(15);
/// Requests under way toward the API server at a time.
const PERMITS: usize = 64;
/// Everything else changes something.
const READS: [&str; 4] = ["get", "list", "look up", "create a token for"];

pub struct Requests {
    pub client: Client,
    permits: Semaphore,
    fence: Fence,
}

impl Requests {
    /// Without a fence: for what every replica may write.
    pub fn new(client: Client) -> Self {
        Self::behind(Fence::default(), client)
    }

    pub fn behind(fence: Fence, client: Client) -> Self {
        Self {
            client,
            permits: Semaphore::new(PERMITS),
            fence,
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
        let is_write = !READS.contains(&verb);
        let _pass = is_write.then(|| self.pass(object)).transpose()?;
        let Ok(answer) = tokio::time::timeout(DEADLINE, call).await else {
            let (object, why) = (
                object.clone(),
                format!("no answer within {} seconds", DEADLINE.as_secs()),
            );
            return Err(Problem::ApiUnavailable { object, why });
        };
        answer.map_err(|error| errors::problem(verb, object, &error))
    }

    /// Leave to write, here or at a backend, for the sake of an object.
    pub fn pass(&self, object: &ObjectRef) -> Result<Pass, Problem> {
        self.fence.pass().ok_or_else(|| Problem::ApiUnavailable {
            object: object.clone(),
            why: "another replica may lead; this one writes nothing".to_owned(),
        })
    }
}
