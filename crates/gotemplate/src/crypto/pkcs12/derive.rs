//! Keys from passwords, in the way of PKCS#12 and in that of PKCS#5.

use hmac::{EagerHash, Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::digest::block_api::BlockSizeUser;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::oid;
use crate::crypto::der::{self, Der, Reader, tag};
use crate::env::Env;
use crate::fault::{Fault, Outcome};

pub(super) type Key = Zeroizing<Vec<u8>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// What a key is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Cipher = 1,
    Iv = 2,
    Mac = 3,
}

/// How often a hash is taken. A file decides it, within bounds.
#[derive(Clone, Copy)]
pub(super) struct Rounds(u32);

impl Rounds {
    /// What Go's library asks for.
    pub(super) const USUAL: Self = Self(2048);

    /// A hundred times what careful programs ask for.
    const MOST: u32 = 10_000_000;

    /// What a round costs of the budget.
    const SPENT: usize = 64;

    /// Whatever is below one counts as one, as in Go.
    pub(super) fn new(number: i64) -> Outcome<Self> {
        match u32::try_from(number.max(1)) {
            Ok(number @ 1..=Self::MOST) => Ok(Self(number)),
            _ => Err(Fault::new(format!("more than {} rounds of hashing", Self::MOST))),
        }
    }

    pub(super) fn to_der(self) -> Der {
        der::unsigned(&self.0.to_be_bytes())
    }

    fn spend(self, env: &mut Env, hash: Hash, size: usize) -> Outcome<()> {
        let rounds = usize::try_from(self.0).unwrap_or(usize::MAX);
        let cost = rounds.saturating_mul(Self::SPENT);
        env.spend(cost.saturating_mul(size.div_ceil(hash.size())))
    }
}

impl Hash {
    pub(super) fn of_digest(oid: &[u8]) -> Option<Self> {
        match oid {
            oid::SHA1 => Some(Self::Sha1),
            oid::SHA256 => Some(Self::Sha256),
            oid::SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(super) fn of_hmac(oid: &[u8]) -> Option<Self> {
        match oid {
            oid::HMAC_SHA1 => Some(Self::Sha1),
            oid::HMAC_SHA256 => Some(Self::Sha256),
            oid::HMAC_SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Of the hash itself, in bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => hmac::<Sha1>(key, message),
            Self::Sha256 => hmac::<Sha256>(key, message),
            Self::Sha512 => hmac::<Sha512>(key, message),
        }
    }

    /// PKCS#12's own way.
    pub(super) fn pkcs12(
        self,
        env: &mut Env,
        password: &[u8],
        salt: &[u8],
        rounds: Rounds,
        (purpose, size): (Purpose, usize),
    ) -> Outcome<Key> {
        rounds.spend(env, self, size)?;
        env.spend(password.len() + salt.len())?;
        Ok(match self {
            Self::Sha1 => pkcs12::<Sha1>(password, salt, rounds, purpose, size),
            Self::Sha256 => pkcs12::<Sha256>(password, salt, rounds, purpose, size),
            Self::Sha512 => pkcs12::<Sha512>(password, salt, rounds, purpose, size),
        })
    }
}

/// The parameters of PBKDF2, the way of PKCS#5.
pub(super) struct Pbkdf2<'a> {
    pub(super) salt: &'a [u8],
    pub(super) rounds: Rounds,
    pub(super) size: Option<i64>,
    pub(super) hash: Hash,
}

impl<'a> Pbkdf2<'a> {
    pub(super) fn read(mut fields: Reader<'a>) -> Outcome<Self> {
        let salt = fields.element(tag::OCTET_STRING)?;
        let rounds = Rounds::new(fields.small_integer()?)?;
        let size = if fields.peek() == Some(tag::INTEGER) {
            Some(fields.small_integer()?)
        } else {
            None
        };
        let hash = match fields.optional(tag::SEQUENCE)? {
            None => Hash::Sha1,
            Some(prf) => Hash::of_hmac(Reader::new(prf).oid()?)
                .ok_or(Fault::new("keys are derived by an unknown function"))?,
        };
        Ok(Self {
            salt,
            rounds,
            size,
            hash,
        })
    }

    pub(super) fn key(&self, env: &mut Env, password: &[u8], size: usize) -> Outcome<Key> {
        self.rounds.spend(env, self.hash, size)?;
        env.spend(password.len() + self.salt.len())?;
        let mut key = Zeroizing::new(vec![0; size]);
        let derive = match self.hash {
            Hash::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>,
            Hash::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>,
            Hash::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>,
        };
        derive(password, self.salt, self.rounds.0, &mut key);
        Ok(key)
    }
}

fn hmac<D: EagerHash>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<D>::new_from_slice(key).expect("a MAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 7292, appendix B.2.
fn pkcs12<D: Digest + BlockSizeUser>(
    password: &[u8],
    salt: &[u8],
    rounds: Rounds,
    purpose: Purpose,
    size: usize,
) -> Key {
    let block = D::block_size();
    let mut input = Zeroizing::new(vec![]);
    for part in [salt, password] {
        let filled = part.len().div_ceil(block) * block;
        input.extend(part.iter().cycle().take(filled));
    }
    let mut key = Zeroizing::new(Vec::with_capacity(size + block));
    while key.len() < size {
        let mut hash = D::new_with_prefix(vec![purpose as u8; block])
            .chain_update(&*input)
            .finalize();
        for _ in 1..rounds.0 {
            hash = D::digest(&hash);
        }
        key.extend_from_slice(&hash);
        for number in input.chunks_exact_mut(block) {
            add_with_one(number, &hash);
        }
    }
    key.truncate(size);
    key
}

/// Adds the repeated digits, and one. Both numbers are big-endian; what does not fit is dropped.
fn add_with_one(number: &mut [u8], digits: &[u8]) {
    let mut carry = 1;
    for nth in (0..number.len()).rev() {
        let sum = u16::from(number[nth]) + u16::from(digits[nth % digits.len()]) + carry;
        let [high, low] = sum.to_be_bytes();
        number[nth] = low;
        carry = u16::from(high);
    }
}
