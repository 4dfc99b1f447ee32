use std::collections::{BTreeMap, BTreeSet};

use clap::Parser;
use lockstep_api::{ExternalSecret, ExternalSecretSpec};
use serde_json::json;

use super::Flags;
use super::changes::{self, Before};
use crate::cli::plain::Plain;
use crate::engine::labels;
use crate::engine::object::ObjectKey;
use crate::engine::plan::{Base, SecretWrite};
use crate::engine::target::{Owner, Target};
use crate::engine::values::Values;

fn object() -> (ExternalSecret, ExternalSecretSpec) {
    let object: ExternalSecret = serde_json::from_value(json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "app"},
        "spec": {"target": {"template": {"metadata": {"labels": {"team": "web", "made": "{{ .a }}"}}}}},
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
fn lines(write: &SecretWrite, target: &Target, there: &Values, anew: &[&str]) -> Vec<String> {
    let (object, spec) = object();
    let before = Before {
        target,
        values: there,
    };
    let anew: BTreeSet<String> = anew.iter().map(|key| (*key).to_owned()).collect();
    let changes = changes::of_write(write, &before, &Plain::of(&object, &spec), &anew);
    let line = |change: &changes::Change| format!("{} {}: {}", change.sign, change.field, change.what);
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
    write.labels = set(&[("made", "canary"), ("team", "web"), (labels::MANAGED, "true")]);
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
    let there = values(&[("changed", "canary"), ("gone", "canary"), ("token", "canary")]);
    assert_eq!(
        lines(&write, &target, &there, &["token"]),
        [
            "~ data.changed: 6 bytes # -> 8 bytes #",
            "- data.gone: 6 bytes #",
            "+ data.new: 1 byte #",
            "~ data.token: 6 bytes # -> made anew at each sync",
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
