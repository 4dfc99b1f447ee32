//! `html`, `js` and `urlquery`: print, then escape.

use lockstep_gostd::unicode::is_print;

use super::Args;
use crate::env::Env;
use crate::fault::Outcome;
use crate::fmt::sprint;
use crate::unicode::decode;
use crate::value::{Text, Value};

pub(super) fn html(env: &mut Env, args: Args) -> Outcome {
    let text = printed(env, args)?;
    env.spend(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter() {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(*byte),
        }
    }
    Ok(Value::text(out))
}

pub(super) fn js(env: &mut Env, args: Args) -> Outcome {
    let text = printed(env, args)?;
    env.spend(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some((char, width)) = decode(rest) {
        match char {
            '\\' | '\'' | '"' => out.extend_from_slice(&[b'\\', rest[0]]),
            '<' | '>' | '&' | '=' | '\0'..' ' => escape(&mut out, char),
            _ if char.is_ascii() || is_print(char) => out.extend_from_slice(&rest[..width]),
            _ => escape(&mut out, char),
        }
        rest = &rest[width..];
    }
    Ok(Value::text(out))
}

fn escape(out: &mut Vec<u8>, char: char) {
    out.extend_from_slice(format!("\\u{:04X}", u32::from(char)).as_bytes());
}

pub(super) fn urlquery(env: &mut Env, args: Args) -> Outcome {
    let text = printed(env, args)?;
    env.spend(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter() {
        match byte {
            b' ' => out.push(b'+'),
            b'-' | b'_' | b'.' | b'~' => out.push(*byte),
            byte if byte.is_ascii_alphanumeric() => out.push(*byte),
            byte => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    Ok(Value::text(out))
}

/// As `print`, but nil counts as the text `<no value>`.
fn printed(env: &mut Env, args: Args) -> Outcome<Text> {
    if let [Value::Text(text)] = args.rest(0) {
        return Ok(text.clone());
    }
    let shown = |value: &Value| match value {
        Value::Nil => Value::text("<no value>"),
        value => value.clone(),
    };
    let values: Vec<_> = args.rest(0).iter().map(shown).collect();
    let out = sprint(&values)?;
    env.spend(out.len())?;
    Ok(out.into())
}
