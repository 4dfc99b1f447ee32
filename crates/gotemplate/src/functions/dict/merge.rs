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
        let by_pointer = |value: &Value| matches!(value, Value::Version(version) if !version.by_value);
        let other = matches!(value, Value::Map(_) | Value::Time(_) | Value::Certificate(_));
        match (old, value) {
            (Value::Map(target), Value::Map(source)) => {
                let deeper = Self {
                    depth: self.depth + 1,
                    ..self
                };
                deeper.maps(env, target, source)
            }
            (old, _) if by_pointer(old) && other && !self.overwrite => Ok(Err(Mismatch)),
            (Value::Certificate(_), value) if matches!(value, Value::Map(_)) || by_pointer(value) => {
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

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn merging() {
        check(&[
            (
                r#"{{ merge (dict "a" (dict "b" 0 "c" 1)) (dict "a" (dict "b" 2 "c" 3 "d" 4)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]interface {}{"b":2, "c":1, "d":4}}"#),
            ),
            (
                r#"{{ merge (dict "a" (dict)) (dict "a" 1) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":1}"#),
            ),
            (
                r#"{{ merge (dict "a" 1) (dict "a" (dict "b" 1) "c" nil) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":1}"#),
            ),
            (
                r#"{{ merge (dict "a" nil "l" (list)) (dict "a" (list 1) "l" (list 2)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":[]interface {}{1}, "l":[]interface {}{2}}"#),
            ),
            (
                r#"{{ merge (dict "l" (list 1)) (dict "l" (list 2)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"l":[]interface {}{1}}"#),
            ),
            (
                r#"{{ merge nil (dict "a" 1) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":1}"#),
            ),
            (
                r#"{{ merge (dict) nil (dict "a" 1) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":1}"#),
            ),
            (
                r#"{{ $d := dict }}{{ $_ := merge $d (dict "a" 1) (dict "a" 2 "b" 3) }}{{ $d }}"#,
                Some("map[a:1 b:3]"),
            ),
        ]);
    }

    #[test]
    fn overwriting() {
        check(&[
            (
                r#"{{ mergeOverwrite (dict "a" (dict "b" 1 "c" 1)) (dict "a" (dict "b" nil "c" 0)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]interface {}{"b":interface {}(nil), "c":0}}"#),
            ),
            (
                r#"{{ mergeOverwrite (dict "a" (dict "b" 1)) (dict "a" (dict)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]interface {}{"b":1}}"#),
            ),
            (
                r#"{{ mergeOverwrite (dict "a" (dict "b" 1)) (dict "a" 1) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":1}"#),
            ),
            (
                r#"{{ mergeOverwrite (dict "a" 1 "l" (list 1)) (dict "a" (dict "b" 1) "l" (list)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]interface {}{"b":1}, "l":[]interface {}{}}"#),
            ),
            (
                r#"{{ mergeOverwrite (dict "a" 1) (dict "a" nil "b" nil) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":interface {}(nil), "b":interface {}(nil)}"#),
            ),
        ]);
    }

    #[test]
    fn maps_are_shared() {
        check(&[
            (
                r#"{{ $s := dict "x" (dict "y" 1) }}{{ $t := merge (dict "x" (dict)) $s }}{{ $_ := set $t.x "y" 2 }}{{ $s.x.y }}"#,
                Some("1"),
            ),
            (
                r#"{{ $s := dict "x" (dict) }}{{ $t := merge (dict "x" (dict)) $s }}{{ $_ := set $t.x "y" 2 }}{{ $s }}"#,
                Some("map[x:map[y:2]]"),
            ),
            (
                r#"{{ $s := dict "x" (dict "y" 1) }}{{ $t := mergeOverwrite (dict "x" 1) $s }}{{ $_ := set $t.x "y" 2 }}{{ $s.x.y }}"#,
                Some("2"),
            ),
        ]);
    }

    #[test]
    fn maps_of_strings_take_strings_only() {
        check(&[
            (
                r#"{{ merge (dict "a" (split "," "x")) (dict "a" (dict "_0" 1)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]string{"_0":"x"}}"#),
            ),
            (
                r#"{{ merge (dict "a" (split "," "x")) (dict "a" (dict "_1" "y")) | printf "%#v" }}"#,
                None,
            ),
            (
                r#"{{ merge (dict "a" (split "," "x")) (dict "a" (dict "_0" (list))) | printf "%#v" }}"#,
                None,
            ),
            (
                r#"{{ merge (dict "a" (split "," "x")) (dict "a" (split "," "a,b")) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]string{"_0":"x", "_1":"b"}}"#),
            ),
            (
                r#"{{ merge (dict "a" (dict "_0" 1)) (dict "a" (split "," "a,b")) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]interface {}{"_0":1, "_1":"b"}}"#),
            ),
            (
                r#"{{ merge (dict "a" (split "," "x")) (dict "a" (dict "_1" nil)) | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":map[string]string{"_0":"x"}}"#),
            ),
            (
                r#"{{ mergeOverwrite (dict "a" (split "," "x")) (dict "a" (dict "_1" nil)) | printf "%#v" }}"#,
                None,
            ),
        ]);
    }
}
