//! Texts as base64, base32 and hexadecimal digits, and back. What cannot be decoded gives **the text of Go's error**,
//! and so does the template.

use lockstep_gostd::base64::Alphabet;
use lockstep_gostd::{base32, base64, hex};

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::Outcome;
use crate::value::{Text, Value};

pub(super) const TABLE: &[Function] = &[
    Function::new("b32dec", &[Param::Text], b32dec),
    Function::new("b32enc", &[Param::Text], b32enc),
    Function::new("b64dec", &[Param::Text], b64dec),
    Function::new("b64enc", &[Param::Text], b64enc),
    Function::new("hexdec", &[Param::Text], hexdec),
];

fn b32dec(env: &mut Env, args: Args) -> Outcome {
    decode(env, args, base32::decode)
}

fn b64dec(env: &mut Env, args: Args) -> Outcome {
    decode(env, args, |text| base64::decode(Alphabet::Standard, text))
}

fn hexdec(env: &mut Env, args: Args) -> Outcome {
    decode(env, args, hex::decode)
}

fn decode<E: ToString>(env: &mut Env, args: Args, decode: impl Fn(&[u8]) -> Result<Vec<u8>, E>) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len())?;
    Ok(match decode(text) {
        Ok(bytes) => Value::text(bytes),
        Err(error) => Value::text(error.to_string()),
    })
}

fn b32enc(env: &mut Env, args: Args) -> Outcome {
    encode(env, args.text(0)?, base32::encode)
}

fn b64enc(env: &mut Env, args: Args) -> Outcome {
    encode(env, args.text(0)?, base64::encode)
}

fn encode(env: &mut Env, text: &Text, encode: impl Fn(&[u8]) -> String) -> Outcome {
    env.spend(text.len().saturating_mul(2))?;
    Ok(Value::text(encode(text)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text_of;

    #[test]
    fn what_cannot_be_decoded_gives_the_text_of_the_error() {
        for (name, text, out) in [
            ("b64enc", b"\xff\xfe??>>".as_slice(), b"//4/Pz4+".as_slice()),
            ("b64dec", b"//4/Pz4+", b"\xff\xfe??>>"),
            ("b64dec", b"aGVs\nbG9=\n", b"hello"),
            ("b64dec", b"a-_b", b"illegal base64 data at input byte 1"),
            ("b64dec", b"", b""),
            ("b32enc", b"hello", b"NBSWY3DP"),
            ("b32dec", b"NBSWY===", b"hel"),
            ("b32dec", b"NBSWY", b"illegal base32 data at input byte 0"),
            ("hexdec", b"fF00", b"\xff\x00"),
            ("hexdec", b"zz", b"encoding/hex: invalid byte: U+007A 'z'"),
            ("hexdec", b"abc", b"encoding/hex: odd length hex string"),
        ] {
            assert_eq!(text_of(name, &[text]), Ok(out.into()), "{name}");
        }
    }
}
