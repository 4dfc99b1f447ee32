//! Regular expressions: sprig's functions, on Go's dialect.

use std::rc::Rc;

use lockstep_gostd::regexp::{Haystack, Pattern, Refused};

use super::{Args, Function, Param};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{List, ListType, Text, Value};

pub(super) const TABLE: &[Function] = &[
    Function::new("mustRegexFind", TWO, find),
    Function::new("mustRegexFindAll", COUNTED, find_all),
    Function::new("mustRegexMatch", TWO, matches),
    Function::new("mustRegexReplaceAll", THREE, replace_all),
    Function::new("mustRegexReplaceAllLiteral", THREE, replace_all_literal),
    Function::new("mustRegexSplit", COUNTED, split),
    Function::new("regexFind", TWO, find),
    Function::new("regexFindAll", COUNTED, find_all),
    Function::new("regexMatch", TWO, matches_if_pattern),
    Function::new("regexQuoteMeta", &[Param::Text], quote),
    Function::new("regexReplaceAll", THREE, replace_all),
    Function::new("regexReplaceAllLiteral", THREE, replace_all_literal),
    Function::new("regexSplit", COUNTED, split),
];

const TWO: &[Param] = &[Param::Text, Param::Text];
const THREE: &[Param] = &[Param::Text, Param::Text, Param::Text];
const COUNTED: &[Param] = &[Param::Text, Param::Text, Param::Int];

/// What compiling a pattern costs, beside its length.
const COMPILING: usize = 10_000;

/// How many patterns are kept compiled. A loop in a template uses the same few again and again.
const KEPT: usize = 16;

/// The patterns used last.
#[derive(Default)]
pub(crate) struct Patterns(Vec<(Text, Rc<Pattern>)>);

impl Patterns {
    fn get(&self, text: &Text) -> Option<Rc<Pattern>> {
        let found = self.0.iter().find(|(known, _)| known == text);
        found.map(|(_, pattern)| Rc::clone(pattern))
    }

    fn keep(&mut self, text: &Text, pattern: &Rc<Pattern>) {
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push((text.clone(), Rc::clone(pattern)));
    }
}

fn compile(env: &mut Env, text: &Text) -> Outcome<Rc<Pattern>> {
    read(env, text)?.map_err(|refused| fault(&refused))
}

fn read(env: &mut Env, text: &Text) -> Outcome<Result<Rc<Pattern>, Refused>> {
    if let Some(pattern) = env.patterns.get(text) {
        return Ok(Ok(pattern));
    }
    env.spend(COMPILING.saturating_add(text.len()))?;
    let readable = std::str::from_utf8(text).map_err(|_| Refused {
        why: "error parsing regexp: invalid UTF-8".to_owned(),
        by_go: true,
    });
    let compiled = readable.and_then(Pattern::read).map(Rc::new);
    if let Ok(pattern) = &compiled {
        env.patterns.keep(text, pattern);
    }
    Ok(compiled)
}

/// Says what is wrong, but not where, for Go's words quote the pattern.
fn fault(refused: &Refused) -> Fault {
    let reason = refused.why.split(": `").next().unwrap_or_default();
    Fault::new(reason.to_owned())
}

/// The pattern and the text that most functions begin with.
fn prepare<'a>(env: &mut Env, args: Args<'a>) -> Outcome<(Rc<Pattern>, Haystack<'a>)> {
    let pattern = compile(env, args.text(0)?)?;
    let text = args.text(1)?;
    env.spend(text.len().saturating_mul(1 + args.text(0)?.len() / 64))?;
    Ok((pattern, Haystack::new(text)))
}

fn matches(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    Ok(Value::Bool(pattern.is_match(&text)))
}

/// What is no pattern in Go matches nothing.
fn matches_if_pattern(env: &mut Env, args: Args) -> Outcome {
    match read(env, args.text(0)?)? {
        Err(refused) if refused.by_go => Ok(Value::Bool(false)),
        Err(refused) => Err(fault(&refused)),
        Ok(_) => matches(env, args),
    }
}

fn find(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    let found = pattern.find(&text).unwrap_or_default();
    Ok(Value::text(&text.bytes()[found]))
}

/// Go's nil where there is none.
fn find_all(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    let most = usize::try_from(args.int(2)?).unwrap_or(usize::MAX);
    let mut all = Vec::new();
    for found in pattern.find_all(&text).take(most) {
        env.spend(pattern.cost(text.bytes().len() - found.end))?;
        all.push(Value::text(&text.bytes()[found]));
    }
    Ok(Value::List(if all.is_empty() {
        List::nil(ListType::Text)
    } else {
        List::flat(ListType::Text, all)
    }))
}

fn split(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    let limit = args.int(2)?;
    if limit == 0 {
        return Ok(Value::List(List::nil(ListType::Text)));
    }
    if text.bytes().is_empty() && !args.text(0)?.is_empty() {
        return Ok(Value::texts([""]));
    }
    let limit = usize::try_from(limit).ok();
    let pieces = paid(env, |spend| pattern.split(&text, limit, spend))?;
    let pieces = pieces.into_iter().map(|range| &text.bytes()[range]);
    Ok(Value::texts(pieces))
}

