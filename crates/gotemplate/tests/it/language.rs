//! What the recorded cases leave open: other settings of `missingkey`, other data.

use std::collections::BTreeMap;

use lockstep_gotemplate::{Cache, Data, MissingKey, Options};

use crate::world::{self, render};

fn shown(template: &str, data: &Data, missing_key: MissingKey) -> String {
    let options = Options {
        missing_key,
        ..Options::default()
    };
    match render(template, data, &options) {
        Ok(output) => String::from_utf8_lossy(&output).into_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn missing_keys_are_what_they_are_set_to() {
    let texts = Data::texts([("a", "1")]);
    let maps = Data::maps([("m", texts.clone())]);
    let cases = [
        ("[{{ .x }}]", &texts, MissingKey::Invalid, "[<no value>]"),
        ("[{{ .x }}]", &texts, MissingKey::Zero, "[]"),
        ("[{{ .x.y }}]", &texts, MissingKey::Invalid, "[<no value>]"),
        (
            "[{{ .m.a }}{{ .m.x }}]",
            &maps,
            MissingKey::Invalid,
            "[1<no value>]",
        ),
        ("[{{ .m.a }}{{ .m.x }}]", &maps, MissingKey::Zero, "[1]"),
        ("[{{ .x }}]", &maps, MissingKey::Zero, "[<no value>]"),
        ("[{{ .x.y }}]", &maps, MissingKey::Invalid, "[<no value>]"),
        (
            "{{ .x.y }}",
            &maps,
            MissingKey::Zero,
            r#"template: out:1:5: executing "out" at <.x.y>: nil pointer evaluating interface {}.y"#,
        ),
        (
            "{{ with $.x.y }}{{ end }}",
            &maps,
            MissingKey::Error,
            r#"template: out:1:9: executing "out" at <$.x.y>: map has no entry for key "x""#,
        ),
    ];
    for (template, data, missing_key, expected) in cases {
        assert_eq!(
            shown(template, data, missing_key),
            expected,
            "{template} {missing_key:?}"
        );
    }
}

#[test]
fn a_part_may_take_the_place_of_an_empty_whole() {
    let data = Data::default();
    let cases = [
        (" {{ define `out` }}part{{ end }} ", "part"),
        ("whole{{ define `out` }} {{ end }}", "whole"),
        (
            "{{ define `a` }}1{{ template `b` }}{{ end }}{{ define `b` }}2{{ end }}{{ template `a` }}",
            "12",
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(shown(template, &data, MissingKey::Error), expected, "{template}");
    }
}

#[test]
fn bytes_pass_unchanged() {
    let data = BTreeMap::from([("key", b"\xff\x00\xc3".as_slice())]);
    let output = render(b"\xfe{{ .key }}{{ `\xfd` }}", &data, &Options::default());
    assert_eq!(output.expect("a template"), b"\xfe\xff\x00\xc3\xfd");
}

#[test]
fn threads_share_templates() {
    let cache = Cache::new(1 << 10);
    let render = || {
        let template = cache.parse("t", "{{ .a | upper }}", &Options::default())?;
        template.render(
            Data::texts([("a", "x")]),
            &mut world::world(&mut world::Counter(1)),
        )
    };
    std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(render));
        for thread in threads {
            let rendered = thread.join().expect("no panic");
            assert_eq!(rendered.expect("a template"), b"X");
        }
    });
}
