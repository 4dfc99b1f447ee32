//! Files that are generated and committed: written, or compared with what they would be.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Writes `text` to `path`; with `check` fails instead when the file is another, naming the first line that differs.
pub fn put(path: &Path, text: &str, check: bool, command: &str) -> Result<()> {
    if check {
        let there = fs::read_to_string(path).unwrap_or_default();
        if let Some(line) = first_difference(&there, text) {
            bail!(
                "{} is out of date from line {line} on: run `{command}`",
                path.display()
            );
        }
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn first_difference(one: &str, other: &str) -> Option<usize> {
    if one == other {
        return None;
    }
    let same = one
        .lines()
        .zip(other.lines())
        .take_while(|(left, right)| left == right)
        .count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_line_that_differs_is_named() {
        for (one, other, line) in [
            ("a\nb\n", "a\nb\n", None),
            ("a\nb\n", "a\nc\n", Some(2)),
            ("", "a\n", Some(1)),
            ("a\n", "a", Some(2)),
        ] {
            assert_eq!(first_difference(one, other), line, "{one:?} and {other:?}");
        }
    }
}
