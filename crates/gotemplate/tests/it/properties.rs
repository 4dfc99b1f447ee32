//! What holds for any template: parsing and rendering end without a panic, and errors tell no value.

use std::collections::BTreeMap;

use lockstep_gotemplate::{Limits, Options, Template};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::render;

const CANARY: &str = "Kanarienvogel";

const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    "{{- ",
    " -}}",
    "(",
    ")",
    "|",
    ":=",
    "=",
    ",",
    ".",
    "$",
    "$x",
    "$y",
    ".a",
    ".b.c",
    ".missing",
    "$.a",
    " ",
    "\n",
    "\"",
    "`",
    "'",
    "\\",
    "/*",
    "*/",
    "text",
    "é",
    "\u{2028}",
    "nil",
    "true",
    "1",
    "0",
    "-1",
    "1.5",
    "0x1p3",
    "2i",
    "1e400",
    "9999999999999999999",
    "'a'",
    "\"a\"",
    "\"\\377\"",
    "`raw`",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "block",
    "template",
    "break",
    "continue",
    "\"t\"",
    "print",
    "printf",
    "len",
    "index",
    "eq",
    "lt",
    "and",
    "or",
    "not",
    "html",
    "js",
    "urlquery",
    "call",
    "fail",
    "list",
    "dict",
    "until",
    "toString",
    "{{ end }}",
    "{{ else }}",
    "{{ range $x, $y := . }}",
    "{{ range . }}",
    "{{ with .a }}",
    "{{ if .b }}",
    "{{ define \"t\" }}",
    "{{ template \"t\" . }}",
    "{{ break }}",
    "{{ .a }}",
    "{{ $x := .b }}",
];

fn soup() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

/// What looks like a template. Most of them run.
fn template() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(
            &[
                "text",
                " ",
                "{{ break }}",
                "{{ template \"t\" . }}",
                "{{ $x = 1 }}"
            ][..]
        )
        .prop_map(str::to_owned),
        pipe().prop_map(|pipe| format!("{{{{ {pipe} }}}}")),
        pipe().prop_map(|pipe| format!("{{{{- $x := {pipe} -}}}}")),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let body = vec(inner, 0..4).prop_map(|nodes| nodes.concat());
        let open = select(&["if", "with", "range", "range $i, $x :=", "range $x :="][..]);
        prop_oneof![
            (open, pipe(), body.clone(), body.clone()).prop_map(|(open, pipe, body, otherwise)| {
                format!("{{{{ {open} {pipe} }}}}{body}{{{{ else }}}}{otherwise}{{{{ end }}}}")
            }),
            (pipe(), body)
                .prop_map(|(pipe, body)| format!("{{{{ block \"b\" {pipe} }}}}{body}{{{{ end }}}}")),
        ]
    })
}

fn pipe() -> impl Strategy<Value = String> {
    let operands = &[
        ".", "$", ".a", ".b", "$.a", ".a.b", "1", "-2", "1.5", "\"a\"", "true", "nil", "2i",
    ];
    let operand = select(&operands[..]).prop_map(str::to_owned);
    operand.prop_recursive(3, 12, 3, |inner| {
        let functions = lockstep_gotemplate::functions();
        let slow = ["genPrivateKey", "genCA", "bcrypt", "htpasswd", "derivePassword"];
        let quick: Vec<_> = functions
            .into_iter()
            .filter(|name| !slow.iter().any(|it| name.starts_with(it)))
            .collect();
        let call = (select(quick), vec(inner.clone(), 0..4));
        prop_oneof![
            call.prop_map(|(name, args)| format!("({name} {})", args.join(" "))),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} | {right})")),
            inner.prop_map(|inner| format!("({inner}).a")),
        ]
    })
}

/// Small, so that a test is over soon.
fn options() -> Options {
    Options {
        limits: Limits {
            iterations: 1_000,
            output: 1 << 16,
            budget: 1 << 20,
            ..Limits::default()
        },
        ..Options::default()
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let data = BTreeMap::from([("a", CANARY), ("b", "Kanarienvogel,Kanarienvogel"), ("t", "")]);
    if let Err(error) = render(text, &data, &options()) {
        let shown = error.to_string();
        prop_assert!(!shown.contains(CANARY), "{shown}");
        prop_assert!(!error.without_excerpts().contains(CANARY));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_parse_or_not(text in vec(any::<u8>(), 0..200), left in ".{0,3}", right in ".{0,3}") {
        let options = Options { left, right, ..options() };
        let _ = Template::parse("out", text, &options);
    }

    #[test]
    fn any_soup_renders_or_not(text in soup()) {
        check(&text)?;
    }

    #[test]
    fn any_template_renders_or_not(text in template()) {
        check(&text)?;
    }
}
