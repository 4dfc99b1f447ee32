//! What RSA keys are used for: signing and decrypting.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use zeroize::Zeroizing;

use super::RsaKey;
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
}

impl RsaKey {
    /// PKCS#1 v1.5 with SHA-256.
    pub(crate) fn sign(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        let failed = || Fault::new("cannot sign with the RSA key");
        let pair = KeyPair::from_der(&self.to_pkcs1()).map_err(|_| failed())?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| failed())?;
        Ok(signature)
    }

    /// OAEP without a label.
    pub(crate) fn decrypt(&self, hash: OaepHash, ciphertext: &[u8]) -> Outcome<Zeroizing<Vec<u8>>> {
        let failed = || Fault::new("cannot decrypt with the RSA key");
        let der = PrivateKey::Rsa(self.clone()).to_pkcs8_der();
        let key = PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| failed())?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| failed())?;
        let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
        let length = key
            .decrypt(hash.algorithm(), ciphertext, &mut buffer, None)
            .map_err(|_| failed())?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}
