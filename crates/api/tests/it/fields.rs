//! Every field of every definition, against those of ESO.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lockstep_api::crds;
use serde_json::{Map, Value, to_value};

/// Kind, version and path of a field.
type Field = (String, String, String);

/// The fields of ESO as recorded, and ours, must be the same but for the listed differences.
#[test]
fn the_definitions_have_the_fields_of_eso() {
    let (ours, theirs) = (our_fields(), recorded("../../../shared/reference/crd-fields.tsv"));
    let listed = recorded("tests/it/differences.tsv");
    let free: BTreeSet<&Field> = listed
        .iter()
        .filter(|(_, what)| *what == "free")
        .map(|(field, _)| field)
        .collect();
    let mut found = BTreeSet::new();
    let mut unlisted = Vec::new();
    for field in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (ours, theirs) = (ours.get(field), theirs.get(field));
        if ours == theirs {
            continue;
        }
        if let Some(object) = free
            .iter()
            .find(|object| field == **object || is_below(field, object))
        {
            found.insert((*object).clone());
            continue;
        }
        let ours = ours.map_or("absent", String::as_str);
        if listed.get(field).is_some_and(|listed| listed == ours) {
            found.insert(field.clone());
        } else {
            let (kind, version, path) = field;
            unlisted.push(format!(
                "{kind}\t{version}\t{path}\t{ours}\t(ESO: {})",
                theirs.map_or("absent", String::as_str)
            ));
        }
    }
    assert!(
        unlisted.is_empty(),
        "differences that are not listed:\n{}",
        unlisted.join("\n")
    );
    let stale: Vec<_> = listed.keys().filter(|field| !found.contains(*field)).collect();
    assert!(stale.is_empty(), "listed, but no differences: {stale:#?}");
}

#[test]
fn cluster_kinds_have_the_schemas_of_their_namespaced_ones() {
    let definitions: BTreeMap<String, Value> = crds()
        .iter()
        .map(|crd| {
            (
                crd.spec.names.kind.clone(),
                to_value(&crd.spec.versions).expect("serializes"),
            )
        })
        .collect();
    let schema = |kind: &str, version: usize| definitions[kind][version]["schema"]["openAPIV3Schema"].clone();
    for version in 0..2 {
        assert_eq!(
            schema("SecretStore", version),
            schema("ClusterSecretStore", version)
        );
        let child = &schema("ClusterExternalSecret", version)["properties"]["spec"]["properties"]["externalSecretSpec"];
        let spec = &schema("ExternalSecret", version)["properties"]["spec"];
        assert_eq!(child["properties"], spec["properties"]);
        assert_eq!(
            child["x-kubernetes-validations"],
            spec["x-kubernetes-validations"]
        );
    }
}

fn is_below((kind, version, path): &Field, (other_kind, other_version, object): &Field) -> bool {
    (kind, version) == (other_kind, other_version)
        && path
            .strip_prefix(object.as_str())
            .is_some_and(|rest| rest.starts_with(['.', '[', '{']))
}

/// Reads a table of kind, version, path, type and rules. In ours, type and rules are one column, and the next is the
/// reason.
fn recorded(file: &str) -> BTreeMap<Field, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).expect("the table is there");
    let ours = file.ends_with("differences.tsv");
    let rows = text.lines().skip(1).map(|line| {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut next = || columns.next().unwrap_or_default();
        let field = (next(), next(), next());
        let (kind, rules) = (next(), next());
        assert!(
            !ours || !rules.is_empty(),
            "a difference without a reason: {line}"
        );
        (field, if ours { kind } else { normal(&kind, &rules) })
    });
    rows.collect()
}

