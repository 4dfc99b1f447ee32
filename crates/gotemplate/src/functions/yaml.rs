//! YAML, which External Secrets Operator takes from `sigs.k8s.io/yaml`.

use lockstep_gostd::json::Html;
use lockstep_gostd::yaml::{self, Node};

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::Value;
use crate::value::from_doc::from_yaml as to_value;
use crate::value::json::{Layout, Problem, encode};

pub(super) const TABLE: &[Function] = &[
    Function::new("fromYaml", &[Param::Text], from_yaml),
    Function::new("toYaml", &[Param::Any], to_yaml),
];

/// A map in any case. What is wrong stands in it under `Error`.
fn from_yaml(env: &mut Env, args: Args) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len())?;
    match yaml::parse_map(text) {
        Ok(entries) => to_value(env, Node::Map(entries)),
        Err(fault) if fault.is_limit() => Err(Fault::new(fault.to_string())),
        Err(fault) => Ok(Value::map([("Error".into(), Value::text(fault.to_string()))])),
    }
}

/// Goes by way of JSON, which YAML is nearly a superset of. Where it is not, there is no output: texts with some control
/// characters, keys of more than a thousand characters.
fn to_yaml(env: &mut Env, args: Args) -> Outcome {
    let json = match encode(env, args.any(0)?, Html::Escaped, Layout::Compact) {
        Ok(json) => json,
        Err(Problem::Unfit(_)) => return Ok(Value::text("")),
        Err(Problem::Fault(fault)) => return Err(fault),
    };
    env.spend(json.len())?;
    let node = match yaml::parse(&json) {
        Ok(node) => node,
        Err(fault) if fault.is_limit() => return Err(Fault::new(fault.to_string())),
        Err(_) => return Ok(Value::text("")),
    };
    let mut yaml = yaml::write(&node);
    yaml.pop_if(|last| *last == b'\n');
    env.spend(yaml.len())?;
    Ok(Value::text(yaml))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, text_of};
    use super::*;
    use crate::value::Text;

    fn to_yaml(value: Value) -> Vec<u8> {
        match call("toYaml", &[value]) {
            Ok(Value::Text(text)) => text.to_vec(),
            _ => panic!("toYaml makes a text"),
        }
    }

    #[test]
    fn printed() {
        for (value, expected) in [
            (Value::Nil, "null"),
            (Value::text(""), r#""""#),
            (Value::text("x: y"), "'x: y'"),
            (Value::Float(1e6), "1000000"),
            (Value::Float(1e21), "1e+21"),
            (Value::Float(-0.0), "0"),
            (Value::Float(f64::NAN), ""),
            (Value::Complex(1.0, 0.0), ""),
            (Value::text(b"\x00\x01\xff"), "\"\\0\\x01\u{fffd}\""),
            (Value::text("a\u{7f}"), ""),
            (Value::text("a \u{85} b"), "a b"),
            (Value::map([]), "{}"),
            (Value::texts(["a\n", "b"]), "- |\n  a\n- b"),
        ] {
            assert_eq!(to_yaml(value), expected.as_bytes(), "{expected}");
        }
        let long = |length: usize| Value::map([("k".repeat(length).into(), Value::Nil)]);
        assert!(!to_yaml(long(1022)).is_empty());
        assert!(to_yaml(long(1023)).is_empty());
    }

    #[test]
    fn read() {
        let json = |yaml: &str| {
            let map = call("fromYaml", &[Value::text(yaml)]).expect("a map");
            match call("toRawJson", &[map]) {
                Ok(Value::Text(text)) => String::from_utf8_lossy(&text).into_owned(),
                _ => panic!("toRawJson makes a text"),
            }
        };
        for (yaml, expected) in [
            ("a: 12345678901234567890", r#"{"a":12345678901234567000}"#),
            ("n: y\n1: ~", r#"{"1":null,"false":true}"#),
            ("", "{}"),
            ("null", "{}"),
            (
                "a: [canary",
                r#"{"Error":"error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'"}"#,
            ),
            (
                "canary",
                r#"{"Error":"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}"}"#,
            ),
        ] {
            assert_eq!(json(yaml), expected, "{yaml}");
        }
    }

    #[test]
    fn too_deep_is_a_fault() {
        assert!(text_of("fromYaml", &["[".repeat(10_000)]).is_err());
        let mut map = Value::map([]);
        for _ in 0..300 {
            map = Value::map([(Text::from("k"), map)]);
        }
        assert!(call("toYaml", &[map]).is_err());
    }
}
