//! The recorded behaviour of the original, case by case.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lockstep_gotemplate::{Error, ErrorKind, MissingKey, Options};
use serde_json::Value as Json;

use crate::world;

/// Cases that cannot pass, and why.
const KNOWN: &[(&str, &str)] = &[];

#[test]
fn every_recorded_function_is_there() {
    let there = lockstep_gotemplate::functions();
    let recorded = lockstep_vectors::load("functions.json");
    let missing: Vec<_> = recorded
        .iter()
        .map(|function| text(function, "name"))
        .filter(|name| !there.contains(name))
        .collect();
    assert!(
        missing.is_empty(),
        "{} of {} missing: {missing:?}",
        missing.len(),
        recorded.len()
    );
}

/// `LOCKSTEP_CASES` narrows it down to cases whose name starts with one of its words.
#[test]
fn recorded_templates_render_the_same() {
    let only = variable("LOCKSTEP_CASES").unwrap_or_default();
    let is_wanted = |case: &&Json| {
        let name = text(case, "name");
        let mut words = only.split_whitespace().peekable();
        words.peek().is_none() || words.any(|word| name.starts_with(word))
    };
    let cases = lockstep_vectors::load("template.json");
    let ours = cases.iter().filter(|case| text(case, "scope") == "Values");
    let ours = ours
        .filter(|case| case.get("decoding").is_none())
        .filter(is_wanted);
    let (mut passed, mut failures) = (0, String::new());
    for case in ours {
        let name = text(case, "name");
        let known = KNOWN.iter().any(|(known, _)| *known == name);
        match (check(case), known) {
            (Ok(()), false) | (Err(_), true) => passed += 1,
            (Ok(()), true) => writeln!(failures, "{name}: passes, but is known not to").expect("a string"),
            (Err(why), false) => writeln!(failures, "{name}: {why}").expect("a string"),
        }
    }
    let failed = failures.lines().count();
    println!("{passed} passed, {failed} failed");
    assert!(failures.is_empty(), "{failures}{passed} passed, {failed} failed");
}

fn check(case: &Json) -> Result<(), String> {
    let rendered = render(case);
    if let Some(expected) = case.get("error_kind") {
        let error = match rendered {
            Ok(output) => return Err(format!("renders {:?}", lossy(&output))),
            Err(error) => error,
        };
        return check_error(case, expected, &error);
    }
    let output = rendered.map_err(|error| error.to_string())?;
    if let Some(property) = case.get("property") {
        return check_property(property.as_str().unwrap_or_default(), &output);
    }
    let expected = bytes(&case["output"]["out"]);
    if output == expected {
        Ok(())
    } else {
        Err(format!("{:?} instead of {:?}", lossy(&output), lossy(&expected)))
    }
}

fn check_error(case: &Json, kind: &Json, error: &Error) -> Result<(), String> {
    let is_kind = match error.kind() {
        ErrorKind::Parse => kind == "parse",
        ErrorKind::Execute => kind == "execute",
    };
    let at = match error.column() {
        Some(column) => format!("{}:{column}", error.line()),
        None => error.line().to_string(),
    };
    let is_there = case.get("error_at").is_none_or(|expected| *expected == at);
    let says = case
        .get("error_contains")
        .and_then(Json::as_str)
        .unwrap_or_default();
    if let Some(leaked) = leak(case, &error.to_string()) {
        return Err(format!("\"{error}\" tells the value of {leaked}"));
    }
    if is_kind && is_there && error.to_string().contains(says) {
        Ok(())
    } else {
        let there = &case["error_at"];
        Err(format!("\"{error}\" instead of {kind} at {there}: {says}"))
    }
}

/// The entry of the data that the error tells, though the template does not. Short ones may stand in it by chance.
fn leak<'c>(case: &'c Json, error: &str) -> Option<&'c str> {
    let data = case["data"].as_object().into_iter().flatten();
    let long = data.filter(|(_, value)| bytes(value).len() > 4);
    let shows = |text: &str, value: &Json| text.contains(&*String::from_utf8_lossy(&bytes(value)));
    let mut told = long.filter(|(_, value)| shows(error, value) && !shows(text(case, "template"), value));
    told.next().map(|(key, _)| key.as_str())
}

fn check_property(property: &str, output: &[u8]) -> Result<(), String> {
    let holds = match property.split_once(':') {
        Some(("len", length)) => output.len().to_string() == length,
        Some(("regex", pattern)) => {
            let pattern = regex::bytes::Regex::new(pattern).map_err(|error| error.to_string())?;
            pattern.is_match(output)
        }
        _ => false,
    };
    if holds {
        Ok(())
    } else {
        Err(format!("{:?} is not {property}", lossy(output)))
    }
}

fn render(case: &Json) -> Result<Vec<u8>, Error> {
    let delimiter = |side| {
        case.get(side)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let options = Options {
        left: delimiter("left"),
        right: delimiter("right"),
        missing_key: MissingKey::Error,
        ..Options::default()
    };
    let data = case["data"].as_object().into_iter().flatten();
    let data: BTreeMap<&str, Vec<u8>> = data.map(|(key, value)| (key.as_str(), bytes(value))).collect();
    world::render(text(case, "template"), &data, &options)
}

#[expect(
    clippy::disallowed_methods,
    reason = "which cases are wanted, only the caller knows"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn text<'c>(case: &'c Json, key: &str) -> &'c str {
    case[key].as_str().unwrap_or_default()
}

fn bytes(base64: &Json) -> Vec<u8> {
    let text = base64.as_str().expect("base64");
    BASE64_STANDARD.decode(text).expect("base64")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
