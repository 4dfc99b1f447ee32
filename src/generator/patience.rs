//! How often a generator asks again where nobody answers, as `retrySettings` of its spec say.

use std::future::Future;
use std::time::Duration;

use lockstep_api::RetrySettings;

use crate::engine::problem::Problem;

pub const PAUSE: Duration = Duration::from_secs(1);
/// Whatever the spec says: the object's own backoff goes on from there.
pub const MOST_RETRIES: u32 = 10;
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub retries: u32,
    pub pause: Duration,
}

impl Patience {
    /// Where nothing is said, a call is repeated `otherwise` times; where something is said but not how often, never, as
    /// by ESO's clients.
    pub fn of(settings: Option<&RetrySettings>, otherwise: u32) -> Result<Self, Problem> {
        let Some(settings) = settings else {
            return Ok(Self {
                retries: otherwise,
                pause: PAUSE,
            });
        };
        let pause = settings.retry_interval().map_err(|why| Problem::InvalidSpec {
            field: "spec.retrySettings.retryInterval".to_owned(),
            why,
        })?;
        let retries = settings.max_retries.unwrap_or_default();
        Ok(Self {
            retries: u32::try_from(retries).unwrap_or_default().min(MOST_RETRIES),
            pause: pause.unwrap_or(PAUSE).min(LONGEST_PAUSE),
        })
    }

    pub async fn ask<T, F>(self, mut ask: impl FnMut() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        let mut left = self.retries;
        loop {
            match ask().await {
                Err(Problem::Unreachable { .. }) if left > 0 => {
                    left -= 1;
                    tokio::time::sleep(self.pause).await;
                }
                answer => return answer,
            }
        }
    }
}
