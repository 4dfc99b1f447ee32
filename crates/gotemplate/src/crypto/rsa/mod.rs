//! RSA keys of two primes.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeyPair;
pub(crate) use aws_lc_rs::rsa::KeySize;
use zeroize::Zeroizing;

use super::der::{self, Der, Reader, tag};
use super::key;
use crate::fault::{Fault, Outcome};

mod check;
mod operate;
mod short;

pub(crate) use operate::OaepHash;

/// A number as big-endian bytes without leading zeros.
pub(crate) type Digits = Zeroizing<Vec<u8>>;

/// No number has more bytes. Larger keys serve to waste time.
const MAX_SIZE: usize = 16384 / 8;

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RsaPublic {
    pub(crate) n: Vec<u8>,
    pub(crate) e: i64,
}

impl RsaPublic {
    pub(crate) fn bits(&self) -> usize {
        bits(&self.n)
    }

    /// PKCS#1.
    pub(crate) fn from_der(der: &[u8]) -> Outcome<Self> {
        let mut fields = Reader::new(der).sequence()?;
        let n = fields.positive()?.to_vec();
        let e = fields.small_integer()?;
        if e <= 0 || n.len() > MAX_SIZE {
            return Err(Fault::new("an impossible RSA public key"));
        }
        Ok(Self { n, e })
    }

    /// PKCS#1.
    pub(crate) fn to_der(&self) -> Der {
        der::sequence(&[&der::unsigned(&self.n), &der::integer(self.e)])
    }
}

/// A key whose numbers belong together.
#[derive(Clone)]
pub(crate) struct RsaKey {
    pub(crate) public: RsaPublic,
    secret: Secret,
}

#[derive(Clone)]
struct Secret {
    d: Digits,
    p: Digits,
    q: Digits,
    dp: Digits,
    dq: Digits,
    q_inverse: Digits,
}

/// What a key is made of. Those that speed it up may be missing.
pub(crate) struct Parts<'a> {
    pub(crate) n: &'a [u8],
    pub(crate) e: i64,
    pub(crate) d: &'a [u8],
    pub(crate) p: &'a [u8],
    pub(crate) q: &'a [u8],
    /// `d mod (p - 1)`, `d mod (q - 1)`, and the inverse of `q mod p`.
    pub(crate) crt: [Option<&'a [u8]>; 3],
}

impl RsaKey {
    pub(crate) fn from_parts(parts: &Parts) -> Outcome<Self> {
        let crt = parts.crt.iter().flatten();
        if [parts.n, parts.d, parts.p, parts.q]
            .iter()
            .chain(crt)
            .any(|part| part.len() > MAX_SIZE)
        {
            return Err(Fault::new("an RSA key of more than 16384 bits"));
        }
        check::complete(parts)
    }

    pub(crate) fn from_pkcs1(der: &[u8]) -> Outcome<Self> {
        let mut outer = Reader::new(der);
        let mut fields = outer.sequence()?;
        if !outer.is_empty() {
            return Err(der::malformed());
        }
        if fields.small_integer()? > 1 {
            return Err(Fault::new("an RSA private key of an unknown version"));
        }
        let n = fields.positive()?;
        let e = fields.small_integer()?;
        let [d, p, q] = [fields.positive()?, fields.positive()?, fields.positive()?];
        let mut crt = [None; 3];
        for part in &mut crt {
            *part = match fields.optional(tag::INTEGER)? {
                Some(content) => Some(der::positive(der::check_integer(content)?)?),
                None => None,
            };
        }
        if fields
            .optional(tag::SEQUENCE)?
            .is_some_and(|primes| !primes.is_empty())
        {
            return Err(Fault::new("an RSA private key of more than two primes"));
        }
        Self::from_parts(&Parts { n, e, d, p, q, crt })
    }

    /// What it is made of; none of it is missing.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            n: &self.public.n,
            e: self.public.e,
            d: &self.secret.d,
            p: &self.secret.p,
            q: &self.secret.q,
            crt: [&self.secret.dp, &self.secret.dq, &self.secret.q_inverse].map(|part| Some(part.as_slice())),
        }
    }

    pub(crate) fn to_pkcs1(&self) -> Der {
        let Secret {
            d,
            p,
            q,
            dp,
            dq,
            q_inverse,
        } = &self.secret;
        der::sequence(&[
            &der::unsigned(&[0]),
            &der::unsigned(&self.public.n),
            &der::integer(self.public.e),
            &der::unsigned(d),
            &der::unsigned(p),
            &der::unsigned(q),
            &der::unsigned(dp),
            &der::unsigned(dq),
            &der::unsigned(q_inverse),
        ])
    }

    /// The library draws its randomness from the system by itself.
    pub(crate) fn generate(size: KeySize) -> Outcome<Self> {
        let failed = |_| Fault::new("cannot generate an RSA key");
        let pair = KeyPair::generate(size).map_err(failed)?;
        let der: Pkcs8V1Der = pair.as_der().map_err(failed)?;
        match key::PrivateKey::from_pkcs8_der(der.as_ref())? {
            key::PrivateKey::Rsa(key) => Ok(key),
            _ => Err(Fault::new("cannot generate an RSA key")),
        }
    }
}

/// How many bits the number has.
pub(super) fn bits(digits: &[u8]) -> usize {
    let digits = der::trimmed(digits);
    let unused = digits.first().map_or(0, |first| first.leading_zeros() as usize);
    digits.len() * 8 - unused
}
