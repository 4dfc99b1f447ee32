//! Who counts the calls that backends make.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::traces;

tokio::task_local! {
    /// Calls that the question under way has taken so far.
    static TAKEN: Cell<usize>;
}

/// Hears of every call to a backend, under the names that ESO's metrics use.
pub trait CallObserver: Send + Sync {
    fn called(&self, provider: &'static str, call: &'static str, ok: bool);
}

/// Where a backend tells its calls. The default tells nobody.
#[derive(Clone, Default)]
pub struct Calls(Option<Arc<dyn CallObserver>>);

impl Calls {
    pub fn new(observer: Arc<dyn CallObserver>) -> Self {
        Self(Some(observer))
    }

    pub fn tell(&self, provider: &'static str, call: &'static str, ok: bool) {
        // Nobody need have asked.
        let _ = TAKEN.try_with(|taken| taken.set(taken.get() + 1));
        traces::note(|span| {
            let told = vec![("lockstep.provider", provider.into()), ("lockstep.ok", ok.into())];
            span.happened(call, Timestamp::now(), told);
        });
        if let Some(observer) = &self.0 {
            observer.called(provider, call, ok);
        }
    }
}

/// What comes of a question to a backend, and how many calls it took, as far as the backend tells them.
pub async fn counted<T>(question: impl Future<Output = T>) -> (T, usize) {
    TAKEN
        .scope(Cell::new(0), async {
            let answer = question.await;
            (answer, TAKEN.with(Cell::get))
        })
        .await
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Calls(observed)"
        } else {
            "Calls(unobserved)"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_are_counted_for_the_question_that_took_them() {
        let calls = Calls::default();
        calls.tell("p", "nobody asked", true);
        let question = async {
            calls.tell("p", "list", true);
            tokio::task::yield_now().await;
            calls.tell("p", "get", false);
            "answer"
        };
        assert_eq!(counted(question).await, ("answer", 2));
        assert_eq!(counted(async {}).await, ((), 0));
    }
}
