//! Checksums of texts.

use lockstep_gostd::hex;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::Outcome;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function::new("adler32sum", &[Param::Text], adler32sum),
    Function::new("sha1sum", &[Param::Text], digest::<Sha1>),
    Function::new("sha256sum", &[Param::Text], digest::<Sha256>),
    Function::new("sha512sum", &[Param::Text], digest::<Sha512>),
];

fn adler32sum(env: &mut Env, args: Args) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len())?;
    Ok(Value::text(adler2::adler32_slice(text).to_string()))
}

fn digest<D: Digest>(env: &mut Env, args: Args) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len())?;
    Ok(Value::text(hex::encode(&D::digest(&**text))))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text_of;

    #[test]
    fn sums_are_of_bytes() {
        for (name, text, sum) in [
            ("adler32sum", b"".as_slice(), "1"),
            ("adler32sum", b"Hello, world", "466879593"),
            ("adler32sum", b"\xff\x00\xff", "67043839"),
            ("sha1sum", b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (
                "sha256sum",
                b"\xff",
                "a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89",
            ),
            (
                "sha512sum",
                b"x",
                "a4abd4448c49562d828115d13a1fccea927f52b4d5459297f8b43e42da89238b\
                 c13626e43dcb38ddb082488927ec904fb42057443983e88585179d50551afe62",
            ),
        ] {
            assert_eq!(text_of(name, &[text]), Ok(sum.into()), "{name}");
        }
    }
}
