//! Whatever somebody may send.

use lockstep_gostd::json::{Numbers, Value};
use lockstep_jsonpath::{Error, MAX_LENGTH, MAX_NESTING, Path};
use proptest::prelude::*;

use crate::vectors::find;

#[test]
fn nesting_ends() {
    for (open, close) in [("(", ")"), ("-", ""), ("$[", "]"), ("a[", "]")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(Path::parse(&nested(MAX_NESTING - 1)).is_ok(), "{open}");
        assert!(Path::parse(&nested(MAX_NESTING)).is_err(), "{open}");
        assert!(Path::parse(&nested(5000)).is_err(), "{open}");
    }
    assert!(Path::parse(&format!("${}", ".a".repeat(MAX_LENGTH))).is_err());
}

/// Paths that double what they find, comparisons of everything with everything, ranges without end.
#[test]
fn what_costs_too_much_is_cut_off() {
    let wide = format!("[{}0]", "[0,0,0,0],".repeat(2000));
    let deep = format!("{}{}", "[".repeat(400), "]".repeat(400));
    for (json, path) in [
        (wide.as_str(), "$[?($ == $[?($ == $)])]"),
        (&deep, "$..*..*..*..*..*"),
    ] {
        let error = find(json, path).expect_err("too much");
        assert_eq!(error, Error::TooManySteps.to_string(), "{path}");
    }
    assert_eq!(find("[1,2,3]", "$[-9e99:9e18:9e18]"), Ok("[1]".to_owned()));
    assert_eq!(find("[1,2,3]", "$[::-9e18]"), Ok("[3]".to_owned()));
}

#[test]
fn errors_quote_the_path_and_never_the_document() {
    let json = r#"{"name": "canary", "map": {"a": 1}, "list": [1], "canary": "canary"}"#;
    for path in [
        "$.map[$.name]",
        "$.list[$.name]",
        "$.list[$.map]",
        "$.name.x",
        "name.x",
        "-$.name",
        "$.name()",
    ] {
        let error = find(json, path).expect_err(path);
        assert!(!error.contains("canary"), "{path}: {error}");
    }
    let document = Value::parse(json.as_bytes(), Numbers::Float).expect("JSON");
    let path = Path::parse("$..*").expect("a path");
    let found = path.find(&document).expect("found");
    assert!(!format!("{found:?}").contains("canary"));
}

proptest! {
    #[test]
    fn nothing_panics(path in r#"[$@.*\[\]()?:,"'`a-c0-2=!<&i \\-]{0,24}"#, any in "\\PC{0,12}") {
        let json = r#"{"a": [1, {"b": null, "c": "0"}, [true, "x"]], "b": {"a": 0.5}, "0": "a"}"#;
        for path in [path.clone(), format!("${path}"), format!("$.a[{path}]"), any] {
            let _ = find(json, &path);
        }
    }
}
