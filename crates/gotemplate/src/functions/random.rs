//! Random texts and numbers.

use lockstep_gostd::base64;
use zeroize::Zeroizing;

use super::{Args, Function, Param};
use crate::env::{Env, Random};
use crate::fault::{Fault, Outcome};
use crate::value::{Value, runes};

const ALPHA: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const NUMERIC: &[u8] = b"0123456789";
const ALPHA_NUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// As good a source as this one never needs so many tries.
const TRIES: usize = 128;

fn rand_alpha(env: &mut Env, args: Args) -> Outcome {
    text_of(env, args, ALPHA)
}

fn rand_numeric(env: &mut Env, args: Args) -> Outcome {
    text_of(env, args, NUMERIC)
}

fn rand_alpha_numeric(env: &mut Env, args: Args) -> Outcome {
    text_of(env, args, ALPHA_NUMERIC)
}

fn rand_ascii(env: &mut Env, args: Args) -> Outcome {
    let printable: Vec<u8> = (b' '..=b'~').collect();
    text_of(env, args, &printable)
}

/// So many signs of the alphabet; none for a negative count.
fn text_of(env: &mut Env, args: Args, alphabet: &[u8]) -> Outcome {
    let count = usize::try_from(args.int(0)?).unwrap_or_default();
    env.spend(count)?;
    let whole = 256 - 256 % alphabet.len(); // bytes from there on would favour the first signs
    let mut text = Zeroizing::new(Vec::with_capacity(count));
    let mut bytes = Zeroizing::new([0; 256]);
    let mut idle = 0;
    while text.len() < count {
        env.random.fill(&mut *bytes);
        let before = text.len();
        let usable = bytes
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < whole);
        text.extend(
            usable
                .map(|byte| alphabet[byte % alphabet.len()])
                .take(count - before),
        );
        idle = if text.len() == before { idle + 1 } else { 0 };
        if idle == TRIES {
            return Err(Fault::new("the random source is broken"));
        }
    }
    Ok(Value::text(text.as_slice()))
}

fn rand_bytes(env: &mut Env, args: Args) -> Outcome {
    let count = usize::try_from(args.int(0)?).map_err(|_| Fault::new("a negative count of bytes"))?;
    env.spend(count.saturating_mul(2))?;
    let mut bytes = Zeroizing::new(vec![0; count]);
    env.random.fill(&mut bytes);
    Ok(Value::text(base64::encode(&bytes)))
}

/// From the first number to below the second. Where their distance does not fit, it wraps.
fn rand_int(env: &mut Env, args: Args) -> Outcome {
    let (min, max) = (args.int(0)?, args.int(1)?);
    match u64::try_from(max.wrapping_sub(min)) {
        Ok(distance @ 1..) => {
            let offset = below(env.random, distance)?;
            Ok(Value::int(min.wrapping_add(offset.cast_signed())))
        }
        _ => Err(Fault::new("there is no number between the two")),
    }
}

fn shuffle(env: &mut Env, args: Args) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len().saturating_mul(8))?;
    let mut runes: Vec<char> = runes(text).map(|(rune, _)| rune).collect();
    for last in (1..runes.len()).rev() {
        let other = below(env.random, u64::try_from(last).unwrap_or_default() + 1)?;
        runes.swap(last, usize::try_from(other).unwrap_or_default());
    }
    Ok(Value::text(runes.into_iter().collect::<String>()))
}

fn uuid_v4(env: &mut Env, _: Args) -> Outcome {
    let mut bytes = [0; 16];
    env.spend(bytes.len())?;
    env.random.fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | 4 << 76; // the version
    let number = number & !(3 << 62) | 2 << 62; // the variant
    let hex = format!("{number:032x}");
    let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(Value::text(groups.join("-")))
}

/// A number below the limit, each as likely as the others.
fn below(random: &mut dyn Random, limit: u64) -> Outcome<u64> {
    for _ in 0..TRIES {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        let number = u64::from_be_bytes(bytes);
        let wide = u128::from(number) * u128::from(limit);
        // The low half tells where in its share of all numbers this one lies; shares are made equal by leaving out
        // the surplus at their start.
        let [high, low] = [wide >> 64, wide & u128::from(u64::MAX)];
        if low >= u128::from(limit.wrapping_neg() % limit) {
            return u64::try_from(high).map_err(|_| Fault::new("the random source is broken"));
        }
    }
    Err(Fault::new("the random source is broken"))
}

