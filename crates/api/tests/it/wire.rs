//! Objects as they really arrive: written by hand, by ESO, by Go.

use std::time::Duration;

use lockstep_api::external_secret::{CreationPolicy, DeletionPolicy, Rewrite, SourceRef};
use lockstep_api::{
    Condition, ConditionStatus, ConditionType, ExternalSecret, Fault, Parsed, SecretStore, SecretStoreSpec,
    StoreInterval,
};
use serde_json::{Value, from_value, json, to_value};

fn external_secret(spec: &Value) -> ExternalSecret {
    from_value(json!({"metadata": {"name": "a", "namespace": "b"}, "spec": spec})).expect("never fails")
}

fn broken(spec: &Value) -> String {
    match external_secret(spec).spec {
        Parsed::Broken(fault) => fault.to_string(),
        Parsed::Sound(spec) => panic!("should be refused: {spec:?}"),
    }
}

#[test]
fn a_broken_spec_names_the_field() {
    assert_eq!(
        broken(&json!({"refreshInterval": "1d"})),
        r#"spec.refreshInterval: unknown unit "d" in duration "1d" (use ns, us, ms, s, m or h, for example "24h")"#
    );
    let entry = |secret_key: &str| json!({"data": [{"secretKey": secret_key, "remoteRef": {"key": "k"}}]});
    assert!(broken(&entry("a b")).starts_with("spec.data[0].secretKey: must consist of"));
    assert_eq!(
        broken(&json!({"data": [{"secretKey": "a", "remoteRef": {}}]})),
        "spec.data[0].remoteRef: missing field `key`"
    );
    assert_eq!(
        broken(&json!({"dataFrom": [{"sourceRef": {}}]})),
        "spec.dataFrom[0].sourceRef: must have exactly one of `storeRef` `generatorRef`, has none"
    );
    assert!(
        broken(&json!({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Fake", "name": "A"}}}]}))
            .starts_with("spec.dataFrom[0].sourceRef.generatorRef.name: must consist of")
    );
    assert!(
        broken(&json!({"target": {"creationPolicy": "Mine"}}))
            .starts_with("spec.target.creationPolicy: unknown variant")
    );
    assert!(
        broken(
            &json!({"syncWindows": {"kind": "allow", "windows": [{"schedule": "@reboot", "duration": "1h"}]}})
        )
        .starts_with("spec.syncWindows.windows[0].schedule: must be five cron fields")
    );
}

#[test]
fn what_is_absent_has_its_meaning() {
    let object: ExternalSecret = from_value(json!({"metadata": {"name": "a"}})).expect("never fails");
    let spec = object.spec.as_ref().expect("an empty spec is sound");
    assert_eq!(spec.refresh_interval(), Duration::from_hours(1));
    assert_eq!(spec.target.creation_policy(), CreationPolicy::Owner);
    assert_eq!(spec.target.deletion_policy(), DeletionPolicy::Retain);
    assert!(object.status.is_none());
}

#[test]
fn what_go_writes_for_absent_is_absent() {
    let object: ExternalSecret = from_value(json!({
        "metadata": {"name": "a", "creationTimestamp": null},
        "spec": {"secretStoreRef": {}, "target": {"template": {"metadata": {}}}, "unknown": 1},
        "status": {
            "refreshTime": null,
            "binding": {"name": ""},
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}],
        },
    }))
    .expect("never fails");
    let spec = object.spec.as_ref().expect("sound");
    assert!(spec.secret_store_ref.is_none());
    assert!(
        spec.target
            .template
            .as_ref()
            .is_some_and(|template| template.metadata.is_empty())
    );
    let status = object.status.expect("a status");
    assert!(status.refresh_time.is_none() && status.binding.is_none());
    assert_eq!(status.conditions[0].kind, ConditionType::Ready);
    assert_eq!(status.conditions[0].status, ConditionStatus::True);
}

#[test]
fn a_status_that_makes_no_sense_counts_as_none() {
    let object: ExternalSecret =
        from_value(json!({"metadata": {"name": "a"}, "spec": {}, "status": {"conditions": 5}}))
            .expect("never fails");
    assert!(object.status.is_none());
}

fn store(interval: &Value) -> Result<SecretStoreSpec, Fault> {
    let spec = json!({"provider": {"fake": {"data": []}}, "refreshInterval": interval});
    let store: SecretStore =
        from_value(json!({"metadata": {"name": "a"}, "spec": spec})).expect("never fails");
    match store.spec {
        Parsed::Sound(spec) => Ok(spec),
        Parsed::Broken(fault) => Err(fault),
    }
}

#[test]
fn a_store_may_count_seconds() {
    for (interval, seconds) in [(json!(30), 30), (json!("1m"), 60), (json!(0), 0), (json!("0"), 0)] {
        let spec = store(&interval).expect("sound");
        assert_eq!(
            spec.refresh_interval.as_ref().map(StoreInterval::to_std),
            Some(Duration::from_secs(seconds))
        );
        assert_eq!(to_value(&spec).expect("serializes")["refreshInterval"], interval);
    }
    for interval in [
        json!(-1),
        json!("-1s"),
        json!("soon"),
        json!(1.5),
        json!(true),
        json!(1_u64 << 40),
    ] {
        assert_eq!(
            store(&interval).expect_err("broken").field,
            "refreshInterval",
            "{interval}"
        );
    }
    assert!(store(&json!(null)).expect("sound").refresh_interval.is_none());
}

#[test]
fn a_condition_of_somebody_else_is_kept() {
    let condition = json!({"type": "Custom", "status": "Maybe", "reason": "R"});
    let read: Condition = from_value(condition).expect("a condition");
    assert_eq!(
        (read.kind.as_str(), read.status),
        ("Custom", ConditionStatus::Unknown)
    );
    assert_eq!(
        to_value(&read).expect("serializes"),
        json!({"type": "Custom", "status": "Unknown", "reason": "R"})
    );
}

#[test]
fn an_object_is_written_as_it_was_read() {
    let spec = json!({
        "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
        "refreshInterval": "60m",
        "refreshPolicy": "OnChange",
        "target": {
            "name": "t",
            "creationPolicy": "CreateOrMerge",
            "template": {
                "type": "Opaque", "engineVersion": "v2",
                "data": {"a": "{{ .b }}"},
                "templateFrom": [{"target": "", "configMap": {"name": "c", "items": [{"key": "k"}]}}],
            },
        },
        "data": [{
            "secretKey": "b",
            "remoteRef": {"key": "k", "decodingStrategy": "Base64URL"},
            "sourceRef": {"storeRef": {"name": "other"}},
        }],
        "dataFrom": [
            {"find": {"name": {"regexp": "^a"}}, "rewrite": [{"regexp": {"source": "a", "target": "b"}}, {"merge": {"strategy": "JSON"}}]},
            {"sourceRef": {"generatorRef": {"kind": "UUID", "name": "u"}}},
        ],
    });
    let object = external_secret(&spec);
    let parsed = object.spec.as_ref().expect("sound");
    assert!(matches!(parsed.data_from[0].rewrite[1], Rewrite::Merge(_)));
    assert!(matches!(
        parsed.data_from[1].source_ref,
        Some(SourceRef::Generator(_))
    ));
    let written = to_value(&object).expect("serializes");
    assert_eq!(written["spec"], spec);
    assert_eq!(written["apiVersion"], "external-secrets.io/v1");
}
