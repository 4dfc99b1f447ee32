//! Character classes.

use std::fmt::Write as _;

use super::escape;

/// Reads the class in brackets that `text` begins with: how the crate writes it, and what is left after it.
pub(super) fn brackets(text: &str) -> Result<(String, &str), String> {
    let mut out = "[".to_owned();
    let mut rest = &text[1..];
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        rest = match named(rest).or_else(|| unicode(rest)) {
            Some(found) => {
                let (class, after) = found?;
                out += &class;
                after
            }
            None => range(text, rest, &mut out)?,
        };
    }
    out.push(']');
    Ok((out, &rest[1..]))
}

/// A single character, or two with a `-` between them. A `-` at the end of the class is one by itself.
fn range<'t>(class: &str, text: &'t str, out: &mut String) -> Result<&'t str, String> {
    let (low, mut rest) = character(class, text)?;
    write_char(out, low);
    if rest.len() >= 2 && rest.starts_with('-') && !rest[1..].starts_with(']') {
        let (high, after) = character(class, &rest[1..])?;
        rest = after;
        if high < low {
            return invalid(&text[..text.len() - rest.len()]);
        }
        out.push('-');
        write_char(out, high);
    }
    Ok(rest)
}

fn character<'t>(class: &str, text: &'t str) -> Result<(char, &'t str), String> {
    match text.chars().next() {
        None => Err(format!("missing closing ]: `{class}`")),
        Some('\\') => escape::read(text),
        Some(c) => Ok((c, &text[c.len_utf8()..])),
    }
}

/// `\d` and its like, or within brackets `[:alpha:]`.
type Found<'t> = Option<Result<(String, &'t str), String>>;

fn named(text: &str) -> Found<'_> {
    if let Some((class, rest)) = perl(text) {
        return Some(Ok((class.to_owned(), rest)));
    }
    let end = text.strip_prefix("[:")?.find(":]")? + 4;
    let (class, rest) = text.split_at(end);
    let name = class[2..end - 2].trim_start_matches('^');
    let known = match name {
        "alnum" | "alpha" | "ascii" | "blank" | "cntrl" | "digit" | "graph" | "lower" | "print" | "punct"
        | "space" | "upper" | "word" | "xdigit" => class.len() - name.len() <= 5,
        _ => false,
    };
    Some(if known {
        Ok((class.to_owned(), rest))
    } else {
        invalid(class)
    })
}

/// Perl's classes are ASCII in Go, and white space is without the vertical tab.
pub(super) fn perl(text: &str) -> Option<(&'static str, &str)> {
    let class = match text.as_bytes() {
        [b'\\', b'd', ..] => "[0-9]",
        [b'\\', b'D', ..] => "[^0-9]",
        [b'\\', b's', ..] => r"[\t\n\x0C\r ]",
        [b'\\', b'S', ..] => r"[^\t\n\x0C\r ]",
        [b'\\', b'w', ..] => "[0-9A-Za-z_]",
        [b'\\', b'W', ..] => "[^0-9A-Za-z_]",
        _ => return None,
    };
    Some((class, &text[2..]))
}

/// `\pL`, `\P{Greek}` and `\p{^Greek}`.
pub(super) fn unicode(text: &str) -> Found<'_> {
    let inner = text.strip_prefix(r"\p").or_else(|| text.strip_prefix(r"\P"))?;
    let (name, rest) = match inner.chars().next() {
        Some('{') => match inner.find('}') {
            Some(end) => (&inner[1..end], &inner[end + 1..]),
            None => return Some(invalid(text)),
        },
        Some(letter) => inner.split_at(letter.len_utf8()),
        None => return Some(invalid(text)),
    };
    let negated = text.starts_with(r"\P") != name.starts_with('^');
    let bare = name.strip_prefix('^').unwrap_or(name);
    if bare.is_empty()
        || !bare
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' '))
    {
        return Some(invalid(&text[..text.len() - rest.len()]));
    }
    Some(Ok((
        format!(r"\{}{{{bare}}}", if negated { 'P' } else { 'p' }),
        rest,
    )))
}

fn invalid<T>(range: &str) -> Result<T, String> {
    Err(format!("invalid character class range: `{range}`"))
}

/// Anything but an ASCII letter or digit is written by its number, so that it means nothing else.
pub(super) fn write_char(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        // Writing to a String cannot fail.
        let _ = write!(out, r"\x{{{:x}}}", u32::from(c));
    }
}
