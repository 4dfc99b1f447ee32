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

/// In bytes. A result is paid for once it is there, so it may not grow without end before.
const MAX_RESULT: usize = 64 * 1024 * 1024;

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
        env.spend(1)?;
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
    env.spend(text.bytes().len())?;
    let pieces = pattern.split(&text, usize::try_from(limit).ok());
    let pieces = pieces.into_iter().map(|range| &text.bytes()[range]);
    Ok(Value::texts(pieces))
}

fn replace_all(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    replaced(env, pattern.replace_all_bytes(&text, args.text(2)?, MAX_RESULT))
}

fn replace_all_literal(env: &mut Env, args: Args) -> Outcome {
    let (pattern, text) = prepare(env, args)?;
    replaced(env, pattern.replace_all_literal(&text, args.text(2)?, MAX_RESULT))
}

fn replaced(env: &mut Env, result: Option<Vec<u8>>) -> Outcome {
    let result = result.ok_or_else(|| Fault::new(format!("a result longer than {MAX_RESULT} bytes")))?;
    env.spend(result.len())?;
    Ok(Value::text(result))
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
