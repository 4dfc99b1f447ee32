//! The recorded cases that need more than a template's text: scopes, decoding, and objects that are no Secrets.

use lockstep_api::DecodingStrategy;
use serde_json::Value;

use super::engine::Text;
use super::scope::{self, Scope};
use super::testing::with_renderer;
use super::{Object, object};
use crate::engine::decode;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::engine::vectors::{Tally, load, text, values};

fn scope_of(case: &Value) -> Option<Scope> {
    match text(case, "scope") {
        "Values" => Some(Scope::Values),
        "KeysAndValues" => Some(Scope::KeysAndValues),
        _ => None,
    }
}

fn strategy(case: &Value) -> Option<DecodingStrategy> {
    let told = case["decoding"].as_str().unwrap_or("None");
    serde_json::from_value(told.into()).ok()
}

fn rendered(case: &Value, text: &Text) -> Result<SecretBytes, Problem> {
    with_renderer(|renderer| renderer.render(text, &values(&case["data"])))
}

#[test]
fn scopes_and_decoding_are_as_recorded() {
    let mut tally = Tally::default();
    let cases = load("template.json");
    let concerned = cases
        .iter()
        .filter(|case| case["scope"] != "Values" || !case["decoding"].is_null() || case["target"] != "Data");
    for case in concerned {
        let (Some(scope), Some(strategy)) = (scope_of(case), strategy(case)) else {
            tally.leave_out(case, "the API refuses it");
            continue;
        };
        let template = Text::of_spec("spec", "out", text(case, "template"));
        let made = rendered(case, &template)
            .and_then(|rendered| scope::entries(scope, &template, rendered))
            .and_then(|entries| decode::decode_all(strategy, entries).map_err(scope::undecodable));
        let wanted: Option<Values> = case["error"].is_null().then(|| values(&case["output"]));
        tally.expect(case, made, wanted);
    }
    tally.settle("template.json, scopes", 2);
}

#[test]
fn objects_are_made_as_recorded() {
    let mut tally = Tally::default();
    for case in &load("manifest.json") {
        let (Some(scope), Some(strategy)) = (scope_of(case), strategy(case)) else {
            tally.leave_out(case, "the API refuses it");
            continue;
        };
        let template = Text::of_spec("spec", text(case, "key"), text(case, "template"));
        let mut made = Object(serde_json::from_str(text(case, "object")).expect("an object"));
        let result = rendered(case, &template).and_then(|rendered| {
            object::piece(text(case, "target"), scope, &template, rendered, strategy)
                .and_then(|piece| piece.put(&mut made.0))
        });
        let wanted = case["output"]
            .as_str()
            .map(|output| Object(serde_json::from_str(output).expect("an object")));
        tally.expect(case, result.map(|()| made), wanted);
    }
    tally.settle("manifest.json", 0);
}

#[test]
fn a_secret_template_is_not_quoted() {
    let secret: SecretBytes = "{{ canary }}".into();
    let template = Text::of_document(crate::engine::object::DocumentKind::Secret, "tpl", "k", &secret);
    let problem = with_renderer(|renderer| renderer.render(&template, &Values::new()));
    let told = problem.expect_err("no such function").to_string();
    assert!(
        told.contains("Secret tpl, key k") && !told.contains("canary"),
        "{told}"
    );
}
