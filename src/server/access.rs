//! Who may read the metrics: whoever shows the token of a user who may get their path.
//!
//! What the cluster says of a token is remembered for a short while; tokens themselves are not. Whoever tries one
//! token after the other costs the cluster a few questions at a time, and is told to come back.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::warn;

use crate::cluster::{Access, Reviews};
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::Digest;

/// How long who may read is believed, and who may not.
const BELIEVED: (Duration, Duration) = (Duration::from_mins(1), Duration::from_secs(10));
/// Tokens of which something is remembered.
const MOST: usize = 256;
/// Questions to the cluster at a time.
const AT_ONCE: usize = 4;
const PATH: &str = "/metrics";

#[derive(Clone, Default)]
pub struct Door(Arc<Inner>);

struct Inner {
    /// There is none before we have a connection to the cluster.
    reviews: OnceLock<Arc<dyn Reviews>>,
    known: Mutex<HashMap<Digest, (Access, Instant)>>,
    questions: Semaphore,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            reviews: OnceLock::new(),
            known: Mutex::default(),
            questions: Semaphore::new(AT_ONCE),
        }
    }
}

impl Door {
    /// Whom to ask from now on. Until then nobody is let in.
    pub fn ask(&self, reviews: Arc<dyn Reviews>) {
        // There is one cluster.
        let _ = self.0.reviews.set(reviews);
    }

    /// Lets in whoever may, or says why not.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let token = bearer(headers).ok_or(StatusCode::UNAUTHORIZED)?;
        let digest = Digest::of(&token);
        let access = match self.remembered(digest) {
            Some(access) => access,
            None => self.look_up(digest, &token).await?,
        };
        match access {
            Access::Granted => Ok(()),
            Access::Denied => Err(StatusCode::FORBIDDEN),
            Access::Stranger => Err(StatusCode::UNAUTHORIZED),
        }
    }

    fn remembered(&self, digest: Digest) -> Option<Access> {
        let known = self.known();
        let (access, until) = known.get(&digest)?;
        (Instant::now() < *until).then_some(*access)
    }

    async fn look_up(&self, digest: Digest, token: &SecretBytes) -> Result<Access, StatusCode> {
        const LATER: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        let reviews = self.0.reviews.get().ok_or(LATER)?;
        let _permit = self.0.questions.try_acquire().map_err(|_| LATER)?;
        let access = reviews.may_get(token, PATH).await.map_err(|problem| {
            warn!(reason = problem.reason(), cause = %problem, "cannot tell who may read the metrics");
            LATER
        })?;
        let believed = match access {
            Access::Granted => BELIEVED.0,
            Access::Denied | Access::Stranger => BELIEVED.1,
        };
        let (mut known, now) = (self.known(), Instant::now());
        known.retain(|_, (_, until)| now < *until);
        if known.len() < MOST {
            known.insert(digest, (access, now + believed));
        }
        Ok(access)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, (Access, Instant)>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}

fn bearer(headers: &HeaderMap) -> Option<SecretBytes> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.into())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use async_trait::async_trait;

    use super::*;
    use crate::engine::object::ObjectRef;
    use crate::engine::problem::Problem;

    #[derive(Debug, Default)]
    struct Cluster(AtomicUsize);

    #[async_trait]
    impl Reviews for Cluster {
        async fn may_get(&self, token: &SecretBytes, path: &str) -> Result<Access, Problem> {
            assert_eq!(path, "/metrics");
            self.0.fetch_add(1, SeqCst);
            match token.expose() {
                b"prometheus" => Ok(Access::Granted),
                b"tenant" => Ok(Access::Denied),
                b"slow" => std::future::pending().await,
                b"away" => Err(Problem::ApiUnavailable {
                    object: ObjectRef::secret("", ""),
                    why: "HTTP 503".to_owned(),
                }),
                _ => Ok(Access::Stranger),
            }
        }
    }

    async fn answer(door: &Door, authorization: &str) -> u16 {
        let mut headers = HeaderMap::new();
        if !authorization.is_empty() {
            headers.insert("authorization", authorization.parse().expect("a header"));
        }
        let admitted = door.admit(&headers).await;
        admitted.err().map_or(200, |status| status.as_u16())
    }

    #[tokio::test]
    async fn only_who_may_is_let_in() {
        let door = Door::default();
        assert_eq!(
            answer(&door, "Bearer prometheus").await,
            503,
            "nobody can tell yet"
        );
        door.ask(Arc::new(Cluster::default()));
        for (authorization, status) in [
            ("Bearer prometheus", 200),
            ("bearer prometheus", 200),
            ("Bearer tenant", 403),
            ("Bearer other", 401),
            ("Bearer ", 401),
            ("Basic prometheus", 401),
            ("", 401),
            ("Bearer away", 503),
        ] {
            assert_eq!(answer(&door, authorization).await, status, "{authorization}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_cluster_said_is_believed_for_a_while() {
        let (door, cluster) = (Door::default(), Arc::new(Cluster::default()));
        door.ask(cluster.clone());
        let asked = |times: usize| assert_eq!(cluster.0.swap(0, SeqCst), times);
        for _ in 0..3 {
            answer(&door, "Bearer prometheus").await;
            answer(&door, "Bearer tenant").await;
        }
        asked(2);
        tokio::time::advance(Duration::from_secs(11)).await;
        answer(&door, "Bearer prometheus").await;
        answer(&door, "Bearer tenant").await;
        asked(1);
        tokio::time::advance(Duration::from_secs(50)).await;
        answer(&door, "Bearer prometheus").await;
        asked(1);
    }

    #[tokio::test]
    async fn who_tries_many_tokens_costs_the_cluster_few_questions() {
        let (door, cluster) = (Door::default(), Arc::new(Cluster::default()));
        door.ask(cluster.clone());
        let waiting: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let door = door.clone();
                tokio::spawn(async move { answer(&door, "Bearer slow").await })
            })
            .collect();
        while cluster.0.load(SeqCst) < AT_ONCE {
            tokio::task::yield_now().await;
        }
        assert_eq!(answer(&door, "Bearer one-more").await, 503);
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
