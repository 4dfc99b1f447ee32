//! JSON.

use lockstep_gostd::json::{self, Html, Numbers};

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::Value;
use crate::value::from_doc::from_json as to_value;
use crate::value::json::{Layout, Problem, encode};

pub(super) const TABLE: &[Function] = &[
    Function::new("fromJson", &[Param::Text], from_json),
    Function::new("mustFromJson", &[Param::Text], must_from_json),
    Function::new("toJson", &[Param::Any], |env, args| {
        unless_unfit(print(env, args, Html::Escaped, Layout::Compact))
    }),
    Function::new("mustToJson", &[Param::Any], |env, args| {
        Ok(print(env, args, Html::Escaped, Layout::Compact)?)
    }),
    Function::new("toPrettyJson", &[Param::Any], |env, args| {
        unless_unfit(print(env, args, Html::Escaped, Layout::Pretty))
    }),
    Function::new("mustToPrettyJson", &[Param::Any], |env, args| {
        Ok(print(env, args, Html::Escaped, Layout::Pretty)?)
    }),
    Function::new("toRawJson", &[Param::Any], to_raw_json),
    Function::new("mustToRawJson", &[Param::Any], to_raw_json),
];

/// What is no JSON is nil, and so are numbers that are too large.
fn from_json(env: &mut Env, args: Args) -> Outcome {
    match parse(env, args, Numbers::FloatOrNull)? {
        Ok(document) => to_value(env, document),
        Err(fault @ json::Fault::TooDeep) => Err(Fault::new(fault.to_string())),
        Err(_) => Ok(Value::Nil),
    }
}

fn must_from_json(env: &mut Env, args: Args) -> Outcome {
    match parse(env, args, Numbers::Float)? {
        Ok(document) => to_value(env, document),
        Err(fault) => Err(Fault::new(fault.to_string())),
    }
}

fn parse<'a>(
    env: &mut Env,
    args: Args<'a>,
    numbers: Numbers,
) -> Outcome<Result<json::Value<'a>, json::Fault>> {
    let text = args.text(0)?;
    env.spend(text.len())?;
    Ok(json::Value::parse(text, numbers))
}

/// Fails for what is unfit even without `must`.
fn to_raw_json(env: &mut Env, args: Args) -> Outcome {
    Ok(print(env, args, Html::Plain, Layout::Compact)?)
}

fn print(env: &mut Env, args: Args, html: Html, layout: Layout) -> Result<Value, Problem> {
    encode(env, args.any(0)?, html, layout).map(Value::text)
}

/// Sprig passes over errors.
fn unless_unfit(printed: Result<Value, Problem>) -> Outcome {
    match printed {
        Err(Problem::Unfit(_)) => Ok(Value::text("")),
        Err(Problem::Fault(fault)) => Err(fault),
        Ok(json) => Ok(json),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::functions::Certificate;
    use crate::value::{IntType, List, ListType};

    fn text(made: Outcome) -> Option<String> {
        match made {
            Ok(Value::Text(text)) => Some(String::from_utf8_lossy(&text).into_owned()),
            Ok(_) => panic!("no text was made"),
            Err(_) => None,
        }
    }

    #[test]
    fn read() {
        for (json, lenient, strict) in [
            ("[1,1e400]", "[1,null]", None),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, Some(r#"{"a":2}"#)),
            ("[1", "null", None),
            ("{} x", "null", None),
            (" \"\\ud800\" ", "\"\u{fffd}\"", Some("\"\u{fffd}\"")),
            ("", "null", None),
        ] {
            let value = call("fromJson", &[Value::text(json)]).expect("never fails");
            assert_eq!(
                text(call("toRawJson", &[value])).as_deref(),
                Some(lenient),
                "{json}"
            );
            let printed = call("mustFromJson", &[Value::text(json)]).map(|value| call("toRawJson", &[value]));
            assert_eq!(printed.ok().and_then(text).as_deref(), strict, "{json}");
        }
        let deep = "[".repeat(501);
        assert!(call("fromJson", &[Value::text(deep)]).is_err());
    }

    #[test]
    fn printed() {
        let pair = Certificate {
            cert: "c".into(),
            key: "<".into(),
        };
        for (value, expected) in [
            (Value::Nil, "null"),
            (Value::Int(1_500, IntType::Duration), "1500"),
            (Value::Float(1e6), "1000000"),
            (Value::List(List::nil(ListType::Any)), "null"),
            (Value::texts(["<a>"]), r#"["\u003ca\u003e"]"#),
            (Value::text(b"\xff\x7f"), "\"\\ufffd\u{7f}\""),
            (Value::Certificate(pair.into()), r#"{"Cert":"c","Key":"\u003c"}"#),
        ] {
            assert_eq!(text(call("mustToJson", &[value])).as_deref(), Some(expected));
        }
        let nested = || {
            let inner = Value::list(vec![Value::map([]), Value::map([("k".into(), Value::int(1))])]);
            Value::map([("a".into(), inner.expect("flat"))])
        };
        let pretty = "{\n  \"a\": [\n    {},\n    {\n      \"k\": 1\n    }\n  ]\n}";
        assert_eq!(text(call("toPrettyJson", &[nested()])).as_deref(), Some(pretty));
        assert_eq!(
            text(call("toRawJson", &[nested()])).as_deref(),
            Some(r#"{"a":[{},{"k":1}]}"#)
        );
    }

    #[test]
    fn unfit() {
        for value in [Value::Float(f64::NAN), Value::Complex(0.0, 0.0)] {
            for (name, expected) in [
                ("toJson", Some("")),
                ("toPrettyJson", Some("")),
                ("toRawJson", None),
                ("mustToJson", None),
                ("mustToPrettyJson", None),
                ("mustToRawJson", None),
            ] {
                assert_eq!(
                    text(call(name, std::slice::from_ref(&value))).as_deref(),
                    expected,
                    "{name}"
                );
            }
        }
    }
}
