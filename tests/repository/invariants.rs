//! Every invariant of `ARCHITECTURE.md`, and every threat of `SECURITY.md`, is held by something that is there.
//!
//! The section whose heading ends with "Invariants" or "Threats" is a numbered list. Each item names in backticks what holds it: a
//! test (or the function that is the only way), a lint such as `clippy::unwrap_used`, or a check of `.ci/run` such as
//! `cargo xtask crds --check`.

use std::fs;

use crate::assert_none;
use crate::source::{files_below, root};

/// Where the lists are, and how their headings end.
const LISTS: [(&str, &str); 2] = [("ARCHITECTURE.md", "Invariants"), ("SECURITY.md", "Threats")];
/// Where lints and bans are switched on.
const SETTINGS: [&str; 3] = ["Cargo.toml", "clippy.toml", "deny.toml"];
const CI: &str = ".ci/run";

#[test]
fn every_invariant_is_held_by_something_that_is_there() {
    let guards = Guards::read();
    for (file, heading) in LISTS {
        let items = items(&read(file), heading);
        assert!(
            !items.is_empty(),
            "{file} has no section \"{heading}\" with a numbered list"
        );
        let findings: Vec<String> = items.iter().flat_map(|item| guards.missing(item)).collect();
        assert_none(&format!("{file}, what nothing holds:"), &findings);
    }
}

/// Everything that can hold an invariant, as text.
struct Guards {
    rust: String,
    settings: String,
    ci: String,
}

impl Guards {
    fn read() -> Self {
        let files = files_below(root())
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "rs"));
        let rust = files.filter_map(|path| fs::read_to_string(path).ok()).collect();
        Self {
            rust,
            settings: SETTINGS.map(read).concat(),
            ci: read(CI),
        }
    }

    fn holds(&self, guard: &str) -> bool {
        if let Some(check) = guard.strip_prefix("cargo ") {
            return self.ci.contains(check);
        }
        let function = guard.rsplit("::").next().unwrap_or(guard);
        let lint = guard.strip_prefix("clippy::").unwrap_or(guard);
        self.rust.contains(&format!("fn {function}("))
            || (guard.contains('_') && self.settings.contains(lint))
    }

    /// What is wrong with an item: a test that is not there, or nothing at all that holds it.
    fn missing(&self, item: &str) -> Vec<String> {
        let named = in_backticks(item);
        let beginning: String = item.chars().take(60).collect();
        let gone = named
            .iter()
            .filter(|name| is_name_of_a_test(name) && !self.holds(name));
        let mut findings: Vec<String> = gone
            .map(|name| format!("{beginning}…: `{name}` is nowhere"))
            .collect();
        if findings.is_empty() && !named.iter().any(|name| self.holds(name)) {
            findings.push(format!("{beginning}…: names nothing that holds it"));
        }
        findings
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Tests are named by sentences: three words and more.
fn is_name_of_a_test(name: &str) -> bool {
    let plain = name
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    plain && name.matches('_').count() >= 2
}

/// The items of the numbered list, each on one line.
fn items(text: &str, heading: &str) -> Vec<String> {
    let heading = |line: &&str| line.starts_with('#') && line.trim_end().ends_with(heading);
    let section = text
        .lines()
        .skip_while(|line| !heading(line))
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    let mut items: Vec<String> = Vec::new();
    for line in section {
        let numbered = line
            .split_once(". ")
            .is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if numbered {
            items.push(line.to_owned());
        } else if let Some(item) = items.last_mut().filter(|_| line.starts_with(' ')) {
            *item += " ";
            *item += line.trim();
        }
    }
    items
}

fn in_backticks(item: &str) -> Vec<&str> {
    item.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_run_over_several_lines() {
        let text = "# A\n## 9. Invariants\n\nHold:\n\n1. One `x`:\n   `a` and\n   `b::c`.\n2. Two.\n\n## Next\n3. No.\n";
        assert_eq!(
            items(text, "Invariants"),
            ["1. One `x`: `a` and `b::c`.", "2. Two."]
        );
    }

    #[test]
    fn a_guard_is_a_function_a_lint_or_a_check_of_ci() {
        let guards = Guards {
            rust: "fn the_engine_is_pure() {}\nfn request() {}".to_owned(),
            settings: "unwrap_used = \"warn\"".to_owned(),
            ci: "step x cargo xtask crds --check".to_owned(),
        };
        for (item, findings) in [
            ("1. `engine`: `the_engine_is_pure`.", 0),
            ("2. `Api`: `Cluster::request` is the only way.", 0),
            ("3. None: `clippy::unwrap_used`.", 0),
            ("4. Fresh: `cargo xtask crds --check`.", 0),
            ("5. Fresh: `cargo xtask nothing --check`.", 1),
            ("6. `engine`: `the_engine_is_pure`, `it_is_not_there`.", 1),
            ("7. `engine`.", 1),
        ] {
            assert_eq!(guards.missing(item).len(), findings, "{item}");
        }
    }
}
