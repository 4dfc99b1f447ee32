use std::collections::BTreeMap;

use lockstep_api::{Parsed, SecretStoreStatus};
use serde_json::{Value, json};

use super::*;

fn store(key: StoreKey) -> Store {
    Store {
        key,
        uid: "u".to_owned(),
        generation: 1,
        labels: [("pick".to_owned(), "me".to_owned())].into(),
        annotations: BTreeMap::new(),
        terminating: false,
        is_held: false,
        spec: Parsed::from_json(json!({"provider": {"fake": {"data": []}}})),
        status: SecretStoreStatus::default(),
    }
}

fn near() -> Store {
    store(StoreKey::Namespaced(ObjectKey::new("ns", "s")))
}

fn everybodys() -> Store {
    store(StoreKey::Cluster("s".to_owned()))
}

fn reference(value: Value) -> PushStoreRef {
    serde_json::from_value(value).expect("a reference")
}

fn object(policy: &str, refs: &Value, synced: &Value) -> PushSecret {
    let spec =
        json!({"secretStoreRefs": refs, "selector": {"secret": {"name": "src"}}, "deletionPolicy": policy});
    serde_json::from_value(json!({
        "metadata": {"name": "push", "namespace": "ns"}, "spec": spec, "status": {"syncedPushSecrets": synced},
    }))
    .expect("an object")
}

#[test]
fn a_reference_means_a_store_by_name_or_by_labels_and_of_its_kind() {
    let far = store(StoreKey::Namespaced(ObjectKey::new("other", "s")));
    let labels = |value: &str| json!({"matchLabels": {"pick": value}});
    for (value, meant) in [
        (json!({"name": "s"}), [true, false, false]),
        (
            json!({"name": "s", "kind": "ClusterSecretStore"}),
            [false, false, true],
        ),
        (json!({"name": "t"}), [false; 3]),
        (json!({"labelSelector": labels("me")}), [true, false, false]),
        (
            json!({"labelSelector": labels("me"), "kind": "ClusterSecretStore"}),
            [false, false, true],
        ),
        (json!({"labelSelector": labels("you"), "name": "s"}), [false; 3]),
        (json!({}), [false; 3]),
    ] {
        let stores = [&near(), &far, &everybodys()];
        assert_eq!(
            stores.map(|store| picks(&reference(value.clone()), "ns", store)),
            meant,
            "{value}"
        );
    }
}

#[test]
fn data_to_names_only_stores_that_are_named() {
    let spec = |data_to: Value| {
        let spec = json!({"secretStoreRefs": [{"name": "s"}], "selector": {"secret": {"name": "src"}}, "dataTo": [data_to]});
        match Parsed::<PushSecretSpec>::from_json(spec) {
            Parsed::Sound(spec) => spec,
            Parsed::Broken(fault) => panic!("{fault}"),
        }
    };
    let why = |data_to: Value| {
        let spec = spec(data_to);
        let checked = check_named(&spec).and_then(|()| check_selectors(&spec, &[Arc::new(near())]));
        checked.err().map(|problem| problem.to_string())
    };
    assert_eq!(why(json!({"storeRef": {"name": "s"}})), None);
    assert_eq!(
        why(json!({"storeRef": {"labelSelector": {"matchLabels": {"pick": "me"}}}})),
        None
    );
    assert_eq!(
        why(json!({"storeRef": {"name": "elsewhere"}})).as_deref(),
        Some(r#"dataTo[0]: storeRef "elsewhere" not found in secretStoreRefs"#)
    );
    assert_eq!(
        why(json!({"storeRef": {"labelSelector": {"matchLabels": {"pick": "you"}}}})).as_deref(),
        Some("dataTo[0]: labelSelector does not match any store in secretStoreRefs")
    );
    let unknown = json!({"matchExpressions": [{"key": "a", "operator": "Bogus"}]});
    assert_eq!(
        why(json!({"storeRef": {"labelSelector": unknown}})).as_deref(),
        Some(
            "dataTo[0]: invalid labelSelector: matchExpressions[0].operator: must be In, NotIn, Exists or DoesNotExist"
        )
    );
}

#[test]
fn a_selector_of_stores_that_is_none_is_told_and_selects_no_fewer() {
    let why = |refs: Value| {
        let spec = json!({"secretStoreRefs": refs, "selector": {"secret": {"name": "src"}}});
        let spec: PushSecretSpec = serde_json::from_value(spec).expect("a spec");
        check_labels(&spec).err().map(|problem| problem.to_string())
    };
    assert_eq!(why(json!([{"name": "s"}, {"labelSelector": {}}])), None);
    let empty = json!({"matchExpressions": [{"key": "a", "operator": "In"}]});
    assert_eq!(
        why(json!([{"name": "s"}, {"labelSelector": empty}])).as_deref(),
        Some("could not convert labels: matchExpressions[0].values: In needs at least one")
    );
}

#[test]
fn a_store_is_held_by_those_who_would_delete_from_it() {
    let (named, nothing) = (json!([{"name": "s"}]), json!({}));
    let synced = json!({"SecretStore/s": {"k": {"match": {"remoteRef": {"remoteKey": "k"}}}}});
    for (object, held) in [
        (object("Delete", &named, &nothing), true),
        (object("None", &named, &synced), false),
        (object("Delete", &json!([{"name": "t"}]), &nothing), false),
        (object("Delete", &json!([{"name": "t"}]), &synced), true),
    ] {
        assert_eq!(holds(&object, &near()), held);
        assert!(!holds(&object, &everybodys()));
    }
}
