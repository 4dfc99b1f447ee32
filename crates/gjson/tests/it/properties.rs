//! Properties over generated documents and paths.

use lockstep_gjson::{
    Kind, delete, elements, escape, escape_dots, get, is_valid, members, set, set_raw, try_get,
};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

/// What documents are put together from, one piece per word.
const JSON_PIECES: &str = r#"{ } [ ] : , , , " \ \" \u \ud83d 00e9 a b "a": "b": "a.b": "a" 1 -1.5e3 0x1p4 true false
    null nan ( ) é {"a": [{"a": "x\ny" "\u00e9""#;

/// What paths are put together from: everything that has a meaning somewhere in them.
const PATH_PIECES: &str = r#". . . . . | | a b a b 0 1 -1 # # #( #( #[ )# ) ) ] == != < >= % !% ~true ~* " "a" \ * ?
    @this @reverse @ugly @pretty @join @keys @values @flatten @valid @tostr @fromstr @group @dig: : {"deep":true}
    {"sortKeys":true} {"width":9} { } [ , ! !"x" !true .. é"#;

fn pieces(of: &'static str, most: usize) -> impl Strategy<Value = String> {
    let mut pieces: Vec<&str> = of.split_whitespace().collect();
    pieces.extend([" ", "\n", "\u{1}"]);
    vec(select(pieces), 0..most).prop_map(|pieces| pieces.concat())
}

fn json(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(depth, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            hash_map(r#"[ab.*é"]{0,3}"#, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Documents that are JSON, nearly JSON, or not at all.
fn document() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => json(3).prop_map(|json| json.to_string().into_bytes()),
        4 => pieces(JSON_PIECES, 30).prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..40),
        2 => (json(3), any::<Index>()).prop_map(|(json, at)| {
            let text = json.to_string().into_bytes();
            text[..at.index(text.len())].to_vec()
        }),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![8 => pieces(PATH_PIECES, 12), 1 => ".{0,20}"]
}

/// All values in a document with their paths and their text.
fn places(json: &Value, prefix: Option<&str>, out: &mut Vec<(String, String)>) {
    let join = |segment: String| match prefix {
        Some(prefix) => format!("{prefix}.{segment}"),
        None => segment,
    };
    let children: Vec<(String, &Value)> = match json {
        Value::Array(list) => (0..).map(|i: usize| join(i.to_string())).zip(list).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (join(escape(key)), value))
            .collect(),
        _ => Vec::new(),
    };
    for (path, child) in children {
        places(child, Some(&path), out);
        out.push((path, child.to_string()));
    }
}

fn all_places(json: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    places(json, None, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(json in document(), path in path(), value in vec(any::<u8>(), 0..6)) {
        if let Ok(found) = try_get(&json, &path) {
            let _ = found.text();
        }
        let _ = set(&json, &path, &value);
        let _ = set_raw(&json, &path, &value);
        let _ = delete(&json, &path);
        let _ = (members(&json).count(), elements(&json).count(), escape_dots(&path));
    }

    #[test]
    fn valid_means_what_serde_json_says(json in document()) {
        // serde_json also rejects what is not UTF-8.
        if let Ok(text) = str::from_utf8(&json) {
            let reference = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
            prop_assert_eq!(is_valid(&json), reference);
        }
    }

    #[test]
    fn every_value_is_found_by_its_path(json in json(4)) {
        let text = json.to_string().into_bytes();
        // Two dots in front mean something else.
        for (path, want) in all_places(&json).into_iter().filter(|(path, _)| !path.starts_with("..")) {
            let got = get(&text, &path);
            prop_assert_eq!(String::from_utf8_lossy(got.raw()), want, "{}", path);
        }
    }

    #[test]
    fn what_is_set_is_there(json in json(3), path in "[abc]{1,2}(\\.[abc0-3]{1,2}){0,3}", value in ".{0,8}") {
        let text = json.to_string().into_bytes();
        if let Ok(changed) = set(&text, &path, value.as_bytes()) {
            prop_assert!(is_valid(&changed));
            let got = get(&changed, &path);
            prop_assert_eq!(got.kind(), Kind::String);
            prop_assert_eq!(got.text().into_owned(), value.into_bytes());
        }
    }

    #[test]
    fn what_is_deleted_is_gone(json in json(3)) {
        let text = json.to_string().into_bytes();
        let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
        for (path, _) in all_places(&json).into_iter().filter(|(path, _)| path.split('.').all(plain)) {
            let changed = delete(&text, &path).expect("plain path");
            prop_assert!(is_valid(&changed));
            prop_assert!(changed.len() < text.len());
        }
    }

    #[test]
    fn setting_a_new_key_and_deleting_it_changes_nothing(json in json(3)) {
        let text = json.to_string().into_bytes();
        if json.is_object() {
            let changed = set(&text, "new", b"x").expect("plain path");
            prop_assert_eq!(delete(&changed, "new").expect("plain path"), text);
        }
    }

    #[test]
    fn to_string_and_back(json in document()) {
        if str::from_utf8(&json).is_ok() {
            prop_assert_eq!(get(&json, "@tostr").text().into_owned(), json);
        }
    }
}
