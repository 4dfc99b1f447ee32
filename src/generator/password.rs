//! `Password`: random text of letters, digits and symbols.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use lockstep_api::Fault;
use lockstep_api::generator::{PasswordEncoding, PasswordSpec};
use lockstep_gostd::{base32, hex};
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng, RngExt as _};
use zeroize::Zeroizing;

use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

const LENGTH: i64 = 24;
/// More than a Secret can hold.
const LONGEST: i64 = 1 << 20;
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const SYMBOLS: &str = r#"~!@#$%^&*()_+`-={}|[]\:"<>?,./"#;

/// A password under each key, each another one.
pub fn generate(spec: &PasswordSpec, random: &mut dyn Rng) -> Result<Values, Fault> {
    let recipe = Recipe::of(spec)?;
    let mut values = Values::new();
    for key in keys(spec)? {
        values.insert(key, encode(&recipe.draw(random)?, spec.encoding));
    }
    Ok(values)
}

fn keys(spec: &PasswordSpec) -> Result<Vec<String>, Fault> {
    if spec.secret_keys.is_empty() {
        return Ok(vec!["password".to_owned()]);
    }
    let mut keys = spec.secret_keys.clone();
    keys.sort();
    keys.dedup();
    if keys.len() < spec.secret_keys.len() || keys.iter().any(String::is_empty) {
        return Err(Fault::new(
            "secretKeys",
            "secretKeys must be non-empty and unique",
        ));
    }
    Ok(keys)
}

/// How many characters of which kind.
#[derive(Debug, PartialEq, Eq)]
struct Recipe<'s> {
    length: i64,
    digits: i64,
    symbols: i64,
    symbol_set: &'s str,
    no_upper: bool,
    allow_repeat: bool,
}

impl<'s> Recipe<'s> {
    fn of(spec: &'s PasswordSpec) -> Result<Self, Fault> {
        let length = if spec.length > 0 { spec.length } else { LENGTH };
        let recipe = Self {
            length,
            digits: spec.digits.unwrap_or(length / 4),
            symbols: spec.symbols.unwrap_or(length / 4),
            symbol_set: spec.symbol_characters.as_deref().unwrap_or(SYMBOLS),
            no_upper: spec.no_upper,
            allow_repeat: spec.allow_repeat,
        };
        let characters = recipe
            .letters()
            .saturating_add(recipe.digits.max(0))
            .saturating_add(recipe.symbols.max(0));
        let passwords = i64::try_from(spec.secret_keys.len().max(1)).unwrap_or(i64::MAX);
        if characters.saturating_mul(passwords) > LONGEST {
            return Err(Fault::new("length", "is more than a Secret can hold"));
        }
        Ok(recipe)
    }

    /// What is neither digit nor symbol. A count below zero makes the password longer, as it does in ESO.
    fn letters(&self) -> i64 {
        self.length
            .saturating_sub(self.digits)
            .saturating_sub(self.symbols)
    }

    /// Draws the characters of each kind, and mixes them all.
    fn draw(&self, random: &mut dyn Rng) -> Result<Zeroizing<String>, Fault> {
        let letters = usize::try_from(self.letters()).map_err(|_| {
            Fault::new(
                "length",
                "number of digits and symbols must be less than total length",
            )
        })?;
        let alphabet = if self.no_upper {
            LOWER.to_owned()
        } else {
            [LOWER, UPPER].concat()
        };
        let symbol_set = if self.symbol_set.is_empty() {
            SYMBOLS
        } else {
            self.symbol_set
        };
        let count = |wanted: i64| usize::try_from(wanted).unwrap_or_default();
        let mut drawn = Zeroizing::new(Vec::new());
        for (field, kind, set, wanted) in [
            ("length", "letters", alphabet.as_str(), letters),
            ("digits", "digits", DIGITS, count(self.digits)),
            ("symbols", "symbols", symbol_set, count(self.symbols)),
        ] {
            let fresh = self.draw_from(set, wanted, &drawn, random);
            let fresh = fresh.ok_or_else(|| {
                let why = format!("number of {kind} exceeds available {kind} and repeats are not allowed");
                Fault::new(field, &why)
            })?;
            drawn.extend_from_slice(&fresh);
        }
        drawn.shuffle(random);
        Ok(Zeroizing::new(drawn.iter().collect()))
    }

    /// So many characters of a set. `None`: there are not enough that were not drawn before.
    fn draw_from(
        &self,
        set: &str,
        wanted: usize,
        drawn: &[char],
        random: &mut dyn Rng,
    ) -> Option<Zeroizing<Vec<char>>> {
        let mut set: Vec<char> = set.chars().collect();
        if self.allow_repeat {
            let any = |_| set.get(random.random_range(0..set.len())).copied();
            return (0..wanted)
                .map(any)
                .collect::<Option<Vec<_>>>()
                .map(Zeroizing::new);
        }
        set.sort_unstable();
        set.dedup();
        set.retain(|character| !drawn.contains(character));
        let chosen = (wanted <= set.len()).then(|| set.sample(random, wanted).copied().collect());
        chosen.map(Zeroizing::new)
    }
}

