//! One family of metrics in Prometheus' text format, headed only if there is anything in it.

use std::fmt::{Display, Write as _};

pub(super) struct Exposition<'t> {
    text: &'t mut String,
    name: String,
    help: &'static str,
    sort: &'static str,
    has_header: bool,
}

impl<'t> Exposition<'t> {
    pub(super) fn new(text: &'t mut String, name: String, help: &'static str, sort: &'static str) -> Self {
        Self {
            text,
            name,
            help,
            sort,
            has_header: false,
        }
    }

    /// A sample. `part` follows the name of the family, as in `_bucket`; names of objects have no character that
    /// would have to be escaped in a label, for the API server sees to it.
    pub(super) fn sample(&mut self, part: &str, labels: impl Display, value: impl Display) {
        self.head();
        let name = &self.name;
        let _ = writeln!(self.text, "{name}{part}{{{labels}}} {value}");
    }

    /// The one sample of a family without labels.
    pub(super) fn single(mut self, value: impl Display) {
        self.head();
        let _ = writeln!(self.text, "{} {value}", self.name);
    }

    fn head(&mut self) {
        let (name, help, sort) = (&self.name, self.help, self.sort);
        if !self.has_header {
            self.has_header = true;
            let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {sort}\n");
        }
    }
}

/// Counts are exact up to 2^53, which nobody reaches.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}
