//! What RSA keys are used for: signing and decrypting.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use zeroize::Zeroizing;

use super::{RsaKey, short};
use crate::crypto::der;
use crate::crypto::key::PrivateKey;
use crate::fault::{Fault, Outcome};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OaepHash {
    Sha1,
    Sha256,
    Sha512,
}

impl OaepHash {
    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &OAEP_SHA256_MGF1SHA256,
            Self::Sha512 => &OAEP_SHA512_MGF1SHA512,
        }
    }

    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
            Self::Sha512 => &SHA512,
        }
    }
}

/// Who works with a key of that size.
enum Worker {
    Library,
    /// Sizes that the library refuses, but Go does not.
    Ourselves,
}

impl RsaKey {
    /// PKCS#1 v1.5 with SHA-256.
    pub(crate) fn sign(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        match self.worker()? {
            Worker::Library => self.sign_by_library(message),
            Worker::Ourselves => short::sign(self, message),
        }
    }

    /// OAEP without a label.
    pub(crate) fn decrypt(&self, hash: OaepHash, ciphertext: &[u8]) -> Outcome<Zeroizing<Vec<u8>>> {
        let size = self.public.n.len();
        if ciphertext.len() > size {
            return Err(cannot_decrypt());
        }
        let ciphertext = der::fitted(ciphertext, size)?; // its first zeros may be missing
        match self.worker()? {
            Worker::Library => self.decrypt_by_library(hash, &ciphertext),
            Worker::Ourselves => short::decrypt(self, hash, &ciphertext),
        }
    }

    fn worker(&self) -> Outcome<Worker> {
        match self.public.bits() {
            0..1024 => Err(Fault::new("an RSA key of less than 1024 bits is insecure")),
            1024..2048 => Ok(Worker::Ourselves),
            2048..=8192 => Ok(Worker::Library),
            _ => Err(Fault::new("an RSA key of more than 8192 bits is too slow to use")),
        }
    }

    fn sign_by_library(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        let failed = || Fault::new("cannot sign with the RSA key");
        let pair = KeyPair::from_der(&self.to_pkcs1()).map_err(|_| failed())?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| failed())?;
        Ok(signature)
    }

    fn decrypt_by_library(&self, hash: OaepHash, ciphertext: &[u8]) -> Outcome<Zeroizing<Vec<u8>>> {
        let der = PrivateKey::Rsa(self.clone()).to_pkcs8_der();
        let key = PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| cannot_decrypt())?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| cannot_decrypt())?;
        let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
        let length = key
            .decrypt(hash.algorithm(), ciphertext, &mut buffer, None)
            .map_err(|_| cannot_decrypt())?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

pub(super) fn cannot_decrypt() -> Fault {
    Fault::new("cannot decrypt with the RSA key")
}
