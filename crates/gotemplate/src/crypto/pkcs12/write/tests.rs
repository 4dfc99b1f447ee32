//! Files as other programs write them: built here from the same parts, and read.
//!
//! Salts count up from zero. The hashes are those of what Go's library (go-pkcs12 0.7.4) writes with such salts; it
//! does not write AES of 128 and 192 bits, but it and OpenSSL 3.0 have read the file with that hash.

use std::time::SystemTime;

use ::cbc::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192};
use des::TdesEde3;
use lockstep_gostd::hex;
use rc2::Rc2;
use sha2::Sha256;

use super::super::decode;
use super::super::derive::{Hash, Pbkdf2, Purpose, Rounds};
use super::*;
use crate::crypto::cbc;
use crate::crypto::pem;
use crate::crypto::testing::{AUTHORITY, ed25519};
use crate::fault::Fault;
use crate::functions::testing::Counting;

const PASSWORD: &str = "pä";

/// The identifier of an algorithm, and what it makes of a text.
type Encrypted = Outcome<(Der, Vec<u8>)>;

/// How a program protects what it writes.
struct Method {
    certificates: fn(&mut Env, &[u8], &Password) -> Encrypted,
    key: fn(&mut Env, &[u8], &Password) -> Encrypted,
    mac: fn(&mut Env, &[u8], &Password) -> Outcome<Der>,
}

const RC2_40_AND_3DES: Method = Method {
    certificates: |env, plain, password| old::<Rc2>(env, (oid::SHA1_WITH_RC2_40, 5), plain, password),
    key: |env, plain, password| old::<TdesEde3>(env, (oid::SHA1_WITH_3DES, 24), plain, password),
    mac: |env, message, password| old_mac::<8>(env, (oid::SHA1, 1), message, password),
};

const RC2_128: Method = Method {
    certificates: |env, plain, password| old::<Rc2>(env, (oid::SHA1_WITH_RC2_128, 16), plain, password),
    key: |env, plain, password| old::<Rc2>(env, (oid::SHA1_WITH_RC2_128, 16), plain, password),
    mac: |env, message, password| old_mac::<8>(env, (oid::SHA256, 2048), message, password),
};

/// Of few rounds, so that it can be read often.
const AES_128_AND_192: Method = Method {
    certificates: |env, plain, password| pbes2::<Aes128>(env, (oid::AES128_CBC, 16), plain, password),
    key: |env, plain, password| pbes2::<Aes192>(env, (oid::AES192_CBC, 24), plain, password),
    mac: |env, message, password| old_mac::<16>(env, (oid::SHA512, 3), message, password),
};

const PBMAC1: Method = Method {
    certificates: cipher::encrypt,
    key: cipher::encrypt,
    mac: pbmac1,
};

/// The ways of PKCS#12 itself.
fn old<C: BlockCipherEncrypt + KeyInit>(
    env: &mut Env,
    (kind, size): (&[u8], usize),
    plain: &[u8],
    password: &Password,
) -> Encrypted {
    let salt = salt::<8>(env);
    let mut derive = |wanted| Hash::Sha1.pkcs12(env, &password.wide, &salt, Rounds::USUAL, wanted);
    let (key, iv) = (derive((Purpose::Cipher, size))?, derive((Purpose::Iv, 8))?);
    let text = cbc::encrypt::<C>(&key, &iv, plain).expect("key and IV fit");
    let parameters = der::sequence(&[&der::octets(&salt), &Rounds::USUAL.to_der()]);
    Ok((der::sequence(&[&der::oid(kind), &parameters]), text))
}

fn old_mac<const SALT: usize>(
    env: &mut Env,
    (kind, rounds): (&[u8], i64),
    message: &[u8],
    password: &Password,
) -> Outcome<Der> {
    let salt = salt::<SALT>(env);
    let hash = Hash::of_digest(kind).expect("a hash");
    let wanted = (Purpose::Mac, hash.size());
    let key = hash.pkcs12(env, &password.wide, &salt, Rounds::new(rounds)?, wanted)?;
    let digest = der::octets(&hash.hmac(&key, message));
    let info = der::sequence(&[&der::sequence(&[&der::oid(kind)]), &digest]);
    // Once is what goes without saying.
    let rounds = if rounds == 1 {
        Der::default()
    } else {
        der::integer(rounds)
    };
    Ok(der::sequence(&[&info, &der::octets(&salt), &rounds]))
}

