//! What is planned for what is there, one row a case.

use lockstep_api::Parsed;
use serde_json::{Value, json};

use super::*;
use crate::engine::fingerprint;
use crate::engine::labels;
use crate::engine::render::Rendered;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::target::{Digest, ManagedFields, Owner};

const MANAGER: &str = "externalsecrets.external-secrets.io/app";

fn values(entries: &[(&str, &str)]) -> Values {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect()
}

fn rendered(entries: &[(&str, &str)]) -> Made {
    Made::Secret(Rendered {
        values: values(entries),
        ..Rendered::default()
    })
}

fn spec(target: &Value) -> ExternalSecretSpec {
    match Parsed::from_json(json!({"target": target, "data": []})) {
        Parsed::Sound(spec) => spec,
        Parsed::Broken(fault) => panic!("{fault}"),
    }
}

fn claimant() -> Claimant {
    Claimant {
        key: ObjectKey::new("ns", "app"),
        uid: "uid".to_owned(),
    }
}

/// A Secret with these values, without any mark of ours.
fn foreign(entries: &[(&str, &str)]) -> Target {
    let values = values(entries);
    Target {
        uid: "secret".to_owned(),
        resource_version: "7".to_owned(),
        data_hash: fingerprint::of_values(&values),
        keys: values
            .iter()
            .map(|(key, value)| (key.clone(), Digest::of(value)))
            .collect(),
        ..Target::default()
    }
}

/// As we leave it under creationPolicy Owner.
fn ours(entries: &[(&str, &str)]) -> Target {
    let mut target = foreign(entries);
    target.labels = [
        (labels::MANAGED.to_owned(), "true".to_owned()),
        (
            labels::CREATED_BY.to_owned(),
            fingerprint::owner_label(&claimant().key),
        ),
    ]
    .into();
    target.annotations = [(labels::DATA_HASH.to_owned(), target.data_hash.clone())].into();
    target.owners = vec![Owner {
        api_version: "external-secrets.io/v1".to_owned(),
        kind: "ExternalSecret".to_owned(),
        name: "app".to_owned(),
        uid: "uid".to_owned(),
        controller: true,
        block_owner_deletion: true,
    }];
    let data = entries.iter().map(|(key, _)| (*key).to_owned()).collect();
    target.managed = [(
        MANAGER.to_owned(),
        ManagedFields {
            data,
            ..ManagedFields::default()
        },
    )]
    .into();
    target
}

fn decide(target: &Value, existing: Option<&Target>, rendered: Made) -> Result<Plan, Problem> {
    let (spec, claimant) = (spec(target), claimant());
    let inputs = Inputs {
        claimant: &claimant,
        spec: &spec,
        target: &claimant.key,
        existing,
        existing_values: None,
        existing_object: None,
    };
    plan(&inputs, rendered)
}

fn write(target: &Value, existing: Option<&Target>, rendered: Made) -> SecretWrite {
    match decide(target, existing, rendered).expect("a plan").step {
        Step::Write(Write::Secret(write)) => *write,
        other => panic!("{target}: {other:?}"),
    }
}

/// Keys and what becomes of them: `+key` is written, `-key` is removed.
fn changes(write: &SecretWrite) -> Vec<String> {
    let sign = |value: &Option<SecretBytes>| if value.is_some() { '+' } else { '-' };
    write
        .data
        .iter()
        .map(|(key, value)| format!("{}{key}", sign(value)))
        .collect()
}

#[test]
fn a_new_target_gets_everything_at_once() {
    let write = write(&json!({}), None, rendered(&[("a", "1")]));
    assert_eq!((write.base.is_none(), write.manager.as_str()), (true, MANAGER));
    assert_eq!(changes(&write), ["+a"]);
    assert_eq!(write.labels.len(), 2);
    let hash = fingerprint::of_values(&values(&[("a", "1")]));
    assert_eq!(write.annotations[labels::DATA_HASH], Some(hash));
    assert_eq!(write.owners.map(|owners| owners.len()), Some(1));
}

#[test]
fn nothing_is_written_when_nothing_differs() {
    let there = ours(&[("a", "1"), ("b", "2")]);
    let plan = decide(&json!({}), Some(&there), rendered(&[("a", "1"), ("b", "2")])).expect("a plan");
    assert_eq!(
        plan,
        Plan {
            step: Step::Nothing,
            outcome: Outcome::Synced
        }
    );
}

