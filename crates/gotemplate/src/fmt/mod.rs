//! Go's `fmt`: what `print`, `printf` and `println` print, and how any value looks as text.

use crate::fault::{Fault, Outcome};
use crate::value::{Value, runes};
use flags::Flags;

mod directive;
mod flags;
mod float;
mod integer;
mod pointer;
mod text;
mod value;

/// How much one call may print.
const MAX_PRINTED: usize = 16 << 20;

/// Go's `%v` of one value.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Value) -> Outcome<()> {
    Printer::new(out).argument(value, 'v')
}

/// Go's `Sprint`: with spaces between operands when neither is a string.
pub(crate) fn sprint(args: &[Value]) -> Outcome<Vec<u8>> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out);
    let mut after_text = true;
    for arg in args {
        let is_text = matches!(arg, Value::Text(_));
        if !is_text && !after_text {
            printer.push(b" ")?;
        }
        printer.argument(arg, 'v')?;
        after_text = is_text;
    }
    Ok(out)
}

/// Go's `Sprintln`: with spaces between all operands, and a newline.
pub(crate) fn sprintln(args: &[Value]) -> Outcome<Vec<u8>> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out);
    for (nth, arg) in args.iter().enumerate() {
        if nth > 0 {
            printer.push(b" ")?;
        }
        printer.argument(arg, 'v')?;
    }
    printer.push(b"\n")?;
    Ok(out)
}

/// Go's `Sprintf`.
pub(crate) fn sprintf(format: &[u8], args: &[Value]) -> Outcome<Vec<u8>> {
    let mut out = Vec::new();
    directive::print(&mut Printer::new(&mut out), format, args)?;
    Ok(out)
}

/// Prints values as the current directive wants them. One file for each kind of value.
struct Printer<'o> {
    out: &'o mut Vec<u8>,
    /// How long `out` may become.
    limit: usize,
    flags: Flags,
    /// While a value is shown for which the verb was wrong, no type gets a say in how it looks.
    plain: bool,
}

impl<'o> Printer<'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        Self {
            limit: out.len().saturating_add(MAX_PRINTED),
            out,
            flags: Flags::default(),
            plain: false,
        }
    }

    /// Everything that is printed goes through here or [`repeat`](Self::repeat).
    fn push(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.reserve(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn push_char(&mut self, c: char) -> Outcome<()> {
        self.push(c.encode_utf8(&mut [0; 4]).as_bytes())
    }

    fn repeat(&mut self, byte: u8, count: usize) -> Outcome<()> {
        self.reserve(count)?;
        self.out.extend(std::iter::repeat_n(byte, count));
        Ok(())
    }

    fn reserve(&self, more: usize) -> Outcome<()> {
        if more > self.limit.saturating_sub(self.out.len()) {
            return Err(Fault::new(format!(
                "prints more than {MAX_PRINTED} bytes at once"
            )));
        }
        Ok(())
    }

    /// Fills up to the width. Only on the left this may be done with zeros.
    fn pad(&mut self, bytes: &[u8]) -> Outcome<()> {
        let missing = self.missing(runes(bytes).count());
        if self.flags.minus {
            self.push(bytes)?;
            return self.repeat(b' ', missing);
        }
        self.repeat(self.flags.filler(), missing)?;
        self.push(bytes)
    }

    /// The same, but never with zeros.
    fn pad_with_spaces(&mut self, bytes: &[u8]) -> Outcome<()> {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        let done = self.pad(bytes);
        self.flags.zero = zero;
        done
    }

    /// What so many characters lack to the width.
    fn missing(&self, chars: usize) -> usize {
        self.flags.width.unwrap_or(0).saturating_sub(chars)
    }
}

#[cfg(test)]
mod tests;