fn pbes2<C: BlockCipherEncrypt + KeyInit>(
    env: &mut Env,
    (kind, size): (&[u8], usize),
    plain: &[u8],
    password: &Password,
) -> Encrypted {
    let (salt, iv) = (salt::<16>(env), salt::<16>(env));
    let derivation = Pbkdf2 {
        salt: &salt,
        rounds: Rounds::new(3)?,
        size: None,
        hash: Hash::Sha512,
    };
    let key = derivation.key(env, password.utf8.as_bytes(), size)?;
    let text = cbc::encrypt::<C>(&key, &iv, plain).expect("key and IV fit");
    let function = der::sequence(&[&der::oid(oid::HMAC_SHA512), der::NULL]);
    let derivation = der::sequence(&[&der::octets(&salt), &derivation.rounds.to_der(), &function]);
    let parameters = der::sequence(&[
        &der::sequence(&[&der::oid(oid::PBKDF2), &derivation]),
        &der::sequence(&[&der::oid(kind), &der::octets(&iv)]),
    ]);
    Ok((der::sequence(&[&der::oid(oid::PBES2), &parameters]), text))
}

/// RFC 9579: all parameters stand in the algorithm, and those beside it are empty.
fn pbmac1(env: &mut Env, message: &[u8], password: &Password) -> Outcome<Der> {
    let salt = salt::<16>(env);
    let derivation = Pbkdf2 {
        salt: &salt,
        rounds: Rounds::USUAL,
        size: Some(32),
        hash: Hash::Sha256,
    };
    let key = derivation.key(env, password.utf8.as_bytes(), 32)?;
    let hmac = der::sequence(&[&der::oid(oid::HMAC_SHA256)]);
    let derivation = der::sequence(&[
        &der::octets(&salt),
        &Rounds::USUAL.to_der(),
        &der::integer(32),
        &hmac,
    ]);
    let derivation = der::sequence(&[&der::oid(oid::PBKDF2), &derivation]);
    let algorithm = der::sequence(&[&der::oid(oid::PBMAC1), &der::sequence(&[&derivation, &hmac])]);
    let digest = der::octets(&Hash::Sha256.hmac(&key, message));
    Ok(der::sequence(&[
        &der::sequence(&[&algorithm, &digest]),
        &der::octets(&[]),
        &der::integer(0),
    ]))
}

fn salt<const SIZE: usize>(env: &mut Env) -> [u8; SIZE] {
    let mut salt = [0; SIZE];
    env.random.fill(&mut salt);
    salt
}

fn with_env<T>(body: impl FnOnce(&mut Env) -> T) -> T {
    let mut random = Counting::default();
    body(&mut Env::new(SystemTime::UNIX_EPOCH, &mut random, 1 << 32))
}

fn certificate() -> Certificate {
    let (block, _) = pem::decode(AUTHORITY.as_bytes()).expect("a block");
    Certificate::from_der(&block.bytes).expect("a certificate")
}

fn local_key_id() -> Der {
    attribute(oid::LOCAL_KEY_ID, &der::octets(&Sha1::digest(&certificate().raw)))
}

impl Method {
    fn file(&self) -> Vec<u8> {
        with_env(|env| self.write(env)).unwrap_or_else(|_| panic!("a file"))
    }

    fn write(&self, env: &mut Env) -> Outcome<Vec<u8>> {
        let password = &Password::new(PASSWORD.as_bytes())?;
        let (algorithm, text) = (self.key)(env, &ed25519().to_pkcs8_der(), password)?;
        let value = der::sequence(&[&algorithm, &der::octets(&text)]);
        let key = bag(oid::SHROUDED_KEY_BAG, &value, &[&local_key_id()]);
        let bag = certificate_bag(&certificate(), vec![local_key_id()]);
        let (algorithm, text) = (self.certificates)(env, &der::sequence(&[&bag]), password)?;
        let text = der::element(tag::implicit(0), &[&text]);
        let info = der::sequence(&[&der::oid(oid::DATA), &algorithm, &text]);
        let data = der::sequence(&[&der::unsigned(&[0]), &info]);
        let safe = der::sequence(&[
            &content_info(oid::ENCRYPTED_DATA, &data),
            &content_info(oid::DATA, &der::octets(&der::sequence(&[&key]))),
        ]);
        let mac = (self.mac)(env, &safe, password)?;
        let info = content_info(oid::DATA, &der::octets(&safe));
        Ok(der::sequence(&[&der::unsigned(&[3]), &info, &mac]).to_vec())
    }
}

