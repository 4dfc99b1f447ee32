//! Decimal arithmetic: sprig's `addf` and the like make decimals of their operands, so that 0.1 and 0.2 are 0.3.

use lockstep_gostd::float::Digits;
use num_bigint::{BigInt, Sign};

use super::division_by_zero;
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::functions::Args;
use crate::value::Value;
use crate::value::cast::to_float64;

pub(super) fn add1f(env: &mut Env, args: Args) -> Outcome {
    let sum = Decimal::from_float(to_float64(args.any(0)?))?.add(&Decimal::from_float(1.0)?);
    sum.checked(env)?.to_value()
}

pub(super) fn addf(env: &mut Env, args: Args) -> Outcome {
    fold(env, 0.0, args.rest(0), |a, b| Ok(a.add(b)))
}

pub(super) fn subf(env: &mut Env, args: Args) -> Outcome {
    fold(env, to_float64(args.any(0)?), args.rest(1), |a, b| {
        Ok(a.add(&b.negated()))
    })
}

pub(super) fn mulf(env: &mut Env, args: Args) -> Outcome {
    fold(env, to_float64(args.any(0)?), args.rest(1), |a, b| Ok(a.mul(b)))
}

pub(super) fn divf(env: &mut Env, args: Args) -> Outcome {
    fold(env, to_float64(args.any(0)?), args.rest(1), Decimal::div)
}

fn fold(
    env: &mut Env,
    first: f64,
    rest: &[Value],
    with: fn(&Decimal, &Decimal) -> Outcome<Decimal>,
) -> Outcome {
    let mut result = Decimal::from_float(first)?;
    for operand in rest {
        let operand = Decimal::from_float(to_float64(operand))?;
        result = with(&result, &operand)?.checked(env)?;
    }
    result.to_value()
}

/// `value × 10^exponent`
#[derive(Clone)]
struct Decimal {
    value: BigInt,
    exponent: i32,
}

impl Decimal {
    /// The decimal that has the digits with which the number is printed.
    fn from_float(number: f64) -> Outcome<Self> {
        if !number.is_finite() {
            return Err(Fault::new("there is no decimal for what is not a finite number"));
        }
        let Digits { digits, point } = Digits::shortest(number.abs());
        let size: u64 = digits.parse().unwrap_or(0); // seventeen digits at most; zero has none
        let sign = if number < 0.0 { Sign::Minus } else { Sign::Plus };
        let len = i32::try_from(digits.len()).unwrap_or(0);
        Ok(Self {
            value: BigInt::from_biguint(sign, size.into()),
            exponent: point - len,
        })
    }

    /// Pays, and refuses what becomes too long.
    fn checked(self, env: &mut Env) -> Outcome<Self> {
        /// A sum of any two numbers has 650 digits at most.
        const MAX_BITS: u64 = 1 << 16;
        let bits = self.value.bits();
        env.spend(usize::try_from(bits / 8).unwrap_or(usize::MAX).saturating_add(1))?;
        if bits > MAX_BITS {
            return Err(Fault::new("a decimal becomes too long"));
        }
        Ok(self)
    }

    fn negated(&self) -> Self {
        Self {
            value: -&self.value,
            exponent: self.exponent,
        }
    }

    fn add(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        Self {
            value: self.scaled_to(exponent) + other.scaled_to(exponent),
            exponent,
        }
    }

    fn mul(&self, other: &Self) -> Self {
        Self {
            value: &self.value * &other.value,
            exponent: self.exponent.saturating_add(other.exponent),
        }
    }

    /// Sixteen digits behind the point, and a half is rounded away from zero.
    fn div(&self, other: &Self) -> Outcome<Self> {
        const EXPONENT: i32 = -16;
        if other.value.sign() == Sign::NoSign {
            return Err(division_by_zero());
        }
        let shift = self.exponent - other.exponent - EXPONENT;
        let (dividend, divisor) = (
            &self.value * power_of_ten(shift),
            &other.value * power_of_ten(-shift),
        );
        let (quotient, rest) = (&dividend / &divisor, &dividend % &divisor);
        let away = if dividend.sign() == divisor.sign() { 1 } else { -1 };
        let half = rest.magnitude() * 2_u32 >= *divisor.magnitude();
        let value = if half { quotient + away } else { quotient };
        Ok(Self {
            value,
            exponent: EXPONENT,
        })
    }

    /// The value for an exponent that is no larger.
    fn scaled_to(&self, exponent: i32) -> BigInt {
        &self.value * power_of_ten(self.exponent.saturating_sub(exponent))
    }

    fn to_value(&self) -> Outcome {
        let text = format!("{}e{}", self.value, self.exponent);
        let number = text.parse();
        let number = number.map_err(|_| Fault::new("a decimal that is no number"))?;
        Ok(Value::Float(number))
    }
}

/// One for what is not positive.
fn power_of_ten(exponent: i32) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(0))
}
