//! One flight for equal questions.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio_util::task::AbortOnDropHandle;

use crate::traces;

/// Lets whoever asks a question that is being answered wait for that answer. An answer is given to those who waited
/// for it and kept for nobody else; when nobody waits any more, the work stops.
pub(super) struct Flights<K, T> {
    under_way: Mutex<Vec<(K, WeakShared<Answer<T>>)>>,
}

type Answer<T> = BoxFuture<'static, T>;

impl<K: PartialEq, T: Clone + Send + 'static> Flights<K, T> {
    /// The answer of the flight that is under way for this question, or of a new one. `crashed` is the answer of
    /// work that panics.
    pub(super) async fn join<F>(&self, question: K, crashed: T, start: impl FnOnce() -> F) -> T
    where
        F: Future<Output = T> + Send + 'static,
        T: Sync,
    {
        self.board(question, crashed, start).await
    }

    /// Nobody joins what is under way from now on.
    pub(super) fn seal(&self) {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn board<F>(&self, question: K, crashed: T, start: impl FnOnce() -> F) -> Shared<Answer<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|(_, flight)| is_in_the_air(flight));
        let flight = under_way.iter().find(|(other, _)| *other == question);
        if let Some(flight) = flight.and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
        let work = AbortOnDropHandle::new(tokio::spawn(traces::here().enter(start())));
        let flight = async move { work.await.unwrap_or(crashed) }.boxed().shared();
        under_way.extend(flight.downgrade().map(|weak| (question, weak)));
        flight
    }
}

fn is_in_the_air<T: Clone>(flight: &WeakShared<Answer<T>>) -> bool {
    flight.upgrade().is_some_and(|flight| flight.peek().is_none())
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self {
            under_way: Mutex::default(),
        }
    }
}

impl<K, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flights")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::future::join_all;

    use super::*;

    async fn slow(count: Arc<AtomicUsize>) -> usize {
        let nth = count.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        nth
    }

    #[tokio::test(start_paused = true)]
    async fn equal_questions_share_a_flight_and_its_answer_is_not_kept() {
        let (flights, count) = (Flights::default(), Arc::new(AtomicUsize::new(0)));
        let ask = |question| flights.join(question, 99, || slow(count.clone()));
        assert_eq!(join_all([ask("a"), ask("b"), ask("a")]).await, [0, 1, 0]);
        assert_eq!(ask("a").await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_nobody_waits_for_stops_and_does_not_linger() {
        let (flights, count) = (Flights::default(), Arc::new(AtomicUsize::new(0)));
        let first = flights.join("a", 99, || slow(count.clone()));
        assert!(
            tokio::time::timeout(Duration::from_millis(10), first)
                .await
                .is_err()
        );
        assert_eq!(flights.join("a", 99, || slow(count.clone())).await, 1);
        assert_eq!(flights.under_way.lock().expect("unpoisoned").len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_an_answer() {
        let flights: Flights<&str, usize> = Flights::default();
        assert_eq!(flights.join("a", 99, || async { panic!("on purpose") }).await, 99);
    }
}
