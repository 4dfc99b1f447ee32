//! From text to tree: the library's JSON paths on top of `gval`, its language of expressions.

use lockstep_gostd::float;
use lockstep_gostd::json::{Number, Value};
use lockstep_gostd::unquote;

use crate::error::Error;
use crate::scan::{Scanner, Token};
use crate::tree::{Any, Expression, From, One, Step};
use crate::{MAX_LENGTH, MAX_NESTING};

type Parsed<T> = Result<T, Error>;

pub(crate) fn parse(path: &str) -> Parsed<Expression> {
    if path.len() > MAX_LENGTH {
        let why = "the path is too long";
        return Err(Error::Parse { why, at: MAX_LENGTH });
    }
    let mut parser = Parser {
        scanner: Scanner::new(path),
        last: Token::End,
        put_back: false,
        depth: 0,
    };
    let expression = parser.expression()?;
    match parser.scan() {
        Token::End => Ok(expression),
        _ => Err(parser.error("something follows the path")),
    }
}

struct Parser<'p> {
    scanner: Scanner<'p>,
    last: Token,
    /// The last token is to be read once more.
    put_back: bool,
    depth: usize,
}

impl Parser<'_> {
    fn scan(&mut self) -> Token {
        if self.put_back {
            self.put_back = false;
        } else {
            self.last = self.scanner.next();
        }
        self.last
    }

    fn eats(&mut self, symbol: char) -> bool {
        let eats = self.scan() == Token::Symbol(symbol);
        self.put_back = !eats;
        eats
    }

    fn expect(&mut self, symbol: char, otherwise: &'static str) -> Parsed<()> {
        if self.eats(symbol) {
            Ok(())
        } else {
            Err(self.error(otherwise))
        }
    }

    fn error(&self, why: &'static str) -> Error {
        let at = self.scanner.start();
        Error::Parse { why, at }
    }

    /// Operands with operators between them. All operators bind equally, and to the left.
    fn expression(&mut self) -> Parsed<Expression> {
        let mut left = self.operand()?;
        while let Some(negated) = self.operator()? {
            let right = self.operand()?;
            left = Expression::Equal {
                left: Box::new(left),
                right: Box::new(right),
                negated,
            };
        }
        Ok(left)
    }

    /// `==` or `!=`, and whether it is the latter. All characters of operators that the original could have count.
    fn operator(&mut self) -> Parsed<Option<bool>> {
        let Token::Symbol(first) = self.scan() else {
            self.put_back = true;
            return Ok(None);
        };
        let mut operator = String::from(first);
        if is_of_an_operator(first) {
            while let Some(next) = self.scanner.peek().filter(|next| is_of_an_operator(*next)) {
                operator.push(next);
                self.scanner.skip();
            }
        }
        match operator.as_str() {
            "==" => Ok(Some(false)),
            "!=" => Ok(Some(true)),
            one if one.chars().count() == 1 => {
                self.put_back = true;
                Ok(None)
            }
            _ => Err(self.error("there are no operators but == and !=")),
        }
    }

    fn operand(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(self.error("the path is nested too deep"));
        }
        let operand = self.operand_here();
        self.depth -= 1;
        operand
    }

    fn operand_here(&mut self) -> Parsed<Expression> {
        match self.scan() {
            Token::Number => {
                let number = float::parse(self.scanner.text().as_bytes());
                let number = number.map_err(|_| self.error("this is no number"))?;
                Ok(constant(Value::Number(Number::Float(number))))
            }
            Token::Quoted => {
                let text = unquote::literal(self.scanner.text().as_bytes());
                let text = text.and_then(|text| String::from_utf8(text).ok());
                let text =
                    text.ok_or_else(|| self.error("this is no string; names stand in double quotes"))?;
                Ok(constant(Value::Text(text.into())))
            }
            Token::Symbol('-') => Ok(Expression::Negative(Box::new(self.operand()?))),
            Token::Symbol('(') => {
                let inner = self.expression()?;
                self.expect(')', "a parenthesis is not closed")?;
                Ok(inner)
            }
            Token::Symbol('$') => self.steps(From::Document),
            Token::Symbol('@') => self.steps(From::Current),
            Token::Name => self.name(),
            Token::End => Err(self.error("the path ends too early")),
            Token::Symbol(_) => Err(self.error("this is not understood")),
        }
    }

    /// A name that does not follow a `$`.
    fn name(&mut self) -> Parsed<Expression> {
        let mut keys = match self.scanner.text() {
            "true" => return Ok(constant(Value::Bool(true))),
            "false" => return Ok(constant(Value::Bool(false))),
            name => vec![name_of(name)],
        };
        loop {
            match self.scan() {
                Token::Symbol('.') => match self.scan() {
                    Token::Name => keys.push(name_of(self.scanner.text())),
                    _ => return Err(self.error("a name must follow the dot")),
                },
                Token::Symbol('[') => {
                    keys.push(self.expression()?);
                    self.expect(']', "a bracket is not closed")?;
                }
                Token::Symbol('(') => {
                    self.arguments()?;
                    return Ok(Expression::Call);
                }
                _ => {
                    self.put_back = true;
                    return Ok(Expression::Variable(keys));
                }
            }
        }
    }

    fn arguments(&mut self) -> Parsed<()> {
        if self.eats(')') {
            return Ok(());
        }
        loop {
            self.expression()?;
            match self.scan() {
                Token::Symbol(')') => return Ok(()),
                Token::Symbol(',') => {}
                _ => return Err(self.error("a comma or parenthesis must follow the argument")),
            }
        }
    }

    /// What follows `$` or `@`.
    fn steps(&mut self, from: From) -> Parsed<Expression> {
        let mut steps = Vec::new();
        loop {
            match self.scan() {
                Token::Symbol('.') => self.after_dot(&mut steps)?,
                Token::Symbol('[') => steps.push(self.bracket()?.into_step(self)?),
                Token::Symbol('(') => steps.push(self.script()?),
                _ => {
                    self.put_back = true;
                    return Ok(Expression::Steps { from, steps });
                }
            }
        }
    }

    fn after_dot(&mut self, steps: &mut Vec<Step>) -> Parsed<()> {
        match self.scan() {
            Token::Name => steps.push(key(self.scanner.text())),
            Token::Symbol('*') => steps.push(Step::Any(Any::All)),
            Token::Symbol('.') => {
                steps.push(Step::Any(Any::Below));
                let step = self.after_dots()?;
                steps.push(step);
            }
            _ => return Err(self.error("a name, a star or another dot must follow the dot")),
        }
        Ok(())
    }

    fn after_dots(&mut self) -> Parsed<Step> {
        match self.scan() {
            Token::Name => Ok(key(self.scanner.text())),
            Token::Symbol('*') => Ok(Step::Any(Any::All)),
            Token::Symbol('(') => self.script(),
            Token::Symbol('[') => {
                let bracket = self.bracket()?;
                match bracket.sort {
                    Sort::Range => Err(self.error("no range may follow two dots")),
                    Sort::Keys => Ok(Step::Any(keys(bracket.expressions))),
                    Sort::Filter => bracket.into_step(self),
                }
            }
            _ => Err(self.error("a name, a star or a bracket must follow two dots")),
        }
    }

    fn script(&mut self) -> Parsed<Step> {
        let script = self.expression()?;
        self.expect(')', "a parenthesis is not closed")?;
        Ok(Step::One(One::Script(script)))
    }

    /// What stands in a bracket, which was opened, up to its end.
    fn bracket(&mut self) -> Parsed<Bracket> {
        let mut expressions = Vec::new();
        let mut separator = None;
        loop {
            let found = match self.scan() {
                found @ Token::Symbol('?') => found,
                found @ Token::Symbol(':') => {
                    // A bound that is left out.
                    let bound = if expressions.len() == 1 { LAST } else { 0.0 };
                    expressions.push(number(bound));
                    found
                }
                Token::Symbol('*') => {
                    self.expect(']', "a bracket must close after the star")?;
                    return Ok(Bracket {
                        expressions: Vec::new(),
                        sort: Sort::Keys,
                    });
                }
                found @ Token::Symbol(']') if separator == Some(':') => found,
                _ => {
                    self.put_back = true;
                    expressions.push(self.expression()?);
                    self.scan()
                }
            };
            let Token::Symbol(found @ (':' | ',' | ']' | '?')) = found else {
                return Err(self.error("a comma, a colon or a closing bracket must follow"));
            };
            let separator = *separator.get_or_insert(found);
            if found == ']' {
                let sort = Sort::of(separator);
                return Ok(Bracket { expressions, sort });
            }
            if found == '?' && !expressions.is_empty() {
                return Err(self.error("a filter begins with its question mark"));
            }
            if found != separator {
                return Err(self.error("a bracket has one sort of separators"));
            }
        }
    }
}