pub(super) const TABLE: &[Function] = &[
    Function::new("randAlpha", &[Param::Int], rand_alpha),
    Function::new("randAlphaNum", &[Param::Int], rand_alpha_numeric),
    Function::new("randAscii", &[Param::Int], rand_ascii),
    Function::new("randBytes", &[Param::Int], rand_bytes),
    Function::new("randInt", &[Param::Int, Param::Int], rand_int),
    Function::new("randNumeric", &[Param::Int], rand_numeric),
    Function::new("shuffle", &[Param::Text], shuffle),
    Function::new("uuidv4", &[], uuid_v4),
];

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::env::Random;
    use crate::fault::Fault;

    fn text(name: &str, args: &[Value]) -> String {
        match call(name, args) {
            Ok(Value::Text(text)) => String::from_utf8_lossy(&text).into_owned(),
            _ => panic!("{name} made no text"),
        }
    }

    #[test]
    fn texts_have_their_length_and_alphabet() {
        for (name, alphabet) in [
            ("randAlpha", ALPHA),
            ("randAlphaNum", ALPHA_NUMERIC),
            ("randNumeric", NUMERIC),
        ] {
            let text = text(name, &[Value::int(1000)]);
            assert_eq!(text.len(), 1000);
            for sign in alphabet {
                assert!(text.as_bytes().contains(sign), "{name} has no {sign}");
            }
            assert!(text.bytes().all(|sign| alphabet.contains(&sign)));
        }
        for count in [0, -1, i64::MIN] {
            assert_eq!(text("randAscii", &[Value::int(count)]), "");
        }
    }

    #[test]
    fn too_much_is_refused() {
        for name in ["randAscii", "randBytes"] {
            assert!(matches!(call(name, &[Value::int(i64::MAX)]), Err(Fault::Says(_))));
        }
        assert!(call("randBytes", &[Value::int(-1)]).is_err());
    }

    #[test]
    fn numbers_stay_between_their_ends() {
        for (min, max) in [(0, 1), (-5, 5), (i64::MAX - 1, i64::MAX), (0, i64::MAX)] {
            let Ok(Value::Int(number, _)) = call("randInt", &[Value::int(min), Value::int(max)]) else {
                panic!("no number from {min} to {max}");
            };
            assert!((min..max).contains(&number));
        }
        for (min, max) in [(1, 1), (2, 1), (i64::MIN, i64::MAX)] {
            assert!(call("randInt", &[Value::int(min), Value::int(max)]).is_err());
        }
    }

    #[test]
    fn all_numbers_are_as_likely() {
        let mut random = super::super::testing::Counting::default();
        let mut counts = [0; 3];
        for _ in 0..300 {
            let number = below(&mut random, 3).expect("a number");
            counts[usize::try_from(number).expect("small")] += 1;
        }
        assert!(counts.iter().all(|count| (80..120).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_broken_source_does_not_hang() {
        struct Ones;
        impl Random for Ones {
            fn fill(&mut self, buffer: &mut [u8]) {
                buffer.fill(0xff);
            }
        }
        let mut ones = Ones;
        let mut env = Env::new(std::time::SystemTime::UNIX_EPOCH, &mut ones, 1000);
        assert!(rand_numeric(&mut env, Args(&[Value::int(1)])).is_err());
    }

    #[test]
    fn shuffling_keeps_every_character() {
        let shuffled = text("shuffle", &[Value::text("aé\u{1f600}b".as_bytes())]);
        let mut runes: Vec<char> = shuffled.chars().collect();
        runes.sort_unstable();
        assert_eq!(runes, ['a', 'b', 'é', '\u{1f600}']);
        assert_eq!(text("shuffle", &[Value::text(b"\xff")]), "\u{fffd}");
        assert_eq!(text("shuffle", &[Value::text("")]), "");
    }

    #[test]
    fn a_uuid_tells_its_version() {
        assert_eq!(text("uuidv4", &[]), "00010203-0405-4607-8809-0a0b0c0d0e0f");
    }
}
