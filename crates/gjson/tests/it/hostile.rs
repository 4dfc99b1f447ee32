//! Input meant to do harm. Much of it would take Go minutes, gigabytes or its stack.

use lockstep_gjson::{LimitError, SetError, get, is_valid, set, set_raw, try_get};

fn nested(depth: usize) -> Vec<u8> {
    [b"[".repeat(depth), b"1".to_vec(), b"]".repeat(depth)].concat()
}

#[test]
fn ceilings_are_errors() {
    let deep = nested(10_000);
    let wide = [b"[".as_slice(), &b"\"some text\",".repeat(20_000), b"1]"].concat();
    for (json, path, want) in [
        (&wide, "@tostr|".repeat(100) + "@tostr", LimitError::Output),
        (&wide, "[@this,@this]|".repeat(60) + "@this", LimitError::Output),
        (&wide, format!("[{}]", "99999,".repeat(2_000)), LimitError::Work),
        (&deep, "@pretty".to_owned(), LimitError::DocumentDepth),
        (
            &deep,
            r#"@flatten:{"deep":true}"#.to_owned(),
            LimitError::DocumentDepth,
        ),
        (&deep, "@dig:x".to_owned(), LimitError::Work),
        (
            &deep,
            "#(".repeat(1_000) + &")".repeat(1_000),
            LimitError::PathNesting,
        ),
        (&deep, "#.".repeat(1_000) + "#", LimitError::PathNesting),
        (
            &wide,
            "{".repeat(1_000) + &"}".repeat(1_000),
            LimitError::PathNesting,
        ),
        (&wide, "a".repeat(70_000), LimitError::PathLength),
    ] {
        assert_eq!(
            try_get(json, &path).map(|value| value.kind()),
            Err(want),
            "{path:.60}"
        );
        assert!(!get(json, &path).exists());
    }
}

#[test]
fn reading_comes_to_an_end() {
    let text = format!("[\"{}\"]", "a".repeat(40_000));
    let members = format!("{{{}}}", r#""b":{},"#.repeat(20_000));
    for (json, path) in [
        (text.clone(), format!("#(%{}b)#", "*a".repeat(20_000))),
        (text.clone(), format!("#(%*{}b)#", "a".repeat(20_000))),
        (text, format!("[{}]", "0.a,".repeat(15_000))),
        (members.clone(), format!("b.{}", "a".repeat(60_000))),
        (members, format!("{}.a", r"\b".repeat(30_000))),
        (
            format!("[{}0]", "0,".repeat(20_000)),
            format!("#(>{})#", "1".repeat(60_000)),
        ),
    ] {
        // Unbounded, each of these would take minutes. How it ends does not matter.
        let result = try_get(json.as_bytes(), &path);
        assert!(matches!(result, Ok(_) | Err(LimitError::Work)), "{path:.60}");
    }
}

#[test]
fn writing_comes_to_an_end() {
    let limit = |result: Result<Vec<u8>, SetError>| result.map(|json| json.len());
    let too_long = Err(SetError::ArrayTooLong);
    assert_eq!(limit(set(b"[]", "99999999999999999999", b"x")), too_long);
    assert_eq!(
        limit(set(b"{}", &["a", &".999999".repeat(100)].concat(), b"x")),
        too_long
    );

    // Each level on its own is within bounds.
    let deep = [b"[".repeat(30_000), b"1,".repeat(1_000_000)].concat();
    let result = set(&deep, &("0.".repeat(30_000) + "0"), b"x");
    assert_eq!(limit(result), Err(LimitError::Work.into()));

    let many = format!("[{}0]", "0,".repeat(20_000));
    let result = set_raw(many.as_bytes(), "#(==0)#", &b"9".repeat(100_000));
    assert_eq!(limit(result), Err(LimitError::Output.into()));
}

/// These go as deep as the path does, and need no stack for it.
#[test]
fn long_paths_are_fine() {
    let json = nested(30_000);
    let path = format!("0{}", ".0".repeat(29_999));
    assert_eq!(get(&json, &path).raw(), b"1");
    assert!(is_valid(&json));
}
