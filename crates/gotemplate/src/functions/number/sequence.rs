//! Numbers in a row.

use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::functions::Args;
use crate::value::{List, ListType, Value};

pub(super) fn until(env: &mut Env, args: Args) -> Outcome {
    let count = args.int(0)?;
    let step = if count < 0 { -1 } else { 1 };
    list(env, 0, count, step)
}

pub(super) fn until_step(env: &mut Env, args: Args) -> Outcome {
    list(env, args.int(0)?, args.int(1)?, args.int(2)?)
}

fn list(env: &mut Env, start: i64, end: i64, step: i64) -> Outcome {
    let numbers = steps(env, start, end, step)?;
    let items = numbers.into_iter().map(Value::int).collect();
    Ok(Value::List(List::flat(ListType::Int, items)))
}

/// As the Unix command, with the last number: `seq last`, `seq first last`, `seq first step last`.
pub(super) fn seq(env: &mut Env, args: Args) -> Outcome {
    let ints = (0..args.0.len())
        .map(|nth| args.int(nth))
        .collect::<Outcome<Vec<_>>>()?;
    let (first, step, last) = match ints[..] {
        [last] => (1, None, last),
        [first, last] => (first, None, last),
        [first, step, last] => (first, Some(step), last),
        _ => return Ok(Value::text("")),
    };
    let down = last < first;
    if down && step.is_some_and(|step| step > 0) {
        return Ok(Value::text(""));
    }
    let direction = if down { -1 } else { 1 };
    let end = last.wrapping_add(direction);
    let numbers = steps(env, first, end, step.unwrap_or(direction))?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    let text = texts.join(" ");
    env.spend(text.len())?;
    Ok(Value::text(text))
}

/// From the start up or down to the end, without the end.
fn steps(env: &mut Env, start: i64, end: i64, step: i64) -> Outcome<Vec<i64>> {
    let gets_there = if end < start { step < 0 } else { step > 0 };
    if !gets_there {
        return Ok(Vec::new());
    }
    let count = start.abs_diff(end).div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    env.spend(count.saturating_mul(size_of::<Value>()))?;
    let mut numbers = Vec::new();
    let mut next = Some(start);
    for _ in 0..count {
        // In Go the number wraps around, and it goes on until the memory is used up.
        let number = next.ok_or_else(|| Fault::new("the numbers never reach their end"))?;
        numbers.push(number);
        next = number.checked_add(step);
    }
    match next {
        None => Err(Fault::new("the numbers never reach their end")),
        Some(_) => Ok(numbers),
    }
}
