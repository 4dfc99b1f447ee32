//! The objects in `tests/cel`, as far as they can be checked without an API server.

use std::collections::BTreeSet;
use std::path::Path;

use lockstep_api::crds;
use serde::Deserialize;
use serde_json::{Value, to_value};

use crate::kinds::fault;

#[derive(Deserialize)]
struct Sample {
    name: String,
    manifest: Value,
    refused: Option<String>,
}

#[test]
fn every_rule_refuses_a_sample() {
    let refusals: BTreeSet<String> = samples()
        .into_iter()
        .filter_map(|sample| sample.refused)
        .collect();
    let mut rules = 0;
    for crd in crds() {
        messages(&to_value(&crd.spec).expect("serializes"), &mut |message| {
            rules += 1;
            assert!(
                refusals.iter().any(|part| message.contains(part)),
                "no sample is refused with: {message}"
            );
        });
    }
    assert!(rules > 20, "only {rules} rules were found");
}

/// What the API server lets through must be understood, but for a bad duration.
#[test]
fn what_is_accepted_is_sound() {
    for sample in samples().into_iter().filter(|sample| sample.refused.is_none()) {
        let fault = fault(&sample.manifest).map(|fault| fault.field);
        let expected =
            (sample.name == "a-bad-duration-is-for-a-condition").then(|| "refreshInterval".to_owned());
        assert_eq!(fault, expected, "{}", sample.name);
    }
}

fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cel");
    let files = std::fs::read_dir(folder).expect("the samples are there");
    files
        .map(|file| file.expect("the samples can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .flat_map(|path| {
            let text = std::fs::read_to_string(&path).expect("the samples can be read");
            serde_saphyr::from_multiple::<Sample>(&text).expect("the samples are samples")
        })
        .collect()
}

fn messages(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| messages(item, visit)),
        Value::Object(members) => {
            for (name, value) in members {
                if name == "x-kubernetes-validations" {
                    value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|rule| rule["message"].as_str())
                        .for_each(&mut *visit);
                } else {
                    messages(value, visit);
                }
            }
        }
        _ => {}
    }
}
