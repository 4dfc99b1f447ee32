//! Reading a pattern as Go reads it, and writing it as the crate reads it.

use super::{class, escape};

/// Go's limit on how often something is repeated, repetitions within repetitions multiplied.
const MAX_REPEAT: u32 = 1000;

/// A pattern in the crate's dialect. Its groups carry no names, for the crate is stricter about them.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// Of each group from the first one on; empty where it has none.
    pub(super) names: Vec<String>,
    /// Whether a match can be as long as the text.
    pub(super) unbounded: bool,
}

pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        rest: pattern,
        ..Translator::default()
    };
    while let Some(next) = translator.rest.chars().next() {
        translator.step(pattern, next)?;
    }
    if translator.outer.is_empty() {
        Ok(Translated {
            pattern: translator.out,
            names: translator.names,
            unbounded: translator.unbounded,
        })
    } else {
        Err(format!("missing closing ): `{pattern}`"))
    }
}

#[derive(Default)]
struct Translator<'p> {
    rest: &'p str,
    out: String,
    names: Vec<String>,
    unbounded: bool,
    /// How often what stands before, which is what a repetition would apply to, repeats its parts. `None`: nothing
    /// stands before.
    operand: Option<u32>,
    /// The largest such number in the current group, and of the groups around it.
    largest: u32,
    outer: Vec<u32>,
    /// The text from a repetition on, if the last thing was one.
    repeated: Option<&'p str>,
}

impl<'p> Translator<'p> {
    fn step(&mut self, pattern: &str, next: char) -> Result<(), String> {
        let repeated = self.repeated.take();
        match next {
            '(' => return self.open(),
            ')' => return self.close(pattern),
            '[' => {
                let (class, rest) = class::brackets(self.rest)?;
                self.emit(&class, rest);
            }
            '\\' => return self.backslash(),
            '*' | '+' | '?' => {
                self.unbounded |= next != '?';
                return self.repeat(&self.rest[..1], 1, repeated);
            }
            '{' => match bounds(self.rest) {
                Some(bounds) => return self.repeat_counted(&bounds, repeated),
                None => self.literal(next, &self.rest[1..]),
            },
            '^' | '$' | '.' => self.emit(&self.rest[..1], &self.rest[1..]),
            '|' => {
                self.out.push('|');
                self.operand = None;
                self.rest = &self.rest[1..];
            }
            c => self.literal(c, &self.rest[c.len_utf8()..]),
        }
        Ok(())
    }

    fn literal(&mut self, c: char, rest: &'p str) {
        class::write_char(&mut self.out, c);
        self.emit("", rest);
    }

    /// Writes something that can be repeated.
    fn emit(&mut self, text: &str, rest: &'p str) {
        self.out.push_str(text);
        self.rest = rest;
        self.operand = Some(1);
    }

