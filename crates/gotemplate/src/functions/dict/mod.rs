//! Maps.

use super::Param::{Any, Map as Dict, Text as Key};
use super::{Args, Function};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{Map, MapType, Text, Value, strval};

mod merge;

pub(super) const TABLE: &[Function] = &[
    Function::new("dict", &[], dict).variadic(Any),
    Function::new("dig", &[], dig).variadic(Any),
    Function::new("get", &[Dict, Key], get),
    Function::new("hasKey", &[Dict, Key], |_, args| {
        let key = args.text(1)?;
        Ok(Value::Bool(args.map(0)?.is_some_and(|map| map.contains(key))))
    }),
    Function::new("keys", &[], keys).variadic(Dict),
    Function::new("merge", &[Dict], merge::merge).variadic(Dict),
    Function::new("mergeOverwrite", &[Dict], merge::merge_overwrite).variadic(Dict),
    Function::new("mustMerge", &[Dict], merge::must_merge).variadic(Dict),
    Function::new("mustMergeOverwrite", &[Dict], merge::must_merge_overwrite).variadic(Dict),
    Function::new("omit", &[Dict], omit).variadic(Key),
    Function::new("pick", &[Dict], pick).variadic(Key),
    Function::new("pluck", &[Key], pluck).variadic(Dict),
    Function::new("set", &[Dict, Key, Any], set),
    Function::new("unset", &[Dict, Key], unset),
    Function::new("values", &[Dict], values),
];

fn dict(env: &mut Env, args: Args) -> Outcome {
    let map = empty();
    for pair in args.0.chunks(2) {
        let key = strval(&pair[0])?;
        spend_entry(env, &key)?;
        let value = pair.get(1).cloned();
        map.insert(key, value.unwrap_or_else(|| Value::text("")));
    }
    Ok(Value::Map(map))
}

fn get(_: &mut Env, args: Args) -> Outcome {
    let key = args.text(1)?;
    let value = args.map(0)?.and_then(|map| map.get(key));
    Ok(value.unwrap_or_else(|| Value::text("")))
}

fn set(env: &mut Env, args: Args) -> Outcome {
    let Some(map) = args.map(0)? else {
        return Err(Fault::new("assignment to entry in nil map"));
    };
    put(env, map, args.text(1)?, args.any(2)?)?;
    Ok(Value::Map(map.clone()))
}

fn unset(_: &mut Env, args: Args) -> Outcome {
    let key = args.text(1)?;
    let map = args.map(0)?;
    if let Some(map) = map {
        map.remove(key);
    }
    Ok(Value::Map(map.cloned().unwrap_or_else(empty)))
}

/// Go has no order here; we have that of the keys.
fn keys(env: &mut Env, args: Args) -> Outcome {
    let mut keys = Vec::new();
    for nth in 0..args.0.len() {
        let Some(map) = args.map(nth)? else { continue };
        env.spend_items(map.len())?;
        keys.extend(map.entries().into_iter().map(|(key, _)| key));
    }
    Ok(Value::texts(keys))
}

fn values(env: &mut Env, args: Args) -> Outcome {
    let map = args.map(0)?;
    env.spend_items(map.map_or(0, Map::len))?;
    let entries = map.map(Map::entries).unwrap_or_default();
    Value::list(entries.into_iter().map(|(_, value)| value).collect())
}

fn pluck(env: &mut Env, args: Args) -> Outcome {
    let key = args.text(0)?;
    let mut found = Vec::new();
    for nth in 1..args.0.len() {
        env.spend_items(1)?;
        found.extend(args.map(nth)?.and_then(|map| map.get(key)));
    }
    Value::list(found)
}

fn pick(env: &mut Env, args: Args) -> Outcome {
    let picked = empty();
    if let Some(map) = args.map(0)? {
        for nth in 1..args.0.len() {
            let key = args.text(nth)?;
            spend_entry(env, key)?;
            if let Some(value) = map.get(key) {
                picked.insert(key.clone(), value);
            }
        }
    }
    Ok(Value::Map(picked))
}

fn omit(env: &mut Env, args: Args) -> Outcome {
    let map = args.map(0)?;
    env.spend_items(map.map_or(0, Map::len).saturating_mul(2) + args.0.len())?;
    let left = Map::new(MapType::Any, map.map(Map::entries).unwrap_or_default());
    for nth in 1..args.0.len() {
        left.remove(args.text(nth)?);
    }
    Ok(Value::Map(left))
}

