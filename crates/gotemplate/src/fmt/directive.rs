//! Format strings: where directives begin, what they say, and which argument they take.

use super::Printer;
use super::flags::Flags;
use crate::fault::Outcome;
use crate::unicode::decode;
use crate::value::{Value, type_name};

/// Widths and precisions beyond this are errors in Go too.
const MAX_NUMBER: i64 = 1_000_000;

/// Prints a whole format.
pub(super) fn print(printer: &mut Printer, format: &[u8], args: &[Value]) -> Outcome<()> {
    let mut reader = Reader {
        rest: format,
        args,
        next: 0,
        reordered: false,
        index_is_bad: false,
        after_index: false,
    };
    while !reader.rest.is_empty() {
        let literal = reader.take_until_percent();
        printer.push(literal)?;
        if reader.rest.is_empty() {
            break;
        }
        reader.rest = &reader.rest[1..];
        reader.directive(printer)?;
    }
    let next = reader.next;
    if !reader.reordered && next < args.len() {
        print_extra(printer, &args[next..])?;
    }
    Ok(())
}

fn print_extra(printer: &mut Printer, args: &[Value]) -> Outcome<()> {
    printer.flags = Flags::default();
    printer.push(b"%!(EXTRA ")?;
    for (nth, arg) in args.iter().enumerate() {
        if nth > 0 {
            printer.push(b", ")?;
        }
        if !matches!(arg, Value::Nil) {
            printer.push(type_name(arg).as_bytes())?;
            printer.push(b"=")?;
        }
        printer.argument(arg, 'v')?;
    }
    printer.push(b")")
}

struct Reader<'f> {
    rest: &'f [u8],
    args: &'f [Value],
    /// The argument that the next directive takes.
    next: usize,
    /// Whether any directive named its argument; then nobody counts how many were used.
    reordered: bool,
    /// Whether this directive names an argument in a way that cannot be.
    index_is_bad: bool,
    /// Whether what was read last named an argument.
    after_index: bool,
}

impl<'f> Reader<'f> {
    fn take_until_percent(&mut self) -> &'f [u8] {
        let end = self.rest.iter().position(|b| *b == b'%');
        let (literal, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        literal
    }

    /// What is behind a percent sign.
    fn directive(&mut self, printer: &mut Printer) -> Outcome<()> {
        printer.flags = Flags::default();
        self.index_is_bad = false;
        while self.rest.first().is_some_and(|b| printer.flags.set(*b)) {
            self.rest = &self.rest[1..];
        }
        self.index();
        self.width(printer)?;
        self.precision(printer)?;
        if !self.after_index {
            self.index();
        }
        let Some(verb) = self.verb() else {
            return printer.push(b"%!(NOVERB)");
        };
        if verb == '%' {
            return printer.push(b"%");
        }
        let wrong: &[u8] = match self.args.get(self.next) {
            _ if self.index_is_bad => b"(BADINDEX)",
            None => b"(MISSING)",
            Some(arg) => {
                if matches!(verb, 'v' | 'w') {
                    printer.flags.turn_to_value();
                }
                self.next += 1;
                return printer.argument(arg, verb);
            }
        };
        printer.push(b"%!")?;
        printer.push_char(verb)?;
        printer.push(wrong)
    }

    fn width(&mut self, printer: &mut Printer) -> Outcome<()> {
        if !self.starred() {
            printer.flags.width = self.number();
            // an argument is named for the star or for the verb, not for a number
            self.index_is_bad |= self.after_index && printer.flags.width.is_some();
            return Ok(());
        }
        match self.number_argument() {
            Some(width) => {
                printer.flags.width = usize::try_from(width.unsigned_abs()).ok();
                if width < 0 {
                    printer.flags.minus = true;
                    printer.flags.zero = false;
                }
                Ok(())
            }
            None => printer.push(b"%!(BADWIDTH)"),
        }
    }

    fn precision(&mut self, printer: &mut Printer) -> Outcome<()> {
        // A point at the very end is taken for a verb.
        if self.rest.len() < 2 || self.rest[0] != b'.' {
            return Ok(());
        }
        self.rest = &self.rest[1..];
        self.index_is_bad |= self.after_index;
        self.index();
        if !self.starred() {
            printer.flags.precision = Some(self.number().unwrap_or(0));
            return Ok(());
        }
        let precision = self.number_argument().and_then(|it| usize::try_from(it).ok());
        printer.flags.precision = precision;
        match precision {
            Some(_) => Ok(()),
            None => printer.push(b"%!(BADPREC)"),
        }
    }

    /// Whether an argument says the number.
    fn starred(&mut self) -> bool {
        let Some(rest) = self.rest.strip_prefix(b"*") else {
            return false;
        };
        self.rest = rest;
        self.after_index = false;
        true
    }

    fn number_argument(&mut self) -> Option<i64> {
        let number = match self.args.get(self.next)? {
            Value::Int(value, _) => Some(*value),
            Value::Uint(value, _) => i64::try_from(*value).ok(),
            _ => None,
        };
        self.next += 1;
        number.filter(|value| (-MAX_NUMBER..=MAX_NUMBER).contains(value))
    }

    /// Digits. Too many of them swallow the rest of the format.
    fn number(&mut self) -> Option<usize> {
        let (number, rest) = read_number(self.rest);
        self.rest = rest;
        number
    }

    /// `[3]`
    fn index(&mut self) {
        self.after_index = self.rest.first() == Some(&b'[');
        if !self.after_index {
            return;
        }
        self.reordered = true;
        let closed = self.rest.iter().position(|b| *b == b']');
        let Some(end) = closed.filter(|_| self.rest.len() >= 3) else {
            self.rest = &self.rest[1..];
            self.index_is_bad = true;
            self.after_index = false;
            return;
        };
        let (number, behind) = read_number(&self.rest[1..end]);
        self.rest = &self.rest[end + 1..];
        let number = number.filter(|_| behind.is_empty());
        match number.and_then(|number| number.checked_sub(1)) {
            Some(index) if index < self.args.len() => self.next = index,
            _ => {
                self.index_is_bad = true;
                self.after_index = number.is_some();
            }
        }
    }

    /// The next character; a bad byte counts as one.
    fn verb(&mut self) -> Option<char> {
        let (verb, len) = decode(self.rest)?;
        self.rest = &self.rest[len..];
        Some(verb)
    }
}

/// The number that a text begins with, and what is behind it. Of a number that is too large nothing is left.
fn read_number(text: &[u8]) -> (Option<usize>, &[u8]) {
    let mut number: Option<usize> = None;
    for (at, b) in text.iter().enumerate() {
        if !b.is_ascii_digit() {
            return (number, &text[at..]);
        }
        let so_far = number.unwrap_or(0);
        if i64::try_from(so_far).is_ok_and(|it| it > MAX_NUMBER) {
            return (None, &[]);
        }
        number = Some(so_far * 10 + usize::from(b - b'0'));
    }
    (number, &[])
}
