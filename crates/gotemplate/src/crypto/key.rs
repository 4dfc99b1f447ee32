//! Private and public keys of any kind.

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::der::{self, Der, Element, Reader, tag};
use super::dsa;
use super::ec::{Curve, EcKey, EcPublic};
use super::okp::{self, Kind, OkpKey};
use super::pem;
use super::rsa::{RsaKey, RsaPublic};
use crate::fault::{Fault, Outcome};

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

#[derive(Clone)]
pub(crate) enum PrivateKey {
    Rsa(RsaKey),
    Ec(EcKey),
    Okp(OkpKey),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa(RsaPublic),
    Ec(EcPublic),
    Okp(Kind, Vec<u8>),
}

impl PrivateKey {
    /// The key in the first PEM block, whatever the block calls itself.
    pub(crate) fn from_pem(text: &[u8]) -> Outcome<Self> {
        let (block, _) = pem::decode(text).ok_or_else(|| Fault::new("no PEM block"))?;
        Self::from_der(&block.bytes)
    }

    /// PKCS#1, PKCS#8 or SEC 1.
    pub(crate) fn from_der(der: &[u8]) -> Outcome<Self> {
        RsaKey::from_pkcs1(der)
            .map(Self::Rsa)
            .or_else(|_| Self::from_pkcs8_der(der))
            .or_else(|_| EcKey::from_sec1(der, None).map(Self::Ec))
            .map_err(|_| Fault::new("not a private key: neither PKCS#1 nor PKCS#8 nor SEC 1"))
    }

    /// The key in the first PEM block, of the kind that the block's label tells. Nothing for a DSA key, which can be
    /// kept but not used.
    pub(crate) fn from_labelled_pem(text: &[u8]) -> Outcome<Option<Self>> {
        let (block, _) = pem::decode(text).ok_or_else(|| Fault::new("no PEM data in input"))?;
        match block.label.as_slice() {
            b"PRIVATE KEY" => Self::from_pkcs8_der(&block.bytes).map(Some),
            b"RSA PRIVATE KEY" => RsaKey::from_pkcs1(&block.bytes).map(Self::Rsa).map(Some),
            b"EC PRIVATE KEY" => EcKey::from_sec1(&block.bytes, None).map(Self::Ec).map(Some),
            b"DSA PRIVATE KEY" => dsa::check(&block.bytes).map(|()| None),
            _ => Err(Fault::new("a PEM block of no known private key")),
        }
    }

    /// PEM of the form that is the key's own: PKCS#1 or SEC 1, else PKCS#8.
    pub(crate) fn to_pem(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Rsa(key) => pem::wrap("RSA PRIVATE KEY", &key.to_pkcs1()),
            Self::Ec(key) => pem::wrap("EC PRIVATE KEY", &key.to_sec1()),
            Self::Okp(_) => pem::wrap("PRIVATE KEY", &self.to_pkcs8_der()),
        }
    }

    pub(crate) fn from_pkcs8_der(der: &[u8]) -> Outcome<Self> {
        let mut fields = Reader::new(der).sequence()?;
        fields.small_integer()?;
        let mut algorithm = fields.sequence()?;
        let inner = fields.element(tag::OCTET_STRING)?;
        let kind = algorithm.element(tag::OID)?;
        let parameters = if algorithm.is_empty() {
            None
        } else {
            Some(algorithm.any()?)
        };
        match (kind, parameters) {
            (RSA, _) => RsaKey::from_pkcs1(inner).map(Self::Rsa),
            (EC, parameters) => {
                let curve = parameters.filter(|it| it.tag == tag::OID).map(|it| it.content);
                EcKey::from_sec1(inner, curve).map(Self::Ec)
            }
            (oid, None) => {
                let kind = [Kind::Ed25519, Kind::X25519]
                    .into_iter()
                    .find(|kind| kind.oid() == oid);
                let kind = kind.ok_or_else(|| Fault::new("a private key of an unknown kind"))?;
                let seed = Reader::new(inner).element(tag::OCTET_STRING)?;
                OkpKey::from_seed(kind, seed).map(Self::Okp)
            }
            _ => Err(Fault::new("a private key of an unknown kind")),
        }
    }

    pub(crate) fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let inner = match self {
            Self::Rsa(key) => key.to_pkcs1(),
            Self::Ec(key) => key.to_bare_sec1(),
            Self::Okp(key) => der::octets(&key.seed),
        };
        der::sequence(&[
            &der::unsigned(&[0]),
            &algorithm(&self.public()),
            &der::octets(&inner),
        ])
    }

    /// Signs as a certificate is signed.
    pub(crate) fn sign(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        match self {
            Self::Rsa(key) => key.sign(message),
            Self::Ec(key) => key.sign(message),
            Self::Okp(key) => key.sign(message),
        }
    }

    /// The identifier of what [`sign`](Self::sign) does.
    pub(crate) fn signature_algorithm(&self) -> Outcome<Der> {
        match self {
            Self::Rsa(_) => Ok(der::sequence(&[&der::oid(RSA_SHA256), der::NULL])),
            Self::Ec(key) => Ok(der::sequence(&[&der::oid(key.signature_algorithm())])),
            Self::Okp(key) => match key.kind {
                Kind::Ed25519 => Ok(algorithm(&self.public())),
                Kind::X25519 => Err(Fault::new("an X25519 key cannot sign")),
            },
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Rsa(key) => PublicKey::Rsa(key.public.clone()),
            Self::Ec(key) => PublicKey::Ec(key.public.clone()),
            Self::Okp(key) => PublicKey::Okp(key.kind, key.public.clone()),
        }
    }
}

