//! What is planned for targets that are no Secrets, from the template to the patch.

use lockstep_api::Parsed;
use serde_json::{Value, json};

use super::*;
use crate::engine::render::testing::with_renderer;
use crate::engine::render::{self, Recipe, Sources};
use crate::engine::target::{ManagedFields, Owner};
use crate::engine::{fingerprint, labels};

fn spec(target: &Value) -> ExternalSecretSpec {
    match Parsed::from_json(json!({"target": target, "data": []})) {
        Parsed::Sound(spec) => spec,
        Parsed::Broken(fault) => panic!("{fault}"),
    }
}

fn config_map(more: &Value) -> Value {
    let mut target = json!({"manifest": {"apiVersion": "v1", "kind": "ConfigMap"}});
    target
        .as_object_mut()
        .expect("a map")
        .extend(more.as_object().expect("a map").clone());
    target
}

fn widget(literal: &str) -> Value {
    json!({
        "manifest": {"apiVersion": "example.com/v1", "kind": "Widget"},
        "template": {"templateFrom": [{"target": "spec", "literal": literal}]},
    })
}

fn claimant() -> Claimant {
    Claimant {
        key: ObjectKey::new("ns", "app"),
        uid: "uid".to_owned(),
    }
}

/// As we leave an object of this content under creationPolicy Owner.
fn ours(content: &Value) -> (Target, Object) {
    let content = Object(content.clone());
    let hash = fingerprint::of_object(&content.0);
    let created_by = fingerprint::owner_label(&claimant().key);
    let target = Target {
        uid: "object".to_owned(),
        resource_version: "7".to_owned(),
        labels: [
            (labels::MANAGED.to_owned(), "true".to_owned()),
            (labels::CREATED_BY.to_owned(), created_by),
        ]
        .into(),
        annotations: [(labels::DATA_HASH.to_owned(), hash.clone())].into(),
        owners: vec![Owner {
            api_version: "external-secrets.io/v1".to_owned(),
            kind: "ExternalSecret".to_owned(),
            name: "app".to_owned(),
            uid: "uid".to_owned(),
            controller: true,
            block_owner_deletion: true,
        }],
        data_hash: hash,
        keys: content.digests(),
        ..Target::default()
    };
    (target, content)
}

fn decide(target: &Value, there: Option<&(Target, Object)>, is_read: bool) -> Result<Step, Problem> {
    let (spec, claimant) = (spec(target), claimant());
    let recipe = Recipe {
        spec: &spec,
        labels: &[].into(),
        annotations: &[].into(),
        sources: &Sources::new(),
    };
    let values = [("x".to_owned(), "1".into())].into();
    let made = with_renderer(|renderer| render::render(renderer, &recipe, values))?;
    let inputs = Inputs {
        claimant: &claimant,
        spec: &spec,
        target: &claimant.key,
        existing: there.map(|(target, _)| target),
        existing_values: None,
        existing_object: there.filter(|_| is_read).map(|(_, object)| object),
    };
    plan(&inputs, made).map(|plan| plan.step)
}

fn write(target: &Value, there: Option<&(Target, Object)>) -> ResourceWrite {
    match decide(target, there, true).expect("a plan") {
        Step::Write(Write::Resource(write)) => *write,
        other => panic!("{target}: {other:?}"),
    }
}

#[test]
fn a_new_object_gets_everything_at_once() {
    let simple = write(&config_map(&json!({})), None);
    assert_eq!(simple.content.0, json!({"data": {"x": "1"}}));
    let hash = fingerprint::of_object(&simple.content.0);
    assert_eq!(simple.annotations[labels::DATA_HASH], Some(hash));
    assert_eq!(
        (simple.labels.len(), simple.owners.map(|it| it.len())),
        (2, Some(1))
    );
    let other = json!({"manifest": {"apiVersion": "example.com/v1", "kind": "Widget"}});
    assert_eq!(
        write(&other, None).content.0,
        json!({"spec": {"data": {"x": "1"}}})
    );
}

#[test]
fn nothing_is_read_or_written_where_nothing_differs() {
    let there = ours(&json!({"data": {"x": "1"}}));
    let step = decide(&config_map(&json!({})), Some(&there), false);
    assert_eq!(step, Ok(Step::Nothing));
}

