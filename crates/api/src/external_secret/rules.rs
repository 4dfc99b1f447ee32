//! What ESO's webhook refuses, told to the API server as CEL, so that it is refused without any webhook.
//!
//! The engine checks all of it again: an object may be older than the rules. Each rule stands at the smallest object
//! that it is about, because the API server leaves an unchanged object alone. One is missing: that no two entries of
//! `data` have the same key, because comparing all with all is more than the API server allows.

use schemars::Schema;
use serde_json::{Value, json};

/// More than anybody has, and few enough for the API server to allow a rule about each of them.
const MOST_TEMPLATES: usize = 10_000;
const LONGEST_TARGET: usize = 1_024;

pub(super) fn spec(schema: &mut Schema) {
    add(
        schema,
        &[(
            "(has(self.data) && size(self.data) > 0) || (has(self.dataFrom) && size(self.dataFrom) > 0)",
            "data and dataFrom are both empty: at least one entry is needed",
        )],
    );
}

pub(super) fn data_from(schema: &mut Schema) {
    add(
        schema,
        &[
            (
                "has(self.extract) || has(self.find) || has(self.sourceRef)",
                "one of extract, find and sourceRef.generatorRef must be set",
            ),
            (
                "!(has(self.extract) && has(self.find)) && !((has(self.extract) || has(self.find)) \
                 && has(self.sourceRef) && has(self.sourceRef.generatorRef))",
                "only one of extract, find and sourceRef.generatorRef may be set",
            ),
        ],
    );
}

pub(super) fn target(schema: &mut Schema) {
    let templates = "/properties/template/properties/templateFrom";
    bound(schema, templates, "maxItems", MOST_TEMPLATES);
    bound(
        schema,
        &format!("{templates}/items/properties/target"),
        "maxLength",
        LONGEST_TARGET,
    );
    add(
        schema,
        &[
            (
                "!has(self.deletionPolicy) || self.deletionPolicy != 'Delete' || !has(self.creationPolicy) \
                 || !(self.creationPolicy in ['Merge', 'None', 'CreateOrMerge'])",
                "deletionPolicy Delete needs creationPolicy Owner or Orphan, or it would delete a Secret of others",
            ),
            (
                "!has(self.deletionPolicy) || self.deletionPolicy != 'Merge' || !has(self.creationPolicy) \
                 || self.creationPolicy != 'None'",
                "deletionPolicy Merge cannot be combined with creationPolicy None, which writes no Secret",
            ),
            (
                "!has(self.template) || !has(self.template.type) \
                 || self.template.type != 'bootstrap.kubernetes.io/token'",
                "template.type must not be bootstrap.kubernetes.io/token, which would let its holder join the cluster",
            ),
            (
                "!has(self.template) || !has(self.template.type) \
                 || self.template.type != 'kubernetes.io/service-account-token' \
                 || !has(self.template.metadata) || !has(self.template.metadata.annotations) \
                 || !('kubernetes.io/service-account.name' in self.template.metadata.annotations)",
                "template.metadata.annotations must not name a service account when template.type is \
                 kubernetes.io/service-account-token, because the Secret would get its token",
            ),
            (
                "!has(self.template) || !has(self.template.type) \
                 || self.template.type != 'kubernetes.io/service-account-token' || !has(self.template.templateFrom) \
                 || !self.template.templateFrom.exists(t, has(t.target) && t.target.lowerAscii() == 'annotations')",
                "template.templateFrom must not make annotations when template.type is \
                 kubernetes.io/service-account-token, because the Secret could get the token of a service account",
            ),
            (
                "!has(self.template) || !has(self.template.templateFrom) || (has(self.manifest) \
                 && !(self.manifest.apiVersion == 'v1' && self.manifest.kind == 'Secret')) \
                 || self.template.templateFrom.all(t, !has(t.target) \
                 || t.target.lowerAscii() in ['', 'data', 'annotations', 'labels'])",
                "template.templateFrom[].target must be Data, Annotations or Labels when the target is a Secret",
            ),
        ],
    );
}

fn add(schema: &mut Schema, rules: &[(&str, &str)]) {
    let rules: Vec<Value> = rules
        .iter()
        .map(|(rule, message)| json!({"rule": rule, "message": message}))
        .collect();
    schema.insert("x-kubernetes-validations".to_owned(), rules.into());
}

fn bound(schema: &mut Schema, pointer: &str, keyword: &str, most: usize) {
    let field = schema
        .pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .expect("the field that a rule is about");
    field.insert(keyword.to_owned(), most.into());
}
