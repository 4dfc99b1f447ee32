//! The manifests of the conformance scenarios, which ESO reads and so must we.

use std::path::Path;

use lockstep_api::ExternalSecret;
use serde::Deserialize;
use serde_json::Value;

use crate::kinds::fault;

#[derive(Deserialize)]
struct Scenario {
    name: String,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    apply: Vec<Value>,
    #[serde(default)]
    replace: Vec<Value>,
    refused: Option<u16>,
}

#[test]
fn every_manifest_that_eso_takes_is_sound() {
    let mut read = 0;
    for (scenario, manifest) in manifests() {
        read += 1;
        let fault = fault(&manifest).map(|fault| fault.field);
        let known = scenario == "wire-bad-duration" && manifest["metadata"]["name"] == "bad";
        assert_eq!(
            fault,
            known.then(|| "refreshInterval".to_owned()),
            "{scenario}: {manifest}"
        );
    }
    assert!(read > 1_000, "only {read} manifests were found");
}

#[test]
fn what_was_read_is_the_same_when_it_was_written_and_read_again() {
    let mut read = 0;
    for (scenario, manifest) in manifests() {
        if manifest["kind"] != "ExternalSecret" {
            continue;
        }
        let object: ExternalSecret = serde_json::from_value(manifest).expect("an object");
        if object.spec.as_ref().is_ok() {
            read += 1;
            let text = serde_json::to_vec(&object).expect("a text");
            let again: ExternalSecret = serde_json::from_slice(&text).expect("an object again");
            assert_eq!(again.spec, object.spec, "{scenario}");
        }
    }
    assert!(read > 100, "only {read} manifests were found");
}

/// Of our kinds, those that the API server takes, each with its scenario's name.
fn manifests() -> impl Iterator<Item = (String, Value)> {
    let accepted = |scenario: Scenario| {
        let steps = scenario.steps.into_iter().filter(|step| step.refused.is_none());
        let manifests = steps.flat_map(|step| step.apply.into_iter().chain(step.replace));
        manifests.map(move |manifest| (scenario.name.clone(), manifest))
    };
    scenarios()
        .into_iter()
        .flat_map(accepted)
        .filter(|(_, manifest)| {
            let version = manifest["apiVersion"].as_str();
            version.is_some_and(|version| version.contains("external-secrets.io/"))
        })
}

fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/scenarios");
    // Written by Python, to which a bare `y` is a text.
    let options = serde_saphyr::options! { strict_booleans: true };
    let files = std::fs::read_dir(folder).expect("the conformance suite lies beside the repository");
    files
        .flat_map(|file| {
            let path = file.expect("the scenarios can be listed").path();
            let text = std::fs::read_to_string(&path).expect("the scenarios can be read");
            serde_saphyr::from_multiple_with_options::<Scenario>(&filled(&text), options.clone())
                .expect("the scenarios are scenarios")
        })
        .collect()
}

/// Puts something that is a name, and base64, in place of `${…}`.
fn filled(text: &str) -> String {
    let mut parts = text.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| {
        let (_, rest) = part.split_once('}').expect("a placeholder ends");
        done + "name" + rest
    })
}