fn replace_all(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    let by = args.text(2)?;
    paid(env, |spend| pattern.replace_all_bytes(&text, by, spend)).map(Value::text)
}

fn replace_all_literal(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    let by = args.text(2)?;
    paid(env, |spend| pattern.replace_all_literal(&text, by, spend)).map(Value::text)
}

/// Does what pays as it goes, and stops when it cannot.
fn paid<T>(env: &mut Env, work: impl FnOnce(&mut dyn FnMut(usize) -> bool) -> Option<T>) -> Outcome<T> {
    let mut spent = Ok(());
    let done = work(&mut |amount| {
        spent = env.spend(amount);
        spent.is_ok()
    });
    spent?;
    done.ok_or_else(|| Fault::new("stopped without a reason"))
}

fn quote(env: &mut Env, args: Args) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(text.len());
    for &byte in text.bytes() {
        if br"\.+*?()|[]{}^$".contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    Ok(Value::text(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::{call, text_of};

    fn texts(value: &Value) -> Option<Vec<&[u8]>> {
        let Value::List(list) = value else {
            return None;
        };
        let text = |item: &'_ Value| matches!(item, Value::Text(_));
        assert!(list.kind() == ListType::Text && list.items().iter().all(text));
        (!list.is_nil()).then(|| {
            let items = list.items().iter();
            items
                .filter_map(|item| match item {
                    Value::Text(text) => Some(text.bytes()),
                    _ => None,
                })
                .collect()
        })
    }

    /// The results are Go's.
    #[test]
    fn replaced_as_in_go() {
        for (pattern, text, by, wanted, literal) in [
            (
                "a(x*)b",
                &b"-ab-axxb-"[..],
                &b"${1}W"[..],
                &b"-W-xxW-"[..],
                &b"-${1}W-${1}W-"[..],
            ),
            ("", b"abc", b"-", b"-a-b-c-", b"-a-b-c-"),
            (".", b"a\xff", b"<$0>", b"<a><\xff>", b"<$0><$0>"),
            ("b", b"abc", b"\xff$", b"a\xff$c", b"a\xff$c"),
        ] {
            let args = [pattern.as_bytes(), text, by];
            assert_eq!(text_of("regexReplaceAll", &args).as_deref(), Ok(wanted));
            assert_eq!(
                text_of("mustRegexReplaceAllLiteral", &args).as_deref(),
                Ok(literal)
            );
        }
    }

    #[test]
    fn found_and_split_as_in_go() {
        let lists = |name, pattern: &str, text: &str, count| {
            let list = call(
                name,
                &[Value::text(pattern), Value::text(text), Value::int(count)],
            );
            let list = list.unwrap_or_else(|_| panic!("{pattern}"));
            texts(&list).map(|texts| String::from_utf8_lossy(&texts.join(&b'|')).into_owned())
        };
        for (pattern, text, count, found, split) in [
            ("a*", "baac", -1, Some("|aa|"), Some("b|c")),
            ("x", "aaa", -1, None, Some("aaa")),
            ("a", "aaa", 0, None, None),
            ("a", "banana", 2, Some("a|a"), Some("b|nana")),
            ("a", "", -1, None, Some("")),
            ("", "", -1, Some(""), Some("")),
        ] {
            assert_eq!(
                lists("regexFindAll", pattern, text, count).as_deref(),
                found,
                "{pattern}"
            );
            assert_eq!(
                lists("regexSplit", pattern, text, count).as_deref(),
                split,
                "{pattern}"
            );
        }
    }

    #[test]
    fn a_bad_pattern_is_told_without_repeating_it() {
        let why = |name, pattern: &[u8]| text_of(name, &[pattern, b"a"]).expect_err("refused");
        assert_eq!(
            why("regexFind", b"secret["),
            "error parsing regexp: missing closing ]"
        );
        assert_eq!(why("regexFind", b"\xff"), "error parsing regexp: invalid UTF-8");
        let matches = |pattern: &str| call("regexMatch", &[Value::text(pattern), Value::text("a")]);
        assert!(matches!(matches("secret["), Ok(Value::Bool(false))));
        assert!(matches(r"\pL{1,1000}").is_err(), "Go would match");
    }

    #[test]
    fn only_the_patterns_used_last_are_kept() {
        let mut patterns = Patterns::default();
        let pattern = Rc::new(Pattern::compile("a").expect("a pattern"));
        for name in 0..=u8::try_from(KEPT).expect("small") {
            patterns.keep(&Text::from(&[name]), &pattern);
        }
        assert!(patterns.get(&Text::from(&[0])).is_none());
        assert!(patterns.get(&Text::from(&[1])).is_some());
    }

    #[test]
    fn quoted() {
        assert_eq!(
            text_of("regexQuoteMeta", &["1.2-é[$"]).as_deref(),
            Ok("1\\.2-é\\[\\$".as_bytes())
        );
    }
}
