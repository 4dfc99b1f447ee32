//! Corners that the recorded cases leave out. The results are those of the Go libraries, except where a
//! test says otherwise.

use lockstep_gjson::{SetError, delete, get, set_raw};

#[test]
fn get_in_corners() {
    let nested = r#"{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":3}]}]}"#;
    let mixed = r#"[{"a":true},{"a":false},{"a":"T"},{"a":"x"},{}]"#;
    for (json, path, want) in [
        // A repeated key is tried again when the first one leads nowhere, but a list that was found stays.
        (r#"{"a":{"x":1},"a":{"b":2}}"#, "a.b", Some("2")),
        (r#"{"a":[1,2],"a":[3]}"#, "a.#(>0)#", Some("[1,2]")),
        (r#"{"a":[{"b":1}],"a":[{"c":2}]}"#, "a.#.c", Some("[]")),
        // What is no multipath is looked up as the text behind it.
        (r#"{"":13,"{a":1}"#, "{a", Some("13")),
        (r#"{"b":2,"{b}":3}"#, "{a}{b}", Some("3")),
        // Lists in lists.
        (nested, "a.#.b.#.c", Some("[[1,2],[3]]")),
        (nested, "a.#.b.#.c|@flatten|1", Some("2")),
        (nested, "a.#(b.#(c==3)).b.0.c", Some("3")),
        (r#"{"a":[1,{"b":2}]}"#, "a.#.b|0", Some("2")),
        (r#"{"a":[1,{"b":2}]}"#, r#"{"x":a.#,"y":a.1.b}|y"#, Some("2")),
        // Queries.
        (
            r#"[{"a":"1"},{"a":1}]"#,
            r#"#(a="1")#"#,
            Some(r#"[{"a":"1"},{"a":1}]"#),
        ),
        (mixed, "#(a==~false)#", Some(r#"[{"a":false},{}]"#)),
        (mixed, "#(a!=~true)#", Some(r#"[{"a":false},{"a":"x"},{}]"#)),
        (r#"["a","b"]"#, r#"#(%"?")#|#"#, Some("2")),
        // Escaped wildcards are plain only where there is no other one.
        (r#"{"ab":2,"a*":1}"#, r"a\*", Some("1")),
        (r#"{"ab":2,"a*b":1}"#, r"a\*?", Some("2")),
        (r#"{"ab":2,"a*b":1}"#, r"a\\*?", Some("1")),
        // A pipe works on nothing too, if the walk comes as far as the segment in front of it.
        (r#"{"a":1}"#, r#"x|!"y""#, Some(r#""y""#)),
        (r#"{"a":1}"#, r#"x.z|!"y""#, None),
        (r#"{"a":1}"#, "x|@keys", Some("[]")),
        // Arguments.
        (r#"{"a":1}"#, r#"@this:{"x":1}.a"#, Some("1")),
        (r#"{"a":1}"#, "@this:x|a", Some("1")),
        (r#"{"a":1}"#, "@this:x.a", Some(r#"{"a":1}"#)),
        ("[1]", r#"@pretty:{"width":3}"#, Some("[\n  1\n]\n")),
        ("[1]", r#"@pretty:{"width":4}"#, Some("[1]\n")),
        // Positions wrap around, and brackets count even inside of a string.
        ("[[1,2],[3]]", "#.18446744073709551616", Some("[1,3]")),
        (r#""[7,8]""#, "1", Some("8")),
        (r#"{"a":"[7,8]"}"#, "a.1", None),
        // More than one document.
        (" [1]  [2] ", "..#", Some("2")),
        ("{\"a\":1}\n{\"a\":2}\n", "..#.a", Some("[1,2]")),
        (r#"{"a":1}"#, "..a", None),
    ] {
        let value = get(json.as_bytes(), path);
        let got = value.exists().then(|| String::from_utf8_lossy(value.raw()));
        assert_eq!(got.as_deref(), want, "{path} in {json}");
    }
}

#[test]
fn get_from_malformed_documents() {
    for (json, path, want) in [
        ("[1,2", "#(>1)", Some("2")),
        ("[1,2", "#(>1)#", Some("[2]")),
        ("[[1,[2", "0.1.0", Some("2")),
        (r#"[1,"a"#, "#", None),
        (r#"[1,["a"#, "#", None),
        (r#"{"a":1,"b":}"#, "b", None),
        (r#"{"a":,"b":1}"#, "a", Some(r#""b""#)),
        (r#"{"a":"x""b":1,"c":2}"#, "@keys", Some(r#"["a"]"#)),
        ("[1\u{2028},[2]]", "@flatten", Some("[1,2]")),
    ] {
        let value = get(json.as_bytes(), path);
        let got = value.exists().then(|| String::from_utf8_lossy(value.raw()));
        assert_eq!(got.as_deref(), want, "{path} in {json}");
    }
}

#[test]
fn set_and_delete_in_corners() {
    let set = |json: &str, path: &str| set_raw(json.as_bytes(), path, b"9");
    let list = r#"{"l":[{"a":1},{"b":2},{"a":3}]}"#;
    for (result, want) in [
        (set(list, "l.#.a"), r#"{"l":[{"a":9},{"b":2},{"a":9}]}"#),
        (set(list, "l.#(a>0)#.a"), r#"{"l":[{"a":9},{"b":2},{"a":9}]}"#),
        (set(list, "l.#(a>1).a"), r#"{"l":[{"a":1},{"b":2},{"a":9}]}"#),
        (set(list, "?.0"), r#"{"l":[9,{"b":2},{"a":3}]}"#),
        (set("[]", "0.0"), "[[9]]"),
        (set("[]", "-1.x"), r#"[{"x":9}]"#),
        (set("[ 1 , 2 ]", "3"), "[1,2,null,9]"),
        (set("[ 1 , 2 ]", "-1"), "[ 1 , 2 ,9]"),
        (set("{}", "a."), r#"{"a":[9]}"#),
        (set("{\"a\":{\"b\":1}", "a.c"), r#"{"a":{"b":1,"c":9}"#),
        // Of an object this takes the member "#" for a count.
        (delete(br##"{"#":1,"-1":2}"##, "-1"), r##"{"#":1,"-1":2}"##),
        (
            delete(br##"{"#":1.9e3,"-1":2}"##, "-1"),
            r##"{"#":1.9e3,"-1":2}"##,
        ),
        (delete(br##"{"#":true,"-1":2}"##, "-1"), r##"{"#":true,"-1":2}"##),
        (delete(br##"{"#":1e30,"-1":2}"##, "-1"), r##"{"#":1e30}"##),
        (delete(br#"{"-1":2}"#, "-1"), "{}"),
        (
            delete(br#"{"a":{"b":1,"c":2},"d":3}"#, "a.b"),
            r#"{"a":{"c":2},"d":3}"#,
        ),
    ] {
        let got = result.map(|json| String::from_utf8_lossy(&json).into_owned());
        assert_eq!(got.as_deref(), Ok(want));
    }
}

/// Go writes to a wrong place in these cases, or asks for all the memory there is.
#[test]
fn set_where_go_does_harm() {
    for (json, path) in [
        (r#"{"a":[1,2]}"#, "a|#(>0)#"),
        (r#"{"a":[[1,2]]}"#, "a.#.#(>0)#"),
        (r#"["[1]"]"#, "#.0"),
        (r#"{"a":["x"]}"#, "a.#.@tostr"),
        (r#""[1]""#, "#(>0)"),
        (r#"["[1]"]"#, "#(%*).0"),
    ] {
        let unchanged = Ok(json.as_bytes().to_vec());
        assert_eq!(
            set_raw(json.as_bytes(), path, b"9"),
            unchanged,
            "{path} in {json}"
        );
    }
    assert_eq!(set_raw(br#""[1]""#, "0", b"9"), Ok(b"[9]".to_vec()));
    assert_eq!(set_raw(b"[]", "9999999999", b"9"), Err(SetError::ArrayTooLong));
    assert_eq!(
        set_raw(b"[]", "18446744073709551616", b"9"),
        Err(SetError::ArrayTooLong)
    );
}