#[test]
fn only_the_difference_is_written_and_on_the_version_that_was_seen() {
    let there = ours(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let write = write(&json!({}), Some(&there), rendered(&[("a", "1"), ("b", "other")]));
    assert_eq!(changes(&write), ["+b", "-c"]);
    assert_eq!(write.base.map(|base| base.resource_version), Some("7".to_owned()));
    assert!(write.labels.is_empty() && write.owners.is_none());
}

#[test]
fn foreign_keys_go_or_stay_by_policy() {
    let there = foreign(&[("a", "old"), ("theirs", "x")]);
    for (policy, expected) in [
        ("Owner", vec!["+a", "-theirs"]),
        ("Orphan", vec!["+a", "-theirs"]),
    ] {
        let write = write(
            &json!({"creationPolicy": policy}),
            Some(&there),
            rendered(&[("a", "1")]),
        );
        assert_eq!(changes(&write), expected, "{policy}");
    }
    for policy in ["Merge", "CreateOrMerge"] {
        let plan = decide(
            &json!({"creationPolicy": policy}),
            Some(&there),
            rendered(&[("a", "1")]),
        );
        assert_eq!(
            plan.expect("a plan").step,
            Step::LookCloser,
            "{policy}: the hash takes in foreign values"
        );
    }
}

#[test]
fn merging_removes_the_keys_that_we_wrote_and_no_others() {
    let mut there = foreign(&[("mine", "1"), ("theirs", "x")]);
    there.managed = [(
        MANAGER.to_owned(),
        ManagedFields {
            data: vec!["mine".to_owned()],
            ..ManagedFields::default()
        },
    )]
    .into();
    let (spec, claimant) = (spec(&json!({"creationPolicy": "Merge"})), claimant());
    let all = values(&[("mine", "1"), ("theirs", "x")]);
    let inputs = Inputs {
        claimant: &claimant,
        spec: &spec,
        target: &claimant.key,
        existing: Some(&there),
        existing_values: Some(&all),
        existing_object: None,
    };
    let Step::Write(Write::Secret(write)) = plan(&inputs, rendered(&[("new", "2")])).expect("a plan").step
    else {
        panic!("a write is due")
    };
    assert_eq!(changes(&write), ["-mine", "+new"]);
    let hash = fingerprint::of_values(&values(&[("new", "2"), ("theirs", "x")]));
    assert_eq!(write.annotations[labels::DATA_HASH], Some(hash));
}

#[test]
fn labels_that_we_set_go_with_their_cause_and_foreign_ones_stay() {
    let mut there = ours(&[("a", "1")]);
    there.labels.extend([
        ("copied".to_owned(), "x".to_owned()),
        ("team".to_owned(), "blue".to_owned()),
    ]);
    let managed = there.managed.get_mut(MANAGER).expect("our fields");
    managed.labels = vec!["copied".to_owned()];
    let write = write(&json!({}), Some(&there), rendered(&[("a", "1")]));
    assert_eq!(write.labels, [("copied".to_owned(), None)].into());
}

#[test]
fn an_immutable_secret_is_never_given_other_data() {
    let mut there = ours(&[("a", "1")]);
    there.immutable = true;
    let refused = decide(&json!({}), Some(&there), rendered(&[("a", "2")])).expect_err("refused");
    assert_eq!(refused.reason(), "Immutable");
    let frozen = decide(&json!({"immutable": true}), Some(&there), rendered(&[("a", "2")])).expect("a plan");
    assert_eq!(frozen.step, Step::Nothing);
}

#[test]
fn what_is_not_ours_to_create_or_write_is_left() {
    let none = json!({"creationPolicy": "None"});
    let merge = json!({"creationPolicy": "Merge"});
    assert_eq!(
        decide(&none, None, rendered(&[("a", "1")])).expect("a plan").step,
        Step::Nothing
    );
    assert_eq!(
        decide(&merge, None, rendered(&[("a", "1")]))
            .expect("a plan")
            .outcome,
        Outcome::Missing
    );
    let mark = write(&none, Some(&foreign(&[("theirs", "x")])), rendered(&[("a", "1")]));
    assert!(mark.data.is_empty() && mark.labels.len() == 1 && !mark.announced);
}

#[test]
fn where_nothing_is_found_the_deletion_policy_decides() {
    let there = ours(&[("a", "1")]);
    let mut recreated = ours(&[("a", "1")]);
    recreated.owners.clear();
    for (target, existing, expected) in [
        (json!({}), &there, Ok(Some(Outcome::Retained))),
        (json!({"deletionPolicy": "Merge"}), &there, Ok(None)),
        (
            json!({"deletionPolicy": "Delete"}),
            &there,
            Ok(Some(Outcome::Deleted)),
        ),
        (
            json!({"deletionPolicy": "Delete", "creationPolicy": "Orphan"}),
            &there,
            Err("NotDeletable"),
        ),
    ] {
        let (spec, claimant) = (spec(&target), claimant());
        let inputs = Inputs {
            claimant: &claimant,
            spec: &spec,
            target: &claimant.key,
            existing: Some(existing),
            existing_values: None,
            existing_object: None,
        };
        let decided = plan_nothing_found(&inputs);
        let told = decided
            .map(|plan| plan.map(|plan| plan.outcome))
            .map_err(|problem| problem.reason());
        assert_eq!(told, expected, "{target}");
    }
    let (spec, claimant) = (spec(&json!({"deletionPolicy": "Delete"})), claimant());
    let inputs = Inputs {
        claimant: &claimant,
        spec: &spec,
        target: &claimant.key,
        existing: Some(&recreated),
        existing_values: None,
        existing_object: None,
    };
    let plan = plan_nothing_found(&inputs).expect("a decision").expect("a plan");
    assert_eq!(
        plan.step,
        Step::Nothing,
        "a Secret that somebody made by hand is not ours to delete"
    );
}
