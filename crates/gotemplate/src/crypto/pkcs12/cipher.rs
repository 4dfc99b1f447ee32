//! Encryption with a password.

use ::cbc::cipher::block_padding::Pkcs7;
use ::cbc::cipher::{BlockCipherDecrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use rc2::Rc2;
use zeroize::Zeroizing;

use super::derive::{Hash, Pbkdf2, Purpose, Rounds};
use super::{Algorithm, Password, oid};
use crate::crypto::cbc;
use crate::crypto::der::{self, Der, tag};
use crate::env::Env;
use crate::fault::{Fault, Outcome};

type Plain = Zeroizing<Vec<u8>>;

/// Of key, IV and text.
type Decrypt = fn(&[u8], &[u8], &[u8]) -> Option<Plain>;

/// By any method that Go's library knows.
pub(super) fn decrypt(
    env: &mut Env,
    algorithm: Algorithm,
    text: &[u8],
    password: &Password,
) -> Outcome<Plain> {
    env.spend(text.len())?;
    match algorithm.oid {
        oid::SHA1_WITH_3DES => decrypt_old::<TdesEde3>(env, algorithm, 24, text, password),
        oid::SHA1_WITH_RC2_128 => decrypt_old::<Rc2>(env, algorithm, 16, text, password),
        oid::SHA1_WITH_RC2_40 => decrypt_old::<Rc2>(env, algorithm, 5, text, password),
        oid::PBES2 => decrypt_pbes2(env, algorithm, text, password),
        _ => Err(unknown()),
    }
}

/// A method of PKCS#12 itself.
fn decrypt_old<C: BlockCipherDecrypt + KeyInit>(
    env: &mut Env,
    algorithm: Algorithm,
    size: usize,
    text: &[u8],
    password: &Password,
) -> Outcome<Plain> {
    let mut parameters = algorithm.sequence()?;
    let salt = parameters.element(tag::OCTET_STRING)?;
    let rounds = Rounds::new(parameters.small_integer()?)?;
    let mut derive = |wanted| Hash::Sha1.pkcs12(env, &password.wide, salt, rounds, wanted);
    let key = derive((Purpose::Cipher, size))?;
    let iv = derive((Purpose::Iv, C::block_size()))?;
    cbc::decrypt::<C, Pkcs7>(&key, &iv, text).ok_or_else(undecipherable)
}

fn decrypt_pbes2(env: &mut Env, algorithm: Algorithm, text: &[u8], password: &Password) -> Outcome<Plain> {
    let mut parameters = algorithm.sequence()?;
    let derivation = Algorithm::read(&mut parameters)?;
    let scheme = Algorithm::read(&mut parameters)?;
    if derivation.oid != oid::PBKDF2 {
        return Err(unknown());
    }
    let (size, decrypt): (usize, Decrypt) = match scheme.oid {
        oid::AES128_CBC => (16, cbc::decrypt::<Aes128, Pkcs7>),
        oid::AES192_CBC => (24, cbc::decrypt::<Aes192, Pkcs7>),
        oid::AES256_CBC => (32, cbc::decrypt::<Aes256, Pkcs7>),
        _ => return Err(unknown()),
    };
    let iv = scheme.parameters.map_or(&[][..], |iv| iv.content);
    let key = Pbkdf2::read(derivation.sequence()?)?.key(env, password.utf8.as_bytes(), size)?;
    decrypt(&key, iv, text).ok_or_else(undecipherable)
}

/// By AES-256 with PBKDF2, the modern way. What comes back is the algorithm's identifier and the encrypted text.
pub(super) fn encrypt(env: &mut Env, plain: &[u8], password: &Password) -> Outcome<(Der, Vec<u8>)> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    env.random.fill(&mut salt);
    env.random.fill(&mut iv);
    env.spend(plain.len().saturating_mul(2))?;
    let derivation = Pbkdf2 {
        salt: &salt,
        rounds: Rounds::USUAL,
        size: None,
        hash: Hash::Sha256,
    };
    let key = derivation.key(env, password.utf8.as_bytes(), 32)?;
    let text =
        cbc::encrypt::<Aes256>(&key, &iv, plain).expect("key and IV are as long as the cipher wants them");
    let function = der::sequence(&[&der::oid(oid::HMAC_SHA256), der::NULL]);
    let derivation = der::sequence(&[&der::octets(&salt), &Rounds::USUAL.to_der(), &function]);
    let parameters = der::sequence(&[
        &der::sequence(&[&der::oid(oid::PBKDF2), &derivation]),
        &der::sequence(&[&der::oid(oid::AES256_CBC), &der::octets(&iv)]),
    ]);
    Ok((der::sequence(&[&der::oid(oid::PBES2), &parameters]), text))
}

fn unknown() -> Fault {
    Fault::new("encrypted by an unknown method")
}

fn undecipherable() -> Fault {
    Fault::new("cannot be decrypted with this password")
}
