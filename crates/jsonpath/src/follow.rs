//! Following a path in a document.

use std::cell::Cell;

use lockstep_gostd::integer::{self, Base};
use lockstep_gostd::json::Value;

use crate::error::Error;
use crate::tree::{Any, Expression, From, One, Step};
use crate::value::{Elements, Found};

type Followed<T> = Result<T, Error>;

pub(crate) struct Follower<'a> {
    document: &'a Value<'a>,
    steps_left: Cell<u64>,
}

impl<'a> Follower<'a> {
    pub(crate) fn new(document: &'a Value<'a>, steps: u64) -> Self {
        Self {
            document,
            steps_left: Cell::new(steps),
        }
    }

    /// `current` is what `@` stands for.
    pub(crate) fn evaluate(
        &self,
        expression: &'a Expression,
        current: Option<&Found<'a>>,
    ) -> Followed<Found<'a>> {
        self.spend(1)?;
        match expression {
            Expression::Constant(value) => Ok(Found::One(value)),
            Expression::Negative(operand) => {
                let operand = self.evaluate(operand, current)?;
                let found = operand.kind();
                // A text may read "nan", and JSON knows no such number.
                let number = operand.number().filter(|number| number.is_finite());
                number
                    .map(|number| Found::Number(-number))
                    .ok_or(Error::NotANumber { found })
            }
            Expression::Equal { left, right, negated } => {
                let (left, right) = (self.evaluate(left, current)?, self.evaluate(right, current)?);
                Ok(Found::bool(self.equal(&left, &right)? != *negated))
            }
            Expression::Steps { from, steps } => {
                let start = match from {
                    From::Document => Found::One(self.document),
                    From::Current => current.cloned().unwrap_or_else(Found::null),
                };
                self.follow(start, steps)
            }
            Expression::Variable(keys) => self.variable(keys, current),
            Expression::Call => Err(Error::NoFunction),
        }
    }

    fn spend(&self, steps: usize) -> Followed<()> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let left = self.steps_left.get().checked_sub(steps);
        self.steps_left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(Error::TooManySteps)
    }

    /// Either every step leads to one value, or all that match are listed, and what fails does not match.
    fn follow(&self, start: Found<'a>, steps: &'a [Step]) -> Followed<Found<'a>> {
        if !steps.iter().any(|step| matches!(step, Step::Any(_))) {
            return steps.iter().try_fold(start, |value, step| match step {
                Step::One(one) => self.one(&value, one),
                Step::Any(_) => Ok(value),
            });
        }
        let mut found = vec![start];
        for step in steps {
            let mut next = Vec::new();
            for value in &found {
                match step {
                    Step::One(one) => next.extend(matching(self.one(value, one))?),
                    Step::Any(any) => self.any(value, any, &mut next)?,
                }
            }
            found = next;
        }
        Ok(Found::Many(found.into()))
    }

    fn one(&self, value: &Found<'a>, step: &'a One) -> Followed<Found<'a>> {
        match step {
            One::Key(key) => self.select(value, key),
            One::Script(script) => self.evaluate(script, Some(value)),
        }
    }

    fn any(&self, value: &Found<'a>, step: &'a Any, out: &mut Vec<Found<'a>>) -> Followed<()> {
        match step {
            Any::All => self.each(value, &mut |element| {
                out.push(element);
                Ok(())
            }),
            Any::Below => self.below(value, out),
            Any::Keys(keys) => {
                for key in keys {
                    out.extend(matching(self.select(value, key))?);
                }
                Ok(())
            }
            Any::Filter(filter) => self.each(value, &mut |element| {
                let holds = matching(self.evaluate(filter, Some(&element)))?;
                if holds.and_then(|holds| holds.truth()) == Some(true) {
                    out.push(element);
                }
                Ok(())
            }),
            Any::Range(bounds) => {
                if let Some(elements) = value.elements() {
                    let bounds = bounds.each_ref().map(|bound| self.evaluate(bound, Some(value)));
                    self.range(&elements, bounds, out)?;
                }
                Ok(())
            }
        }
    }

    /// The value, and all that is in it, each before what is in it itself.
    fn below(&self, value: &Found<'a>, out: &mut Vec<Found<'a>>) -> Followed<()> {
        out.push(value.clone());
        self.each(value, &mut |element| self.below(&element, out))
    }

    fn each(&self, value: &Found<'a>, visit: &mut dyn FnMut(Found<'a>) -> Followed<()>) -> Followed<()> {
        if let Found::One(Value::Object(members)) = value {
            self.spend(members.len())?;
            return members.values().try_for_each(|member| visit(Found::One(member)));
        }
        let Some(elements) = value.elements() else {
            return Ok(());
        };
        self.spend(elements.len())?;
        (0..elements.len())
            .filter_map(|index| elements.get(index))
            .try_for_each(visit)
    }

    fn range(
        &self,
        elements: &Elements<'_, 'a>,
        bounds: [Followed<Found<'a>>; 3],
        out: &mut Vec<Found<'a>>,
    ) -> Followed<()> {
        let mut numbers = [0; 3];
        for (number, bound) in numbers.iter_mut().zip(bounds) {
            let Some(value) = matching(bound)?.and_then(|bound| bound.number()) else {
                return Ok(());
            };
            *number = to_integer(value);
        }
        let [min, max, step] = numbers;
        if min > max {
            return Ok(());
        }
        let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let [min, max] = [min, max].map(|bound| match bound {
            bound if bound < 0 => bound.saturating_add(length).max(0),
            bound => bound.min(length),
        });
        let (mut index, step) = match step {
            0 => (min, 1),
            step if step < 0 => (max - 1, step),
            step => (min, step),
        };
        while (min..max).contains(&index) {
            self.spend(1)?;
            out.extend(usize::try_from(index).ok().and_then(|index| elements.get(index)));
            index = index.saturating_add(step);
        }
        Ok(())
    }

    fn select(&self, value: &Found<'a>, key: &'a Expression) -> Followed<Found<'a>> {
        self.spend(1)?;
        // Only what stands in the path may be told.
        let is_told = key.is_literal();
        if let Found::One(Value::Object(members)) = value {
            let key = self.evaluate(key, Some(value))?;
            let name = key.name().ok_or(Error::NotAName { found: key.kind() })?;
            let member = members.get(name.as_str()).map(Found::One);
            return member.ok_or_else(|| Error::UnknownKey {
                name: Some(name).filter(|_| is_told),
            });
        }
        let elements = value.elements();
        let elements = elements.ok_or_else(|| Error::NotAContainer { found: value.kind() })?;
        let key = self.evaluate(key, Some(value))?;
        let number = key.number().ok_or_else(|| Error::NotAnIndex {
            name: key.name().filter(|_| is_told),
            found: key.kind(),
        })?;
        let index = to_integer(number);
        let element = usize::try_from(index).ok().and_then(|index| elements.get(index));
        element.ok_or(Error::OutOfBounds {
            index: Some(index).filter(|_| is_told),
        })
    }

    /// A name is looked up more leniently than a path: a member that is not there is null, and an array that has no
    /// such element is passed by.
    fn variable(&self, keys: &'a [Expression], current: Option<&Found<'a>>) -> Followed<Found<'a>> {
        let mut names = Vec::with_capacity(keys.len());
        for key in keys {
            let key = self.evaluate(key, current)?;
            names.push(key.name().ok_or(Error::NotAName { found: key.kind() })?);
        }
        let mut value = Found::One(self.document);
        for name in names {
            self.spend(1)?;
            if let Found::One(Value::Object(members)) = value {
                value = members.get(name.as_str()).map_or_else(Found::null, Found::One);
            } else if let Found::One(Value::Array(elements)) = value {
                let index = integer::parse(name.as_bytes(), Base::Of(10)).ok();
                let index = index.and_then(|index| usize::try_from(index).ok());
                let element = index.and_then(|index| elements.get(index));
                value = element.map_or(value, Found::One);
            } else {
                return Err(Error::UnknownParameter);
            }
        }
        Ok(value)
    }

    fn equal(&self, left: &Found<'a>, right: &Found<'a>) -> Followed<bool> {
        self.spend(1)?;
        match (left, right) {
            (Found::One(Value::Null), Found::One(Value::Null)) => Ok(true),
            (Found::One(Value::Bool(left)), Found::One(Value::Bool(right))) => Ok(left == right),
            (Found::One(Value::Text(left)), Found::One(Value::Text(right))) => Ok(left == right),
            (Found::One(Value::Object(left)), Found::One(Value::Object(right))) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                for ((left_key, left), (right_key, right)) in left.iter().zip(right) {
                    if left_key != right_key || !self.equal(&Found::One(left), &Found::One(right))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ if is_number(left) && is_number(right) => Ok(left.number() == right.number()),
            _ => match (left.elements(), right.elements()) {
                (Some(left), Some(right)) => self.equal_elements(&left, &right),
                _ => Ok(false),
            },
        }
    }

    fn equal_elements(&self, left: &Elements<'_, 'a>, right: &Elements<'_, 'a>) -> Followed<bool> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for index in 0..left.len() {
            if let (Some(left), Some(right)) = (left.get(index), right.get(index))
                && !self.equal(&left, &right)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What fails does not match. That it takes too long is another matter.
fn matching<T>(outcome: Followed<T>) -> Followed<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Error::TooManySteps) => Err(Error::TooManySteps),
        Err(_) => Ok(None),
    }
}

fn is_number(value: &Found) -> bool {
    matches!(value, Found::Number(_) | Found::One(Value::Number(_)))
}

/// Go's conversion, on the machines that clusters have: what is no 64-bit number is the least of them.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_integer(number: f64) -> i64 {
    if number.abs() < 9.2e18 {
        number as i64
    } else {
        i64::MIN
    }
}

impl std::fmt::Debug for Follower<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").finish_non_exhaustive()
    }
}
