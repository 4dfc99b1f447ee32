//! Values that arrive as base64.
//!
//! Decodes what Go's `encoding/base64` decodes: padding is required, line breaks are skipped wherever they stand, and
//! bits behind the last byte are ignored.

use base64::Engine as _;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lockstep_api::DecodingStrategy;
use zeroize::Zeroizing;

use super::problem::Problem;
use super::secret_bytes::SecretBytes;
use super::values::Values;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);

/// Under Auto, what cannot be decoded is left as it is; so is, then, a short word that happens to be base64 decoded.
pub fn decode(strategy: DecodingStrategy, value: &SecretBytes) -> Result<SecretBytes, Problem> {
    match strategy {
        DecodingStrategy::None => Ok(value.clone()),
        DecodingStrategy::Base64 => base64(&alphabet::STANDARD, value),
        DecodingStrategy::Base64Url => base64(&alphabet::URL_SAFE, value),
        DecodingStrategy::Auto => Ok(base64(&alphabet::STANDARD, value)
            .or_else(|_| base64(&alphabet::URL_SAFE, value))
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

fn base64(alphabet: &Alphabet, value: &SecretBytes) -> Result<SecretBytes, Problem> {
    let is_line_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let joined: Zeroizing<Vec<u8>> = Zeroizing::new(
        value
            .expose()
            .iter()
            .copied()
            .filter(|b| !is_line_break(b))
            .collect(),
    );
    let decoded = GeneralPurpose::new(alphabet, LENIENT).decode(&*joined);
    decoded.map(SecretBytes::from).map_err(|_| Problem::BadData {
        why: format!(
            "illegal base64 data at input byte {}",
            fault(alphabet, value.expose())
        ),
    })
}

/// Where Go sees that a text is no base64.
fn fault(alphabet: &Alphabet, text: &[u8]) -> usize {
    let symbols = alphabet.as_str().as_bytes();
    let mut rest = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'));
    let mut count = 0;
    while let Some((at, byte)) = rest.next() {
        if symbols.contains(byte) {
            count += 1;
            continue;
        }
        // Two symbols call for two signs of padding, three for one, and nothing may follow.
        return match (byte, count % 4) {
            (b'=', 2) => match rest.next() {
                None => text.len(),
                Some((_, b'=')) => rest.next().map_or(text.len(), |(at, _)| at),
                Some((at, _)) => at - 1,
            },
            (b'=', 3) => rest.next().map_or(text.len(), |(at, _)| at),
            _ => at,
        };
    }
    text.len() - count % 4
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

    /// The positions are Go's.
    #[test]
    fn an_error_tells_the_place_and_not_the_value() {
        for (text, at) in [
            ("!!!", 0),
            ("ab!d", 2),
            ("abc", 0),
            ("abcde", 4),
            ("abcd\nef", 5),
            ("=", 0),
            ("a=", 1),
            ("ab=", 3),
            ("ab=c", 2),
            ("ab\n=\nc", 4),
            ("ab==x", 4),
            ("abc=x", 4),
            ("abc=\n\nx", 6),
            ("-_8=", 0),
        ] {
            let problem = decode(DecodingStrategy::Base64, &text.into()).expect_err(text);
            assert_eq!(
                problem.to_string(),
                format!("illegal base64 data at input byte {at}"),
                "{text:?}"
            );
        }
    }
}
