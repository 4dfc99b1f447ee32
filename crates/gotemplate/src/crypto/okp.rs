//! Ed25519 and X25519 keys.

use aws_lc_rs::agreement::{self, X25519};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

use crate::env::Random;
use crate::fault::{Fault, Outcome};

pub(crate) const SIZE: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ed25519,
    /// Can be stored, but does not sign.
    X25519,
}

impl Kind {
    pub(crate) fn oid(self) -> &'static [u8] {
        match self {
            Self::X25519 => &[0x2b, 0x65, 0x6e],
            Self::Ed25519 => &[0x2b, 0x65, 0x70],
        }
    }
}

#[derive(Clone)]
pub(crate) struct OkpKey {
    pub(crate) kind: Kind,
    pub(crate) seed: Zeroizing<Vec<u8>>,
    pub(crate) public: Vec<u8>,
}

impl OkpKey {
    pub(crate) fn from_seed(kind: Kind, seed: &[u8]) -> Outcome<Self> {
        let public = match kind {
            _ if seed.len() != SIZE => None,
            Kind::Ed25519 => pair(seed).ok().map(|pair| pair.public_key().as_ref().to_vec()),
            Kind::X25519 => agreement::PrivateKey::from_private_key(&X25519, seed)
                .ok()
                .and_then(|key| key.compute_public_key().ok())
                .map(|public| public.as_ref().to_vec()),
        };
        Ok(Self {
            kind,
            seed: Zeroizing::new(seed.to_vec()),
            public: public.ok_or_else(|| Fault::new("a private key of a wrong length"))?,
        })
    }

    pub(crate) fn generate(random: &mut dyn Random) -> Outcome<Self> {
        let mut seed = Zeroizing::new([0; SIZE]);
        random.fill(&mut *seed);
        Self::from_seed(Kind::Ed25519, &*seed)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        match self.kind {
            Kind::Ed25519 => Ok(pair(&self.seed)?.sign(message).as_ref().to_vec()),
            Kind::X25519 => Err(Fault::new("an X25519 key cannot sign")),
        }
    }
}

fn pair(seed: &[u8]) -> Outcome<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Fault::new("an Ed25519 key of a wrong length"))
}
