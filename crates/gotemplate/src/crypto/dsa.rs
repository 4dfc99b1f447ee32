//! DSA keys, which sprig can make and keep, and nobody should use.

use std::convert::Infallible;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Limb, NonZero, Odd, Resize as _};
use crypto_primes::{Flavor, is_prime, random_prime};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use super::der::{self, Der, Reader};
use crate::env::Random;
use crate::fault::{Fault, Outcome};

/// The bits of `p` and of `q`.
const L: u32 = 2048;
const N: u32 = 256;

/// One number of 710 is found to be prime; that none of so many is, does not happen.
const TRIES: usize = 20_000;

/// Candidates that one of these divides need no costly test.
const SMALL: usize = 4000;

/// A new key of 2048 bits in a group of 256 bits: `SEQUENCE` of version, `p`, `q`, `g`, `y`, `x`.
pub(crate) fn generate(random: &mut dyn Random) -> Outcome<Der> {
    let q: BoxedUint = random_prime(&mut Source(random), Flavor::Any, N);
    let q = nonzero(q.resize(L))?;
    let p = find_p(random, &q)?;
    let field = BoxedMontyParams::new_vartime(p.clone());
    let g = find_g(&field, &p, &q);
    let x = secret(random, &q)?;
    let y = g.pow(&x).retrieve();
    Ok(der::sequence(&[
        &der::unsigned(&[0]),
        &number(&p),
        &number(&q),
        &number(&g.retrieve()),
        &number(&y),
        &number(&x),
    ]))
}

/// A prime with `q` dividing `p - 1`.
fn find_p(random: &mut dyn Random, q: &NonZero<BoxedUint>) -> Outcome<Odd<BoxedUint>> {
    let small = small_primes();
    let step = nonzero(q.wrapping_add(q.as_ref()))?;
    for _ in 0..TRIES {
        let mut bytes = Zeroizing::new([0; L as usize / 8]);
        random.fill(&mut *bytes);
        bytes[0] |= 0x80;
        let candidate = BoxedUint::from_be_slice_truncated(&*bytes, L);
        let below = candidate.wrapping_sub(candidate.rem_vartime(&step));
        let p = below.wrapping_add(BoxedUint::one_with_precision(L));
        let divides = |prime: &NonZero<Limb>| p.rem_limb(*prime) == Limb::ZERO;
        if p.bits_vartime() == L
            && !small.iter().any(divides)
            && is_prime(Flavor::Any, &p)
            && let Some(p) = Odd::new(p).into_option()
        {
            return Ok(p);
        }
    }
    Err(Fault::new("the random source does not give a prime"))
}

/// Odd ones.
fn small_primes() -> Vec<NonZero<Limb>> {
    let mut composite = vec![false; SMALL];
    let mut primes = Vec::new();
    for number in (3..SMALL).step_by(2) {
        if !composite[number] {
            primes.extend(NonZero::new(Limb::from(u32::try_from(number).unwrap_or(1))).into_option());
            (number * number..SMALL)
                .step_by(number)
                .for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
}

/// What generates the group of `q` elements: the first of 2, 3, … to the power of `(p - 1) / q` that is not 1.
fn find_g(field: &BoxedMontyParams, p: &Odd<BoxedUint>, q: &NonZero<BoxedUint>) -> BoxedMontyForm {
    let one = BoxedUint::one_with_precision(L);
    let exponent = p.wrapping_sub(&one).wrapping_div(q);
    let mut base = one.clone();
    loop {
        base = base.wrapping_add(&one);
        let g = BoxedMontyForm::new(base.clone(), field).pow(&exponent);
        if g.retrieve() != one {
            return g; // at most one number of 2^1792 is passed over
        }
    }
}

/// A number between 0 and `q`, both excluded.
fn secret(random: &mut dyn Random, q: &NonZero<BoxedUint>) -> Outcome<BoxedUint> {
    for _ in 0..TRIES {
        let mut bytes = Zeroizing::new([0; N as usize / 8]);
        random.fill(&mut *bytes);
        let x = BoxedUint::from_be_slice_truncated(&*bytes, L);
        if !bool::from(x.is_zero()) && x < **q {
            return Ok(x);
        }
    }
    Err(Fault::new("the random source does not give a private key"))
}

fn nonzero(number: BoxedUint) -> Outcome<NonZero<BoxedUint>> {
    let number = NonZero::new(number).into_option();
    number.ok_or_else(|| Fault::new("a zero where none can be"))
}

fn number(number: &BoxedUint) -> Der {
    der::unsigned(&Zeroizing::new(number.to_be_bytes()))
}

/// Whether it has the form of a key. What the numbers are, nobody asks.
pub(crate) fn check(der: &[u8]) -> Outcome<()> {
    let mut fields = Reader::new(der).sequence()?;
    fields.small_integer()?;
    for _number in ["p", "q", "g", "y", "x"] {
        fields.integer()?;
    }
    Ok(())
}

/// Our random source as the library wants it.
struct Source<'r>(&'r mut dyn Random);

impl TryRng for Source<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}
