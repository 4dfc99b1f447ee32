//! Escapes of one character.

/// Reads the escape that `text` begins with, and says what is left after it.
pub(super) fn read(text: &str) -> Result<(char, &str), String> {
    let rest = text.get(1..).unwrap_or_default();
    let Some(kind) = rest.chars().next() else {
        return Err("trailing backslash at end of expression: ``".to_owned());
    };
    let after = &rest[kind.len_utf8()..];
    let plain = |c| Ok((c, after));
    match kind {
        '1'..='7' if !after.starts_with(is_octal) => invalid(text, after),
        '0'..='7' => Ok(octal(rest)),
        'x' => hex(text, after),
        'a' => plain('\x07'),
        'f' => plain('\x0c'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\x0b'),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => plain(c),
        _ => invalid(text, after),
    }
}

fn is_octal(c: char) -> bool {
    matches!(c, '0'..='7')
}

/// Up to three digits.
fn octal(digits: &str) -> (char, &str) {
    let end = digits.chars().take(3).take_while(|&c| is_octal(c)).count();
    let code = digits[..end]
        .bytes()
        .fold(0, |code, digit| code * 8 + u32::from(digit - b'0'));
    (
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
        &digits[end..],
    )
}

/// Two digits, or any number of them in braces.
fn hex<'t>(text: &'t str, after: &'t str) -> Result<(char, &'t str), String> {
    let (mut digits, limit) = match after.strip_prefix('{') {
        Some(inner) => (inner, usize::MAX),
        None => (after, 2),
    };
    let (mut code, mut count) = (0, 0);
    while count < limit {
        let Some(next) = digits.chars().next() else {
            return invalid(text, digits);
        };
        digits = &digits[next.len_utf8()..];
        match next.to_digit(16) {
            Some(digit) if code <= u32::from(char::MAX) / 16 => code = code * 16 + digit,
            None if next == '}' && limit > 2 && count > 0 => break,
            _ => return invalid(text, digits),
        }
        count += 1;
    }
    match char::from_u32(code) {
        Some(c) => Ok((c, digits)),
        None => invalid(text, digits),
    }
}

fn invalid<T>(text: &str, rest: &str) -> Result<T, String> {
    Err(format!(
        "invalid escape sequence: `{}`",
        &text[..text.len() - rest.len()]
    ))
}