/// Neither encrypted nor authenticated.
fn bare() -> Vec<u8> {
    let key = bag(oid::KEY_BAG, &ed25519().to_pkcs8_der(), &[&local_key_id()]);
    let certificate = certificate_bag(&certificate(), vec![local_key_id()]);
    let parts = [certificate, key].map(|bag| content_info(oid::DATA, &der::octets(&der::sequence(&[&bag]))));
    let safe = der::sequence(&[&parts[0], &parts[1]]);
    let info = content_info(oid::DATA, &der::octets(&safe));
    der::sequence(&[&der::unsigned(&[3]), &info]).to_vec()
}

/// The file holds the one key and its certificate.
fn read(file: &[u8], password: &str) -> Result<(), String> {
    let identity = with_env(|env| decode(env, file, password.as_bytes())).map_err(|fault| match fault {
        Fault::Says(why) => why.into_owned(),
        Fault::Chosen(_) => panic!("nobody fails on purpose"),
    })?;
    assert!(identity.key.to_pkcs8_der() == ed25519().to_pkcs8_der());
    let certificates: Vec<&[u8]> = identity.certificates.iter().map(|it| &*it.raw).collect();
    assert_eq!(certificates, [&*certificate().raw]);
    Ok(())
}

fn hash(file: &[u8]) -> String {
    hex::encode(&Sha256::digest(file))
}

#[test]
fn files_of_others_are_read() {
    for (name, method, expected) in [
        (
            "RC2 of 40 bits and 3DES",
            RC2_40_AND_3DES,
            "3b1f409405af19b07e8c3e3a69b910c9eb026afd412476503bfddd1c1687735b",
        ),
        (
            "RC2 of 128 bits and SHA-256",
            RC2_128,
            "2b87371c411a903121971e1631c0c59f8c3db883ae68fbc62a50d81310c4988e",
        ),
        (
            "AES of 128 and 192 bits and SHA-512",
            AES_128_AND_192,
            "625e57c8aa3381443cab679cb56d06a5668324a3f3fad7800e2b4de7f6cfda10",
        ),
        (
            "PBMAC1",
            PBMAC1,
            "f329613a2e53db011eaea7077dd0831fc7c441063807a56322cf428502573395",
        ),
    ] {
        let file = method.file();
        assert_eq!(hash(&file), expected, "{name}");
        assert_eq!(read(&file, PASSWORD), Ok(()), "{name}");
        assert_eq!(
            read(&file, "other"),
            Err("the password is wrong".into()),
            "{name}"
        );
    }
}

#[test]
fn a_file_without_a_mac_has_no_password() {
    let file = bare();
    assert_eq!(
        hash(&file),
        "b5335b4f63a1fad46c463721004d28cc6f2fee3184af87c1e9c586b262a3b76b"
    );
    assert_eq!(read(&file, ""), Ok(()));
    assert_eq!(read(&file, "pw"), Err("no MAC in the file".into()));
}

/// BER may leave the length open; Go reads DER only.
#[test]
fn open_lengths_are_refused() {
    let mut file = bare();
    file[1] = 0x80;
    file.extend([0, 0]);
    assert_eq!(read(&file, ""), Err("malformed DER".into()));
}

#[test]
fn broken_files_are_refused_in_order() {
    let decode = |file: &[u8], password: &str| {
        drop(with_env(|env| decode(env, file, password.as_bytes())));
    };
    for whole in [bare(), AES_128_AND_192.file()] {
        for at in 0..whole.len() {
            let mut file = whole.clone();
            for byte in [0, 0x30, 0x7f, 0xff] {
                file[at] = byte;
                decode(&file, PASSWORD);
                decode(&file, "");
            }
            decode(&whole[..at], "");
        }
    }
}
