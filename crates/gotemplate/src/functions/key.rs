//! Private and public keys.

use super::{Args, Function, Param};
use crate::crypto::ec::{Curve, EcKey};
use crate::crypto::jwk::Jwk;
use crate::crypto::key::PrivateKey;
use crate::crypto::okp::OkpKey;
use crate::crypto::rsa::{KeySize, OaepHash, RsaKey};
use crate::crypto::{dsa, pem};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::{Text, Value};

/// What operations cost, in bytes that could be made in the same time.
pub(super) mod cost {
    pub(crate) const SIGNATURE: usize = 50_000;
    pub(crate) const RSA_2048: usize = 500_000;
    pub(crate) const RSA_4096: usize = 4_000_000;
    pub(crate) const DSA: usize = 10_000_000;
}

/// An unknown kind is told in place of a key.
fn gen_private_key(env: &mut Env, args: Args) -> Outcome {
    let kind = args.text(0)?;
    let text = match kind.bytes() {
        b"" | b"rsa" => {
            env.spend(cost::RSA_4096)?;
            PrivateKey::Rsa(RsaKey::generate(KeySize::Rsa4096)?).to_pem()
        }
        b"dsa" => {
            env.spend(cost::DSA)?;
            pem::wrap("DSA PRIVATE KEY", &dsa::generate(env.random)?)
        }
        b"ecdsa" => {
            env.spend(cost::SIGNATURE)?;
            PrivateKey::Ec(EcKey::generate(Curve::P256, env.random)?).to_pem()
        }
        b"ed25519" => {
            env.spend(cost::SIGNATURE)?;
            PrivateKey::Okp(OkpKey::generate(env.random)?).to_pem()
        }
        unknown => {
            env.spend(unknown.len())?;
            return Ok(Value::text([b"Unknown type ", unknown].concat()));
        }
    };
    Ok(Value::text(text.as_slice()))
}

fn jwk_public_key_pem(env: &mut Env, args: Args) -> Outcome {
    match parse_jwk(env, args.text(0)?)? {
        Jwk::Public(key) => Ok(Value::text(
            pem::wrap("PUBLIC KEY", &key.to_pkix_der()).as_slice(),
        )),
        Jwk::Private(_) => Err(Fault::new(
            "a JWK with a private key, where a public one is needed",
        )),
    }
}

fn jwk_private_key_pem(env: &mut Env, args: Args) -> Outcome {
    match parse_jwk(env, args.text(0)?)? {
        Jwk::Private(key) => Ok(Value::text(
            pem::wrap("PRIVATE KEY", &key.to_pkcs8_der()).as_slice(),
        )),
        Jwk::Public(_) => Err(Fault::new(
            "a JWK with a public key, where a private one is needed",
        )),
    }
}

fn parse_jwk(env: &mut Env, json: &Text) -> Outcome<Jwk> {
    env.spend(json.len().saturating_mul(4))?;
    Jwk::parse(json)
}

/// Scheme, hash, ciphertext and private key. The scheme `None` leaves the text as it is.
fn rsa_decrypt(env: &mut Env, args: Args) -> Outcome {
    match args.text(0)?.bytes() {
        b"None" => return Ok(Value::Text(args.text(2)?.clone())),
        b"RSA-OAEP" => {}
        _ => return Err(Fault::new("the decryption scheme is not supported")),
    }
    let hash = match args.text(1)?.bytes() {
        b"SHA1" => OaepHash::Sha1,
        b"SHA512" => OaepHash::Sha512,
        _ => OaepHash::Sha256,
    };
    env.spend(cost::SIGNATURE)?;
    match PrivateKey::from_pem(args.text(3)?)? {
        PrivateKey::Rsa(key) => Ok(Value::text(key.decrypt(hash, args.text(2)?)?.as_slice())),
        _ => Err(Fault::new("could not parse RSA private key")),
    }
}

pub(super) const TABLE: &[Function] = &[
    Function::new("genPrivateKey", &[Param::Text], gen_private_key),
    Function::new("jwkPrivateKeyPem", &[Param::Text], jwk_private_key_pem),
    Function::new("jwkPublicKeyPem", &[Param::Text], jwk_public_key_pem),
    Function::new(
        "rsaDecrypt",
        &[Param::Text, Param::Text, Param::Text, Param::Text],
        rsa_decrypt,
    ),
];