fn encode(password: &str, encoding: PasswordEncoding) -> SecretBytes {
    match encoding {
        PasswordEncoding::Raw => password.into(),
        PasswordEncoding::Base64 => STANDARD.encode(password).into(),
        PasswordEncoding::Base64Url => URL_SAFE.encode(password).into(),
        PasswordEncoding::Base32 => base32::encode(password.as_bytes()).into(),
        PasswordEncoding::Hex => hex::encode(password.as_bytes()).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use lockstep_api::Parsed;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::vectors::{self, Tally};

    fn spec(fields: Value) -> PasswordSpec {
        serde_json::from_value(fields).expect("a spec")
    }

    fn text(value: &SecretBytes) -> String {
        String::from_utf8(value.expose().to_vec()).expect("text")
    }

    /// What is handed to the random source, and how long each password gets.
    fn outcome(spec: &PasswordSpec) -> Result<(Value, BTreeMap<String, usize>), Fault> {
        let recipe = Recipe::of(spec)?;
        let arguments = json!({
            "length": recipe.length, "digits_count": recipe.digits, "symbols_count": recipe.symbols,
            "charset": {
                "allow_repeat": recipe.allow_repeat, "no_upper": recipe.no_upper, "symbols": recipe.symbol_set,
            },
        });
        let values = generate(spec, &mut StdRng::seed_from_u64(1))?;
        let lengths = values
            .iter()
            .map(|(key, value)| (key.clone(), value.len()))
            .collect();
        Ok((arguments, lengths))
    }

    #[test]
    fn passwords_are_made_as_recorded() {
        let mut tally = Tally::default();
        for case in vectors::load("password.json") {
            let spec = match Parsed::from_json(case["spec"].clone()) {
                Parsed::Sound(spec) => spec,
                Parsed::Broken(_) if case["error_contains"] == "unable to parse spec" => continue,
                Parsed::Broken(_) => {
                    tally.leave_out(&case, "the API refuses it");
                    continue;
                }
            };
            let wanted = case["error"].as_bool() != Some(true);
            let wanted = wanted.then(|| {
                let fields = ["length", "digits_count", "symbols_count", "charset"];
                let arguments = fields.map(|field| (field.to_owned(), case[field].clone()));
                let lengths = serde_json::from_value(case["output_lengths"].clone()).expect("lengths");
                (Value::Object(arguments.into_iter().collect()), lengths)
            });
            tally.expect(&case, outcome(&spec), wanted);
        }
        tally.settle("password.json", 2);
    }

    #[test]
    fn a_password_holds_what_was_asked_for() {
        let mut random = StdRng::seed_from_u64(7);
        let spec = spec(json!({
            "length": 20, "digits": 5, "symbols": 4, "symbolCharacters": "-_é", "noUpper": true, "allowRepeat": true,
        }));
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let values = generate(&spec, &mut random).expect("a password");
            let password = text(&values["password"]);
            let count = |is: fn(&char) -> bool| password.chars().filter(is).count();
            let counts = (
                count(char::is_ascii_lowercase),
                count(char::is_ascii_digit),
                count(|c| "-_é".contains(*c)),
            );
            assert_eq!(counts, (11, 5, 4), "{password}");
            seen.insert(password);
        }
        assert_eq!(seen.len(), 200);
    }

    #[test]
    fn nothing_repeats_unless_it_may() {
        let full = spec(json!({"length": 62, "digits": 10, "symbols": 0}));
        let password = text(&generate(&full, &mut StdRng::seed_from_u64(3)).expect("a password")["password"]);
        assert_eq!(password.chars().collect::<BTreeSet<_>>().len(), 62);
        // ESO searches these for a second minus, and for a symbol that is no letter, for ever.
        for (symbols, length) in [("--", 10), ("abcdefghij", 42)] {
            let spec = spec(
                json!({"length": length, "digits": 0, "symbols": 2, "symbolCharacters": symbols, "noUpper": length > 40}),
            );
            let refused = generate(&spec, &mut StdRng::seed_from_u64(3));
            assert!(refused.is_err(), "{symbols}");
        }
    }

    #[test]
    fn every_key_has_a_password_of_its_own() {
        let spec = spec(json!({"secretKeys": ["b", "a"], "encoding": "base32"}));
        let values = generate(&spec, &mut StdRng::seed_from_u64(3)).expect("passwords");
        assert_eq!(values.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_ne!(values["a"], values["b"]);
        assert!(text(&values["a"]).ends_with('='));
    }

    #[test]
    fn no_password_is_larger_than_a_secret() {
        for fields in [
            json!({"length": i64::MAX, "allowRepeat": true}),
            json!({"digits": i64::MIN, "symbols": i64::MAX, "allowRepeat": true}),
            json!({"digits": -2_000_000, "allowRepeat": true}),
            json!({"length": 600_000, "secretKeys": ["a", "b"], "allowRepeat": true}),
        ] {
            let refused = generate(&spec(fields.clone()), &mut StdRng::seed_from_u64(3));
            assert_eq!(refused.expect_err("too long").field, "length", "{fields}");
        }
    }
}