#[test]
fn only_the_difference_is_written_and_what_others_made_stays() {
    let mut there = ours(&json!({"data": {"x": "0", "old": "2"}, "binaryData": {"theirs": "eA=="}}));
    there.0.labels.insert("team".to_owned(), "blue".to_owned());
    let target = config_map(&json!({}));
    assert_eq!(decide(&target, Some(&there), false), Ok(Step::LookCloser));
    let write = write(&target, Some(&there));
    assert_eq!(write.content.0, json!({"data": {"x": "1", "old": null}}));
    let hash = fingerprint::of_object(&json!({"data": {"x": "1"}}));
    assert_eq!(write.annotations[labels::DATA_HASH], Some(hash));
    assert!(write.labels.is_empty() && write.owners.is_none(), "{write:?}");
}

#[test]
fn what_we_made_earlier_goes_with_its_cause() {
    let mut there = ours(&json!({"data": {"x": "1"}, "extra": {"ours": 1}}));
    there.0.labels.insert("ours".to_owned(), "1".to_owned());
    let fields = ManagedFields {
        data: vec!["data".to_owned(), "extra".to_owned()],
        labels: vec!["ours".to_owned()],
        ..ManagedFields::default()
    };
    there.0.managed = [(fingerprint::RESOURCE_MANAGER.to_owned(), fields)].into();
    let removed = write(&config_map(&json!({})), Some(&there));
    assert_eq!(removed.content.0, json!({"extra": null}));
    assert_eq!(removed.labels, [("ours".to_owned(), None)].into());
    // Another ExternalSecret may have put it there, under the same name.
    let merging = config_map(&json!({"creationPolicy": "Merge"}));
    let merged = write(&merging, Some(&there));
    assert_eq!(merged.content.0, json!({}));
    assert!(!merged.labels.contains_key("ours"));
}

#[test]
fn merging_adds_to_what_is_there() {
    let there = ours(&json!({"data": {"keep": "k"}}));
    let template = json!({"creationPolicy": "Merge", "template": {"data": {"y": "{{ .x }}2"}}});
    let target = config_map(&template);
    assert_eq!(decide(&target, Some(&there), false), Ok(Step::LookCloser));
    let write = write(&target, Some(&there));
    assert_eq!(write.content.0, json!({"data": {"y": "12"}}));
    assert_eq!(write.owners.map(|owners| owners.len()), Some(0));
}

#[test]
fn defaults_of_the_api_server_are_no_edit() {
    let there = ours(&json!({"spec": {"size": 1, "filled": "in"}}));
    let defaulted = write(&widget("size: {{ .x }}"), Some(&there));
    assert_eq!(defaulted.content.0, json!({"spec": {"filled": null}}));
    assert!(defaulted.annotations.is_empty(), "the stamp fits what is there");
    let target = defaulted.target;
    assert_eq!(restamp(&target, &there.0), None);
    let mut other = there.0;
    other.data_hash = "other".to_owned();
    let stamp = restamp(&target, &other).expect("a stamp");
    assert_eq!(stamp.annotations[labels::DATA_HASH].as_deref(), Some("other"));
}

#[test]
fn templates_reach_any_part_of_the_content_and_no_other() {
    let at = |path: &str| {
        let mut target = widget("a: {{ .x }}");
        target["template"]["templateFrom"][0]["target"] = path.into();
        decide(&target, None, true)
    };
    let Ok(Step::Write(Write::Resource(write))) = at("spec.rules[0]") else {
        panic!("a write is due");
    };
    assert_eq!(write.content.0, json!({"spec": {"rules": [{"a": 1}]}}));
    for path in [
        "kind",
        "apiVersion",
        "status.a",
        "metadata",
        "metadata.name",
        "metadata.finalizers",
    ] {
        let refused = at(path).expect_err(path);
        assert_eq!(refused.reason(), "InvalidSpec", "{path}");
    }
}

#[test]
fn what_another_external_secret_owns_is_marked_and_left_alone() {
    let mut there = ours(&json!({"data": {"x": "0"}}));
    there.0.owners[0].name = "other".to_owned();
    there.0.labels.clear();
    let target = config_map(&json!({"creationPolicy": "Merge"}));
    let refused = decide(&target, Some(&there), true).expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "ConfigMap is owned by another ExternalSecret: other"
    );
    let none = config_map(&json!({"creationPolicy": "None"}));
    let mark = write(&none, Some(&there));
    assert!(mark.labels.len() == 1 && mark.content.0 == json!({}) && !mark.announced);
}
