use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

fn synced(value: Value) -> SyncedPushSecrets {
    let stores: BTreeMap<String, Vec<String>> = serde_json::from_value(value).expect("places by store");
    let data = |place: &String| {
        let (key, property) = place.split_once('/').unwrap_or((place, ""));
        let data = json!({"match": {"remoteRef": {"remoteKey": key, "property": property}}});
        (place.clone(), serde_json::from_value(data).expect("an entry"))
    };
    let stores = stores.into_iter();
    stores
        .map(|(store, places)| (store, places.iter().map(data).collect()))
        .collect()
}

fn named(doomed: &[Doomed]) -> Vec<String> {
    doomed
        .iter()
        .map(|doomed| format!("{} {}", doomed.store, doomed.place))
        .collect()
}

#[test]
fn what_is_pushed_no_more_is_deleted_but_where_nobody_knows() {
    let before =
        synced(json!({"SecretStore/a": ["x", "y/p"], "SecretStore/b": ["z"], "SecretStore/c": ["w"]}));
    let now = synced(json!({"SecretStore/a": ["y/p"]}));
    let spared = BTreeSet::from(["SecretStore/c".to_owned()]);
    let doomed = doomed(&before, &now, &spared);
    assert_eq!(named(&doomed), ["SecretStore/a x", "SecretStore/b z"]);
}

#[test]
fn a_secret_that_is_still_pushed_in_another_way_is_not_deleted() {
    let of = |places: &[&str]| synced(json!({"SecretStore/a": places}));
    let spared = BTreeSet::new();
    for (before, now) in [(&["x"][..], &["x/p"][..]), (&["x/p", "x/q"], &["x"])] {
        assert!(
            doomed(&of(before), &of(now), &spared).is_empty(),
            "{before:?} to {now:?}"
        );
    }
    let one_property = doomed(&of(&["x/p", "x/q"]), &of(&["x/p"]), &spared);
    assert_eq!(named(&one_property), ["SecretStore/a x/q"]);
}

#[test]
fn what_is_deleted_is_at_the_place_where_it_was_pushed() {
    let metadata = json!({"kind": "PushSecretMetadata", "spec": {"remoteNamespace": "there"}});
    let data = json!({"match": {"remoteRef": {"remoteKey": "k", "property": "p"}}, "metadata": metadata});
    let data = serde_json::from_value(data).expect("an entry");
    let before = SyncedPushSecrets::from([(
        "SecretStore/a".to_owned(),
        BTreeMap::from([("k/p".to_owned(), data)]),
    )]);
    let doomed = doomed(&before, &SyncedPushSecrets::new(), &BTreeSet::new());
    assert_eq!(doomed[0].remote.metadata, Some(metadata));
    assert_eq!(doomed[0].remote.property.as_deref(), Some("p"));
}

#[test]
fn stores_are_remembered_as_eso_remembers_them() {
    for (store, place) in [
        (StoreKey::Namespaced(ObjectKey::new("ns", "s")), "SecretStore/s"),
        (StoreKey::Cluster("c".to_owned()), "ClusterSecretStore/c"),
    ] {
        assert_eq!(store_place(&store), place);
        assert_eq!(store_of(place, "ns"), Some(store));
    }
    for place in ["", "s", "Vault/s"] {
        assert_eq!(store_of(place, "ns"), None, "{place}");
    }
}

#[test]
fn what_is_known_now_counts_over_what_was_known() {
    let merged = merge(
        synced(json!({"SecretStore/a": ["x"], "SecretStore/n": []})),
        &synced(json!({"SecretStore/a": ["y"], "SecretStore/b": ["z"]})),
    );
    let wanted = synced(json!({"SecretStore/a": ["x", "y"], "SecretStore/b": ["z"], "SecretStore/n": []}));
    assert_eq!(merged, wanted);
}
