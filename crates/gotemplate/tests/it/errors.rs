//! What errors tell, and what they must not.

use std::collections::BTreeMap;

use lockstep_gotemplate::{MissingKey, Options};

use crate::world::render;

fn error(template: &str) -> lockstep_gotemplate::Error {
    let data = BTreeMap::from([("secret", "hunter2"), ("number", "31337")]);
    let options = Options {
        missing_key: MissingKey::Error,
        ..Options::default()
    };
    render(template, &data, &options).expect_err(template)
}

#[test]
fn texts_are_those_of_go() {
    let cases = [
        (
            "{{ .secret | nope }}",
            r#"template: out:1: function "nope" not defined"#,
        ),
        ("a\n{{ if .secret }}\n{{ (1", "template: out:3: unclosed action"),
        (
            "{{ if \n .secret",
            "template: out:2: unclosed action started at out:1",
        ),
        (
            "{{ if \n .secret & }}",
            r#"template: out:2: unexpected "&" in operand"#,
        ),
        (
            "{{ \"abc\ndef\" }}",
            "template: out:1: unterminated quoted string",
        ),
        (
            "{{ $a_long_variable }}",
            r#"template: out:1: undefined variable "$a_long_variable""#,
        ),
        (
            "x\n  {{ len 3 }}",
            r#"template: out:2:5: executing "out" at <len 3>: error calling len: len of type int"#,
        ),
        (
            "{{ define `part` }}{{ .secret.sub }}{{ end }}{{ template `part` . }}",
            r#"template: out:1:29: executing "part" at <.secret.sub>: can't evaluate field sub in type string"#,
        ),
        (
            "{{ template `a\"b` }}",
            r#"template: out:1:12: executing "out" at <{{template "a\"b"}}>: template "a\"b" not defined"#,
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(error(template).to_string(), expected);
    }
}

#[test]
fn values_stay_out() {
    let templates = [
        "{{ range .secret }}{{ end }}",
        "{{ range $i, $x := len .number }}{{ end }}",
        "{{ index .secret (len .secret) }}",
        "{{ eq (index (split \"\" .secret) \"_0\") 1 }}",
        "{{ lt .secret 1 }}",
        "{{ call .secret }}",
        "{{ .secret | call }}",
        "{{ .secret.x }}",
        "{{ len (atoi .number) }}",
        "{{ range atoi .number }}{{ fail (print .) }}{{ end }}",
        "{{ index (list 1) (atoi .number) }}",
        "{{ fail .secret }}",
        "{{ .secret | fail }}",
        "{{ $x := .secret }}{{ fail $x }}",
        "{{ with .secret }}{{ fail . }}{{ end }}",
        "{{ fail (print \"no \" (upper .secret | lower)) }}",
        "{{ \"x\" | print .secret | fail }}",
        "{{ fail (dict \"a\" .secret).a }}",
    ];
    for template in templates {
        let shown = error(template).to_string();
        assert!(!shown.contains("hunter2") && !shown.contains("31337"), "{shown}");
    }
}

#[test]
fn what_fails_on_purpose_tells_why() {
    let cases = [
        ("{{ fail \"no way\" }}", "no way"),
        (
            "{{ if .secret }}{{ printf \"%s %d\" \"no\" 2 | fail }}{{ end }}",
            "no 2",
        ),
        ("{{ fail (print \"a\" (upper \"b\")) }}", "aB"),
    ];
    for (template, expected) in cases {
        let shown = error(template).to_string();
        assert!(
            shown.ends_with(&format!(": error calling fail: {expected}")),
            "{shown}"
        );
        let bare = error(template).without_excerpts();
        assert!(bare.ends_with(": error calling fail: …"), "{bare}");
    }
}

/// Whatever stands in a template, the bare text does not quote it.
#[test]
fn secret_templates_stay_secret() {
    let templates = [
        "{{ hunter2 }}",
        "{{ $hunter2 }}",
        "{{ .hunter2 }}",
        "{{ $.hunter2 }}",
        "{{ .secret.hunter2 }}",
        "{{ \"hunter2\".x }}",
        "{{ 'hunter2' }}",
        "{{ 0hunter2 }}",
        "{{ hunter2& }}",
        "{{ \"hunter2\" \"x\" }}",
        "{{ template \"hunter2\" }}",
        "{{ define \"hunter2\" }}x{{ end }}{{ define \"hunter2\" }}x{{ end }}",
        "{{ range \"hunter2\" }}{{ end }}",
        "{{ fail \"hunter2\" }}",
        "{{ upper 1 \"hunter2\" }}",
        "{{ repeat \"hunter2\" 1 }}",
        "{{ if true }}{{ $hunter2 := 1 }}{{ else }}{{ $hunter2 }}{{ end }}{{ if false }}{{ $hunter2 := 1 }}{{ else }}{{ $hunter2 }}{{ end }}",
    ];
    for template in templates {
        let error = error(template);
        let bare = error.without_excerpts();
        assert!(!bare.contains("hunter2"), "{bare}");
        assert_eq!(format!("{error:?}"), format!("Error({bare:?})"));
    }
}
