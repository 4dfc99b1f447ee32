//! All of it recorded from Go.

use proptest::prelude::*;

use super::*;
use crate::json::{self, Html};

/// As JSON with integers kept apart from floats.
fn shown(node: &Node) -> String {
    let quoted = |text: &str| {
        let mut out = Vec::new();
        json::write_text(&mut out, text.as_bytes(), Html::Plain);
        String::from_utf8(out).expect("text")
    };
    match node {
        Node::Null => "null".into(),
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::Uint(value) => value.to_string(),
        Node::Float(value) => format!("{value:?}"),
        Node::Text(text) => quoted(text),
        Node::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Node::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, node)| format!("{}:{}", quoted(key), shown(node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

fn read(yaml: &str) -> String {
    parse(yaml.as_bytes()).map_or_else(|fault| fault.to_string(), |node| shown(&node))
}

#[test]
fn scalars() {
    for (yaml, expected) in [
        (
            "[y, Y, yes, True, on, n, NO, Off]",
            "[true,true,true,true,true,false,false,false]",
        ),
        ("[yEs, tRue, 'y', \"no\", ! y]", r#"["yEs","tRue","y","no","y"]"#),
        (
            "[~, null, Null, NULL, nULL, '']",
            r#"[null,null,null,null,"nULL",""]"#,
        ),
        (
            "[010, 0o10, 0x1F, 0b11, -0b11, 0b-11, 1_000, +5, -0]",
            "[8,8,31,3,-3,-3,1000,5,0]",
        ),
        (
            "[08, 1., .5, .5_5, 1e3, 1e999, 1e, 0x, 0b2]",
            r#"[8.0,1.0,0.5,0.55,1000.0,"1e999","1e","0x","0b2"]"#,
        ),
        (
            "[9223372036854775807, 18446744073709551615, 18446744073709551616]",
            "[9223372036854775807,18446744073709551615,1.8446744073709552e19]",
        ),
        (
            "[190:20:30, 2001-12-14, 2001-12-14 1:2:3]",
            r#"["190:20:30","2001-12-14","2001-12-14 1:2:3"]"#,
        ),
        (
            "[!!str 5, !!int '5', !!float 5, !!bool \"yes\", !!binary aGk=, !own 5]",
            r#"["5",5,5.0,true,"hi","5"]"#,
        ),
        (
            "{1: a, 1.50: b, true: c, 0x10: d, 2001-01-01: e, 1e6: f}",
            r#"{"1":"a","1.5":"b","16":"d","1e+06":"f","2001-01-01":"e","true":"c"}"#,
        ),
    ] {
        assert_eq!(read(yaml), expected, "{yaml}");
    }
}

#[test]
fn texts() {
    for (yaml, expected) in [
        ("a: \"x\ny\n\nz\"", r#"{"a":"x y\nz"}"#),
        ("a: 'it''s\nit'", r#"{"a":"it's it"}"#),
        (
            "\"\\x41\\u00e9\\U0001F600\\N\\_\\L\\P\\e\\'\\\n  b\"",
            "\"Aé😀\u{85}\u{a0}\\u2028\\u2029\\u001b'b\"",
        ),
        ("a: x\n  y\n\n  z\nb: 1", r#"{"a":"x y\nz","b":1}"#),
        (
            "a: |\n  x\n   y\n\nb: >-\n  x\n  y\n   z\n",
            r#"{"a":"x\n y\n","b":"x y\n z"}"#,
        ),
        ("a: |2-\n    x\n  y\n", r#"{"a":"  x\ny"}"#),
        ("a: |+\n  x\n\n", r#"{"a":"x\n\n"}"#),
        ("a:\tb\r\nc: d #e\r\nf: g#h", r#"{"a":"b","c":"d","f":"g#h"}"#),
        ("a: http://x/y?z=1,2#3", r#"{"a":"http://x/y?z=1,2#3"}"#),
        ("{a:1, b: [c:d]}", r#"{"a:1":null,"b":["c:d"]}"#),
        ("{\"a\":1,'b':2}", r#"{"a":1,"b":2}"#),
        ("a: b\u{85}c: d", r#"{"a":"b","c":"d"}"#),
    ] {
        assert_eq!(read(yaml), expected, "{yaml}");
    }
}

#[test]
fn structure() {
    for (yaml, expected) in [
        ("", "null"),
        ("# none\n", "null"),
        ("a: 1\n---\nb: [", r#"{"a":1}"#),
        ("%YAML 1.1\n--- # c\na: 1\n...\nb: c: d", r#"{"a":1}"#),
        ("a: 1\na: 2", r#"{"a":2}"#),
        (
            "a:\n- b\n- c: d\n  e: [\nf\n]\n",
            r#"{"a":["b",{"c":"d","e":["f"]}]}"#,
        ),
        ("- - a\n  - b\n-\n- ? c\n  : d", r#"[["a","b"],null,{"c":"d"}]"#),
        (
            "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}",
            r#"{"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2}}"#,
        ),
        ("a: {b: 0, <<: [{b: 1}, {b: 2, c: 3}]}", r#"{"a":{"b":1,"c":3}}"#),
        (
            "{a, ? b, c: , [d: e]: f}",
            "error converting YAML to JSON: yaml: invalid map key",
        ),
        ("[a: b, ? c]", r#"[{"a":"b"},{"c":null}]"#),
    ] {
        assert_eq!(read(yaml), expected, "{yaml}");
    }
    assert_eq!(read("\u{feff}a: 1"), r#"{"a":1}"#);
    let wide: Vec<u8> = "\u{feff}a: 😀"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(parse(&wide).map(|node| shown(&node)), Ok(r#"{"a":"😀"}"#.into()));
}

#[test]
fn faults() {
    for (yaml, expected) in [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: 1\nb\nc: 2", "yaml: line 3: could not find expected ':'"),
        ("a: [1, 2", "yaml: line 1: did not find expected ',' or ']'"),
        ("\ta: 1", "yaml: found character that cannot start any token"),
        (
            "a:\n\t- b",
            "yaml: line 2: found character that cannot start any token",
        ),
        ("a: @x", "yaml: found character that cannot start any token"),
        ("a: \"\\/\"", "yaml: found unknown escape character"),
        ("a: 'b", "yaml: found unexpected end of stream"),
        ("a: \u{1}", "yaml: control characters are not allowed"),
        ("a: *canary", "yaml: unknown anchor referenced"),
        ("a: &x [*x]", "yaml: anchor value contains itself"),
        ("a: !!int canary", "yaml: cannot decode !!str as a !!int"),
        (
            "a: !!binary canary",
            "yaml: !!binary value contains invalid base64 data",
        ),
        ("%YAML 1.2\n---\na", "yaml: found incompatible YAML document"),
        (
            "<<: canary",
            "yaml: map merge requires map or sequence of maps as the value",
        ),
        ("~: canary", "unsupported map key of type: nil"),
        ("a: .inf", "json: unsupported value: +Inf"),
    ] {
        assert_eq!(
            read(yaml),
            format!("error converting YAML to JSON: {expected}"),
            "{yaml}"
        );
    }
    assert_eq!(
        parse(b"a: \xff"),
        Err(Fault::malformed("invalid leading UTF-8 octet"))
    );
}

#[test]
fn flat_maps() {
    let read = |yaml: &str| flat(yaml.as_bytes()).map_err(|fault| fault.to_string());
    for (yaml, expected) in [
        ("a: 1.0", "1"),
        ("a: 1e20", "1e+20"),
        ("a: 16777217.0", "1.6777216e+07"),
        ("a: 9007199254740993", "9007199254740993"),
        ("a: 18446744073709551615", "18446744073709551615"),
        ("a: -.inf", "-Inf"),
        ("a: 1e300", "+Inf"),
        ("a: on", "true"),
        ("a:", ""),
        ("a: 0x10", "16"),
    ] {
        let value = read(yaml).expect("flat").remove("a");
        assert_eq!(value.as_deref(), Some(expected.as_bytes()), "{yaml}");
    }
    assert_eq!(read("~"), Ok(BTreeMap::new()));
    for yaml in ["a: {}", "a: []", "- a", "canary", "5"] {
        let fault = read(yaml).expect_err("nests or is no map");
        assert!(!fault.contains("canary"), "{fault}");
    }
}

#[test]
fn printed() {
    for (json, expected) in [
        (
            r#"{"b":[1,{"c":[],"d":[[2]]}],"a":{}}"#,
            "a: {}\nb:\n- 1\n- c: []\n  d:\n  - - 2\n",
        ),
        (
            r"[null,true,1.5,1e21,1e-7,-0]",
            "- null\n- true\n- 1.5\n- 1e+21\n- 1e-07\n- 0\n",
        ),
        (
            r#"["","n","yes","~","010","1_0",".5","1:30","2001-1-1","<<","a"]"#,
            "- \"\"\n- \"n\"\n- \"yes\"\n- \"~\"\n- \"010\"\n- \"1_0\"\n- \".5\"\n- \"1:30\"\n- \"2001-1-1\"\n- <<\n- a\n",
        ),
        (
            r#"["a: b","a:b","a #b","a#b","- a","-a"," a","a ","*a","'a'","it's","---"]"#,
            "- 'a: b'\n- a:b\n- 'a #b'\n- a#b\n- '- a'\n- -a\n- ' a'\n- 'a '\n- '*a'\n- '''a'''\n- it's\n- '---'\n",
        ),
        (
            r#"["a\tb","a\\","\\\t\"","😀","\u0000"," \t"]"#,
            "- \"a\\tb\"\n- a\\\n- \"\\\\\\t\\\"\"\n- \"\\U0001F600\"\n- \"\\0\"\n- \" \\t\"\n",
        ),
        (
            r#"{"a":"x\ny","b":"x\n","c":"x\n\n","d":"\nx","e":" x\ny","f":"x \ny"}"#,
            "a: |-\n  x\n  y\nb: |\n  x\nc: |+\n  x\n\nd: |2-\n\n  x\ne: |2-\n   x\n  y\nf: \"x \\ny\"\n",
        ),
        (r#"{"a\nb":[1]}"#, "? |-\n  a\n  b\n: - 1\n"),
        (r#""x\u2028y""#, "'x\u{2028}  y'\n"),
    ] {
        let node = parse(json.as_bytes()).expect("JSON is YAML");
        let printed = String::from_utf8(write(&node)).expect("text");
        assert_eq!(printed, expected);
    }
}

#[test]
fn long_lines_are_folded() {
    let words = "word ".repeat(20);
    let folded = |text: String| String::from_utf8(write(&Node::Text(text))).expect("text");
    let (first, rest) = (words[..84].trim_end(), words[85..].trim_end());
    assert_eq!(folded(words.trim_end().into()), format!("{first}\n  {rest}\n"));
    assert_eq!(folded(words.clone()), format!("'{first}\n  {rest} '\n"));
    assert_eq!(folded(format!("\t{}", words.trim_end())).matches('\n').count(), 2);
    let key = Node::Map([("k".repeat(129), Node::Null)].into());
    assert!(write(&key).starts_with(b"? k"));
}

#[test]
fn keys_are_ordered_as_people_count() {
    let keys = [
        "a10", "a2", "a02", "a1", "b", "B", "1", "10", "2", "_", "-", "aa", "a", "é", "a.b", "a-b",
    ];
    let node = Node::Map(keys.iter().map(|key| (String::from(*key), Node::Null)).collect());
    let printed = String::from_utf8(write(&node)).expect("text");
    let order: Vec<&str> = printed
        .lines()
        .map(|line| line.trim_end_matches(": null"))
        .collect();
    let expected = [
        "'-'", "_", "\"1\"", "\"2\"", "\"10\"", "B", "a", "a-b", "a.b", "a1", "a2", "a02", "a10", "aa", "b",
        "é",
    ];
    assert_eq!(order, expected);
}

#[test]
fn there_are_limits() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(parse(nested(MAX_DEPTH + 1).as_bytes()), Err(Fault::TooDeep));
    assert_eq!(parse("- ".repeat(10_000).as_bytes()), Err(Fault::TooDeep));
    assert_eq!(parse("? ".repeat(10_000).as_bytes()), Err(Fault::TooDeep));

    let level = |level: usize| {
        let before = format!("*a{},", level - 1).repeat(10);
        format!("a{level}: &a{level} [{before}]\n")
    };
    let bomb = (1..10).map(level);
    let bomb: String = std::iter::once("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".into())
        .chain(bomb)
        .collect();
    assert_eq!(parse(bomb.as_bytes()), Err(Fault::TooManyAliases));

    let large = format!("a: &a '{}'\nb: [{}]", "x".repeat(1 << 20), "*a,".repeat(100));
    assert_eq!(parse(large.as_bytes()), Err(Fault::TooLarge));
}

proptest! {
    /// What is printed reads back as the same. Not so the key `<<`: Go prints it bare, and reads it as a merge.
    #[test]
    fn texts_survive(text in "[ a-c1:#'\"\\n\\-\\\\{},é😀\u{2028}]{0,12}", key in "\\PC{0,6}") {
        prop_assume!(key != "<<");
        let text = text.replace('\u{2028}', "x");
        let node = Node::Map([(key, Node::List(vec![Node::Text(text)]))].into());
        prop_assert!(parse(&write(&node)) == Ok(node));
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..60), yaml in "[-?:,\\[\\]{}#&*!|>'\"%@ \\n\\tab1\\\\]{0,40}") {
        let _ = parse(&bytes);
        if let Ok(node) = parse(yaml.as_bytes()) {
            let _ = write(&node);
        }
    }
}

#[test]
fn debug_shows_no_content() {
    let node = parse(b"canary: 5").expect("YAML");
    assert_eq!(format!("{node:?}"), "Node");
}