/// Goes from map to map by the keys, of which there is at least one; then come the default and the map.
fn dig(env: &mut Env, args: Args) -> Outcome {
    let [keys @ .., default, map] = args.0 else {
        return Err(Fault::new("dig needs at least three arguments"));
    };
    if keys.is_empty() {
        return Err(Fault::new("dig needs at least three arguments"));
    }
    env.spend(keys.len())?;
    let keys = keys.iter().map(|key| match key {
        Value::Text(key) => Ok(key),
        _ => Err(Fault::new("a key is no string")),
    });
    let keys = keys.collect::<Outcome<Vec<_>>>()?;
    let mut value = map.clone();
    for (nth, key) in keys.into_iter().enumerate() {
        let map = match &value {
            Value::Map(map) if map.kind() == MapType::Any => map,
            _ => return Err(Fault::new(format!("there is no map for key number {}", nth + 1))),
        };
        match map.get(key) {
            Some(step) => value = step,
            None => return Ok(default.clone()),
        }
    }
    Ok(value)
}

/// Changes a map that may be known elsewhere.
fn put(env: &mut Env, map: &Map, key: &Text, value: &Value) -> Outcome<()> {
    spend_entry(env, key)?;
    env.changed(map);
    map.insert(key.clone(), value.clone());
    Ok(())
}

/// What it costs to have an entry of that key in a map.
fn spend_entry(env: &mut Env, key: &[u8]) -> Outcome<()> {
    env.spend(key.len())?;
    env.spend_items(2)
}

fn empty() -> Map {
    Map::new(MapType::Any, [])
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn entries() {
        check(&[
            (
                r#"{{ dict 1 2 nil 3 "odd" | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"1":2, "<nil>":3, "odd":""}"#),
            ),
            (
                r#"{{ dict (list 1) 1 | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"[1]":1}"#),
            ),
            (r#"{{ get nil "a" | printf "%#v" }}"#, Some(r#""""#)),
            (r#"{{ set nil "a" 1 | printf "%#v" }}"#, None),
            (r#"{{ unset nil "a" | len | printf "%#v" }}"#, Some("0")),
            (r#"{{ hasKey nil "a" | printf "%#v" }}"#, Some("false")),
            (
                r#"{{ keys (dict "b" 1 "a" 2) | printf "%#v" }}"#,
                Some(r#"[]string{"a", "b"}"#),
            ),
            (r#"{{ values nil | printf "%#v" }}"#, Some("[]interface {}{}")),
            (
                r#"{{ pluck "a" (dict "a" nil) nil (dict "a" 1) | printf "%#v" }}"#,
                Some("[]interface {}{interface {}(nil), 1}"),
            ),
            (
                r#"{{ pick (dict "a" nil "b" 1) "a" "a" "z" | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":interface {}(nil)}"#),
            ),
            (
                r#"{{ omit nil "a" | printf "%#v" }}"#,
                Some("map[string]interface {}{}"),
            ),
            (
                r#"{{ omit (dict "a" 1 "b" 2) "b" "z" | printf "%#v" }}"#,
                Some(r#"map[string]interface {}{"a":1}"#),
            ),
            (
                r#"{{ $d := dict "a" 1 }}{{ $_ := set (omit $d) "b" 2 }}{{ $_ := unset $d "a" }}{{ $d }}"#,
                Some("map[]"),
            ),
        ]);
    }

    #[test]
    fn dig() {
        check(&[
            (
                r#"{{ dig "a" "b" "d" (dict "a" (dict "b" nil)) | printf "%#v" }}"#,
                Some("<nil>"),
            ),
            (
                r#"{{ dig "a" "b" "d" (dict "a" (dict)) | printf "%#v" }}"#,
                Some(r#""d""#),
            ),
            (r#"{{ dig "x" "b" "d" (dict) | printf "%#v" }}"#, Some(r#""d""#)),
            (r#"{{ dig "a" "b" "d" (dict "a" nil) | printf "%#v" }}"#, None),
            (
                r#"{{ dig "a" "_0" "d" (dict "a" (split "," "x")) | printf "%#v" }}"#,
                None,
            ),
            (r#"{{ dig "a" 1 "d" (dict) | printf "%#v" }}"#, None),
            (r#"{{ dig "a" "d" nil | printf "%#v" }}"#, None),
            (r#"{{ dig "a" (dict) | printf "%#v" }}"#, None),
        ]);
    }
}
