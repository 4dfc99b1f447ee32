use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Parser;
use lockstep_api::{ExternalSecret, ExternalSecretSpec};
use serde_json::{Value, json};

use super::changes::{self, Against, Change};
use super::{Flags, show};
use crate::cli::plain::Plain;
use crate::controller::external_secret::View;
use crate::engine::labels;
use crate::engine::object::{ObjectKey, ResourceKey, ResourceKind};
use crate::engine::plan::{Base, ResourceWrite, SecretWrite};
use crate::engine::render::Object;
use crate::engine::target::{Owner, Target};
use crate::engine::values::Values;

fn object() -> (ExternalSecret, ExternalSecretSpec) {
    let object: ExternalSecret = serde_json::from_value(json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "app"},
        "spec": {"target": {"template": {
            "data": {"mode": "fast"},
            "metadata": {"labels": {"team": "web", "made": "{{ .a }}"}},
        }}},
    }))
    .expect("an object");
    let spec = object.spec.as_ref().expect("a sound spec").clone();
    (object, spec)
}

fn values(entries: &[(&str, &str)]) -> Values {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect()
}

fn set(entries: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
    entries
        .iter()
        .map(|(key, text)| ((*key).to_owned(), Some((*text).to_owned())))
        .collect()
}

/// Each line without what is drawn anew in each run.
fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| format!("{} {}: {}", change.sign, change.field, change.what);
    let lines: Vec<String> = changes.iter().map(line).collect();
    assert!(!lines.concat().contains("canary"), "{lines:?}");
    let fingerprint = regex::Regex::new("#[0-9a-f]{8}").expect("a pattern");
    lines
        .iter()
        .map(|line| fingerprint.replace_all(line, "#").into_owned())
        .collect()
}

#[test]
fn every_part_of_a_write_has_a_line_and_no_value_does() {
    let base = Base {
        uid: "u".into(),
        resource_version: "1".into(),
    };
    let owner = Owner {
        api_version: "external-secrets.io/v1".into(),
        kind: "ExternalSecret".into(),
        name: "app".into(),
        uid: "u".into(),
        controller: true,
        block_owner_deletion: true,
    };
    let mut write = SecretWrite::to(&ObjectKey::new("ns", "app"), "m".into(), Some(base));
    write.data = [
        ("changed".to_owned(), Some("canary-2".into())),
        ("gone".to_owned(), None),
        ("new".to_owned(), Some("x".into())),
        ("token".to_owned(), Some("canary-3".into())),
    ]
    .into();
    write.labels = set(&[
        ("drawn", "canary"),
        ("made", "canary"),
        ("team", "web"),
        (labels::MANAGED, "true"),
    ]);
    write.annotations = set(&[(labels::DATA_HASH, "canary")]);
    write.secret_type = Some("b".into());
    write.immutable = Some(true);
    write.owners = Some(vec![owner]);
    let target = Target {
        secret_type: "a".into(),
        labels: [("team".to_owned(), "canary".to_owned())].into(),
        annotations: [(labels::DATA_HASH.to_owned(), "canary-0".to_owned())].into(),
        ..Target::default()
    };
    let found = View {
        target: Some(Arc::new(target)),
        values: Some(values(&[
            ("changed", "canary"),
            ("gone", "canary"),
            ("token", "canary"),
        ])),
        object: None,
    };
    let mut again = write.clone();
    again.data.insert("token".to_owned(), Some("canary-4".into()));
    again.labels.extend(set(&[("drawn", "canary-2")]));
    again.annotations = set(&[(labels::DATA_HASH, "canary-2")]);
    let (object, spec) = object();
    let against = Against {
        found: &found,
        again: Some(&again),
        plain: &Plain::of(&object, &spec),
    };
    assert_eq!(
        lines(&changes::of_secret(&write, &against)),
        [
            "~ data.changed: 6 bytes # -> 8 bytes #",
            "- data.gone: 6 bytes #",
            "+ data.new: 1 byte #",
            "~ data.token: 6 bytes # -> made anew at each sync",
            "+ label drawn: made anew at each sync",
            "+ label made: 6 bytes #",
            "+ label reconcile.external-secrets.io/managed: ",
            "~ label team: 6 bytes # -> web",
            "~ annotation reconcile.external-secrets.io/data-hash: ",
            "~ type: a -> b",
            "~ immutable: false -> true",
            "+ owner: ExternalSecret app",
        ]
    );
}

