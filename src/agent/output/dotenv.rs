//! A file of `KEY="value"` lines, sorted by key.
//!
//! Every value stands in double quotes. Inside them `\`, `"`, `` ` `` and `$` have a backslash before them, a newline
//! is `\n` and a carriage return `\r`, so that each key is one line and nothing is expanded.

use zeroize::Zeroizing;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

pub fn render(values: &Values) -> Result<SecretBytes, Problem> {
    // Room for the longest text that there can be: a buffer that grows leaves copies behind it.
    let room = values
        .iter()
        .map(|(key, value)| key.len() + 2 * value.len() + 4)
        .sum();
    let mut text = Zeroizing::new(String::with_capacity(room));
    for (key, value) in values {
        if !is_variable(key) {
            let why = format!(
                "key {key:?} cannot be the name of an environment variable (letters, digits and `_`, no digit \
                 first); rename it in the ExternalSecret, or use --format files"
            );
            return Err(Problem::BadData { why });
        }
        let value = std::str::from_utf8(value.expose())
            .ok()
            .filter(|value| !value.contains('\0'));
        let value = value.ok_or_else(|| Problem::BadData {
            why: format!("the value of key {key:?} is no text; use --format files"),
        })?;
        text.push_str(key);
        text.push_str("=\"");
        value.chars().for_each(|character| push(&mut text, character));
        text.push_str("\"\n");
    }
    Ok(SecretBytes::from(text.as_bytes()))
}

fn push(text: &mut String, character: char) {
    match character {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\\' | '"' | '$' | '`' => text.extend(['\\', character]),
        other => text.push(other),
    }
}

fn is_variable(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pairs: &[(&str, &[u8])]) -> Result<String, String> {
        let values = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)))
            .collect();
        let rendered = render(&values).map_err(|problem| problem.to_string())?;
        Ok(String::from_utf8(rendered.expose().to_vec()).expect("text"))
    }

    #[test]
    fn what_a_reader_would_take_for_syntax_is_escaped() {
        for (value, expected) in [
            (&b"plain"[..], r#"K="plain""#),
            (b"", r#"K="""#),
            (b"# no comment ", "K=\"# no comment \""),
            (br#"a"b\c$d`e'"#, r#"K="a\"b\\c\$d\`e'""#),
            (b"one\ntwo\r\n", r#"K="one\ntwo\r\n""#),
            ("gr\u{fc}n".as_bytes(), "K=\"gr\u{fc}n\""),
        ] {
            assert_eq!(text(&[("K", value)]), Ok(format!("{expected}\n")));
        }
    }

    #[test]
    fn what_no_environment_can_hold_is_refused_by_key_and_not_by_value() {
        for (key, value) in [
            ("a-b", &b"canary"[..]),
            ("1a", b"canary"),
            ("", b"canary"),
            ("A", b"canary\xff"),
            ("A", b"canary\0"),
        ] {
            let refused = text(&[(key, value)]).expect_err("refused");
            assert!(
                refused.contains(&format!("{key:?}")) && !refused.contains("canary"),
                "{refused}"
            );
        }
    }
}
