use lockstep_api::{Parsed, SecretStoreStatus};
use serde_json::{Value, json};

use super::*;
use crate::engine::object::{ObjectKey, StoreKey};
use crate::engine::render::testing::with_renderer;
use crate::engine::secret_bytes::SecretBytes;

fn store() -> Store {
    Store {
        key: StoreKey::Namespaced(ObjectKey::new("ns", "s")),
        uid: "u".to_owned(),
        generation: 1,
        labels: [("tier".to_owned(), "one".to_owned())].into(),
        annotations: BTreeMap::new(),
        terminating: false,
        is_held: false,
        spec: Parsed::from_json(json!({"provider": {"fake": {"data": []}}})),
        status: SecretStoreStatus::default(),
    }
}

fn source(name: &str, values: &[(&str, &str)]) -> Source {
    Source {
        name: name.to_owned(),
        values: values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)))
            .collect(),
        ..Source::default()
    }
}

fn made(fields: &Value, sources: &[Source]) -> Result<Vec<Entry>, Problem> {
    let mut spec = json!({"secretStoreRefs": [{"name": "s"}], "selector": {"secret": {"name": "src"}}});
    for (name, value) in fields.as_object().expect("fields") {
        spec[name] = value.clone();
    }
    let spec = match Parsed::<PushSecretSpec>::from_json(spec) {
        Parsed::Sound(spec) => spec,
        Parsed::Broken(fault) => panic!("{fault}"),
    };
    with_renderer(|renderer| entries(&spec, &store(), sources, renderer))
}

/// Each as `place: key=value…`, or its problem.
fn shown(entries: &[Entry]) -> Vec<String> {
    let show = |entry: &Entry| match &entry.push {
        Ok(Some(push)) => {
            let text = |value: &SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
            let values: Vec<_> = push
                .values
                .iter()
                .map(|(key, value)| format!("{key}={}", text(value)))
                .collect();
            format!("{}: {}", entry.place, values.join(","))
        }
        Ok(None) => format!("{}: left alone", entry.place),
        Err(problem) => format!("{}: {problem}", entry.place),
    };
    entries.iter().map(show).collect()
}

fn to(key: &str, remote: &str) -> Value {
    json!({"match": {"secretKey": key, "remoteRef": {"remoteKey": remote}}})
}

#[test]
fn an_entry_takes_one_key_or_all_and_tells_what_is_missing() {
    let whole = json!({"match": {"remoteRef": {"remoteKey": "all", "property": "p"}}});
    let entries = made(
        &json!({"data": [to("a", "x"), to("nope", "y"), whole]}),
        &[source("src", &[("a", "1"), ("b", "2")])],
    );
    assert_eq!(
        shown(&entries.expect("entries")),
        ["x: a=1", "y: secret key nope does not exist", "all/p: a=1,b=2"]
    );
}

#[test]
fn keys_are_named_after_the_conversion() {
    let mut data = to("a/b", "x");
    data["conversionStrategy"] = json!("ReverseUnicode");
    let each = json!({"storeRef": {"name": "s"}, "conversionStrategy": "ReverseUnicode"});
    let values = [source("src", &[("a_U002f_b", "1"), ("c", "2")])];
    let entries = made(&json!({"data": [data], "dataTo": [each]}), &values).expect("entries");
    assert_eq!(
        shown(&entries),
        ["c: c=2", "x: a/b=1"],
        "a key that data names is left to it"
    );
}

#[test]
fn data_to_matches_rewrites_and_bundles() {
    let each = json!({
        "storeRef": {"name": "s"}, "match": {"regexp": "^[ab]$"},
        "rewrite": [{"regexp": {"source": "^", "target": "app-"}}, {"transform": {"template": "{{ .value | upper }}"}}],
    });
    let bundle = json!({"storeRef": {"labelSelector": {"matchLabels": {"tier": "one"}}}, "remoteKey": "all", "match": {"regexp": "c|a"}});
    let elsewhere = json!({"storeRef": {"name": "s", "kind": "ClusterSecretStore"}});
    let values = [source("src", &[("a", "1"), ("b", "2"), ("c", "3")])];
    let entries = made(
        &json!({"dataTo": [each, bundle, elsewhere], "data": [to("a", "x")]}),
        &values,
    );
    assert_eq!(
        shown(&entries.expect("entries")),
        ["APP-B: b=2", "all: a=1,c=3", "x: a=1"],
        "a bundle keeps the keys that data names"
    );
    let nothing = json!({"dataTo": [{"storeRef": {"name": "s"}, "match": {"regexp": "^z"}}]});
    assert!(made(&nothing, &values).expect("entries").is_empty());
}

