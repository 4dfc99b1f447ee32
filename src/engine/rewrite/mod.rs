//! Changes to the keys of a source, one after the other.

use lockstep_api::external_secret::Rewrite;

use super::problem::Problem;
use super::render::Renderer;
use super::values::Values;

mod merge;
mod regexp;
mod transform;

pub use regexp::Renaming;

/// The first operation that fails is told, by its place in the list.
pub fn apply(operations: &[Rewrite], values: Values, renderer: &mut Renderer) -> Result<Values, Problem> {
    let mut operations = operations.iter().enumerate();
    operations.try_fold(values, |values, (index, operation)| {
        let rewritten = match operation {
            Rewrite::Regexp(regexp) => regexp::apply(regexp, values),
            Rewrite::Transform(transform) => transform::apply(transform, values, renderer),
            Rewrite::Merge(merge) => merge::apply(merge, values),
        };
        rewritten.map_err(|problem| problem.at(format!("failed rewrite operation[{index}]")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::render::testing;
    use crate::engine::vectors::{Tally, load, values};

    /// Cases that the API refuses: it wants exactly one operation in each entry, and strategies that exist.
    const REFUSED: [&str; 3] = [
        "keys-rewrite-merge-12",
        "keys-rewrite-chain-4",
        "keys-rewrite-chain-8",
    ];

    #[test]
    fn keys_are_rewritten_as_eso_rewrites_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "rewrite") {
            let operations: Result<Vec<Rewrite>, _> = serde_json::from_value(case["rewrite"].clone());
            match operations {
                Err(error) => {
                    assert!(
                        REFUSED.contains(&case["name"].as_str().unwrap_or_default()),
                        "{}: {error}",
                        case["name"]
                    );
                    tally.leave_out(case, "the API refuses the operation");
                }
                Ok(operations) => {
                    let wanted = case["error"].is_null().then(|| values(&case["output"]));
                    tally.expect(
                        case,
                        testing::with_renderer(|renderer| {
                            apply(&operations, values(&case["input"]), renderer)
                        }),
                        wanted,
                    );
                }
            }
        }
        tally.settle("keys.json, rewrite", REFUSED.len());
    }

    #[test]
    fn an_error_tells_which_operation_failed() {
        let operations = [("a", "b"), ("([", "x")].map(|(source, target)| {
            serde_json::from_value(serde_json::json!({"regexp": {"source": source, "target": target}}))
                .expect("an operation")
        });
        assert_eq!(
            testing::with_renderer(|renderer| apply(&operations, Values::new(), renderer))
                .expect_err("fails")
                .to_string(),
            "failed rewrite operation[1]: regexp failed with failed to compile: error parsing regexp: missing closing ]: `[`"
        );
    }
}
