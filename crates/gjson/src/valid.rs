//! Telling well-formed JSON from the rest.

/// Whether `json` is one well-formed JSON value (RFC 8259) with nothing but white space around it. Strings
/// may contain bytes that are not UTF-8, as in gjson.
///
/// ```
/// assert!(lockstep_gjson::is_valid(br#" {"a": [1, 2.5e3, null]} "#));
/// assert!(!lockstep_gjson::is_valid(br#"{"a": 1,}"#));
/// ```
pub fn is_valid(json: &[u8]) -> bool {
    Validator { rest: json }.document().is_some()
}

/// Eats its way through the text. `None` means malformed.
struct Validator<'j> {
    rest: &'j [u8],
}

impl Validator<'_> {
    /// One value, which may hold others. What we are inside of is on a list of our own, not on the stack, so
    /// that depth does not matter.
    fn document(mut self) -> Option<()> {
        let mut closers: Vec<u8> = Vec::new();
        loop {
            // Here a value has to start.
            match self.next()? {
                b'{' if self.is_empty(b'}') => {}
                b'{' => {
                    closers.push(b'}');
                    self.key()?;
                    continue;
                }
                b'[' if self.is_empty(b']') => {}
                b'[' => {
                    closers.push(b']');
                    continue;
                }
                first => self.scalar(first)?,
            }
            // Here a value has ended, and so may what it stands in.
            loop {
                let Some(&closer) = closers.last() else {
                    self.skip_space();
                    return self.rest.is_empty().then_some(());
                };
                match self.next()? {
                    byte if byte == closer => {
                        closers.pop();
                    }
                    b',' => {
                        if closer == b'}' {
                            self.key()?;
                        }
                        break;
                    }
                    _ => return None,
                }
            }
        }
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// The next byte that is not white space.
    fn next(&mut self) -> Option<u8> {
        self.skip_space();
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// Whether the container just opened is empty; if so, takes its end.
    fn is_empty(&mut self, closer: u8) -> bool {
        self.skip_space();
        let empty = self.rest.first() == Some(&closer);
        if empty {
            self.rest = &self.rest[1..];
        }
        empty
    }

    fn key(&mut self) -> Option<()> {
        (self.next()? == b'"').then_some(())?;
        self.string()?;
        (self.next()? == b':').then_some(())
    }

    fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.string(),
            b't' => self.word(b"rue"),
            b'f' => self.word(b"alse"),
            b'n' => self.word(b"ull"),
            b'-' => {
                let (&digit, rest) = self.rest.split_first()?;
                self.rest = rest;
                self.number(digit)
            }
            _ => self.number(first),
        }
    }

    fn word(&mut self, tail: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(tail)?;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(()),
                0..b' ' => return None,
                b'\\' => {
                    let (&letter, rest) = self.rest.split_first()?;
                    self.rest = match letter {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => rest,
                        b'u' if rest.get(..4)?.iter().all(u8::is_ascii_hexdigit) => &rest[4..],
                        _ => return None,
                    };
                }
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Option<()> {
        first.is_ascii_digit().then_some(())?;
        if first != b'0' {
            self.digits();
        }
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            self.digits().then_some(())?;
        }
        if let [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest;
            self.digits().then_some(())?;
        }
        Some(())
    }

    /// Takes digits, and tells whether there were any.
    fn digits(&mut self) -> bool {
        let len = self
            .rest
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(self.rest.len());
        self.rest = &self.rest[len..];
        len > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_json() {
        let words = r#"1 -0 0.5 1e5 1E-5 -1.25e+10 "" "\u00e9\n" true false null [] {} [1,[2,{}],3] [[[[]]]]
            {"a":{"b":[]},"c":1}"#;
        for json in words
            .split_whitespace()
            .chain([" [ ] ", " { } ", "\t{ \"a\" : 1 ,\n\"b\":2}\r"])
        {
            assert!(is_valid(json.as_bytes()), "{json}");
        }
        assert!(is_valid(b"\"\xff\""));
    }

    #[test]
    fn rejects_anything_else() {
        let words = r#"01 - +1 .5 1. 1e 1e+ --1 tru nullx NaN " "\q" "\u12" [ ] [1 [1, [1,] [,1] [1} { {}} {1:2}
            {"a"} {"a":} {"a":1,} {"a":1"b":2} 'a'"#;
        for json in words
            .split_whitespace()
            .chain(["", " ", "\"\n\"", "[1 2]", "1 2"])
        {
            assert!(!is_valid(json.as_bytes()), "{json}");
        }
    }

    #[test]
    fn depth_does_not_matter() {
        let depth = 200_000;
        assert!(is_valid(&[b"[".repeat(depth), b"]".repeat(depth)].concat()));
        assert!(!is_valid(&b"[".repeat(depth)));
    }
}
