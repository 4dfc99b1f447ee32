//! Paths with slashes. On Unix Go's `path/filepath` does as its `path`.

use super::Param::Text;
use super::{Args, Function};
use crate::env::Env;
use crate::fault::Outcome;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function::new("base", &[Text], |env, args| {
        mapped(env, args, |path| base(path).to_vec())
    }),
    Function::new("clean", &[Text], |env, args| mapped(env, args, clean)),
    Function::new("dir", &[Text], |env, args| mapped(env, args, dir)),
    Function::new("ext", &[Text], |env, args| {
        mapped(env, args, |path| ext(path).to_vec())
    }),
    Function::new("isAbs", &[Text], is_abs),
    Function::new("osBase", &[Text], |env, args| {
        mapped(env, args, |path| base(path).to_vec())
    }),
    Function::new("osClean", &[Text], |env, args| mapped(env, args, clean)),
    Function::new("osDir", &[Text], |env, args| mapped(env, args, dir)),
    Function::new("osExt", &[Text], |env, args| {
        mapped(env, args, |path| ext(path).to_vec())
    }),
    Function::new("osIsAbs", &[Text], is_abs),
];

fn mapped(env: &mut Env, args: Args, map: fn(&[u8]) -> Vec<u8>) -> Outcome {
    let path = args.text(0)?;
    env.spend(path.len())?;
    Ok(Value::text(map(path)))
}

fn is_abs(_: &mut Env, args: Args) -> Outcome {
    Ok(Value::Bool(args.text(0)?.starts_with(b"/")))
}

fn base(path: &[u8]) -> &[u8] {
    let Some(end) = path.iter().rposition(|b| *b != b'/') else {
        return if path.is_empty() { b"." } else { b"/" };
    };
    split(&path[..=end]).1
}

fn dir(path: &[u8]) -> Vec<u8> {
    clean(split(path).0)
}

fn ext(path: &[u8]) -> &[u8] {
    let name = split(path).1;
    match name.iter().rposition(|b| *b == b'.') {
        Some(dot) => &name[dot..],
        None => b"",
    }
}

/// What is up to the last slash, and what is behind it.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let name = path.iter().rposition(|b| *b == b'/').map_or(0, |slash| slash + 1);
    path.split_at(name)
}

/// The shortest path that means the same.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut steps: Vec<&[u8]> = Vec::new();
    for step in path.split(|b| *b == b'/') {
        match step {
            b"" | b"." => {}
            b".." if steps.last().is_some_and(|last| *last != b"..") => {
                steps.pop();
            }
            b".." if rooted => {}
            _ => steps.push(step),
        }
    }
    let steps = steps.join(&b'/');
    match (rooted, steps.is_empty()) {
        (true, _) => [b"/", &*steps].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => steps,
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn paths() {
        check(&[
            (r#"{{ clean "" | printf "%q" }}"#, Some(r#"".""#)),
            (r#"{{ clean "/.." | printf "%q" }}"#, Some(r#""/""#)),
            (r#"{{ clean "../a/../.." | printf "%q" }}"#, Some(r#""../..""#)),
            (r#"{{ clean "a//b/./c/.." | printf "%q" }}"#, Some(r#""a/b""#)),
            (r#"{{ clean "/../a" | printf "%q" }}"#, Some(r#""/a""#)),
            (r#"{{ clean "..." | printf "%q" }}"#, Some(r#""...""#)),
            (r#"{{ base "" | printf "%q" }}"#, Some(r#"".""#)),
            (r#"{{ base "///" | printf "%q" }}"#, Some(r#""/""#)),
            (r#"{{ base "a/" | printf "%q" }}"#, Some(r#""a""#)),
            (r#"{{ dir "" | printf "%q" }}"#, Some(r#"".""#)),
            (r#"{{ dir "/a" | printf "%q" }}"#, Some(r#""/""#)),
            (r#"{{ dir "a" | printf "%q" }}"#, Some(r#"".""#)),
            (r#"{{ dir "a/b/" | printf "%q" }}"#, Some(r#""a/b""#)),
            (r#"{{ dir "//a" | printf "%q" }}"#, Some(r#""/""#)),
            (r#"{{ ext "a.b/c" | printf "%q" }}"#, Some(r#""""#)),
            (r#"{{ ext ".x" | printf "%q" }}"#, Some(r#"".x""#)),
            (r#"{{ ext "a." | printf "%q" }}"#, Some(r#"".""#)),
            (r#"{{ isAbs "" }} {{ osIsAbs "//" }}"#, Some("false true")),
        ]);
    }
}
