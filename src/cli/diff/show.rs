//! What people read of a diff.

use std::fmt::Write as _;

use super::changes::{self, Before, Change};
use crate::cli::plain::Plain;
use crate::controller::external_secret::{NextSync, Preview};
use crate::engine::condition::{Failure, Sort};
use crate::engine::due::{Cause, Due};
use crate::engine::object::ObjectKey;
use crate::engine::plan::{Outcome, SecretWrite, Step, Write};
use crate::engine::target::Target;

/// How much of a line the fields take before what is said of them.
const WIDEST_FIELD: usize = 24;

/// Counts what it tells.
#[derive(Debug, Default)]
pub struct Report {
    created: usize,
    updated: usize,
    deleted: usize,
    unchanged: usize,
    pub failed: usize,
}

impl Report {
    /// One ExternalSecret, and whether its sync would change anything.
    pub fn tell<'p>(&mut self, key: &ObjectKey, preview: &'p Preview) -> Result<(String, bool), &'p Failure> {
        let sync = preview.sync.as_ref().map_err(AsRef::as_ref)?;
        let before = self.created + self.updated + self.deleted;
        let (verdict, lines) = self.target(preview, sync);
        let mut text = format!(
            "Secret {}: {verdict}\n  ExternalSecret {key}: {}\n",
            preview.target,
            due(&preview.due)
        );
        for entry in &sync.missing {
            let path = entry.path();
            let _ = writeln!(text, "  spec.{path} is left out: its secret does not exist");
        }
        text += &lines;
        for orphan in &sync.foresight.orphans {
            self.deleted += 1;
            let _ = writeln!(
                text,
                "Secret {orphan}: deleted, for it was made under an earlier target name"
            );
        }
        Ok((text, before != self.created + self.updated + self.deleted))
    }

    fn target(&mut self, preview: &Preview, sync: &NextSync) -> (String, String) {
        let foresight = &sync.foresight;
        match &foresight.plan.step {
            Step::Write(Write::Secret(write)) => {
                let verdict = if write.base.is_none() {
                    self.created += 1;
                    "created"
                } else {
                    self.updated += 1;
                    "updated"
                };
                (verdict.to_owned(), write_lines(preview, sync, write.as_ref()))
            }
            Step::Delete { .. } => {
                self.deleted += 1;
                let why = "deleted, for nothing was found and deletionPolicy is Delete";
                (why.to_owned(), String::new())
            }
            // Other kinds than Secrets are refused before anything is planned.
            Step::Nothing | Step::LookCloser | Step::Write(Write::Resource(_)) => {
                self.unchanged += 1;
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

    pub fn terminating(&mut self, key: &ObjectKey) -> String {
        self.unchanged += 1;
        format!("ExternalSecret {key}: is being deleted, and not synced\n")
    }

    pub fn summary(&self) -> String {
        let counts = [
            (self.created, "created"),
            (self.updated, "updated"),
            (self.deleted, "deleted"),
            (self.unchanged, "unchanged"),
            (self.failed, "failed"),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told.map(|(count, what)| format!("{count} {what}")).collect();
        match told.as_slice() {
            [] => "no ExternalSecret\n".to_owned(),
            told => format!("\n{}\n", told.join(", ")),
        }
    }
}

fn write_lines(preview: &Preview, sync: &NextSync, write: &SecretWrite) -> String {
    let foresight = &sync.foresight;
    let nothing = Target::default();
    let before = Before {
        target: foresight.target.as_deref().unwrap_or(&nothing),
        values: &foresight.values,
    };
    let plain = Plain::of(&preview.object, &preview.spec);
    lines(&changes::of_write(write, &before, &plain, &sync.made_anew))
}

fn lines(changes: &[Change]) -> String {
    let widths = changes.iter().map(|change| change.field.chars().count());
    let width = widths
        .filter(|width| *width <= WIDEST_FIELD)
        .max()
        .unwrap_or_default();
    let line = |Change { sign, field, what }: &Change| {
        let line = format!("  {sign} {field:width$}  {what}");
        format!("{}\n", line.trim_end())
    };
    changes.iter().map(line).collect()
}

/// Whether a sync is near.
fn due(due: &Due) -> String {
    match due {
        Due::Now(cause) => format!("due now, because {}", because(*cause)),
        Due::At(time) => format!("not due before {time:.0}"),
        Due::Never => "due only when it, or its Secret, is changed".to_owned(),
    }
}

fn because(cause: Cause) -> &'static str {
    match cause {
        Cause::TargetDrifted => "its Secret is not as it was left",
        Cause::LoanOver => "what a generator lent ends",
        Cause::NeverSynced => "it was never synced",
        Cause::ObjectChanged => "it was changed",
        Cause::TemplatesChanged => "its templates were changed",
        Cause::ClockWentBack => "the clock went back",
        Cause::IntervalOver => "its interval is over",
    }
}

/// Every entry that failed, or what else did.
pub fn failure(failure: &Failure) -> String {
    let entries: Vec<_> = failure
        .entries
        .iter()
        .map(|fault| fault.problem.to_string())
        .collect();
    match entries.as_slice() {
        [] => format!("{}: {}", failure.message(Sort::Secret), failure.problem),
        entries => format!("{}: {}", failure.message(Sort::Secret), entries.join("; ")),
    }
}
