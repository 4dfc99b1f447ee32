//! Keys for tests. None is written down: they are made of numbers that are nobody's secret, and Go makes the same keys
//! of the same numbers.

use num_bigint::BigUint;
use zeroize::Zeroizing;

use super::ec::{Curve, EcKey};
use super::key::PrivateKey;
use super::okp::{Kind, OkpKey};
use super::rsa::{Parts, RsaKey};

/// What Go certifies of [`ed25519`], signed by itself.
pub(crate) const AUTHORITY: &str = include_str!("testdata/ca.pem");

/// Both signs by which the alphabets of base64 differ stand in it.
pub(crate) fn ed25519() -> PrivateKey {
    let seed: [u8; 32] = core::array::from_fn(|nth| 255 - u8::try_from(nth).expect("32 bytes"));
    PrivateKey::Okp(OkpKey::from_seed(Kind::Ed25519, &seed).expect("any seed will do"))
}

pub(crate) fn p256() -> PrivateKey {
    let scalar = Zeroizing::new((1..=32).collect());
    PrivateKey::Ec(EcKey::from_scalar(Curve::P256, scalar).expect("a number below the group's order"))
}

/// Of two primes next to powers of two.
pub(crate) fn rsa1024() -> PrivateKey {
    let power = |exponent: u32| BigUint::from(1_u32) << exponent;
    let (p, q) = (power(512) - 569_u32, power(511) + 809_u32);
    let e = 65_537_u32;
    let order = (&p - 1_u32) * (&q - 1_u32);
    let d = BigUint::from(e).modinv(&order).expect("both are prime");
    let [n, d, p, q] = [&p * &q, d, p, q].map(|number| number.to_bytes_be());
    let parts = Parts {
        n: &n,
        e: e.into(),
        d: &d,
        p: &p,
        q: &q,
        crt: [None; 3],
    };
    PrivateKey::Rsa(RsaKey::from_parts(&parts).expect("numbers that belong together"))
}
