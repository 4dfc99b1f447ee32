//! The MAC over a PKCS#12 file, by which the password is known to be right.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::derive::{Hash, Pbkdf2, Purpose, Rounds};
use super::{Algorithm, Password, oid};
use crate::crypto::der::{self, Der, Reader, tag};
use crate::env::Env;
use crate::fault::{Fault, Outcome};

/// As it stands in a file.
pub(super) struct Mac<'a> {
    algorithm: Algorithm<'a>,
    digest: &'a [u8],
    salt: &'a [u8],
    rounds: Rounds,
}

impl<'a> Mac<'a> {
    pub(super) fn read(mut fields: Reader<'a>) -> Outcome<Self> {
        let mut info = fields.sequence()?;
        let algorithm = Algorithm::read(&mut info)?;
        let digest = info.element(tag::OCTET_STRING)?;
        let salt = fields.element(tag::OCTET_STRING)?;
        let rounds = if fields.peek() == Some(tag::INTEGER) {
            fields.small_integer()?
        } else {
            1
        };
        Ok(Self {
            algorithm,
            digest,
            salt,
            rounds: Rounds::new(rounds)?,
        })
    }

    pub(super) fn is_right(&self, env: &mut Env, message: &[u8], password: &Password) -> Outcome<bool> {
        env.spend(message.len())?;
        let digest = match Hash::of_digest(self.algorithm.oid) {
            Some(hash) => old(env, hash, message, password, (self.salt, self.rounds))?,
            None if self.algorithm.oid == oid::PBMAC1 => pbmac1(env, self.algorithm, message, password)?,
            None => return Err(unknown()),
        };
        Ok(verify_slices_are_equal(&digest, self.digest).is_ok())
    }
}

/// With a key derived in the way of PKCS#12.
fn old(
    env: &mut Env,
    hash: Hash,
    message: &[u8],
    password: &Password,
    (salt, rounds): (&[u8], Rounds),
) -> Outcome<Vec<u8>> {
    let key = hash.pkcs12(env, &password.wide, salt, rounds, (Purpose::Mac, hash.size()))?;
    Ok(hash.hmac(&key, message))
}

/// RFC 9579, which tells to refuse keys that are too short. None longer than a hash is of use.
fn pbmac1(env: &mut Env, algorithm: Algorithm, message: &[u8], password: &Password) -> Outcome<Vec<u8>> {
    let mut parameters = algorithm.sequence()?;
    let derivation = Algorithm::read(&mut parameters)?;
    let scheme = Algorithm::read(&mut parameters)?;
    if derivation.oid != oid::PBKDF2 {
        return Err(unknown());
    }
    let hash = Hash::of_hmac(scheme.oid).ok_or_else(unknown)?;
    let derivation = Pbkdf2::read(derivation.sequence()?)?;
    let size = derivation.size.and_then(|size| usize::try_from(size).ok());
    let size = size.filter(|size| (20..=64).contains(size));
    let size = size.ok_or(Fault::new("the key of the MAC has not from 20 to 64 bytes"))?;
    let key = derivation.key(env, password.utf8.as_bytes(), size)?;
    Ok(hash.hmac(&key, message))
}

/// With SHA-256, the modern way; what comes back is `MacData`.
pub(super) fn write(env: &mut Env, message: &[u8], password: &Password) -> Outcome<Der> {
    env.spend(message.len())?;
    let mut salt = [0; 16];
    env.random.fill(&mut salt);
    let digest = old(env, Hash::Sha256, message, password, (&salt, Rounds::USUAL))?;
    let algorithm = der::sequence(&[&der::oid(oid::SHA256)]);
    Ok(der::sequence(&[
        &der::sequence(&[&algorithm, &der::octets(&digest)]),
        &der::octets(&salt),
        &Rounds::USUAL.to_der(),
    ]))
}

fn unknown() -> Fault {
    Fault::new("authenticated by an unknown method")
}
