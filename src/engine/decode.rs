//! Values that arrive as base64.

use lockstep_api::DecodingStrategy;
use lockstep_gostd::base64::{self, Alphabet};

use super::problem::Problem;
use super::secret_bytes::SecretBytes;
use super::values::Values;

/// Under Auto, what cannot be decoded is left as it is; so is, then, a short word that happens to be base64 decoded.
pub fn decode(strategy: DecodingStrategy, value: &SecretBytes) -> Result<SecretBytes, Problem> {
    match strategy {
        DecodingStrategy::None => Ok(value.clone()),
        DecodingStrategy::Base64 => base64(Alphabet::Standard, value),
        DecodingStrategy::Base64Url => base64(Alphabet::UrlSafe, value),
        DecodingStrategy::Auto => Ok(base64(Alphabet::Standard, value)
            .or_else(|_| base64(Alphabet::UrlSafe, value))
            .unwrap_or_else(|_| value.clone())),
    }
}

/// All values, or the first key in sorted order that cannot be decoded.
pub fn decode_all(strategy: DecodingStrategy, values: Values) -> Result<Values, Problem> {
    let decoded = values
        .into_iter()
        .map(|(key, value)| match decode(strategy, &value) {
            Ok(value) => Ok((key, value)),
            Err(problem) => Err(problem.at(format!("failure decoding key {key}"))),
        });
    decoded.collect()
}

fn base64(alphabet: Alphabet, value: &SecretBytes) -> Result<SecretBytes, Problem> {
    let decoded = base64::decode(alphabet, value.expose());
    decoded
        .map(SecretBytes::from)
        .map_err(|corrupt| Problem::BadData {
            why: corrupt.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::engine::vectors::{Tally, bytes, load, text, values};

    fn strategy(case: &Value) -> Option<DecodingStrategy> {
        match text(case, "strategy") {
            "" | "None" => Some(DecodingStrategy::None),
            "Auto" => Some(DecodingStrategy::Auto),
            "Base64" => Some(DecodingStrategy::Base64),
            "Base64URL" => Some(DecodingStrategy::Base64Url),
            _ => None,
        }
    }

    #[test]
    fn values_are_decoded_as_eso_decodes_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "decode") {
            match strategy(case) {
                None => tally.leave_out(case, "the API refuses the strategy"),
                Some(strategy) => {
                    let wanted = case["error"].is_null().then(|| bytes(&case["output"]));
                    tally.expect(case, decode(strategy, &bytes(&case["input"])), wanted);
                }
            }
        }
        tally.settle("keys.json, decode", 2);
    }

    #[test]
    fn maps_are_decoded_as_eso_decodes_them() {
        let mut tally = Tally::default();
        for case in load("keys.json").iter().filter(|case| case["op"] == "decode_map") {
            match strategy(case) {
                None => tally.leave_out(case, "the API refuses the strategy"),
                Some(strategy) => {
                    let wanted = case["error"].is_null().then(|| values(&case["output"]));
                    tally.expect(case, decode_all(strategy, values(&case["input"])), wanted);
                }
            }
        }
        tally.settle("keys.json, decode_map", 1);
    }

    #[test]
    fn an_error_tells_the_place_and_not_the_value() {
        let problem = decode(DecodingStrategy::Base64, &"abcd\nef".into()).expect_err("no base64");
        assert_eq!(problem.to_string(), "illegal base64 data at input byte 5");
    }
}
