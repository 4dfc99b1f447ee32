//! Replacing what a regular expression matches in each key.

use lockstep_api::external_secret::RewriteRegexp;

use crate::engine::problem::Problem;
use crate::engine::values::Values;
use lockstep_gostd::regexp::Pattern;

/// In bytes. A Secret's keys are far shorter, but here is where names of a backend are cut to size. The time that some
/// patterns take grows with the square of it.
const MAX_KEY: usize = 4096;

/// Where two keys become the same, the one that stands later in sorted order wins. (In ESO chance decides.)
pub(super) fn apply(operation: &RewriteRegexp, values: Values) -> Result<Values, Problem> {
    let renaming = Renaming::of(operation).map_err(|why| bad(&format!("failed to compile: {why}")))?;
    let renamed = values.into_iter().map(|(key, value)| {
        let renamed = renaming.rename(&key).map_err(|why| bad(&why))?;
        Ok((renamed, value))
    });
    renamed.collect()
}

/// A compiled operation.
#[derive(Debug)]
pub struct Renaming<'o> {
    pattern: Pattern,
    target: &'o str,
}

impl<'o> Renaming<'o> {
    pub fn of(operation: &'o RewriteRegexp) -> Result<Self, String> {
        Ok(Self {
            pattern: Pattern::compile(&operation.source)?,
            target: &operation.target,
        })
    }

    pub fn rename(&self, key: &str) -> Result<String, String> {
        let renamed = Some(key)
            .filter(|key| key.len() <= MAX_KEY)
            .and_then(|key| self.pattern.replace_all(key, self.target, MAX_KEY));
        renamed.ok_or_else(|| format!("a key longer than {MAX_KEY} bytes"))
    }
}

fn bad(why: &str) -> Problem {
    Problem::BadData {
        why: format!("regexp failed with {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(source: &str, target: &str, keys: &[&str]) -> Result<Values, Problem> {
        let operation = RewriteRegexp {
            source: source.to_owned(),
            target: target.to_owned(),
        };
        apply(
            &operation,
            keys.iter()
                .map(|key| ((*key).to_owned(), (*key).into()))
                .collect(),
        )
    }

    #[test]
    fn of_keys_that_become_the_same_the_last_one_wins() {
        let values = rewrite("[a-c]", "x", &["b", "c", "a", "d"]).expect("values");
        assert_eq!(
            values,
            Values::from([("d".to_owned(), "d".into()), ("x".to_owned(), "c".into())])
        );
    }

    #[test]
    fn keys_do_not_grow_without_bound() {
        for (source, target) in [
            ("", &*"x".repeat(MAX_KEY)),
            ("a", &"$0".repeat(MAX_KEY)),
            ("b", ""),
        ] {
            let problem = rewrite(
                source,
                target,
                &[&"a".repeat(MAX_KEY + usize::from(source == "b"))],
            );
            assert_eq!(
                problem.expect_err("too long").to_string(),
                "regexp failed with a key longer than 4096 bytes"
            );
        }
    }
}
