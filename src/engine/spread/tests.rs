use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lockstep_api::{ClusterExternalSecret, ClusterPushSecret, ConditionType, ExternalSecret};
use serde_json::{Value, json};

use super::*;
use crate::engine::condition::{Manner, Stamp};
use crate::engine::object::ObjectKey;
use crate::engine::target::Owner;

fn spec() -> Value {
    json!({
        "externalSecretSpec": {
            "refreshInterval": "60m",
            "secretStoreRef": {"name": "s", "kind": "ClusterSecretStore"},
            "syncWindows": {"kind": "deny", "windows": [{"schedule": "@daily", "duration": "90m"}]},
            "data": [{"secretKey": "x", "remoteRef": {"key": "a"}}],
        },
        "externalSecretMetadata": {"labels": {"l": "v"}, "annotations": {"a": "v", "external-secrets.io/force-sync": "mine"}},
    })
}

fn parent(spec: &Value) -> Parent {
    parent_with(spec, &json!({}))
}

fn parent_with(spec: &Value, annotations: &Value) -> Parent {
    let object = json!({
        "metadata": {"name": "all", "uid": "u", "generation": 3, "resourceVersion": "7", "annotations": annotations},
        "spec": spec,
    });
    let object: ClusterExternalSecret = serde_json::from_value(object).expect("an object");
    object.into()
}

fn spread(parent: &Parent) -> &Spread {
    parent.spec.as_ref().expect("sound")
}

