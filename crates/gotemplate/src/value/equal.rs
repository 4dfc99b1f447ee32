//! Go's `reflect.DeepEqual`.

use std::collections::HashSet;

use super::{List, Map, Value};
use crate::env::Env;
use crate::fault::Outcome;

/// Whether both have the same type and the same content. NaN differs from itself, but not a list from itself that
/// holds one.
pub(crate) fn deep_equal(env: &mut Env, left: &Value, right: &Value) -> Outcome<bool> {
    let mut pairs = Pairs::default();
    if !pairs.alike(env, left, right)? {
        return Ok(false);
    }
    // Not by recursion: maps nest as deep as they like.
    while let Some(nested) = pairs.nested.pop() {
        let alike = match nested {
            Nested::Lists(left, right) => pairs.lists(env, &left, &right)?,
            Nested::Maps(left, right) => pairs.maps(env, &left, &right)?,
        };
        if !alike {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is still to be compared.
#[derive(Default)]
struct Pairs {
    nested: Vec<Nested>,
    /// Maps that have been compared, or are being: only they can contain themselves.
    seen: HashSet<(usize, usize)>,
}

enum Nested {
    Lists(List, List),
    Maps(Map, Map),
}

impl Pairs {
    /// Whether two values are equal but for what is within them, which is noted down.
    #[expect(clippy::float_cmp, reason = "it is what Go does")]
    fn alike(&mut self, env: &mut Env, left: &Value, right: &Value) -> Outcome<bool> {
        Ok(match (left, right) {
            (Value::Nil, Value::Nil) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Int(left, of), Value::Int(right, other)) => of == other && left == right,
            (Value::Uint(left, of), Value::Uint(right, other)) => of == other && left == right,
            (Value::Float(left), Value::Float(right)) => left == right,
            (Value::Complex(re, im), Value::Complex(other_re, other_im)) => re == other_re && im == other_im,
            (Value::Text(left), Value::Text(right)) if left.len() == right.len() => {
                env.spend(left.len())?;
                left == right
            }
            (Value::List(left), Value::List(right)) => {
                self.nested.push(Nested::Lists(left.clone(), right.clone()));
                left.kind() == right.kind()
            }
            (Value::Map(left), Value::Map(right)) => {
                self.nested.push(Nested::Maps(left.clone(), right.clone()));
                left.kind() == right.kind()
            }
            (Value::Time(left), Value::Time(right)) => left.deep_equals(right),
            (Value::Version(left), Value::Version(right)) => left == right,
            (Value::Certificate(left), Value::Certificate(right)) => {
                left.cert == right.cert && left.key == right.key
            }
            _ => false,
        })
    }

    fn lists(&mut self, env: &mut Env, left: &List, right: &List) -> Outcome<bool> {
        if left.is_nil() != right.is_nil() || left.items().len() != right.items().len() {
            return Ok(false);
        }
        if left.is(right) {
            return Ok(true);
        }
        env.spend(left.items().len())?;
        for (left, right) in left.items().iter().zip(right.items()) {
            if !self.alike(env, left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn maps(&mut self, env: &mut Env, left: &Map, right: &Map) -> Outcome<bool> {
        if left.len() != right.len() {
            return Ok(false);
        }
        let pair = (left.address(), right.address());
        if left.is(right) || !self.seen.insert(pair) {
            return Ok(true);
        }
        env.spend_items(left.len() + 1)?;
        for (key, value) in left.entries() {
            match right.get(&key) {
                Some(other) if self.alike(env, &value, &other)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}
