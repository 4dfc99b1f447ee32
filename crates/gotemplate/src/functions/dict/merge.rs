//! `merge` and its kin, as `dario.cat/mergo` does it.

use super::{Args, empty, put};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{MAX_DEPTH, Map, MapType, Text, Value};

/// What the first map has not, or only empty, it gets from the others. Errors become an empty text.
pub(super) fn merge(env: &mut Env, args: Args) -> Outcome {
    Ok(swallow(merge_all(env, args, false)?))
}

pub(super) fn must_merge(env: &mut Env, args: Args) -> Outcome {
    report(merge_all(env, args, false)?)
}

/// What the others have the first map gets, even if it is empty.
pub(super) fn merge_overwrite(env: &mut Env, args: Args) -> Outcome {
    Ok(swallow(merge_all(env, args, true)?))
}

pub(super) fn must_merge_overwrite(env: &mut Env, args: Args) -> Outcome {
    report(merge_all(env, args, true)?)
}

/// Where mergo has an error. Where it panics there is a fault.
struct Mismatch;

type Merged<T> = Outcome<Result<T, Mismatch>>;

fn swallow(merged: Result<Value, Mismatch>) -> Value {
    merged.unwrap_or_else(|Mismatch| Value::text(""))
}

fn report(merged: Result<Value, Mismatch>) -> Outcome {
    merged.map_err(|Mismatch| Fault::new("values of different types cannot be merged"))
}

fn merge_all(env: &mut Env, args: Args, overwrite: bool) -> Merged<Value> {
    let target = args.map(0)?.cloned().unwrap_or_else(empty);
    for nth in 1..args.0.len() {
        let Some(source) = args.map(nth)? else { continue };
        let merger = Merger { overwrite, depth: 0 };
        if let Err(mismatch) = merger.maps(env, &target, source)? {
            return Ok(Err(mismatch));
        }
    }
    Ok(Ok(Value::Map(target)))
}

#[derive(Clone, Copy)]
struct Merger {
    overwrite: bool,
    depth: usize,
}

impl Merger {
    fn maps(self, env: &mut Env, target: &Map, source: &Map) -> Merged<()> {
        if self.depth > MAX_DEPTH {
            return Err(Fault::new(format!("maps nest more than {MAX_DEPTH} deep")));
        }
        for (key, _) in source.entries() {
            env.spend(1)?;
            // Both may be the same map.
            let Some(value) = source.get(&key) else { continue };
            if let Err(mismatch) = self.entry(env, target, source, &key, &value)? {
                return Ok(Err(mismatch));
            }
        }
        Ok(Ok(()))
    }

    fn entry(self, env: &mut Env, target: &Map, source: &Map, key: &Text, value: &Value) -> Merged<()> {
        let old = target.get(key);
        let misfit = target.kind() == MapType::Text && source.kind() != MapType::Text;
        if misfit && matches!(value, Value::List(_)) {
            return Err(misfits());
        }
        if let Some(old) = &old
            && let Err(mismatch) = self.nested(env, old, value)?
        {
            return Ok(Err(mismatch));
        }
        // A map that was merged into is no longer empty and stays; else the target shares the source's.
        let keeps = match (&old, value) {
            (_, Value::Nil) => !self.overwrite,
            (Some(old @ Value::Map(_)), Value::Map(_)) => !is_blank(old),
            (Some(old), _) => !is_blank(old) && !self.overwrite,
            (None, _) => false,
        };
        if !keeps {
            if misfit {
                return Err(misfits());
            }
            put(env, target, key, value)?;
        }
        Ok(Ok(()))
    }

    /// Merges into what the target has already.
    fn nested(self, env: &mut Env, old: &Value, value: &Value) -> Merged<()> {
        let structure = matches!(value, Value::Map(_) | Value::Time(_) | Value::Certificate(_));
        match (old, value) {
            (Value::Map(target), Value::Map(source)) => {
                let deeper = Self {
                    depth: self.depth + 1,
                    ..self
                };
                deeper.maps(env, target, source)
            }
            (Value::Version(_), _) if structure && !self.overwrite => Ok(Err(Mismatch)),
            (Value::Certificate(_), Value::Map(_) | Value::Version(_)) => {
                Err(Fault::new("a certificate cannot be merged with that"))
            }
            _ => Ok(Ok(())),
        }
    }
}

fn misfits() -> Fault {
    Fault::new("a map of strings takes strings only")
}

/// What mergo takes for empty.
fn is_blank(value: &Value) -> bool {
    !value.is_true() && !matches!(value, Value::Complex(..))
}
