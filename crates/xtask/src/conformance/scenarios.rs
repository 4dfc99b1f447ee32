//! Which scenarios there are, and which of them must pass.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::text_of;

/// One scenario of the suite.
#[derive(Debug, PartialEq, Eq)]
pub struct Scenario {
    pub name: String,
    pub kind: Kind,
    /// The features it needs.
    needs: Vec<String>,
}

impl Scenario {
    pub fn needs(&self, feature: &str) -> bool {
        self.needs.iter().any(|need| need == feature)
    }
}

/// What the operator has to be started with for a scenario: each kind is a run of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Generic,
    Beta,
    Admission,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Generic, Self::Beta, Self::Admission];

    pub fn title(self) -> &'static str {
        match self {
            Self::Plain => "as installed",
            Self::Generic => "with generic targets",
            Self::Beta => "with v1beta1 served",
            Self::Admission => "with the admission webhook",
        }
    }

    /// Where its logs are kept, below `target/conformance`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Generic => "generic-targets",
            Self::Beta => "v1beta1",
            Self::Admission => "admission",
        }
    }

    /// From what a scenario `needs`; features that are on by themselves (`gc`, `vault`, `aws`) change nothing.
    fn of<'a>(needs: impl IntoIterator<Item = &'a str>) -> Self {
        let known = |need| match need {
            "generic-targets" => Some(Self::Generic),
            "v1beta1" => Some(Self::Beta),
            "admission" => Some(Self::Admission),
            _ => None,
        };
        needs.into_iter().find_map(known).unwrap_or(Self::Plain)
    }
}

/// Every scenario of the suite's folder. The files are written by the suite's own runner, one field a line.
pub fn read(folder: &Path) -> Result<Vec<Scenario>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        paths.push(
            entry
                .with_context(|| format!("cannot list {}", folder.display()))?
                .path(),
        );
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        found.extend(read_all(&text_of(&path)?));
    }
    ensure!(!found.is_empty(), "no scenario in {}", folder.display());
    Ok(found)
}

/// The names in a list, one a line; what follows a `#` is a comment. Each must be a scenario.
pub fn listed(list: &Path, every: &[Scenario]) -> Result<BTreeSet<String>> {
    if !list.is_file() {
        return Ok(BTreeSet::new());
    }
    let names = names(&text_of(list)?);
    for name in &names {
        let known = every.iter().any(|scenario| scenario.name == *name);
        ensure!(known, "{} names `{name}`, which is no scenario", list.display());
    }
    Ok(names)
}

/// Whether a name fits a pattern in which `*` stands for anything.
pub fn fits(name: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return name == pattern;
    };
    let Some(rest) = name.strip_prefix(before) else {
        return false;
    };
    (0..=rest.len())
        .filter(|at| rest.is_char_boundary(*at))
        .any(|at| fits(&rest[at..], after))
}

fn names(text: &str) -> BTreeSet<String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn read_all(text: &str) -> Vec<Scenario> {
    let mut found: Vec<Scenario> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("name: ") {
            found.push(Scenario {
                name: name.trim_matches(['\'', '"']).to_owned(),
                kind: Kind::Plain,
                needs: Vec::new(),
            });
        } else if let (Some(needs), Some(scenario)) = (line.strip_prefix("needs: ["), found.last_mut()) {
            let needs = needs.trim_end_matches(']').split(',');
            scenario.needs = needs
                .map(|need| need.trim().trim_matches('\'').to_owned())
                .collect();
            scenario.kind = Kind::of(scenario.needs.iter().map(String::as_str));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scenario_needs_tells_the_run_it_belongs_to() {
        let text = "name: a\nsteps:\n- name: inner\n---\nname: 'b'\nneeds: [gc, generic-targets]\n---\nname: c\nneeds: ['!admission']\n";
        let found: Vec<(String, Kind)> = read_all(text)
            .into_iter()
            .map(|scenario| (scenario.name, scenario.kind))
            .collect();
        let expected = [("a", Kind::Plain), ("b", Kind::Generic), ("c", Kind::Plain)];
        assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (name, pattern, expected) in [
            ("data-basic", "data-basic", true),
            ("data-basic", "data-*", true),
            ("data-basic", "*-basic", true),
            ("data-basic", "d*-*c", true),
            ("data-basic", "data", false),
            ("data-basic", "*-base", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{name} and {pattern}");
        }
    }

    #[test]
    fn a_list_has_comments_and_empty_lines() {
        let found = names("# all\n\nb-one\na-two # why\n");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a-two", "b-one"]);
    }
}
