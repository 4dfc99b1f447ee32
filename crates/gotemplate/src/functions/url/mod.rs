//! URLs, as Go's `net/url` reads and writes them.

use super::Param::{Map as Dict, Text as Raw};
use super::{Args, Function};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{Map, Value};

use parse::{Url, User};

mod escape;
pub(crate) mod parse;

pub(super) const TABLE: &[Function] = &[
    Function::new("urlJoin", &[Dict], url_join),
    Function::new("urlParse", &[Raw], url_parse),
];

fn url_parse(env: &mut Env, args: Args) -> Outcome {
    let raw = args.text(0)?;
    env.spend(raw.len())?;
    let url = parse::parse(raw)?;
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
        url.user = parse::parse(&around)?.user;
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
    fn joins() {
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
}
