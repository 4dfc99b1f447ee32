//! The repository polices itself: rules of `ARCHITECTURE.md` that no lint can hold, checked on the source text.
//!
//! Each check is a table and a walk over the sources. A failure lists every place, with what to do instead.

mod habits;
mod invariants;
mod keys;
mod layers;
mod reasons;
mod size;
mod source;
mod tracked;

/// Fails with the list of findings, if there is one.
#[track_caller]
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n\n  {}\n", findings.join("\n  "));
}
