//! May values hold NUL bytes?

use lockstep_api::NullBytePolicy;

use super::problem::Problem;
use super::secret_bytes::SecretBytes;
use super::values::Values;

/// The first key, in sorted order, whose value is refused is the one that is told.
pub fn check(policy: NullBytePolicy, values: &Values) -> Result<(), Problem> {
    match policy {
        NullBytePolicy::Ignore => Ok(()),
        NullBytePolicy::Fail => match values.iter().find(|(_, value)| has_null_byte(value)) {
            None => Ok(()),
            Some((key, _)) => Err(refusal(key)),
        },
    }
}

fn has_null_byte(value: &SecretBytes) -> bool {
    value.expose().contains(&0)
}

fn refusal(key: &str) -> Problem {
    let why = format!(
        "fetched secret value for key {key:?} contains null bytes; use a text-safe format such as PEM/base64 or leave \
         nullBytePolicy unset for intentional binary data"
    );
    Problem::BadData { why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::vectors::{Tally, load, text, values};

    #[test]
    fn refuses_what_eso_refuses() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "null_bytes") {
            let policy = match text(case, "policy") {
                "" | "Ignore" => NullBytePolicy::Ignore,
                "Fail" => NullBytePolicy::Fail,
                _ => {
                    tally.leave_out(case, "the API refuses the policy");
                    continue;
                }
            };
            let wanted = case["error"].is_null().then_some(());
            tally.expect(case, check(policy, &values(&case["input"])), wanted);
        }
        tally.settle("keys.json, null_bytes", 1);
    }

    #[test]
    fn the_whole_message_is_that_of_eso() {
        let problem = check(
            NullBytePolicy::Fail,
            &Values::from([("d".to_owned(), "a\0b".into())]),
        )
        .expect_err("refused");
        assert_eq!(
            problem.to_string(),
            "fetched secret value for key \"d\" contains null bytes; use a text-safe format such as PEM/base64 or \
             leave nullBytePolicy unset for intentional binary data"
        );
    }
}