#[test]
fn places_that_clash_and_names_that_are_none_are_told_in_eso_s_words() {
    let each = |rewrite: Value| json!({"storeRef": {"name": "s"}, "rewrite": [rewrite]});
    let same = json!({"regexp": {"source": ".*", "target": "one"}});
    for (fields, why) in [
        (
            json!({"dataTo": [each(same)]}),
            r#"failed to expand dataTo: dataTo[0]: duplicate remote key "one" from source key "b" (conflicts with dataTo[0]:a)"#,
        ),
        (
            json!({"dataTo": [each(json!({"regexp": {"source": ".*", "target": ""}}))]}),
            r#"failed to expand dataTo: dataTo[0]: empty remote key produced for source key "a""#,
        ),
        (
            json!({"dataTo": [{"storeRef": {"name": "s"}, "match": {"regexp": "("}}]}),
            r#"failed to expand dataTo: dataTo[0]: match failed: failed to compile regexp pattern "(": error parsing regexp: missing closing ): `(`"#,
        ),
        (
            json!({"data": [to("a", "x"), to("b", "x")]}),
            r#"failed to merge data entries: duplicate remote key "x": source keys "a" and "b" both map to the same destination"#,
        ),
    ] {
        let problem = made(&fields, &[source("src", &[("a", "1"), ("b", "2")])]).expect_err("refused");
        assert_eq!(problem.to_string(), why);
    }
}

#[test]
fn of_several_sources_the_last_one_has_the_place() {
    let sources = [
        source("s1", &[("k", "1")]),
        source("s2", &[("k", "2"), ("j", "3")]),
    ];
    let entries = made(
        &json!({"data": [to("k", "x")], "dataTo": [{"storeRef": {"name": "s"}}]}),
        &sources,
    );
    assert_eq!(shown(&entries.expect("entries")), ["x: k=2", "j: j=3"]);
    let lacking = made(&json!({"data": [to("j", "x")]}), &sources).expect("entries");
    assert_eq!(shown(&lacking), ["x: secret key j does not exist"]);
}

#[test]
fn a_digest_tells_everything_that_is_pushed() {
    let digest_of = |fields: Value, source: Source| {
        let entries = made(&fields, &[source]).expect("entries");
        digest(
            entries[0]
                .push
                .as_ref()
                .expect("a push")
                .as_ref()
                .expect("a push"),
        )
    };
    let plain = || json!({"data": [to("a", "x")]});
    let one = || source("src", &[("a", "1"), ("b", "2")]);
    let first = digest_of(plain(), one());
    assert_eq!(
        first,
        digest_of(plain(), source("src", &[("a", "1"), ("b", "3")])),
        "another key"
    );
    assert_ne!(first, digest_of(plain(), source("src", &[("a", "2")])));
    let mut labelled = one();
    labelled.about.labels.insert("l".to_owned(), "v".to_owned());
    assert_ne!(first, digest_of(plain(), labelled));
    let mut with_metadata = to("a", "x");
    with_metadata["metadata"] = json!({"kind": "PushSecretMetadata"});
    assert_ne!(first, digest_of(json!({"data": [with_metadata]}), one()));
}

#[test]
fn a_rewrite_that_fails_is_told_as_eso_tells_it() {
    let why = |rewrite: Value| {
        let entry = json!({"storeRef": {"name": "s"}, "rewrite": [rewrite]});
        let failed = made(&json!({"dataTo": [entry]}), &[source("src", &[("a", "1")])]);
        failed.expect_err("fails").to_string()
    };
    let here = "failed to expand dataTo: dataTo[0]: rewrite failed: rewrite[0] on key \"a\"";
    assert_eq!(
        why(json!({"regexp": {"source": "(", "target": "x"}})),
        format!("{here}: invalid regexp: error parsing regexp: missing closing ): `(`")
    );
    assert_eq!(
        why(json!({"transform": {"template": "{{ .value"}})),
        format!("{here}: invalid template: template: t:1: unclosed action")
    );
    assert_eq!(
        why(json!({"transform": {"template": "{{ fail \"no\" }}"}})),
        format!(
            "{here}: template exec: template: t:1:3: executing \"t\" at <fail \"no\">: error calling fail: no"
        )
    );
}
