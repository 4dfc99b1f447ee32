//! What a trace tells of calls to a backend: which store, which provider, what was done, and what came of it. Not what
//! was asked for.

use super::Answer;
use crate::engine::object::StoreKey;
use crate::engine::problem::Problem;
use crate::engine::store::Store;
use crate::traces::{self, Kind, Span};

/// Whose connection it is.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    store: Option<StoreKey>,
    provider: String,
}

impl Origin {
    pub fn of(store: &Store) -> Self {
        let spec = store.spec.as_ref().ok();
        Self {
            store: Some(store.key.clone()),
            provider: spec.map_or_else(String::new, |spec| spec.provider.name().to_owned()),
        }
    }

    /// A call begins that does so.
    pub fn describe(&self, span: &mut Span, operation: &'static str) {
        span.name = format!("backend {operation}").into();
        span.kind = Kind::Client;
        span.set("lockstep.operation", operation);
        span.set("lockstep.provider", self.provider.clone());
        if let Some(store) = &self.store {
            span.set("lockstep.store.kind", store.kind());
            span.set("lockstep.store.name", store.name().to_owned());
            if let Some(namespace) = store.namespace() {
                span.set("k8s.namespace.name", namespace.to_owned());
            }
        }
    }
}

/// What came of a call that stands for itself.
pub fn answered<T>(outcome: &Result<T, Problem>) {
    traces::note(|span| span.answered(outcome.as_ref().err()));
}

/// What came of many reads at once.
pub(super) fn all_answered(answers: &[Answer]) {
    traces::note(|span| {
        let problems: Vec<_> = answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .collect();
        span.set("lockstep.batch.failed", problems.len());
        for problem in problems {
            span.answered(Some(problem));
        }
    });
}
