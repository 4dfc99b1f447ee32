//! `MFA`: the one-time password of a seed at a time (RFC 6238).
//!
//! ESO computes it with SHA-1 whatever `algorithm` says; here the field counts.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use lockstep_api::Fault;
use lockstep_api::generator::MFASpec;
use lockstep_gostd::base32;
use zeroize::Zeroizing;

use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

const LENGTH: i64 = 6;
/// A password has ten digits at most; what is more are zeros before it.
const LONGEST: i64 = 1000;
const PERIOD: i64 = 30;

/// The password of this seed, and for how many seconds it is good.
pub fn generate(spec: &MFASpec, seed: &SecretBytes, now: Timestamp) -> Result<Values, Fault> {
    let algorithm = algorithm(spec)?;
    let length = length(spec)?;
    let period = spec.time_period.filter(|period| *period > 0).unwrap_or(PERIOD);
    let now = spec.when.as_ref().map_or(now, |when| when.0).as_second();
    let seed = decode(seed).ok_or_else(|| Fault::new("secret", "the seed is not base 32 without padding"))?;
    let number = number(algorithm, &seed, now.div_euclid(period));
    Ok(Values::from([
        ("token".to_owned(), digits(number, length).into()),
        ("timeLeft".to_owned(), (period - now % period).to_string().into()),
    ]))
}

fn algorithm(spec: &MFASpec) -> Result<hmac::Algorithm, Fault> {
    let name = spec.algorithm.as_deref().unwrap_or_default().to_ascii_lowercase();
    match name.as_str() {
        "" | "sha1" => Ok(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "sha256" => Ok(hmac::HMAC_SHA256),
        "sha384" => Ok(hmac::HMAC_SHA384),
        "sha512" => Ok(hmac::HMAC_SHA512),
        _ => Err(Fault::new("algorithm", "must be sha1, sha256, sha384 or sha512")),
    }
}

fn length(spec: &MFASpec) -> Result<usize, Fault> {
    let length = spec.length.filter(|length| *length > 0).unwrap_or(LENGTH);
    usize::try_from(length)
        .ok()
        .filter(|_| length <= LONGEST)
        .ok_or_else(|| Fault::new("length", format!("must be {LONGEST} or less")))
}

/// Seeds are shown in groups, and in letters of either size.
fn decode(seed: &SecretBytes) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(seed.expose().to_ascii_uppercase());
    digits.retain(|byte| *byte != b' ');
    base32::decode_unpadded(&digits).ok().map(Zeroizing::new)
}

/// RFC 4226, section 5.3: 31 bits of the hash, from a place that the hash itself names.
fn number(algorithm: hmac::Algorithm, seed: &[u8], counter: i64) -> u32 {
    let tag = hmac::sign(&hmac::Key::new(algorithm, seed), &counter.to_be_bytes());
    let hash = tag.as_ref();
    let place = hash.last().map_or(0, |last| usize::from(last & 0x0f));
    let bits = hash[place..place + 4].iter();
    bits.fold(0, |number, &byte| number << 8 | u32::from(byte)) & 0x7fff_ffff
}

fn digits(number: u32, length: usize) -> String {
    let all = format!("{number:0length$}");
    all[all.len() - length..].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn made(mut fields: Value, seed: &str) -> Result<(String, String), String> {
        fields["secret"] = json!({"name": "seed", "key": "s"});
        let spec: MFASpec = serde_json::from_value(fields).expect("a spec");
        let values =
            generate(&spec, &seed.into(), Timestamp::UNIX_EPOCH).map_err(|fault| fault.to_string())?;
        let text = |key: &str| String::from_utf8_lossy(values[key].expose()).into_owned();
        Ok((text("token"), text("timeLeft")))
    }

    /// Appendix B of RFC 6238.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        let seeds = [20, 32, 64].map(|length| base32::encode(&b"1234567890".repeat(7)[..length]));
        let seeds = seeds.each_ref().map(|seed| seed.trim_end_matches('='));
        for (when, expected) in [
            ("1970-01-01T00:00:59Z", ["94287082", "46119246", "90693936"]),
            ("2005-03-18T01:58:29Z", ["07081804", "68084774", "25091201"]),
            ("2005-03-18T01:58:31Z", ["14050471", "67062674", "99943326"]),
            ("2009-02-13T23:31:30Z", ["89005924", "91819424", "93441116"]),
            ("2033-05-18T03:33:20Z", ["69279037", "90698825", "38618901"]),
            ("2603-10-11T11:33:20Z", ["65353130", "77737706", "47863826"]),
        ] {
            for ((algorithm, seed), token) in
                ["sha1", "SHA256", "sha512"].into_iter().zip(seeds).zip(expected)
            {
                let spec = json!({"algorithm": algorithm, "length": 8, "when": when});
                assert_eq!(
                    made(spec, seed).map(|(token, _)| token),
                    Ok(token.to_owned()),
                    "{when} {algorithm}"
                );
            }
        }
    }

    #[test]
    fn what_is_absent_or_senseless_is_as_in_authenticator_apps() {
        let seed = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n";
        let at = |fields: Value| made(fields, seed);
        let shown = |token: &str, left: &str| Ok((token.to_owned(), left.to_owned()));
        assert_eq!(at(json!({"when": "1970-01-01T00:00:59Z"})), shown("287082", "1"));
        assert_eq!(
            at(json!({"when": "1970-01-01T00:00:59Z", "length": -1, "timePeriod": 0, "algorithm": ""})),
            shown("287082", "1")
        );
        assert_eq!(
            at(json!({"when": "2005-03-18T01:58:29Z", "length": 8, "timePeriod": 60})),
            shown("19360094", "31")
        );
        let (token, left) = at(json!({"length": 12})).expect("a token");
        assert_eq!((token.len(), &token[..2], left.as_str()), (12, "00", "30"));
    }

    #[test]
    fn a_fault_names_the_field_and_not_the_seed() {
        for (fields, seed, why) in [
            (
                json!({"algorithm": "md5"}),
                "GEZD",
                "spec.algorithm: must be sha1, sha256, sha384 or sha512",
            ),
            (
                json!({"length": 1001}),
                "GEZD",
                "spec.length: must be 1000 or less",
            ),
            (
                json!({}),
                "canary!",
                "spec.secret: the seed is not base 32 without padding",
            ),
            (
                json!({}),
                "MY======",
                "spec.secret: the seed is not base 32 without padding",
            ),
        ] {
            assert_eq!(made(fields, seed), Err(why.to_owned()));
        }
    }
}