/// The values of an enum are a set.
fn normal(kind: &str, rules: &str) -> String {
    let rules = match rules.split_once("enum=") {
        Some((before, rest)) => {
            let (values, after) = rest.split_once(' ').unwrap_or((rest, ""));
            let values: BTreeSet<_> = values.split('|').collect();
            format!("{before}enum={} {after}", Vec::from_iter(values).join("|"))
        }
        None => rules.to_owned(),
    };
    format!("{kind} {rules}").trim().to_owned()
}

fn our_fields() -> BTreeMap<Field, String> {
    let mut fields = BTreeMap::new();
    for crd in crds() {
        let kind = crd.spec.names.kind;
        for version in &crd.spec.versions {
            // The table has these under other names, see the other test; for the old stores it has nothing.
            if kind == "ClusterSecretStore" || (version.name == "v1beta1" && kind != "ExternalSecret") {
                continue;
            }
            let schema = to_value(&version.schema).expect("serializes");
            let properties = schema["openAPIV3Schema"]["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            for part in ["spec", "status"] {
                if let Some(schema) = properties.get(part) {
                    let mut add = |path: &str, row: String| {
                        fields.insert((kind.clone(), version.name.clone(), path.to_owned()), row);
                    };
                    walk(part, schema, false, &mut add);
                }
            }
        }
    }
    fields
}

fn walk(path: &str, schema: &Value, required: bool, add: &mut impl FnMut(&str, String)) {
    let empty = Map::new();
    let object = schema.as_object().unwrap_or(&empty);
    add(path, normal(&kind_of(object), &rules_of(object, required)));
    let is_required = |name: &String| {
        object
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|known| known == name))
    };
    for (name, schema) in object
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&empty)
    {
        walk(&format!("{path}.{name}"), schema, is_required(name), add);
    }
    if let Some(items) = object.get("items") {
        walk(&format!("{path}[]"), items, false, add);
    }
    if let Some(values) = object.get("additionalProperties")
        && matches!(values["type"].as_str(), Some("object" | "array"))
    {
        walk(&format!("{path}{{}}"), values, false, add);
    }
}

fn kind_of(object: &Map<String, Value>) -> String {
    let kind = |object: &Map<String, Value>| {
        object
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match object.get("additionalProperties").and_then(Value::as_object) {
        Some(values) => format!("map<{}>", kind(values)),
        None if object.contains_key("x-kubernetes-int-or-string") => "int-or-string".to_owned(),
        None => kind(object),
    }
}

/// In the order of the recorded table.
fn rules_of(object: &Map<String, Value>, required: bool) -> String {
    let mut rules = Vec::from_iter(required.then(|| "required".to_owned()));
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
            number.to_string().trim_end_matches(".0").to_owned()
        }
        value => value.to_string(),
    };
    if let Some(values) = object.get("enum").and_then(Value::as_array) {
        rules.push(format!(
            "enum={}",
            values.iter().map(plain).collect::<Vec<_>>().join("|")
        ));
    }
    rules.extend(object.get("default").map(|value| format!("default={value}")));
    for keyword in [
        "format",
        "pattern",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
    ] {
        rules.extend(
            object
                .get(keyword)
                .map(|value| format!("{keyword}={}", plain(value))),
        );
    }
    for keyword in ["minProperties", "maxProperties"] {
        rules.extend(
            object
                .get(keyword)
                .map(|value| format!("{keyword}={}", plain(value))),
        );
    }
    for (keyword, name) in [
        ("x-kubernetes-list-type", "listType"),
        ("x-kubernetes-map-type", "mapType"),
    ] {
        rules.extend(
            object
                .get(keyword)
                .map(|value| format!("{name}={}", plain(value))),
        );
    }
    if object.contains_key("x-kubernetes-preserve-unknown-fields") {
        rules.push("preserve-unknown".to_owned());
    }
    if object.contains_key("nullable") {
        rules.push("nullable".to_owned());
    }
    if let Some(validations) = object.get("x-kubernetes-validations").and_then(Value::as_array) {
        rules.push(format!("cel={}", validations.len()));
    }
    rules.join(" ")
}