impl PublicKey {
    /// A key as it stands in a certificate; nothing for a kind that is not looked into.
    pub(crate) fn from_bits(kind: &[u8], parameters: Option<Element>, bits: &[u8]) -> Outcome<Option<Self>> {
        let is_ed25519 = kind == Kind::Ed25519.oid();
        match (kind, parameters) {
            (RSA, Some(parameters)) if parameters.full == der::NULL => {
                RsaPublic::from_der(bits).map(|key| Some(Self::Rsa(key)))
            }
            (EC, Some(parameters)) => {
                let curve = Reader::new(parameters.full).oid()?;
                let curve = Curve::from_oid(curve).ok_or_else(|| Fault::new("an unknown elliptic curve"))?;
                EcPublic::from_point(curve, bits).map(|key| Some(Self::Ec(key)))
            }
            (_, None) if is_ed25519 && bits.len() == okp::SIZE => {
                Ok(Some(Self::Okp(Kind::Ed25519, bits.to_vec())))
            }
            _ if is_ed25519 || matches!(kind, RSA | EC) => Err(Fault::new("a malformed public key")),
            _ => Ok(None),
        }
    }

    /// The key's bits as they stand in a certificate.
    pub(crate) fn to_bits(&self) -> Der {
        match self {
            Self::Rsa(key) => key.to_der(),
            Self::Ec(key) => Zeroizing::new(key.point.clone()),
            Self::Okp(_, key) => Zeroizing::new(key.clone()),
        }
    }

    /// What certificates name the key by.
    pub(crate) fn id(&self) -> [u8; 20] {
        let hash = digest(&SHA256, &self.to_bits());
        let mut id = [0; 20];
        for (byte, hash) in id.iter_mut().zip(hash.as_ref()) {
            *byte = *hash;
        }
        id
    }

    /// PKIX, called `SubjectPublicKeyInfo` too.
    pub(crate) fn to_pkix_der(&self) -> Der {
        der::sequence(&[&algorithm(self), &der::bits(&self.to_bits())])
    }
}

/// The identifier of the key's kind.
fn algorithm(key: &PublicKey) -> Der {
    match key {
        PublicKey::Rsa(_) => der::sequence(&[&der::oid(RSA), der::NULL]),
        PublicKey::Ec(key) => der::sequence(&[&der::oid(EC), &der::oid(key.curve.oid())]),
        PublicKey::Okp(kind, _) => der::sequence(&[&der::oid(kind.oid())]),
    }
}
