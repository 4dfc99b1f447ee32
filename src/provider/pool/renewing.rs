//! A connection that is made anew, once, when it is refused for credentials that are out of date.
//!
//! Credentials change behind our back: a password is rotated, and the Secret that holds it follows. So a refusal (401,
//! 403) makes us look: if anything that the connection was built from has changed, or the backend says that its own
//! login has ended, the connection is made anew, and what was refused is asked once more. So it is if the login is of
//! some age, for whoever grants more to a role of Vault grants it to the logins to come. Anything else is really
//! refused, and no reason to log in; and for a while no further refusal makes us look.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::dial::{Dial, Link};
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::references::Used;
use crate::provider::{Backend, Find, Health, Hold, Limits, Location, Payload, Push, Remote};

/// At least this long between two looks, and so between two logins, that refusals cause.
const PAUSE: Duration = Duration::from_mins(1);
/// What has lasted so long is made anew on a refusal, whatever has changed.
const AGE: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(super) struct Renewing {
    dial: Box<dyn Dial>,
    is_referent: bool,
    current: Mutex<Arc<Link>>,
    /// Held while somebody looks or renews, so that those who are refused together renew together.
    last: tokio::sync::Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    look: Option<Instant>,
    login: Instant,
}

impl Renewing {
    pub(super) fn new(dial: Box<dyn Dial>, link: Link) -> Self {
        let is_referent = link.references.is_referent();
        let current = Mutex::new(Arc::new(link));
        Self {
            dial,
            is_referent,
            current,
            last: tokio::sync::Mutex::new(Last {
                look: None,
                login: Instant::now(),
            }),
        }
    }

    pub(super) fn used(&self) -> Vec<Used> {
        self.link().references.used()
    }

    pub(super) fn credentials(&self) -> Vec<ObjectRef> {
        self.link().references.credentials()
    }

    pub(super) fn is_referent(&self) -> bool {
        self.is_referent
    }

    fn link(&self) -> Arc<Link> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A connection that is newer than the one that was refused, if there is to be one.
    async fn newer_than(&self, refused: &Arc<Link>, refusal: Refusal) -> Option<Arc<Link>> {
        let mut last = self.last.lock().await;
        let current = self.link();
        if !Arc::ptr_eq(&current, refused) {
            return Some(current);
        }
        if last.look.is_some_and(|at| at.elapsed() < PAUSE) {
            return None;
        }
        last.look = Some(Instant::now());
        let is_out_of_date = refusal == Refusal::OfTheLogin
            || last.login.elapsed() >= AGE
            || refused.references.have_changed().await;
        if !is_out_of_date {
            return None;
        }
        last.login = Instant::now();
        let link = Arc::new(self.dial.dial().await.ok()?);
        // What serves everybody must not come to be built from one namespace's credentials.
        if link.references.is_referent() != self.is_referent {
            return None;
        }
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = link.clone();
        Some(link)
    }

    async fn twice<'a, T>(
        &self,
        call: impl Fn(Arc<dyn Backend>) -> BoxFuture<'a, Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let link = self.link();
        let first = call(link.backend.clone()).await;
        let Some(refusal) = Refusal::of(&first) else {
            return first;
        };
        match self.newer_than(&link, refusal).await {
            Some(newer) => call(newer.backend.clone()).await,
            None => first,
        }
    }
}

#[async_trait]
impl Backend for Renewing {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        let link = self.link();
        let mut answers = link.backend.read(wanted).await;
        let Some(gravest) = answers.iter().filter_map(Refusal::of).max() else {
            return answers;
        };
        let places: Vec<_> = (0..answers.len().min(wanted.len()))
            .filter(|&at| Refusal::of(&answers[at]).is_some())
            .collect();
        let Some(newer) = self.newer_than(&link, gravest).await else {
            return answers;
        };
        let again: Vec<_> = places.iter().map(|&at| wanted[at].clone()).collect();
        for (at, answer) in places.into_iter().zip(newer.backend.read(&again).await) {
            answers[at] = answer;
        }
        answers
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        self.twice(|backend| Box::pin(async move { backend.find(query).await }))
            .await
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.twice(|backend| Box::pin(async move { backend.check().await }))
            .await
    }

    fn can_be_held(&self) -> bool {
        self.link().backend.can_be_held()
    }

    async fn hold(&self, hold: Hold) -> Result<Arc<dyn Backend>, Problem> {
        self.twice(|backend| Box::pin(async move { backend.hold(hold).await }))
            .await
    }

    fn locate(&self, location: Location, property: Option<&str>) -> Location {
        self.link().backend.locate(location, property)
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        self.link().backend.select(payload, property)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        self.link().backend.explode(payload, property)
    }

    fn token_age(&self) -> Option<Duration> {
        self.link().backend.token_age()
    }

    fn limits(&self) -> Limits {
        self.link().backend.limits()
    }

    fn missing_value(&self, key: &str) -> Problem {
        self.link().backend.missing_value(key)
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        self.twice(|backend| Box::pin(async move { backend.write(push).await }))
            .await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        self.twice(|backend| Box::pin(async move { backend.delete(remote).await }))
            .await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        self.twice(|backend| Box::pin(async move { backend.exists(remote).await }))
            .await
    }
}

/// What was refused, in the order of how much is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    OfTheQuestion,
    OfTheLogin,
}

impl Refusal {
    fn of<T>(answer: &Result<T, Problem>) -> Option<Self> {
        let problem = answer.as_ref().err()?.root();
        if matches!(problem, Problem::Expired { .. }) {
            return Some(Self::OfTheLogin);
        }
        matches!(problem, Problem::Refused { .. }).then_some(Self::OfTheQuestion)
    }
}

#[cfg(test)]
mod tests;
