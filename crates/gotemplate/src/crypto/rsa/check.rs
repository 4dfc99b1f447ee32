//! Whether the numbers of an RSA key belong together. These are Go's checks: they do not prove that `p` and `q` are
//! prime, but a key that passes them decrypts what was encrypted for it.

use crypto_bigint::{BoxedUint, NonZero, Odd, Resize as _};
use zeroize::Zeroizing;

use super::{Digits, Parts, RsaKey, RsaPublic, Secret};
use crate::crypto::der;
use crate::fault::{Fault, Outcome};

/// How near to each other the primes may be, in bits below half of the key's.
const NEAR: u32 = 100;

/// A checked key. If one of the numbers for speed is missing, all are worked out anew.
pub(super) fn complete(parts: &Parts) -> Outcome<RsaKey> {
    let e = check_public(parts)?;
    let (n, d, p, q) = (number(parts.n), number(parts.d), number(parts.p), number(parts.q));
    if d >= n || p >= n || q >= n {
        return Err(Fault::new("an RSA key with a number that is too large"));
    }
    let modulus = nonzero(n.clone())?;
    if !is_zero(&p.mul_mod(&q, &modulus)) {
        return Err(Fault::new(
            "an RSA key whose modulus is not the product of its primes",
        ));
    }
    let crt = match parts.crt {
        [Some(dp), Some(dq), Some(inverse)] => [number(dp), number(dq), number(inverse)],
        _ => work_out(&d, &p, &q)?,
    };
    check_exponent(&e, &d, &p, &crt[0])?;
    check_exponent(&e, &d, &q, &crt[1])?;
    let inverse = &crt[2];
    if *inverse >= p || !is_one(&inverse.mul_mod(&q, &nonzero(p.clone())?)) {
        return Err(Fault::new("an RSA key with a wrong coefficient"));
    }
    check_strength(&n, &d, &p, &q)?;
    let [dp, dq, q_inverse] = crt.each_ref().map(digits);
    Ok(RsaKey {
        public: RsaPublic {
            n: der::trimmed(parts.n).to_vec(),
            e: parts.e,
        },
        secret: Secret {
            d: digits(&d),
            p: digits(&p),
            q: digits(&q),
            dp,
            dq,
            q_inverse,
        },
    })
}

fn check_public(parts: &Parts) -> Outcome<BoxedUint> {
    if parts.n.last().is_none_or(|digit| digit % 2 == 0) {
        return Err(Fault::new("an RSA key with an even modulus"));
    }
    match u32::try_from(parts.e) {
        Ok(e @ 2..=0x7fff_ffff) if e % 2 == 1 => Ok(number(&e.to_be_bytes())),
        _ => Err(Fault::new("an RSA key with an impossible public exponent")),
    }
}

/// `d mod (p - 1)`, `d mod (q - 1)`, and the inverse of `q mod p`.
fn work_out(d: &BoxedUint, p: &BoxedUint, q: &BoxedUint) -> Outcome<[BoxedUint; 3]> {
    let odd = Odd::new(p.clone()).into_option();
    let odd = odd.ok_or_else(|| Fault::new("an RSA key with an even prime"))?;
    let inverse = q.rem(&nonzero(p.clone())?).invert_odd_mod(&odd).into_option();
    let inverse = inverse.ok_or_else(|| Fault::new("an RSA key without a coefficient"))?;
    Ok([d.rem(&less_one(p)?), d.rem(&less_one(q)?), inverse])
}

/// The reduced exponent belongs to `d`, and undoes `e`.
fn check_exponent(e: &BoxedUint, d: &BoxedUint, prime: &BoxedUint, reduced: &BoxedUint) -> Outcome<()> {
    let order = less_one(prime)?;
    if *reduced >= *order || !is_one(&reduced.mul_mod(e, &order)) || d.rem(&order) != *reduced {
        return Err(Fault::new("an RSA key with a wrong exponent"));
    }
    Ok(())
}

fn check_strength(n: &BoxedUint, d: &BoxedUint, p: &BoxedUint, q: &BoxedUint) -> Outcome<()> {
    let half = n.bits() / 2;
    let (large, small) = if p > q { (p, q) } else { (q, p) };
    let distance = large.wrapping_sub(small.resize(large.bits_precision()));
    if distance.bits() + NEAR <= half || is_zero(&distance) {
        return Err(Fault::new("an RSA key whose primes are too near to each other"));
    }
    if d.bits() <= half {
        return Err(Fault::new("an RSA key whose private exponent is too small"));
    }
    Ok(())
}

fn number(digits: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(if digits.is_empty() { &[0] } else { digits })
}

fn digits(number: &BoxedUint) -> Digits {
    let bytes = Zeroizing::new(number.to_be_bytes());
    Zeroizing::new(der::trimmed(&bytes).to_vec())
}

fn nonzero(number: BoxedUint) -> Outcome<NonZero<BoxedUint>> {
    let number = NonZero::new(number).into_option();
    number.ok_or_else(|| Fault::new("an RSA key with a zero"))
}

fn less_one(prime: &BoxedUint) -> Outcome<NonZero<BoxedUint>> {
    if is_zero(prime) {
        return Err(Fault::new("an RSA key with a zero"));
    }
    nonzero(prime.wrapping_sub(BoxedUint::one_with_precision(prime.bits_precision())))
}

fn is_zero(number: &BoxedUint) -> bool {
    number.is_zero().into()
}

fn is_one(number: &BoxedUint) -> bool {
    number.is_one().into()
}
