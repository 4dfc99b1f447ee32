//! Passwords: hashed for keeping, and derived from a master password.

use lockstep_gostd::base64;
use sha1::{Digest as _, Sha1};

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::Outcome;
use crate::value::{Text, Value};

mod bcrypt;
mod derive;

pub(super) const TABLE: &[Function] = &[
    Function::new("bcrypt", &[Param::Text], bcrypt),
    Function::new(
        "derivePassword",
        &[Param::Uint32, Param::Text, Param::Text, Param::Text, Param::Text],
        derive_password,
    ),
    Function::new("htpasswd", &[Param::Text, Param::Text, Param::Literal], htpasswd),
];

fn bcrypt(env: &mut Env, args: Args) -> Outcome {
    Ok(Value::text(bcrypt::hash(env, args.text(0)?)?))
}

/// A line of Apache's password file: bcrypt, or SHA-1 if the template asks for it.
fn htpasswd(env: &mut Env, args: Args) -> Outcome {
    let (user, password, algorithm) = (args.text(0)?, args.text(1)?, args.text(2)?);
    env.spend(user.len().saturating_add(password.len()))?;
    if user.contains(&b':') {
        return Ok(joined(&[b"invalid username: ", user]));
    }
    let hash = match algorithm.bytes() {
        b"sha" => format!("{{SHA}}{}", base64::encode(&Sha1::digest(password.bytes()))),
        _ => bcrypt::hash(env, password)?,
    };
    Ok(joined(&[user, b":", hash.as_bytes()]))
}

fn derive_password(env: &mut Env, args: Args) -> Outcome {
    let kind = args.text(1)?;
    let Some(templates) = derive::templates(kind) else {
        env.spend(kind.len())?;
        return Ok(joined(&[b"cannot find password template ", kind]));
    };
    let counter = u32::try_from(args.uint(0)?).unwrap_or(u32::MAX);
    let derived = derive::password(
        env,
        counter,
        templates,
        args.text(2)?,
        args.text(3)?,
        args.text(4)?,
    )?;
    Ok(Value::text(derived))
}

fn joined(parts: &[&[u8]]) -> Value {
    Value::Text(Text::from(parts.concat()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, text_of};
    use super::*;

    #[test]
    fn a_line_of_a_password_file_is_as_in_go() {
        for (user, password, algorithm, line) in [
            ("joe", "pw", "sha", "joe:{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM="),
            ("", "", "sha", ":{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
            ("a:b", "pw", "sha", "invalid username: a:b"),
            (
                "joe",
                &"x".repeat(73),
                "bcrypt",
                "joe:failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes",
            ),
        ] {
            assert_eq!(text_of("htpasswd", &[user, password, algorithm]), Ok(line.into()));
        }
        let line = text_of("htpasswd", &["joe", "pw", "SHA"]).expect("a line");
        assert!(line.starts_with(b"joe:$2a$10$"));
    }

    #[test]
    fn passwords_are_derived_as_in_go() {
        for (counter, kind, password, site, derived) in [
            (1, "long", "password", "example.com", "ZedaFaxcZaso9*"),
            (1, "pin", "password", "example.com", "6685"),
            (u32::MAX, "maximum", "\u{fc}", "", "h0-1Vb0FXhe4xImZ*TLF"),
            (0, "basic", "", "s", "nF11atU3"),
            (0, "short", "", "s", "Zip1"),
            (1, "nope", "p", "s", "cannot find password template nope"),
        ] {
            let counter = Value::Uint(counter.into(), crate::value::UintType::Uint32);
            let mut args = vec![counter];
            args.extend([kind, password, "user", site].map(Value::text));
            match call("derivePassword", &args) {
                Ok(Value::Text(text)) => assert_eq!(text.bytes(), derived.as_bytes(), "{kind}"),
                _ => panic!("{kind}: no text"),
            }
        }
    }
}
