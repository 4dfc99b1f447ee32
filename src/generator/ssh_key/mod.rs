//! `SSHKey`: a key pair for SSH.
//!
//! The keys themselves are made by the crypto library, with randomness of its own.

mod der;
mod openssh;

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use lockstep_api::Fault;
use lockstep_api::generator::{SSHKeySpec, SshKeyType};
use rand::{Rng, RngExt as _};

use self::openssh::Key;
use crate::engine::values::Values;

const RSA_BITS: u16 = 2048;

/// Why there is no key.
#[derive(Debug)]
pub enum Failure {
    Spec(Fault),
    /// The library failed, and does not say why.
    Library,
}

impl From<Unspecified> for Failure {
    fn from(_: Unspecified) -> Self {
        Self::Library
    }
}

/// Blocks, for seconds where the key is a large one.
pub fn generate(spec: &SSHKeySpec, random: &mut dyn Rng) -> Result<Values, Failure> {
    let check = random.random();
    let comment = spec.comment.as_deref().unwrap_or_default();
    let bits = spec.key_size.map(lockstep_api::generator::SshKeySize::bits);
    match spec.key_type {
        SshKeyType::Rsa => {
            let pair = rsa::KeyPair::generate(rsa_size(bits.unwrap_or(RSA_BITS))?)?;
            of_rsa(&pair, comment, check)
        }
        SshKeyType::Ecdsa => {
            let curve = Curve::of(bits);
            let pair = EcdsaKeyPair::generate(curve.algorithm)?;
            of_ecdsa(&pair, curve.name, comment, check)
        }
        SshKeyType::Ed25519 => of_ed25519(&Ed25519KeyPair::generate()?, comment, check),
    }
}

fn rsa_size(bits: u16) -> Result<KeySize, Failure> {
    match bits {
        2048 => Ok(KeySize::Rsa2048),
        3072 => Ok(KeySize::Rsa3072),
        4096 => Ok(KeySize::Rsa4096),
        8192 => Ok(KeySize::Rsa8192),
        _ => Err(Failure::Spec(Fault::new(
            "keySize",
            format!("RSA keys are made with 2048, 3072, 4096 or 8192 bits, not with {bits}"),
        ))),
    }
}

struct Curve {
    name: &'static str,
    algorithm: &'static EcdsaSigningAlgorithm,
}

impl Curve {
    /// As in ESO, a size that no curve has stands for the smallest one.
    fn of(bits: Option<u16>) -> Self {
        let (name, algorithm) = match bits {
            Some(521) => ("nistp521", &ECDSA_P521_SHA512_ASN1_SIGNING),
            Some(384) => ("nistp384", &ECDSA_P384_SHA384_ASN1_SIGNING),
            Some(_) | None => ("nistp256", &ECDSA_P256_SHA256_ASN1_SIGNING),
        };
        Self { name, algorithm }
    }
}

fn of_rsa(pair: &rsa::KeyPair, comment: &str, check: u32) -> Result<Values, Failure> {
    let document = pair.as_der()?;
    let key = der::rsa_key(document.as_ref()).ok_or(Failure::Library)?;
    Ok(values(&Key::Rsa(key), comment, check))
}

fn of_ecdsa(pair: &EcdsaKeyPair, curve: &'static str, comment: &str, check: u32) -> Result<Values, Failure> {
    let number = pair.private_key().as_be_bytes()?;
    let key = Key::Ecdsa {
        curve,
        point: pair.public_key().as_ref(),
        number: number.as_ref(),
    };
    Ok(values(&key, comment, check))
}

fn of_ed25519(pair: &Ed25519KeyPair, comment: &str, check: u32) -> Result<Values, Failure> {
    let seed = pair.seed()?.as_be_bytes()?;
    let key = Key::Ed25519 {
        point: pair.public_key().as_ref(),
        seed: seed.as_ref(),
    };
    Ok(values(&key, comment, check))
}

fn values(key: &Key, comment: &str, check: u32) -> Values {
    let private = openssh::private_key(key, comment, check);
    Values::from([
        ("privateKey".to_owned(), private.as_slice().into()),
        ("publicKey".to_owned(), openssh::public_key(key, comment).into()),
    ])
}

#[cfg(test)]
mod tests;
