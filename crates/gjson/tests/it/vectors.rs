//! Results recorded from gjson 1.18.0 and sjson 1.2.5.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lockstep_gjson::{Kind, delete, get, is_valid, set};
use lockstep_vectors::load;
use serde_json::Value;

fn field<'c>(case: &'c Value, name: &str) -> &'c str {
    case[name]
        .as_str()
        .unwrap_or_else(|| panic!("case {} lacks {name}", case["name"]))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "Null",
        Kind::False => "False",
        Kind::Number => "Number",
        Kind::String => "String",
        Kind::True => "True",
        Kind::Json => "JSON",
    }
}

fn report(file: &str, total: usize, failures: &[String]) {
    assert!(total > 50, "{file} has only {total} cases");
    assert!(
        failures.is_empty(),
        "{} of {total} cases of {file} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn gjson() {
    let cases = load("gjson.json");
    let mut failures = Vec::new();
    for case in &cases {
        let json = field(case, "json").as_bytes();
        let value = get(json, field(case, "path"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let got = (
            value.exists(),
            kind_name(value.kind()).to_owned(),
            text(&value.text()),
            text(value.raw()),
        );
        let word = |name| field(case, name).to_owned();
        let want = (case["exists"] == true, word("type"), word("string"), word("raw"));
        if got != want || is_valid(json) != (case["valid"] == true) {
            failures.push(format!("{}: want {want:?}, got {got:?}", case["name"]));
        }
    }
    report("gjson.json", cases.len(), &failures);
}

#[test]
fn sjson() {
    let cases = load("sjson.json");
    let mut failures = Vec::new();
    for case in &cases {
        let (json, path) = (field(case, "json").as_bytes(), field(case, "path"));
        let result = match field(case, "op") {
            "set_bytes" => set(
                json,
                path,
                &STANDARD.decode(field(case, "value")).expect("base64"),
            ),
            "set" => set(json, path, field(case, "value").as_bytes()),
            "delete" => delete(json, path),
            op => panic!("unknown op {op}"),
        };
        let message = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let got = String::from_utf8_lossy(result.as_deref().unwrap_or(json)).into_owned();
        let expected = case["error_contains"].as_str().unwrap_or_default();
        let same_error = result.is_err() == (case["error"] == true) && message.contains(expected);
        if got != field(case, "output") || !same_error {
            failures.push(format!(
                "{}: want {}, got {got:?} {message}",
                case["name"], case["output"]
            ));
        }
    }
    report("sjson.json", cases.len(), &failures);
}
