//! Reading: RFC 8259, and Go's leniency inside of strings.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Fault, MAX_DEPTH, Number, Numbers, Object, Value};
use crate::unicode::lossy;

pub(super) fn document(json: &[u8], numbers: Numbers) -> Result<Value<'_>, Fault> {
    let mut reader = Reader::new(json, numbers);
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

pub(super) fn first(json: &[u8], numbers: Numbers) -> Result<(Value<'_>, usize), Fault> {
    let mut reader = Reader::new(json, numbers);
    let value = reader.value()?;
    Ok((value, reader.at))
}

pub(super) fn raw_members(json: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let mut reader = Reader::new(json, Numbers::AsWritten);
    reader.skip_space();
    let mut values = BTreeMap::new();
    if reader.peek() == Some(b'{') {
        reader.members(|key, value, raw| {
            let value = match value {
                Value::Null => Vec::new(),
                Value::Text(text) => text.into_owned().into_bytes(),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => raw.into(),
            };
            values.insert(key.into_owned(), value);
        })?;
    } else {
        let other = reader.value()?;
        if other != Value::Null {
            reader.end()?;
            return Err(Fault::NotAnObject { found: other.kind() });
        }
    }
    reader.end()?;
    Ok(values)
}

struct Reader<'j> {
    json: &'j [u8],
    at: usize,
    depth: usize,
    numbers: Numbers,
}

impl<'j> Reader<'j> {
    fn new(json: &'j [u8], numbers: Numbers) -> Self {
        Self {
            json,
            at: 0,
            depth: 0,
            numbers,
        }
    }

    fn value(&mut self) -> Result<Value<'j>, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => {
                let mut members = Object::new();
                self.members(|key, value, _| {
                    members.insert(key, value);
                })?;
                Ok(Value::Object(members))
            }
            Some(b'[') => self.array(),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.malformed(),
        }
    }

    /// Hands over the members of the object that begins here, each with its key, its value and the value's text.
    fn members(&mut self, mut each: impl FnMut(Cow<'j, str>, Value<'j>, &'j [u8])) -> Result<(), Fault> {
        self.enter()?;
        self.skip_space();
        if self.eats(b'}') {
            return self.leave();
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.malformed();
            }
            let key = self.text()?;
            self.skip_space();
            if !self.eats(b':') {
                return self.malformed();
            }
            self.skip_space();
            let start = self.at;
            let value = self.value()?;
            each(key, value, &self.json[start..self.at]);
            self.skip_space();
            if self.eats(b'}') {
                return self.leave();
            }
            if !self.eats(b',') {
                return self.malformed();
            }
        }
    }

    fn array(&mut self) -> Result<Value<'j>, Fault> {
        self.enter()?;
        let mut elements = Vec::new();
        self.skip_space();
        if !self.eats(b']') {
            loop {
                elements.push(self.value()?);
                self.skip_space();
                if self.eats(b']') {
                    break;
                }
                if !self.eats(b',') {
                    return self.malformed();
                }
            }
        }
        self.leave()?;
        Ok(Value::Array(elements))
    }

    /// Passes the bracket that opens an array or object.
    fn enter(&mut self) -> Result<(), Fault> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            Err(Fault::TooDeep)
        } else {
            Ok(())
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "stands where a result is returned")]
    fn leave(&mut self) -> Result<(), Fault> {
        self.depth -= 1;
        Ok(())
    }

    fn number(&mut self) -> Result<Value<'j>, Fault> {
        let start = self.at;
        self.eats(b'-');
        if !self.eats(b'0') {
            self.digits()?;
        }
        if self.eats(b'.') {
            self.digits()?;
        }
        if self.eats(b'e') || self.eats(b'E') {
            let _ = self.eats(b'+') || self.eats(b'-');
            self.digits()?;
        }
        let text = str::from_utf8(&self.json[start..self.at]).map_err(|_| Fault::Malformed { at: start })?;
        let float = || text.parse().ok().filter(|float: &f64| float.is_finite());
        let number = match self.numbers {
            Numbers::AsWritten => Number::Literal(text),
            Numbers::Float => Number::Float(float().ok_or(Fault::OutOfRange { at: start })?),
            Numbers::FloatOrNull => match float() {
                Some(float) => Number::Float(float),
                None => return Ok(Value::Null),
            },
        };
        Ok(Value::Number(number))
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        let count = self.json[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.at += count;
        if count == 0 { self.malformed() } else { Ok(()) }
    }

    fn text(&mut self) -> Result<Cow<'j, str>, Fault> {
        self.at += 1;
        let start = self.at;
        self.plain();
        if self.peek() == Some(b'"') {
            let text = lossy(&self.json[start..self.at]);
            self.at += 1;
            return Ok(text);
        }
        let mut text = lossy(&self.json[start..self.at]).into_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text.into());
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(b' '..) => {
                    let start = self.at;
                    self.plain();
                    text.push_str(&lossy(&self.json[start..self.at]));
                }
                Some(_) | None => return self.malformed(),
            }
        }
    }

    /// Passes what stands for itself in a string.
    fn plain(&mut self) {
        let plain = |byte: &&u8| **byte >= b' ' && !matches!(**byte, b'"' | b'\\');
        self.at += self.json[self.at..].iter().take_while(plain).count();
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let escaped = match self.peek() {
            Some(b'u') => return self.unicode(),
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return self.malformed(),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// Halves of a pair that stand alone become U+FFFD.
    fn unicode(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let unit = self.hex4()?;
        if let Some(c) = char::from_u32(unit.into()) {
            return Ok(c);
        }
        let after = self.at;
        if self.json[after..].starts_with(b"\\u") {
            self.at += 2;
            let pair = [unit, self.hex4()?];
            if let Some(Ok(c)) = char::decode_utf16(pair).next() {
                return Ok(c);
            }
            self.at = after;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u16, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit.and_then(|digit| u16::try_from(digit).ok()) else {
                return self.malformed();
            };
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Ok(unit)
    }

    fn word(&mut self, word: &str, value: Value<'j>) -> Result<Value<'j>, Fault> {
        if !self.json[self.at..].starts_with(word.as_bytes()) {
            return self.malformed();
        }
        self.at += word.len();
        Ok(value)
    }

    /// Nothing but space may follow.
    fn end(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.at < self.json.len() {
            self.malformed()
        } else {
            Ok(())
        }
    }

    fn skip_space(&mut self) {
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.json[self.at..].iter().take_while(space).count();
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn eats(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn malformed<T>(&self) -> Result<T, Fault> {
        Err(Fault::Malformed { at: self.at })
    }
}
