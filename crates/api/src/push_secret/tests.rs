use serde_json::{Value, json};

use super::*;
use crate::Parsed;

fn spec(value: Value) -> Parsed<PushSecretSpec> {
    Parsed::from_json(value)
}

#[test]
fn what_is_absent_has_its_default() {
    let spec = spec(json!({
        "secretStoreRefs": [{"name": "s"}],
        "selector": {"secret": {"name": "src"}},
        "data": [{"match": {"secretKey": "", "remoteRef": {"remoteKey": "dest"}}}],
    }));
    let spec = spec.as_ref().expect("sound");
    assert_eq!(spec.refresh_interval(), Duration::from_hours(1));
    assert_eq!(spec.update_policy, PushUpdatePolicy::Replace);
    assert_eq!(spec.deletion_policy, PushDeletionPolicy::None);
    assert_eq!(spec.secret_store_refs[0].kind, StoreKind::SecretStore);
    assert_eq!(spec.data[0].conversion_strategy, PushConversionStrategy::None);
    assert_eq!(spec.data[0].entry.secret_key(), None);
}

#[test]
fn stores_are_picked_by_labels_before_names_and_secrets_by_name_before_labels() {
    let labels = json!({"matchLabels": {"pick": "me"}});
    let spec = spec(json!({
        "secretStoreRefs": [{"name": "s", "labelSelector": labels}, {}],
        "selector": {"secret": {"name": "src", "selector": labels}},
    }));
    let spec = spec.as_ref().expect("sound");
    assert!(matches!(spec.secret_store_refs[0].pick(), Some(Pick::Labels(_))));
    assert_eq!(spec.secret_store_refs[1].pick(), None);
    let PushSource::Secret(source) = &spec.selector else {
        panic!("selects a Secret");
    };
    assert!(matches!(source.pick(), Some(Pick::Name(name)) if name.as_str() == "src"));
}

#[test]
fn a_broken_spec_says_where() {
    let stores = json!([{"name": "s"}]);
    for (value, field) in [
        (json!({"selector": {"secret": {}}}), ""),
        (json!({"secretStoreRefs": stores, "selector": {}}), "selector"),
        (
            json!({"secretStoreRefs": stores, "selector": {"generatorRef": {"kind": "Nope", "name": "g"}}}),
            "selector.generatorRef.kind",
        ),
        (
            json!({"secretStoreRefs": [{"kind": "Store"}], "selector": {}}),
            "secretStoreRefs[0].kind",
        ),
        (json!({"refreshInterval": "1d"}), "refreshInterval"),
    ] {
        assert_eq!(spec(value).as_ref().expect_err("broken").field, field);
    }
}

#[test]
fn a_status_is_read_and_written_as_it_stands() {
    let written = json!({
        "refreshTime": "2026-01-02T03:04:05Z",
        "syncedPushSecrets": {
            "SecretStore/s": {
                "dest/p": {
                    "conversionStrategy": "None",
                    "match": {"remoteRef": {"property": "p", "remoteKey": "dest"}, "secretKey": "user"},
                },
            },
            "SecretStore/t": {},
        },
        "syncedResourceVersion": "1-abc",
    });
    let status: PushSecretStatus = serde_json::from_value(written.clone()).expect("a status");
    let entry = &status.synced_push_secrets["SecretStore/s"]["dest/p"].entry;
    assert_eq!(entry.remote_ref.status_key(), "dest/p");
    assert_eq!(serde_json::to_value(&status).expect("serializes"), written);

    let fresh: PushSecretStatus = serde_json::from_value(json!({"refreshTime": null})).expect("a status");
    assert_eq!(fresh, PushSecretStatus::default());
}
