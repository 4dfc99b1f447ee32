//! The audit of a run: who got what, and never a value.

use std::fs;

use serde_json::{Value, json};

use crate::bed::Bed;
use crate::{extract, store};

const CANARY: &str = "canary-4f1c";

fn lines(bed: &Bed) -> Vec<Value> {
    let text = fs::read_to_string(bed.path("audit")).expect("an audit");
    assert!(!text.contains(CANARY), "{text}");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// What is read and written, without what is different each time.
fn told(line: &Value) -> Value {
    let keys = line["values"]
        .as_object()
        .map(|values| values.keys().collect::<Vec<_>>());
    json!([
        line["action"],
        line["outcome"],
        line["reason"],
        line["for"]["name"],
        line["key"],
        keys
    ])
}

#[test]
fn reads_writes_and_refusals_are_told_without_values() {
    let secret = format!(r#"{{"user":"{CANARY}","pass":"{CANARY}"}}"#);
    let elsewhere = extract("denied", "").replace("name: s}", "name: far, kind: ClusterSecretStore}");
    let far = "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: far}\n\
               spec: {conditions: [{namespaces: [other]}], provider: {fake: {data: [{key: k, value: v}]}}}\n";
    let bed = Bed::new(&[
        ("store.yaml", &store(&secret)),
        ("far.yaml", far),
        ("app.yaml", &extract("app", "")),
        ("denied.yaml", &elsewhere),
    ]);
    let audit = format!("--audit-log={}", bed.path("audit").display());
    bed.once(&[&audit, "--loglevel=trace"]).assert(1);
    let mut found: Vec<_> = lines(&bed).iter().map(told).collect();
    found.sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        [
            json!(["check", "done", null, "far", null, null]),
            json!(["check", "done", null, "s", null, null]),
            json!(["connect", "done", null, "far", null, null]),
            json!(["connect", "done", null, "s", null, null]),
            json!(["read", "done", null, "app", "k", ["pass", "user"]]),
            json!(["read", "refused", "StoreDenied", "denied", "k", null]),
            json!(["write", "done", null, "app", null, ["pass", "user"]]),
        ]
    );
}
