//! What both services do alike as a backend.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};

use super::batches::{Answer, Batches, Reads, SINGLES};
use super::property;
use super::session::Session;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::{Backend, Find, Health, Limits, Location, Payload, Push, Remote};

/// What they do each in its own way.
#[async_trait]
pub(super) trait Api: Reads {
    const NAME: &'static str;
    /// Calls under way at the same time.
    const PARALLEL: usize;

    /// Can it be read together with others?
    fn is_plain(location: &Location) -> bool;

    /// Reads what no batch can.
    async fn alone(&self, id: &str, location: &Location) -> Answer;

    async fn find(&self, batches: &Batches, query: &Find) -> Result<Values, Problem>;

    async fn write(&self, id: &str, push: &Push) -> Result<(), Problem>;

    async fn delete(&self, id: &str, remote: &Remote) -> Result<(), Problem>;

    async fn exists(&self, id: &str) -> Result<bool, Problem>;
}

pub(super) struct Service<A> {
    pub(super) api: A,
    pub(super) session: Session,
    /// Stands before every key.
    pub(super) prefix: String,
    pub(super) batches: Batches,
}

impl<A: Api> Service<A> {
    fn id(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

#[async_trait]
impl<A: Api> Backend for Service<A> {
    async fn read(&self, wanted: &[Location]) -> Vec<Answer> {
        let plain: BTreeSet<_> = wanted
            .iter()
            .filter(|location| A::is_plain(location))
            .map(|location| self.id(&location.key))
            .collect();
        let plain = &self.batches.read(&self.api, plain).await;
        let answers: Vec<_> = wanted
            .iter()
            .map(|location| async move {
                let id = self.id(&location.key);
                match plain.get(&id).filter(|_| A::is_plain(location)) {
                    Some(answer) => answer.clone(),
                    None => self.api.alone(&id, location).await,
                }
            })
            .collect();
        stream::iter(answers).buffered(SINGLES).collect().await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        self.api.find(&self.batches, query).await
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.session.check().await.map(|()| Health::Ready)
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        property::select(payload, property).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        property::explode(payload, property).map(Some)
    }

    fn limits(&self) -> Limits {
        Limits {
            batch: A::BATCH,
            parallel: A::PARALLEL,
            deadline: Duration::from_secs(30),
            // The SDK repeats calls, and knows which.
            retries: None,
        }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        self.api.write(&self.id(&push.remote.key), push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        self.api.delete(&self.id(&remote.key), remote).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        self.api.exists(&self.id(&remote.key)).await
    }

    fn token_age(&self) -> Option<Duration> {
        self.session.login_age()
    }
}

impl<A: Api> fmt::Debug for Service<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(A::NAME).finish_non_exhaustive()
    }
}
