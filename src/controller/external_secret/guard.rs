//! Holds back what is not believable, before anything is made of it.

use super::Memory;
use super::gather::Subject;
use super::sources::Source;
use crate::controller::Context;
use crate::engine::collect::Collected;
use crate::engine::condition::Sort;
use crate::engine::guard::{self, Evidence, Shape};
use crate::engine::problem::Problem;
use crate::engine::{due, fingerprint};

/// Compares what was fetched with the Secret, or, where templates stand between the two, with what was fetched last.
pub fn check(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    fetched: &Collected,
    sources: &[Source],
) -> Result<(), Problem> {
    let Some(target) = subject.existing.as_deref() else {
        return Ok(());
    };
    let is_edited = !due::is_synced_generation(&subject.synced, subject.generation);
    // Of nothing at all the deletion policy decides.
    if !context.settings.guard || is_edited || fetched.values.is_empty() {
        return Ok(());
    }
    let before = if is_told_by_target(subject) {
        Shape::of_target(target, &fingerprint::field_manager(&subject.key.name))
    } else {
        memory.shape(&subject.key, &subject.claimant.uid)
    };
    let stand_ins: Vec<_> = sources.iter().filter_map(Source::stand_in).collect();
    guard::check(&Evidence {
        before: &before,
        state: &target.data_hash,
        now: &fetched.values,
        some_missing: !fetched.missing.is_empty(),
        stand_ins: &stand_ins,
        accepted: subject.annotations.get(guard::ACCEPT).map(String::as_str),
    })
}

/// What has to be remembered of what was fetched, for the next time.
pub fn shape(subject: &Subject, fetched: &Collected) -> Shape {
    if is_told_by_target(subject) {
        Shape::default()
    } else {
        Shape::of_values(&fetched.values)
    }
}

/// A Secret without a template holds what was fetched, and nothing else.
fn is_told_by_target(subject: &Subject) -> bool {
    subject.spec.target.template.is_none() && subject.sort() == Sort::Secret
}
