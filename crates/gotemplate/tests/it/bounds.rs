//! Whatever a template does, it ends, on the stack that a thread usually has.

use lockstep_gotemplate::{Data, Limits, Options};

use crate::world::render;

fn error(template: &str) -> String {
    let rendered = render(template, Data::default(), &Options::default());
    let start = template.chars().take(60).collect::<String>();
    rendered.expect_err(&start).without_excerpts()
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn texts_may_be_nested_but_not_without_end() {
    let shapes = [
        ("{{ ", "(", "1", ")", " }}"),
        ("{{ ", "print (", "1", ")", " }}"),
        ("{{ ", "(and 1 ", "1", ")", " }}"),
        ("{{ len ", "(", "1", ").x", " }}"),
        ("", "{{ if 1 }}", "x", "{{ end }}", ""),
        ("", "{{ with 0 }}{{ else }}", "x", "{{ end }}", ""),
        ("", "{{ range 1 }}", "x", "{{ end }}", ""),
        ("", "{{ block `b` 1 }}", "x", "{{ end }}", ""),
    ];
    for (before, open, inner, close, after) in shapes {
        let text = |depth| format!("{before}{}{after}", nested(open, inner, close, depth));
        let limit = Limits::default().nesting;
        let fits = render(text(limit - 1), Data::default(), &Options::default());
        assert!(
            !fits.is_err_and(|error| error.to_string().contains("nest")),
            "{open}"
        );
        assert!(error(&text(limit + 1)).ends_with("blocks and parentheses nest more than 100 deep"));
        assert!(error(&text(20_000)).ends_with("deep"), "{open}");
    }
}

#[test]
fn alternatives_do_not_nest() {
    let arms = "{{ else if 0 }}".repeat(50_000);
    let template = format!("{{{{ if 0 }}}}{arms}{{{{ else }}}}x{{{{ end }}}}");
    let output = render(template, Data::default(), &Options::default());
    assert_eq!(output.expect("a template"), b"x");
}

#[test]
fn parts_call_each_other_but_not_without_end() {
    let loops = [
        "{{ define `t` }}{{ template `t` }}{{ end }}{{ template `t` }}",
        "{{ define `t` }}{{ range 1 }}{{ with 1 }}{{ template `t` (print (print 1)) }}{{ end }}{{ end }}{{ end }}{{ template `t` }}",
        "{{ define `out` }}{{ template `out` }}{{ end }}",
    ];
    for template in loops {
        let expected = "blocks, parentheses and parts nest more than 150 deep at a call";
        assert!(error(template).ends_with(expected), "{}", error(template));
    }
}

#[test]
fn work_is_bounded() {
    let calls = |nth| format!("{{{{ template `t{nth}` }}}}").repeat(2);
    let part = |nth| format!("{{{{ define `t{nth}` }}}}{}{{{{ end }}}}", calls(nth + 1));
    let doubling: String = (0..60).map(part).chain([calls(0)]).collect();
    let cases = [
        ("{{ range 1000000000 }}{{ end }}", "rounds"),
        ("{{ range 200 }}{{ range 200 }}{{ end }}{{ end }}", "rounds"),
        ("{{ range 1000 }}0123456789{{ end }}", "output"),
        (
            &format!("{doubling}{{{{ define `t60` }}}}{{{{ end }}}}"),
            "budget",
        ),
        ("{{ range 1000 }}{{ $x := repeat 100000 `x` }}{{ end }}", "budget"),
    ];
    let options = Options {
        limits: Limits {
            iterations: 10_000,
            output: 5_000,
            budget: 1 << 20,
            ..Limits::default()
        },
        ..Options::default()
    };
    for (template, expected) in cases {
        let error = render(template, Data::default(), &options).expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn texts_are_bounded() {
    let long = "x".repeat((1 << 20) + 1);
    assert_eq!(
        error(&long),
        "parse error in line 1: the text is longer than 1048576 bytes"
    );
}
