//! What v1beta1 had otherwise, as changes to the schemas of v1.
//!
//! Both versions are the same stored object, and nothing is converted: a field that v1beta1 lacks is invisible through
//! it. Descriptions are left to v1.

use serde_json::{Value, json};

use crate::schema::{absent_in, at, without_descriptions};

pub(crate) fn external_secret(schema: &mut Value) {
    external_secret_spec(schema, "spec");
    if let Some(kind) = at(schema, "status.conditions[].type").and_then(Value::as_object_mut) {
        kind.remove("enum");
    }
    without_descriptions(schema);
}

pub(crate) fn cluster_external_secret(schema: &mut Value) {
    external_secret_spec(schema, "spec.externalSecretSpec");
    without_descriptions(schema);
}

/// Any backend, unchecked: with two schemas of every backend, the definition would be too large for `kubectl apply`. The
/// backends that v1 dropped are among them, and their stores say so in a condition.
pub(crate) fn secret_store(schema: &mut Value) {
    if let Some(interval) = at(schema, "spec.refreshInterval") {
        *interval = json!({"type": "integer"});
    }
    if let Some(provider) = at(schema, "spec.provider") {
        *provider = json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "x-kubernetes-preserve-unknown-fields": true,
        });
    }
    without_descriptions(schema);
}

fn external_secret_spec(schema: &mut Value, spec: &str) {
    for path in NEW_IN_EXTERNAL_SECRETS {
        absent_in(schema, &format!("{spec}.{path}"));
    }
    for (path, value) in DEFAULTED {
        set(schema, &format!("{spec}.{path}"), "default", json!(value));
    }
    narrow(
        schema,
        &format!("{spec}.target.creationPolicy"),
        &["CreateOrMerge"],
    );
    for entry in ["data[]", "dataFrom[]"] {
        narrow(
            schema,
            &format!("{spec}.{entry}.sourceRef.generatorRef.kind"),
            NEW_GENERATORS,
        );
    }
    if let Some(target) = at(schema, &format!("{spec}.target.template.templateFrom[].target")) {
        *target = json!({"type": "string", "enum": ["Data", "Annotations", "Labels"], "default": "Data"});
    }
    if let Some(Value::Array(rules)) =
        at(schema, &format!("{spec}.target")).and_then(|target| target.get_mut(RULES))
    {
        rules.retain(|rule| {
            !rule["rule"]
                .as_str()
                .is_some_and(|rule| rule.contains("self.manifest"))
        });
    }
}

const RULES: &str = "x-kubernetes-validations";

const NEW_IN_EXTERNAL_SECRETS: &[&str] = &[
    "syncWindows",
    "target.manifest",
    "target.template.metadata.finalizers",
    "target.template.templateFrom[].valuesDecodingStrategy",
    "data[].remoteRef.nullBytePolicy",
    "dataFrom[].extract.nullBytePolicy",
    "dataFrom[].find.nullBytePolicy",
    "dataFrom[].rewrite[].merge",
];

const NEW_GENERATORS: &[&str] = &[
    "BeyondtrustWorkloadCredentialsDynamicSecret",
    "CloudsmithAccessToken",
    "GitlabDeployToken",
    "MFA",
];

const DEFAULTED: &[(&str, &str)] = &[
    ("data[].remoteRef.conversionStrategy", "Default"),
    ("data[].remoteRef.decodingStrategy", "None"),
    ("data[].remoteRef.metadataPolicy", "None"),
    ("dataFrom[].extract.conversionStrategy", "Default"),
    ("dataFrom[].extract.decodingStrategy", "None"),
    ("dataFrom[].extract.metadataPolicy", "None"),
    ("dataFrom[].find.conversionStrategy", "Default"),
    ("dataFrom[].find.decodingStrategy", "None"),
];

fn set(schema: &mut Value, path: &str, keyword: &str, value: Value) {
    if let Some(field) = at(schema, path).and_then(Value::as_object_mut) {
        field.insert(keyword.to_owned(), value);
    }
}

/// Takes values out of an enum.
fn narrow(schema: &mut Value, path: &str, without: &[&str]) {
    if let Some(Value::Array(values)) = at(schema, path).and_then(|field| field.get_mut("enum")) {
        values.retain(|value| value.as_str().is_none_or(|value| !without.contains(&value)));
    }
}