/// A write to a ConfigMap that is there.
fn to_config_map(content: Value) -> ResourceWrite {
    let kind = ResourceKind {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
    };
    ResourceWrite {
        target: ResourceKey {
            kind,
            key: ObjectKey::new("ns", "app"),
        },
        base: None,
        labels: set(&[("team", "web")]),
        annotations: set(&[(labels::DATA_HASH, "canary")]),
        owners: None,
        content: Object(content),
        announced: true,
    }
}

#[test]
fn what_a_merge_patch_changes_is_told_field_by_field() {
    let there = json!({
        "data": {"changed": "canary", "gone": "canary-1", "mode": "slow", "stays": "canary"},
        "spec": {"empty": [], "list": [1, {"a": "canary"}], "off": true, "text": "canary", "whole": {"x": "canary"}},
    });
    let mut patch = json!({
        "data": {"changed": "canary-2", "drawn": "canary-3", "gone": null, "mode": "fast"},
        "spec": {
            "empty": ["x"], "list": [1, {"a": "canary", "b": 22}, {}],
            "off": false, "text": {"y": "canary"}, "whole": null,
        },
    });
    let write = to_config_map(patch.clone());
    patch["data"]["drawn"] = "canary-4".into();
    let again = to_config_map(patch);
    let (object, spec) = object();
    let found = View {
        target: Some(Arc::new(Target::default())),
        values: None,
        object: Some(Object(there)),
    };
    let against = Against {
        found: &found,
        again: Some(&again),
        plain: &Plain::of(&object, &spec),
    };
    assert_eq!(
        lines(&changes::of_resource(&write, &against)),
        [
            "~ data.changed: 6 bytes # -> 8 bytes #",
            "+ data.drawn: made anew at each sync",
            "- data.gone: 8 bytes #",
            "~ data.mode: 4 bytes # -> fast",
            "+ spec.empty[0]: 1 byte #",
            "+ spec.list[1].b: number #",
            "+ spec.list[2]: {}",
            "~ spec.off: boolean # -> boolean #",
            "- spec.text: 6 bytes #",
            "+ spec.text.y: 6 bytes #",
            "- spec.whole.x: 6 bytes #",
            "+ label team: web",
            "+ annotation reconcile.external-secrets.io/data-hash: ",
        ]
    );
}

#[test]
fn what_could_steer_a_terminal_is_escaped() {
    let change = |field: &str, what: &str| Change {
        sign: '+',
        field: field.into(),
        what: what.into(),
    };
    let shown = show::lines(&[
        change("data.\u{1b}[2J", "1 byte #0"),
        change("annotation a", "x\ny"),
    ]);
    assert_eq!(shown, "  + data.\\u{1b}[2J  1 byte #0\n  + annotation a  x\\ny\n");
}

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    flags: Flags,
}

#[test]
fn something_to_compare_must_be_named() {
    let parse = |arguments: &[&str]| Alone::try_parse_from(["diff"].iter().chain(arguments)).map(drop);
    for good in [
        &["app"][..],
        &["-f", "a.yaml"],
        &["--all"],
        &["--all", "-A"],
        &["app", "-f", "a.yaml"],
    ] {
        assert!(parse(good).is_ok(), "{good:?}");
    }
    for bad in [
        &[][..],
        &["app", "--all"],
        &["-A"],
        &["--all", "-A", "-n", "shop"],
    ] {
        assert!(parse(bad).is_err(), "{bad:?}");
    }
}