/// A range without an end goes here.
const LAST: f64 = i32::MAX as f64;

struct Bracket {
    expressions: Vec<Expression>,
    sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Keys,
    Range,
    Filter,
}

impl Sort {
    fn of(separator: char) -> Self {
        match separator {
            ':' => Self::Range,
            '?' => Self::Filter,
            _ => Self::Keys,
        }
    }
}

impl Bracket {
    fn into_step(self, parser: &Parser) -> Parsed<Step> {
        let mut expressions = self.expressions.into_iter();
        let count = expressions.len();
        let mut next = |otherwise| expressions.next().unwrap_or_else(|| number(otherwise));
        match self.sort {
            Sort::Range if count <= 3 => Ok(Step::Any(Any::Range([next(0.0), next(LAST), next(1.0)]))),
            Sort::Range => Err(parser.error("a range has three parts at most")),
            Sort::Filter if count == 1 => Ok(Step::Any(Any::Filter(next(0.0)))),
            Sort::Filter => Err(parser.error("a filter has one expression")),
            Sort::Keys if count == 1 => Ok(Step::One(One::Key(next(0.0)))),
            Sort::Keys => Ok(Step::Any(keys(expressions.collect()))),
        }
    }
}

fn keys(expressions: Vec<Expression>) -> Any {
    if expressions.is_empty() {
        Any::All
    } else {
        Any::Keys(expressions)
    }
}

fn key(name: &str) -> Step {
    Step::One(One::Key(name_of(name)))
}

fn name_of(name: &str) -> Expression {
    constant(Value::Text(name.to_owned().into()))
}

fn number(value: f64) -> Expression {
    constant(Value::Number(Number::Float(value)))
}

fn constant(value: Value<'static>) -> Expression {
    Expression::Constant(value)
}

fn is_of_an_operator(c: char) -> bool {
    "=!?|&><~in^+-*/%".contains(c)
}