    fn backslash(&mut self) -> Result<(), String> {
        let text = self.rest;
        let after = text.get(2..).unwrap_or_default();
        match text.as_bytes() {
            [_, b'A', ..] => self.emit(r"\A", after),
            [_, b'z', ..] => self.emit(r"\z", after),
            [_, b'b', ..] => self.emit(r"(?-u:\b)", after),
            [_, b'B', ..] => self.emit(r"(?-u:\B)", after),
            [_, b'Q', ..] => {
                let (quoted, rest) = after.split_once(r"\E").unwrap_or((after, ""));
                quoted.chars().for_each(|c| self.literal(c, rest));
                self.rest = rest;
            }
            _ => {
                if let Some((class, rest)) = class::perl(text) {
                    self.emit(class, rest);
                } else if let Some(found) = class::unicode(text) {
                    let (class, rest) = found?;
                    self.emit(&class, rest);
                } else {
                    let (c, rest) = escape::read(text)?;
                    self.literal(c, rest);
                }
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        let text = self.rest;
        if let Some(inner) = text.strip_prefix("(?P<").or_else(|| text.strip_prefix("(?<")) {
            return self.open_named(inner);
        }
        let Some(flags) = text.strip_prefix("(?") else {
            self.names.push(String::new());
            self.enter("(", &text[1..]);
            return Ok(());
        };
        let length = flags
            .find(|c| !matches!(c, 'i' | 'm' | 's' | 'U' | '-'))
            .unwrap_or(flags.len());
        let end = flags[length..].chars().next();
        let consumed = &text[..2 + length + end.map_or(0, char::len_utf8)];
        let bad = || Err(format!("invalid or unsupported Perl syntax: `{consumed}`"));
        let (on, off) = match flags[..length].split_once('-') {
            Some((_, "")) => return bad(),
            Some((on, off)) => (on, off),
            None => (&flags[..length], ""),
        };
        if let Some(second) = off.find('-') {
            let shown = text.len() - flags.len() + on.len() + 1 + second + 1;
            return Err(format!(
                "invalid or unsupported Perl syntax: `{}`",
                &text[..shown]
            ));
        }
        let rest = &text[consumed.len()..];
        match end {
            Some(':') => self.enter(&format!("(?{}:", written_flags(on, off)), rest),
            Some(')') => {
                if length > 0 {
                    self.out.extend(["(?", &written_flags(on, off), ")"]);
                }
                self.rest = rest;
            }
            _ => return bad(),
        }
        Ok(())
    }

    fn open_named(&mut self, inner: &'p str) -> Result<(), String> {
        let bad = |capture: &str| Err(format!("invalid named capture: `{capture}`"));
        let Some((name, rest)) = inner.split_once('>') else {
            return bad(self.rest);
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return bad(&self.rest[..self.rest.len() - rest.len()]);
        }
        self.names.push(name.to_owned());
        self.enter("(", rest);
        Ok(())
    }

    fn enter(&mut self, opening: &str, rest: &'p str) {
        self.out.push_str(opening);
        self.rest = rest;
        self.outer.push(std::mem::take(&mut self.largest));
        self.operand = None;
    }

    fn close(&mut self, pattern: &str) -> Result<(), String> {
        let Some(outer) = self.outer.pop() else {
            return Err(format!("unexpected ): `{pattern}`"));
        };
        let inner = self.largest.max(1);
        self.emit(")", &self.rest[1..]);
        self.operand = Some(inner);
        self.largest = outer.max(inner);
        Ok(())
    }

    fn repeat_counted(&mut self, bounds: &Bounds<'p>, repeated: Option<&'p str>) -> Result<(), String> {
        let highest = bounds.max.unwrap_or(bounds.min);
        if bounds.min > MAX_REPEAT || highest > MAX_REPEAT || highest < bounds.min {
            return Err(format!("invalid repeat count: `{}`", bounds.text));
        }
        self.unbounded |= bounds.max.is_none();
        self.repeat(bounds.text, highest, repeated)
    }

    fn repeat(&mut self, operator: &'p str, times: u32, repeated: Option<&'p str>) -> Result<(), String> {
        let text = self.rest;
        let after = &text[operator.len()..];
        let rest = after.strip_prefix('?').unwrap_or(after);
        let written = &text[..text.len() - rest.len()];
        if let Some(first) = repeated {
            let both = &first[..first.len() - rest.len()];
            return Err(format!("invalid nested repetition operator: `{both}`"));
        }
        let Some(inner) = self.operand else {
            return Err(format!("missing argument to repetition operator: `{written}`"));
        };
        let product = inner.saturating_mul(times);
        if times >= 2 && product > MAX_REPEAT {
            return Err(format!("invalid repeat count: `{written}`"));
        }
        self.emit(written, rest);
        self.operand = Some(product);
        self.largest = self.largest.max(product);
        self.repeated = Some(text);
        Ok(())
    }
}

/// The crate refuses a flag that is named twice; for Go the last mention counts.
fn written_flags(on: &str, off: &str) -> String {
    let once = |set: &str, other: &str| -> String {
        "imsU"
            .chars()
            .filter(|&c| set.contains(c) && !other.contains(c))
            .collect()
    };
    let (on, off) = (once(on, off), once(off, ""));
    if off.is_empty() { on } else { format!("{on}-{off}") }
}

/// `{n}`, `{n,}` or `{n,m}`.
struct Bounds<'p> {
    text: &'p str,
    min: u32,
    max: Option<u32>,
}

/// Anything else in braces is a literal.
fn bounds(text: &str) -> Option<Bounds<'_>> {
    let (min, rest) = integer(&text[1..])?;
    let (max, rest) = match rest.strip_prefix(',') {
        None => (Some(min), rest),
        Some(open) if open.starts_with('}') => (None, open),
        Some(rest) => {
            let (max, rest) = integer(rest)?;
            (Some(max), rest)
        }
    };
    let rest = rest.strip_prefix('}')?;
    Some(Bounds {
        text: &text[..text.len() - rest.len()],
        min,
        max,
    })
}

/// A number without leading zeros, and what is left after it. One that is too large becomes the largest.
fn integer(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let sound = !digits.is_empty() && (digits == "0" || !digits.starts_with('0'));
    sound.then(|| (digits.parse().unwrap_or(u32::MAX), rest))
}
