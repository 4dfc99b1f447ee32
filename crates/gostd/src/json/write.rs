//! Printing.

use super::{Html, Number, Value};
use crate::float::{Shape, format};

/// Any value.
pub fn encode(value: &Value, html: Html) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(&mut out, value, html);
    out
}

/// An object of members that come in the order of their keys.
pub fn encode_object<'v, 'j: 'v>(
    members: impl Iterator<Item = (&'v str, &'v Value<'j>)>,
    html: Html,
) -> Vec<u8> {
    let mut out = Vec::new();
    write_object(&mut out, members, html);
    out
}

/// An object of texts that come in the order of their keys, without HTML escapes. Bytes that are no text become
/// `\ufffd`, each of them.
pub fn encode_texts<'t>(values: impl Iterator<Item = (&'t str, &'t [u8])>) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (nth, (key, value)) in values.enumerate() {
        separate(&mut out, nth);
        write_text(&mut out, key.as_bytes(), Html::Plain);
        out.push(b':');
        write_text(&mut out, value, Html::Plain);
    }
    out.push(b'}');
    out
}

fn write_value(out: &mut Vec<u8>, value: &Value, html: Html) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Number(Number::Literal(text)) => out.extend_from_slice(text.as_bytes()),
        Value::Number(Number::Float(value)) => out.extend_from_slice(float(*value).as_bytes()),
        Value::Text(text) => write_text(out, text.as_bytes(), html),
        Value::Array(elements) => {
            out.push(b'[');
            for (nth, element) in elements.iter().enumerate() {
                separate(out, nth);
                write_value(out, element, html);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            write_object(
                out,
                members.iter().map(|(key, value)| (key.as_ref(), value)),
                html,
            );
        }
    }
}

fn write_object<'v, 'j: 'v>(
    out: &mut Vec<u8>,
    members: impl Iterator<Item = (&'v str, &'v Value<'j>)>,
    html: Html,
) {
    out.push(b'{');
    for (nth, (key, value)) in members.enumerate() {
        separate(out, nth);
        write_text(out, key.as_bytes(), html);
        out.push(b':');
        write_value(out, value, html);
    }
    out.push(b'}');
}

fn separate(out: &mut Vec<u8>, nth: usize) {
    if nth > 0 {
        out.push(b',');
    }
}

/// The shortest digits that read back the same, with an exponent where JavaScript writes one.
pub fn float(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return format(value, Shape::Fixed, None);
    }
    // Of the two digits that exponents have in Go, JavaScript leaves out a zero.
    format(value, Shape::Exponent, None).replace("e-0", "e-")
}

/// A string with its quotes. Bytes that are no text become `\ufffd`, each of them.
pub fn write_text(out: &mut Vec<u8>, bytes: &[u8], html: Html) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| write_char(out, c, html));
        chunk
            .invalid()
            .iter()
            .for_each(|_| out.extend_from_slice(br"\ufffd"));
    }
    out.push(b'"');
}

fn write_char(out: &mut Vec<u8>, c: char, html: Html) {
    let escape = match c {
        '"' => r#"\""#,
        '\\' => r"\\",
        '\u{8}' => r"\b",
        '\u{c}' => r"\f",
        '\n' => r"\n",
        '\r' => r"\r",
        '\t' => r"\t",
        '<' if html == Html::Escaped => r"\u003c",
        '>' if html == Html::Escaped => r"\u003e",
        '&' if html == Html::Escaped => r"\u0026",
        '\u{2028}' => r"\u2028",
        '\u{2029}' => r"\u2029",
        c if c < ' ' => return out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
        c => return out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    };
    out.extend_from_slice(escape.as_bytes());
}
