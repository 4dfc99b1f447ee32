//! Results recorded from PaesslerAG/jsonpath 0.1.1.

use lockstep_gostd::json::{Html, Numbers, Value, encode};
use lockstep_jsonpath::{Found, Path};
use lockstep_vectors::load;

/// What a path leads to, as JSON.
pub fn shown(found: &Found) -> String {
    match found {
        Found::One(value) => String::from_utf8_lossy(&encode(value, Html::Escaped)).into_owned(),
        Found::Number(number) => lockstep_gostd::json::float(*number),
        Found::Many(many) => {
            let shown: Vec<_> = many.iter().map(shown).collect();
            format!("[{}]", shown.join(","))
        }
    }
}

pub fn find(json: &str, path: &str) -> Result<String, String> {
    let document = Value::parse(json.as_bytes(), Numbers::Float).map_err(|fault| fault.to_string())?;
    let path = Path::parse(path).map_err(|error| error.to_string())?;
    let found = path.find(&document).map_err(|error| error.to_string())?;
    Ok(shown(&found))
}

/// The elements of an array in an order of their own.
fn sorted(json: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(json).expect("JSON");
    if let Some(elements) = value.as_array_mut() {
        elements.sort_by_key(ToString::to_string);
    }
    value.to_string()
}

#[test]
fn paths_lead_where_they_do_in_go() {
    let cases = load("jsonpath.json");
    assert!(cases.len() > 80, "only {} cases", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let text = |field: &str| case[field].as_str().unwrap_or_default();
        let is_right = match find(text("json"), text("path")) {
            Ok(found) if case["any_order"] == true => sorted(&found) == sorted(text("result")),
            Ok(found) => found == text("result"),
            Err(error) => case["error"] == true && error.contains(text("error_contains")),
        };
        if !is_right {
            let got = find(text("json"), text("path"));
            failures.push(format!("{} {}: {got:?}", text("name"), text("path")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
