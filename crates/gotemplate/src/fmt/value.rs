//! Values of every kind, and what is in them.

use super::Printer;
use super::integer::Integer;
use super::{float, integer, pointer, text};
use crate::fault::{Fault, Outcome};
use crate::time::Zone;
use crate::value::display::own_text;
use crate::value::{List, MAX_DEPTH, Map, UintType, Value, type_name};

impl Printer<'_> {
    /// An argument for a directive.
    pub(super) fn argument(&mut self, value: &Value, verb: char) -> Outcome<()> {
        match (value, verb) {
            (Value::Nil, 'v' | 'T') => self.pad(b"<nil>"),
            (Value::Nil, _) | (_, 'w') => self.bad_verb(value, verb),
            (_, 'T') => self.plain_text(type_name(value).as_bytes()),
            (_, 'p') if has_address(value) => self.pointer(type_name(value), address(value), 'p'),
            _ => self.value(value, verb, 0),
        }
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Outcome<()> {
        if depth > MAX_DEPTH {
            return Err(Fault::new(format!(
                "prints what nests more than {MAX_DEPTH} deep"
            )));
        }
        if !self.plain && self.in_its_own_way(value, verb)? {
            return Ok(());
        }
        if !is_for(verb, value) {
            return self.bad_verb(value, verb);
        }
        match value {
            Value::Nil if self.flags.sharp_v => self.push(b"interface {}(nil)"),
            Value::Nil => self.push(b"<nil>"),
            Value::Bool(value) => self.pad(if *value { b"true" } else { b"false" }),
            Value::Int(value, _) => self.integer(Integer::signed(*value), verb),
            Value::Uint(value, _) => self.integer(Integer::unsigned(*value), verb),
            Value::Float(value) => self.float(*value, verb),
            Value::Complex(re, im) => self.complex(*re, *im, verb),
            Value::Text(text) => self.text(text, verb),
            Value::List(list) => self.list(list, verb, depth),
            Value::Map(map) => self.map(map, verb, depth),
            _ => self.structure(value, verb, depth),
        }
    }

    /// Types with a `String` method have a say wherever a string would do, and a time in how Go would write it.
    fn in_its_own_way(&mut self, value: &Value, verb: char) -> Outcome<bool> {
        if self.flags.sharp_v {
            let Value::Time(time) = value else {
                return Ok(false);
            };
            self.plain_text(time.go_string().as_bytes())?;
            return Ok(true);
        }
        if !text::VERBS.contains(verb) {
            return Ok(false);
        }
        let Some(text) = own_text(value) else {
            return Ok(false);
        };
        self.text(text.as_bytes(), verb)?;
        Ok(true)
    }

    /// `%!d(string=hi)`
    pub(super) fn bad_verb(&mut self, value: &Value, verb: char) -> Outcome<()> {
        self.push(b"%!")?;
        self.push_char(verb)?;
        self.push(b"(")?;
        if matches!(value, Value::Nil) {
            self.push(b"<nil>")?;
        } else {
            self.push(type_name(value).as_bytes())?;
            self.push(b"=")?;
            let plain = std::mem::replace(&mut self.plain, true);
            let done = self.value(value, 'v', 0);
            self.plain = plain;
            done?;
        }
        self.push(b")")
    }

    fn list(&mut self, list: &List, verb: char, depth: usize) -> Outcome<()> {
        if self.flags.sharp_v {
            self.push(type_name(&Value::List(list.clone())).as_bytes())?;
            if list.is_nil() {
                return self.push(b"(nil)");
            }
        }
        self.push(if self.flags.sharp_v { b"{" } else { b"[" })?;
        for (nth, item) in list.items().iter().enumerate() {
            self.separate(nth)?;
            self.value(item, verb, depth + 1)?;
        }
        self.push(if self.flags.sharp_v { b"}" } else { b"]" })
    }

    fn map(&mut self, map: &Map, verb: char, depth: usize) -> Outcome<()> {
        if self.flags.sharp_v {
            self.push(type_name(&Value::Map(map.clone())).as_bytes())?;
            self.push(b"{")?;
        } else {
            self.push(b"map[")?;
        }
        for (nth, (key, value)) in map.entries().into_iter().enumerate() {
            self.separate(nth)?;
            self.value(&Value::Text(key), verb, depth + 1)?;
            self.push(b":")?;
            self.value(&value, verb, depth + 1)?;
        }
        self.push(if self.flags.sharp_v { b"}" } else { b"]" })
    }

    fn separate(&mut self, nth: usize) -> Outcome<()> {
        match nth {
            0 => Ok(()),
            _ if self.flags.sharp_v => self.push(b", "),
            _ => self.push(b" "),
        }
    }

    fn structure(&mut self, value: &Value, verb: char, depth: usize) -> Outcome<()> {
        match value {
            Value::Version(version) if version.by_value => {}
            Value::Version(_) if depth == 0 => self.push(b"&")?,
            Value::Version(_) if pointer::VERBS.contains(verb) => {
                return self.pointer(type_name(value), pointer::ADDRESS, verb);
            }
            Value::Version(_) => return self.bad_verb(value, verb),
            _ => {}
        }
        if self.flags.sharp_v {
            self.push(type_name(value).trim_start_matches('*').as_bytes())?;
        }
        self.push(b"{")?;
        for (nth, (name, field)) in fields(value).into_iter().enumerate() {
            self.field_name(nth, name)?;
            self.value(&field, verb, depth + 1)?;
        }
        if let Value::Time(time) = value {
            self.field_name(2, "loc")?;
            let address = if time.zone == Zone::Utc {
                0
            } else {
                pointer::ADDRESS
            };
            self.pointer("*time.Location", address, verb)?;
        }
        self.push(b"}")
    }

    fn field_name(&mut self, nth: usize, name: &str) -> Outcome<()> {
        self.separate(nth)?;
        if self.flags.plus_v || self.flags.sharp_v {
            self.push(name.as_bytes())?;
            self.push(b":")?;
        }
        Ok(())
    }
}

/// Whether a verb can show such a value. What is in a list or a struct is asked for itself.
fn is_for(verb: char, value: &Value) -> bool {
    match value {
        Value::Bool(_) => matches!(verb, 'v' | 't'),
        Value::Int(..) | Value::Uint(..) => integer::VERBS.contains(verb),
        Value::Float(_) | Value::Complex(..) => float::VERBS.contains(verb),
        Value::Text(_) => text::VERBS.contains(verb),
        Value::Nil | Value::List(_) | Value::Map(_) => true,
        Value::Version(_) | Value::Time(_) | Value::Certificate(_) => verb != 'p',
    }
}

/// Whether `%p` shows where it is.
fn has_address(value: &Value) -> bool {
    match value {
        Value::Version(version) => !version.by_value,
        _ => matches!(value, Value::List(_) | Value::Map(_)),
    }
}

fn address(value: &Value) -> u64 {
    match value {
        Value::List(list) if list.is_nil() => 0,
        _ => pointer::ADDRESS,
    }
}

/// What Go's structs are made of, but for pointers.
fn fields(value: &Value) -> Vec<(&'static str, Value)> {
    match value {
        Value::Certificate(certificate) => vec![
            ("Cert", Value::Text(certificate.cert.clone())),
            ("Key", Value::Text(certificate.key.clone())),
        ],
        Value::Version(version) => version.fields(),
        Value::Time(time) => vec![
            ("wall", Value::Uint(time.nanos.into(), UintType::Uint64)),
            ("ext", Value::int64(time.internal())),
        ],
        _ => Vec::new(),
    }
}
