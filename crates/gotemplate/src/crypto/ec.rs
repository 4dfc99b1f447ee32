//! Elliptic curve keys, for ECDSA.

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use zeroize::Zeroizing;

use super::der::{self, Der, Reader, tag};
use crate::env::Random;
use crate::fault::{Fault, Outcome};

/// The named curves. (Go knows P-224 too.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) fn from_oid(oid: &[u8]) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521]
            .into_iter()
            .find(|curve| curve.oid() == oid)
    }

    pub(crate) fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
            Self::P384 => &[0x2b, 0x81, 4, 0, 0x22],
            Self::P521 => &[0x2b, 0x81, 4, 0, 0x23],
        }
    }

    /// The bytes of a scalar, and of each coordinate.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1,
            Self::P384 => &ECDSA_P384_SHA384_ASN1,
            Self::P521 => &ECDSA_P521_SHA512_ASN1,
        }
    }
}

/// A point on its curve.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EcPublic {
    pub(crate) curve: Curve,
    /// Both coordinates, behind the byte 4.
    pub(crate) point: Vec<u8>,
}

impl EcPublic {
    /// From a point written out in full.
    pub(crate) fn from_point(curve: Curve, point: &[u8]) -> Outcome<Self> {
        let full = point.first() == Some(&4) && point.len() == 1 + 2 * curve.size();
        if !full || ParsedPublicKey::new(curve.verification(), point).is_err() {
            return Err(Fault::new("not a point of the elliptic curve"));
        }
        Ok(Self {
            curve,
            point: point.to_vec(),
        })
    }
}

#[derive(Clone)]
pub(crate) struct EcKey {
    pub(crate) public: EcPublic,
    /// As long as the curve wants it.
    scalar: Zeroizing<Vec<u8>>,
}

impl EcKey {
    /// From a scalar of the curve's size.
    pub(crate) fn from_scalar(curve: Curve, scalar: Zeroizing<Vec<u8>>) -> Outcome<Self> {
        let bad = || Fault::new("not a private key of the elliptic curve");
        let key = agreement::PrivateKey::from_private_key(curve.agreement(), &scalar).map_err(|_| bad())?;
        let point = key.compute_public_key().map_err(|_| bad())?.as_ref().to_vec();
        let public = EcPublic { curve, point };
        Ok(Self { public, scalar })
    }

    /// From both halves. Whether they belong together is not asked.
    pub(crate) fn from_parts(public: EcPublic, scalar: Zeroizing<Vec<u8>>) -> Outcome<Self> {
        let key = Self::from_scalar(public.curve, scalar)?;
        Ok(Self { public, ..key })
    }

    pub(crate) fn scalar(&self) -> &[u8] {
        &self.scalar
    }

    pub(crate) fn generate(curve: Curve, random: &mut dyn Random) -> Outcome<Self> {
        const TRIES: usize = 64;
        for _ in 0..TRIES {
            let mut scalar = Zeroizing::new(vec![0; curve.size()]);
            random.fill(&mut scalar);
            if curve == Curve::P521 {
                scalar[0] &= 1;
            }
            if let Ok(key) = Self::from_scalar(curve, scalar) {
                return Ok(key);
            }
        }
        Err(Fault::new("the random source does not give a private key"))
    }

    /// SEC 1. The curve may be told from outside, by its identifier.
    pub(crate) fn from_sec1(der: &[u8], curve: Option<&[u8]>) -> Outcome<Self> {
        let mut fields = Reader::new(der).sequence()?;
        if fields.small_integer()? != 1 {
            return Err(Fault::new("an EC private key of an unknown version"));
        }
        let scalar = fields.element(tag::OCTET_STRING)?;
        let named = match fields.optional(tag::explicit(0))? {
            Some(inner) => Some(Reader::new(inner).oid()?),
            None => None,
        };
        if let Some(inner) = fields.optional(tag::explicit(1))? {
            Reader::new(inner).bit_string()?;
        }
        let curve = curve
            .or(named)
            .and_then(Curve::from_oid)
            .ok_or_else(|| Fault::new("an unknown elliptic curve"))?;
        Self::from_scalar(curve, der::fitted(scalar, curve.size())?)
    }

    /// SEC 1, naming the curve.
    pub(crate) fn to_sec1(&self) -> Der {
        let curve = der::oid(self.public.curve.oid());
        self.sec1(&der::element(tag::explicit(0), &[&curve]))
    }

    /// SEC 1 for inside PKCS#8, which names the curve itself.
    pub(crate) fn to_bare_sec1(&self) -> Der {
        self.sec1(&[])
    }

    fn sec1(&self, curve: &[u8]) -> Der {
        let public = der::element(tag::explicit(1), &[&der::bits(&self.public.point)]);
        der::sequence(&[&der::unsigned(&[1]), &der::octets(&self.scalar), curve, &public])
    }

    /// The algorithm of [`sign`](Self::sign).
    pub(crate) fn signature_algorithm(&self) -> &'static [u8] {
        match self.public.curve {
            Curve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
            Curve::P384 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
            Curve::P521 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
        }
    }

    /// Signs with the hash that has the curve's strength.
    pub(crate) fn sign(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        let bad = || Fault::new("cannot sign with the EC private key");
        let EcPublic { curve, point } = &self.public;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing(), &self.scalar, point)
            .map_err(|_| bad())?;
        let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| bad())?;
        Ok(signature.as_ref().to_vec())
    }
}
