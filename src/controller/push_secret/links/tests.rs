use serde_json::{Value, json};

use super::*;

fn object(spec: &Value, status: &Value) -> PushSecret {
    serde_json::from_value(
        json!({"metadata": {"name": "push", "namespace": "ns"}, "spec": spec, "status": status}),
    )
    .expect("an object")
}

fn by_name(source: &str, stores: &Value) -> PushSecret {
    object(
        &json!({"selector": {"secret": {"name": source}}, "secretStoreRefs": stores}),
        &json!({}),
    )
}

fn push() -> ObjectKey {
    ObjectKey::new("ns", "push")
}

fn sighting(version: u64) -> Sighting {
    Sighting {
        version,
        changed: None,
    }
}

fn see(links: &Links, name: &str, label: &str, version: u64) -> usize {
    let labels = [("push".to_owned(), label.to_owned())].into();
    links
        .seen(&ObjectKey::new("ns", name), sighting(version), &labels)
        .len()
}

#[test]
fn a_source_concerns_those_who_name_it() {
    let links = Links::default();
    links.set(&push(), Some(&by_name("src", &json!([{"name": "s"}]))));
    assert_eq!((see(&links, "src", "", 1), see(&links, "other", "", 1)), (1, 0));
    assert_eq!(links.sightings(&push()), [("src".to_owned(), sighting(1))].into());
    links.set(&push(), Some(&by_name("other", &json!([{"name": "s"}]))));
    assert_eq!((see(&links, "src", "", 2), see(&links, "other", "", 2)), (0, 1));
    links.set(&push(), None);
    assert_eq!(see(&links, "other", "", 3), 0);
    let state = links.state();
    assert!(state.by_source.is_empty() && state.by_store.is_empty() && state.links.is_empty());
}

#[test]
fn a_source_concerns_those_who_select_it_for_as_long_as_it_has_the_labels() {
    let links = Links::default();
    let spec = json!({
        "selector": {"secret": {"selector": {"matchLabels": {"push": "yes"}}}},
        "secretStoreRefs": [{"name": "s"}],
    });
    links.set(&push(), Some(&object(&spec, &json!({}))));
    assert_eq!((see(&links, "a", "yes", 1), see(&links, "b", "no", 1)), (1, 0));
    assert_eq!(see(&links, "a", "no", 2), 0);
    assert!(links.sightings(&push()).is_empty());
}

#[test]
fn what_was_gone_when_the_sources_were_read_is_forgotten() {
    let links = Links::default();
    links.set(&push(), Some(&by_name("src", &json!([{"name": "s"}]))));
    see(&links, "src", "", 1);
    let seen = links.sightings(&push());
    see(&links, "src", "", 2);
    links.settle(&push(), &seen, &BTreeMap::new());
    assert_eq!(
        links.sightings(&push())["src"],
        sighting(2),
        "it has come back meanwhile"
    );
    links.settle(&push(), &links.sightings(&push()), &BTreeMap::new());
    assert!(links.sightings(&push()).is_empty());
}

#[test]
fn stores_that_are_named_or_were_pushed_to_are_touched_before_and_after() {
    let links = Links::default();
    let key = |name: &str| StoreKey::Namespaced(ObjectKey::new("ns", name));
    let first = links.set(&push(), Some(&by_name("src", &json!([{"name": "a"}]))));
    assert_eq!(first.stores, [key("a")].into());
    let status = json!({"syncedPushSecrets": {"SecretStore/b": {}}});
    let spec = json!({"selector": {"secret": {"name": "src"}}, "secretStoreRefs": [{"labelSelector": {}}]});
    let second = links.set(&push(), Some(&object(&spec, &status)));
    assert_eq!(second.stores, [key("a"), key("b")].into());
    assert!(second.chosen && !first.chosen);
    assert_eq!(links.on_store(&key("b")), [push()]);
    assert_eq!(links.on_store(&key("new")), [push()], "it may be chosen");
    assert!(
        links
            .on_store(&StoreKey::Namespaced(ObjectKey::new("far", "new")))
            .is_empty()
    );
    assert!(links.set(&push(), None).chosen);
}
