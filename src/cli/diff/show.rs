//! What people read of a diff.

use std::fmt::Write as _;

use super::changes::{self, Against, Change};
use super::counts::Counts;
use crate::cli::plain::Plain;
use crate::controller::external_secret::{NextSync, Preview};
use crate::controller::push_secret;
use crate::engine::condition::{Failure, Sort};
use crate::engine::due::{Cause, Due};
use crate::engine::object::ObjectKey;
use crate::engine::plan::{Base, Outcome, Step, Write};

/// How much of a line the fields take before what is said of them.
const WIDEST_FIELD: usize = 24;

/// Counts what it tells.
#[derive(Debug, Default)]
pub struct Report {
    pub counts: Counts,
}

impl Report {
    /// One ExternalSecret, and whether its sync would change anything.
    pub fn tell<'p>(&mut self, key: &ObjectKey, preview: &'p Preview) -> Result<(String, bool), &'p Failure> {
        let sync = preview.sync.as_ref().map_err(AsRef::as_ref)?;
        let before = self.counts.differing();
        let (verdict, lines) = self.target(preview, sync);
        let mut text = format!(
            "{}: {verdict}\n  ExternalSecret {key}: {}\n",
            preview.target,
            due(&preview.due, &preview.target.kind)
        );
        for entry in &sync.missing {
            let path = entry.path();
            let _ = writeln!(text, "  spec.{path} is left out: its secret does not exist");
        }
        text += &lines;
        for orphan in &sync.foresight.orphans {
            self.counts.deleted += 1;
            let _ = writeln!(
                text,
                "{orphan}: deleted, for it was made under an earlier target name"
            );
        }
        Ok((text, before != self.counts.differing()))
    }

    fn target(&mut self, preview: &Preview, sync: &NextSync) -> (String, String) {
        let foresight = &sync.foresight;
        match &foresight.plan.step {
            Step::Write(write) => {
                let verdict = if base(write).is_none() {
                    self.counts.created += 1;
                    "created"
                } else {
                    self.counts.updated += 1;
                    "updated"
                };
                (verdict.to_owned(), write_lines(preview, sync, write))
            }
            Step::Delete { .. } => {
                self.counts.deleted += 1;
                let why = "deleted, for nothing was found and deletionPolicy is Delete";
                (why.to_owned(), String::new())
            }
            // Nobody can look closer than a preview does.
            Step::Nothing | Step::LookCloser => {
                self.counts.unchanged += 1;
                let why = match foresight.plan.outcome {
                    Outcome::Synced => "unchanged",
                    Outcome::Retained => "unchanged, for nothing was found and deletionPolicy is Retain",
                    Outcome::Deleted => "unchanged: nothing was found, and there is nothing to delete",
                    Outcome::Missing => "not created, for creationPolicy is Merge",
                };
                (why.to_owned(), String::new())
            }
        }
    }

    pub fn terminating(&mut self, kind: &str, key: &ObjectKey) -> String {
        self.counts.unchanged += 1;
        format!("{kind} {key}: is being deleted, and not synced\n")
    }

    pub fn summary(&self) -> String {
        match self.counts.told() {
            None => "nothing to sync\n".to_owned(),
            Some(told) => format!("\n{told}\n"),
        }
    }
}

fn base(write: &Write) -> Option<&Base> {
    match write {
        Write::Secret(write) => write.base.as_ref(),
        Write::Resource(write) => write.base.as_ref(),
    }
}

fn write_lines(preview: &Preview, sync: &NextSync, write: &Write) -> String {
    let found = &sync.foresight.found;
    let plain = &Plain::of(&preview.object, &preview.spec);
    let again = sync.foresight.again.as_ref().map(|plan| &plan.step);
    let changes = match write {
        Write::Secret(write) => {
            let again = match again {
                Some(Step::Write(Write::Secret(again))) => Some(again.as_ref()),
                _ => None,
            };
            changes::of_secret(write, &Against { found, again, plain })
        }
        Write::Resource(write) => {
            let again = match again {
                Some(Step::Write(Write::Resource(again))) => Some(again.as_ref()),
                _ => None,
            };
            changes::of_resource(write, &Against { found, again, plain })
        }
    };
    lines(&changes)
}

pub fn lines(changes: &[Change]) -> String {
    let widths = changes.iter().map(|change| change.field.chars().count());
    let width = widths
        .filter(|width| *width <= WIDEST_FIELD)
        .max()
        .unwrap_or_default();
    let line = |Change { sign, field, what }: &Change| {
        let line = format!("  {sign} {:width$}  {}", on_one_line(field), on_one_line(what));
        format!("{}\n", line.trim_end())
    };
    changes.iter().map(line).collect()
}

/// Keys that templates make, and what stands in the ExternalSecret, can hold anything: no byte of it steers a terminal.
fn on_one_line(text: &str) -> String {
    let shown = |c: char| {
        let escaped = c.is_control().then(|| c.escape_default());
        let itself = Some(c).filter(|c| !c.is_control());
        itself.into_iter().chain(escaped.into_iter().flatten())
    };
    text.chars().flat_map(shown).collect()
}

/// Whether a sync is near.
fn due(due: &Due, kind: &str) -> String {
    match due {
        Due::Now(cause) => format!("due now, because {}", because(*cause, kind)),
        Due::At(time) => format!("not due before {time:.0}"),
        Due::Never => format!("due only when it, or its {kind}, is changed"),
    }
}

fn because(cause: Cause, kind: &str) -> String {
    let why = match cause {
        Cause::TargetDrifted => return format!("its {kind} is not as it was left"),
        Cause::LoanOver => "what a generator lent ends",
        Cause::NeverSynced => "it was never synced",
        Cause::ObjectChanged => "it was changed",
        Cause::TemplatesChanged => "its templates were changed",
        Cause::ClockWentBack => "the clock went back",
        Cause::IntervalOver => "its interval is over",
    };
    why.to_owned()
}

/// As the condition would tell it, and the cause where that does not.
pub fn push_failure(failure: &push_secret::Failure) -> String {
    let (message, cause) = (failure.message(), failure.problem().to_string());
    if message.contains(&cause) {
        message.to_owned()
    } else {
        format!("{message}: {cause}")
    }
}

/// Every entry that failed, or what else did.
pub fn failure(failure: &Failure, sort: Sort) -> String {
    let entries: Vec<_> = failure
        .entries
        .iter()
        .map(|fault| fault.problem.to_string())
        .collect();
    match entries.as_slice() {
        [] => format!("{}: {}", failure.message(sort), failure.problem),
        entries => format!("{}: {}", failure.message(sort), entries.join("; ")),
    }
}