/// As ESO leaves one, with the empty values that Go does not leave out.
fn child(parent: &Parent, change: impl FnOnce(&mut Value)) -> Child {
    let mut object = json!({
        "metadata": {
            "name": "all", "namespace": "ns", "uid": "c", "resourceVersion": "9",
            "labels": {"l": "v"}, "annotations": {"a": "v"},
            "finalizers": ["externalsecrets.external-secrets.io/externalsecret-cleanup"],
            "ownerReferences": [{
                "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret",
                "name": parent.key.name, "uid": parent.uid, "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": {
            "refreshInterval": "1h0m0s",
            "secretStoreRef": {"name": "s", "kind": "ClusterSecretStore"},
            "syncWindows": {"kind": "deny", "windows": [{"schedule": "@daily", "duration": "1h30m0s"}]},
            "target": {},
            "data": [{"secretKey": "x", "remoteRef": {"key": "a"}, "sourceRef": null}],
        },
        "status": {"refreshTime": null, "binding": {"name": ""}},
    });
    change(&mut object);
    let object: ExternalSecret = serde_json::from_value(object).expect("an object");
    Child::from(&object)
}

fn namespace(labels: &[(&str, &str)]) -> Namespace {
    let labels = labels
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Namespace {
        labels: labels.collect(),
        ..Namespace::default()
    }
}

#[test]
fn selectors_and_names_are_alternatives_and_nothing_reaches_nowhere() {
    let gold = json!({"matchLabels": {"tier": "gold"}});
    for (more, reached) in [
        (json!({}), vec![]),
        (json!({"namespaceSelector": gold}), vec!["a"]),
        (
            json!({"namespaceSelectors": [gold, {"matchLabels": {"tier": "tin"}}]}),
            vec!["a", "b"],
        ),
        (
            json!({"namespaceSelectors": [gold], "namespaces": ["b", "none"]}),
            vec!["a", "b"],
        ),
        (json!({"namespaceSelector": {}}), vec!["a", "b", "c"]),
    ] {
        let mut spec = spec();
        spec.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        let parent = parent(&spec);
        let all = [
            ("a", namespace(&[("tier", "gold")])),
            ("b", namespace(&[("tier", "tin")])),
            ("c", namespace(&[])),
            (
                "going",
                Namespace {
                    terminating: true,
                    ..namespace(&[("tier", "gold")])
                },
            ),
        ];
        let found: Vec<_> = all
            .iter()
            .filter(|(name, it)| spread(&parent).reaches(name, it))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(found, reached, "{more}");
    }
}

#[test]
fn a_selector_that_cannot_be_used_names_its_field() {
    let mut spec = spec();
    spec["namespaceSelectors"] = json!([{}, {"matchExpressions": [{"key": "a", "operator": "Like"}]}]);
    let problem = spread(&parent(&spec)).check().expect_err("refused");
    let expected =
        "spec.namespaceSelectors[1]: matchExpressions[0].operator: must be In, NotIn, Exists or DoesNotExist";
    assert_eq!(problem.to_string(), expected);
}

#[test]
fn what_eso_made_is_kept_as_it_is() {
    let parent = parent(&spec());
    let there = child(&parent, |_| ());
    assert_eq!(step(&parent, spread(&parent), "ns", Some(&there)), Step::Keep);
}

#[test]
fn whatever_differs_is_put_right_and_the_rest_stays() {
    let parent = parent(&spec());
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "theirs", "uid": "t"});
    for (name, change) in [
        (
            "a label",
            &(|it: &mut Value| it["metadata"]["labels"]["mine"] = json!("1")) as &dyn Fn(&mut Value),
        ),
        ("no label", &|it| it["metadata"]["labels"] = json!(null)),
        ("an annotation", &|it| {
            it["metadata"]["annotations"]["mine"] = json!("1");
        }),
        ("the spec", &|it| it["spec"]["refreshInterval"] = json!("5m")),
        ("a broken spec", &|it| it["spec"]["refreshInterval"] = json!("1d")),
        ("a parent made anew", &|it| {
            it["metadata"]["ownerReferences"][0]["uid"] = json!("old");
        }),
    ] {
        let there = child(&parent, |it| {
            change(it);
            it["metadata"]["ownerReferences"]
                .as_array_mut()
                .expect("owners")
                .push(theirs.clone());
        });
        let Step::Write(write) = step(&parent, spread(&parent), "ns", Some(&there)) else {
            panic!("{name}: nothing is written");
        };
        assert_eq!(write.base.as_ref(), Some(&there.base), "{name}");
        assert_eq!(
            write.labels,
            BTreeMap::from([("l".to_owned(), "v".to_owned())]),
            "{name}"
        );
        assert_eq!(
            write.annotations,
            BTreeMap::from([("a".to_owned(), "v".to_owned())]),
            "{name}"
        );
        assert_eq!(write.spec["refreshInterval"], "1h0m0s", "{name}");
        assert_eq!(write.finalizers, there.finalizers, "{name}");
        let owners: Vec<_> = write
            .owners
            .iter()
            .map(|it| (it.name.as_str(), it.uid.as_str(), it.controller))
            .collect();
        assert_eq!(owners, [("all", "u", true), ("theirs", "t", false)], "{name}");
    }
}

#[test]
fn what_is_somebody_elses_is_refused_and_what_is_going_is_left() {
    let parent = parent(&spec());
    let refused = |change: &dyn Fn(&mut Value)| {
        matches!(
            step(&parent, spread(&parent), "ns", Some(&child(&parent, change))),
            Step::Refuse(Problem::Taken { .. })
        )
    };
    assert!(refused(&|it| it["metadata"]["ownerReferences"] = json!([])));
    assert!(refused(
        &|it| it["metadata"]["ownerReferences"][0]["controller"] = json!(false)
    ));
    assert!(refused(
        &|it| it["metadata"]["ownerReferences"][0]["name"] = json!("other")
    ));
    assert!(refused(
        &|it| it["metadata"]["ownerReferences"][0]["kind"] = json!("ClusterPushSecret")
    ));
    assert!(refused(
        &|it| it["metadata"]["ownerReferences"][0]["apiVersion"] = json!("example.com/v1")
    ));
    assert!(!refused(
        &|it| it["metadata"]["ownerReferences"][0]["apiVersion"] = json!("external-secrets.io/v1beta1")
    ));
    let going = child(&parent, |it| {
        it["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        it["spec"]["refreshInterval"] = json!("5m");
    });
    assert_eq!(step(&parent, spread(&parent), "ns", Some(&going)), Step::Keep);
}

#[test]
fn a_new_child_is_all_there_is_to_it() {
    let parent = parent(&spec());
    let Step::Write(write) = step(&parent, spread(&parent), "ns", None) else {
        panic!("nothing is written");
    };
    assert_eq!((write.key, write.base), (ObjectKey::new("ns", "all"), None));
    let ours = Owner {
        api_version: "external-secrets.io/v1".into(),
        kind: "ClusterExternalSecret".into(),
        name: "all".into(),
        uid: "u".into(),
        controller: true,
        block_owner_deletion: true,
    };
    assert_eq!(write.owners, [ours]);
}

#[test]
fn a_child_is_only_controlled_by_the_parent_that_made_it() {
    let parent = parent(&spec());
    assert!(is_controlled_by(&parent, &child(&parent, |_| ())));
    let old = child(&parent, |it| {
        it["metadata"]["ownerReferences"][0]["uid"] = json!("old");
    });
    assert!(!is_controlled_by(&parent, &old));
}

#[test]
fn a_forced_sync_reaches_the_children_from_the_parent_alone() {
    let annotations = json!({"external-secrets.io/force-sync": "7", "other": "x"});
    let forced = parent_with(&spec(), &annotations);
    let expected = [("a", "v"), ("external-secrets.io/force-sync", "7")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(spread(&forced).metadata.annotations, BTreeMap::from(expected));
    assert_eq!(
        spread(&parent(&spec())).metadata.annotations.len(),
        1,
        "no other's counts"
    );
}

fn stamp(manner: Manner) -> Stamp {
    Stamp {
        now: Timestamp::UNIX_EPOCH,
        generation: 3,
        manner,
    }
}

fn taken(namespace: &str) -> Problem {
    Problem::Taken {
        object: ObjectRef::namespaced("ExternalSecret", &ObjectKey::new(namespace, "all")),
    }
}

fn report(there: &[&str], failed: Vec<(&str, Problem)>, open: &[&str]) -> Report {
    let names = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|it| (*it).to_owned()).collect() };
    Report {
        there: names(there),
        failed: failed
            .into_iter()
            .map(|(name, problem)| (name.to_owned(), problem))
            .collect(),
        open: names(open),
    }
}

fn conditions(status: &Status) -> Vec<String> {
    let conditions = status.conditions.iter();
    conditions
        .map(|it| {
            let (reason, message) = (
                it.reason.as_deref().unwrap_or("-"),
                it.message.as_deref().unwrap_or("-"),
            );
            format!("{}={} ({reason}) {message}", it.kind.as_str(), it.status.as_str())
        })
        .collect()
}

#[test]
fn a_status_names_namespaces_in_order_and_is_ready_when_all_have_it() {
    let parent = parent(&spec());
    let told = |report: &Report| status(&parent, spread(&parent), &stamp(Manner::Eso), report);
    let well = told(&report(&["b", "a"], vec![], &[]));
    assert_eq!(
        (well.provisioned.as_slice(), well.child_name.as_deref()),
        (["a".to_owned(), "b".to_owned()].as_slice(), Some("all"))
    );
    assert_eq!(conditions(&well), ["Ready=True (-) -"]);
    let ill = told(&report(&["b"], vec![("c", taken("c")), ("a", taken("a"))], &[]));
    assert_eq!(
        conditions(&ill),
        ["Ready=False (-) one or more namespaces failed"]
    );
    let failed: Vec<_> = ill
        .failed
        .iter()
        .map(|it| (it.namespace.as_str(), it.reason.as_deref()))
        .collect();
    let why = Some("external secret already exists in namespace");
    assert_eq!(failed, [("a", why), ("c", why)]);
}

#[test]
fn kstatus_is_told_whether_it_passes_by_itself() {
    let parent = parent(&spec());
    let told = |report: &Report| {
        status(&parent, spread(&parent), &stamp(Manner::Kstatus), report).conditions[1].clone()
    };
    let away = Problem::ApiUnavailable {
        object: ObjectRef::secret("ns", "x"),
        why: "500".into(),
    };
    assert_eq!(
        told(&report(&[], vec![("a", taken("a"))], &[])).kind,
        ConditionType::Stalled
    );
    assert_eq!(
        told(&report(&[], vec![("a", taken("a")), ("b", away)], &[])).kind,
        ConditionType::Reconciling
    );
}

#[test]
fn a_namespace_of_which_nothing_can_be_said_stays_as_it_was_told() {
    let mut parent = parent(&spec());
    parent.status.provisioned = vec!["a".to_owned(), "b".to_owned()];
    let told = status(
        &parent,
        spread(&parent),
        &stamp(Manner::Eso),
        &report(&["c"], vec![], &["b", "new"]),
    );
    assert_eq!(told.provisioned, ["b", "c"]);
}

#[test]
fn what_eso_leaves_untold_is_no_news_and_an_edit_is() {
    let mut parent = parent(&spec());
    let fresh = |parent: &Parent| {
        status(
            parent,
            spread(parent),
            &stamp(Manner::Kstatus),
            &report(&["a"], vec![], &[]),
        )
    };
    assert!(is_news(&parent.status, &fresh(&parent)), "nothing was told yet");
    parent.status = fresh(&parent);
    assert!(!is_news(&parent.status, &fresh(&parent)));
    for condition in &mut parent.status.conditions {
        (condition.observed_generation, condition.last_transition_time) = (None, None);
    }
    assert!(!is_news(&parent.status, &fresh(&parent)), "ESO tells neither");
    parent.status.provisioned = vec![];
    assert!(is_news(&parent.status, &fresh(&parent)));
}

#[test]
fn a_fault_of_the_spec_leaves_what_was_told_of_the_namespaces() {
    let mut spec = spec();
    spec["namespaceSelector"] = json!({"matchExpressions": [{"key": "a", "operator": "In"}]});
    let mut parent = parent(&spec);
    parent.status.provisioned = vec!["a".to_owned()];
    let problem = spread(&parent).check().expect_err("refused");
    let told = status_of_fault(&parent, &stamp(Manner::Eso), &problem);
    assert_eq!(told.provisioned, ["a"]);
    assert_eq!(
        conditions(&told),
        ["Ready=False (-) one or more namespaces failed"]
    );
    let failed = told.failed.first().expect("a failure");
    let why = "spec.namespaceSelector: matchExpressions[0].values: In needs at least one";
    assert_eq!(
        (failed.namespace.as_str(), failed.reason.as_deref()),
        ("unknown", Some(why))
    );

    spec["externalSecretSpec"]["refreshInterval"] = json!("1d");
    let parent = self::parent(&spec);
    let fault = parent.spec.as_ref().expect_err("broken").clone();
    let told = status_of_fault(&parent, &stamp(Manner::Eso), &Problem::BrokenSpec { fault });
    assert!(
        conditions(&told)[0]
            .starts_with("Ready=False (-) spec.externalSecretSpec.refreshInterval: unknown unit")
    );
}

#[test]
fn a_cluster_push_secret_has_words_of_its_own() {
    let object = json!({
        "metadata": {"name": "all", "uid": "u"},
        "spec": {
            "pushSecretSpec": {"refreshInterval": "1h", "secretStoreRefs": [{"name": "s"}], "selector": {"secret": {"name": "x"}}},
            "pushSecretName": "child",
            "namespaceSelectors": [{"matchExpressions": [{"key": "a", "operator": "Like"}]}],
        },
    });
    let object: ClusterPushSecret = serde_json::from_value(object).expect("an object");
    let parent = Parent::from(object);
    let spread = spread(&parent);
    assert_eq!(
        (spread.child_name.as_str(), &spread.child["refreshInterval"]),
        ("child", &json!("1h0m0s"))
    );
    let there = report(&[], vec![("a", taken("a"))], &[]);
    let told = status(&parent, spread, &stamp(Manner::Eso), &there);
    assert_eq!(
        told.failed[0].reason.as_deref(),
        Some("push secret already exists in namespace")
    );
    let problem = spread.check().expect_err("refused");
    let told = status_of_fault(&parent, &stamp(Manner::Eso), &problem);
    assert_eq!(
        conditions(&told),
        ["Ready=False (Errored) failed to get target Namespaces"]
    );
}
