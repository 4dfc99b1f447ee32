//! URLs and their parts: sprig's `urlParse` and `urlJoin`.

use super::Param::{Map as Dict, Text as Raw};
use super::{Args, Function};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::url::{self, Url, User};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Function] = &[
    Function::new("urlJoin", &[Dict], url_join),
    Function::new("urlParse", &[Raw], url_parse),
];

fn url_parse(env: &mut Env, args: Args) -> Outcome {
    let raw = args.text(0)?;
    env.spend(raw.len())?;
    let url = url::parse(raw)?;
    let hostname = url.hostname().to_vec();
    let userinfo = url.user.as_ref().map_or_else(Vec::new, User::encoded);
    let entries = [
        ("fragment", url.fragment),
        ("host", url.host),
        ("hostname", hostname),
        ("opaque", url.opaque),
        ("path", url.path),
        ("query", url.query),
        ("scheme", url.scheme),
        ("userinfo", userinfo),
    ];
    Ok(Value::map(
        entries.map(|(key, value)| (key.into(), Value::text(value))),
    ))
}

fn url_join(env: &mut Env, args: Args) -> Outcome {
    let map = args.map(0)?;
    let part = |name: &str| part(map, name);
    let userinfo = part("userinfo")?;
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user: None,
    };
    env.spend(userinfo.len())?;
    if !userinfo.is_empty() {
        let around = [b"proto://", &*userinfo, b"@host"].concat();
        url.user = url::parse(&around)?.user;
    }
    let joined = url.encoded();
    env.spend(joined.len())?;
    Ok(Value::text(joined))
}

fn part(map: Option<&Map>, name: &str) -> Outcome<Vec<u8>> {
    match map.and_then(|map| map.get(name.as_bytes())) {
        None => Ok(Vec::new()),
        Some(Value::Text(text)) => Ok(text.to_vec()),
        Some(_) => Err(Fault::new(format!("`{name}` is no string"))),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn parts_are_joined() {
        check(&[
            ("{{ urlJoin (dict) }}", Some("")),
            (r#"{{ urlJoin (dict "scheme" "http") }}"#, Some("http:")),
            (
                r#"{{ urlJoin (dict "scheme" "http" "path" "p") }}"#,
                Some("http://p"),
            ),
            (
                r#"{{ urlJoin (dict "host" "h\" é" "path" "a b?%*") }}"#,
                Some(r#"//h"%20%C3%A9/a%20b%3F%25%2A"#),
            ),
            (r#"{{ urlJoin (dict "path" "*") }}"#, Some("*")),
            (r#"{{ urlJoin (dict "path" "a:b") }}"#, Some("./a:b")),
            (r#"{{ urlJoin (dict "path" "a/b:c") }}"#, Some("a/b:c")),
            (
                r#"{{ urlJoin (dict "opaque" "o/%" "host" "h" "query" "a b" "scheme" "s") }}"#,
                Some("s:o/%?a b"),
            ),
            (
                r#"{{ urlJoin (dict "userinfo" "a:b@c" "host" "h") }}"#,
                Some("//a:b%40c@h"),
            ),
            (r#"{{ urlJoin (dict "userinfo" "a#b" "host" "h") }}"#, Some("//h")),
            (r#"{{ urlJoin (dict "userinfo" "a b") }}"#, None),
            (
                r#"{{ urlJoin (dict "userinfo" ":" "fragment" "f '!*é") }}"#,
                Some("//:@#f%20%27!*%C3%A9"),
            ),
            (
                r#"{{ urlJoin (dict "userinfo" "u" "path" "/p") }}"#,
                Some("//u@/p"),
            ),
            (r#"{{ urlJoin (dict "host" nil) }}"#, None),
            (r#"{{ urlJoin (dict "path" 1) }}"#, None),
        ]);
    }

    #[test]
    fn urls_are_taken_apart() {
        check(&[
            (
                r#"{{ urlParse "" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"", "query":"", "scheme":"", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "*" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"*", "query":"", "scheme":"", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "http:" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"", "query":"", "scheme":"http", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "http://" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"", "query":"", "scheme":"http", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "HTTP://u:p:q@h:80/a%20b?x=%zz#f%20g" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"f g", "host":"h:80", "hostname":"h", "opaque":"", "path":"/a b", "query":"x=%zz", "scheme":"http", "userinfo":"u:p%3Aq"}"#,
                ),
            ),
            (
                r#"{{ urlParse "//h" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"h", "hostname":"h", "opaque":"", "path":"", "query":"", "scheme":"", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "///p" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"///p", "query":"", "scheme":"", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "x:a/b?c" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"a/b", "path":"", "query":"c", "scheme":"x", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "a?b?c" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"a", "query":"b?c", "scheme":"", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "http://h?" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"h", "hostname":"h", "opaque":"", "path":"", "query":"", "scheme":"http", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "mailto:a@b" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"a@b", "path":"", "query":"", "scheme":"mailto", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "http://a@b@c/" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"c", "hostname":"c", "opaque":"", "path":"/", "query":"", "scheme":"http", "userinfo":"a%40b"}"#,
                ),
            ),
            (
                r#"{{ urlParse "http://[fe80::1%25e%20n]:1/" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"[fe80::1%e n]:1", "hostname":"fe80::1%e n", "opaque":"", "path":"/", "query":"", "scheme":"http", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "http://h%C3%A9/" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"hé", "hostname":"hé", "opaque":"", "path":"/", "query":"", "scheme":"http", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "http://h:/p" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"h:", "hostname":"h", "opaque":"", "path":"/p", "query":"", "scheme":"http", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "x://a:1,b:2/d" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"a:1,b:2", "hostname":"a:1,b", "opaque":"", "path":"/d", "query":"", "scheme":"x", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "/a:b" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"/a:b", "query":"", "scheme":"", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "http://u@/p" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"/p", "query":"", "scheme":"http", "userinfo":"u"}"#,
                ),
            ),
            (
                r#"{{ urlParse "//u%3a@h" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"h", "hostname":"h", "opaque":"", "path":"", "query":"", "scheme":"", "userinfo":"u%3A"}"#,
                ),
            ),
            (
                r##"{{ urlParse "#" | printf "%#v" }}"##,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"", "query":"", "scheme":"", "userinfo":""}"#,
                ),
            ),
            (
                r#"{{ urlParse "?#" | printf "%#v" }}"#,
                Some(
                    r#"map[string]interface {}{"fragment":"", "host":"", "hostname":"", "opaque":"", "path":"", "query":"", "scheme":"", "userinfo":""}"#,
                ),
            ),
        ]);
    }

    #[test]
    fn what_is_no_url() {
        check(&[
            (r#"{{ urlParse ":" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "1:2" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "a b:c" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://h/%" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://h/%4" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://%41/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://h:x/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://a:1,b:2/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://[::1" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://[::1]x/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://a[::1]/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://[1.2.3.4]/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://[::1%25]/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://u<@h/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://h|/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://h h/" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://h/#%zz" | printf "%#v" }}"#, None),
            (r#"{{ urlParse "http://é@h/" | printf "%#v" }}"#, None),
        ]);
    }
}
