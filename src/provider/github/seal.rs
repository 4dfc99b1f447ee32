//! libsodium's sealed box: who knows the public key can seal, and only the private key opens.
//!
//! A key made for this one message and the recipient's agree on a secret (X25519), which `XSalsa20` encrypts with and
//! Poly1305 authenticates. The nonce is a digest of both public keys, and the first of them goes before the box.

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use blake2::{Blake2b, Digest as _};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit as _;
use salsa20::cipher::consts::{U10, U24};
use salsa20::cipher::{KeyIvInit as _, StreamCipher as _};
use salsa20::{XSalsa20, hsalsa};
use zeroize::Zeroizing;

/// `None`: no message can be sealed for that key.
pub(super) fn seal(message: &[u8], recipient: &[u8; 32]) -> Option<Vec<u8>> {
    seal_with(&PrivateKey::generate(&X25519).ok()?, message, recipient)
}

fn seal_with(key: &PrivateKey, message: &[u8], recipient: &[u8; 32]) -> Option<Vec<u8>> {
    let public = key.compute_public_key().ok()?;
    let nonce = Blake2b::<U24>::new()
        .chain_update(public.as_ref())
        .chain_update(recipient)
        .finalize();
    let theirs = UnparsedPublicKey::new(&X25519, recipient.as_slice());
    agree(key, theirs, (), |secret| {
        let secret: [u8; 32] = secret.try_into().map_err(drop)?;
        let mut cipher = XSalsa20::new(&hsalsa::<U10>(&secret.into(), &[0; 16].into()), &nonce);
        let mut authenticator = Zeroizing::new([0; 32]);
        cipher.apply_keystream(authenticator.as_mut_slice());
        let mut encrypted = message.to_vec();
        cipher.apply_keystream(&mut encrypted);
        let tag = Poly1305::new(&(*authenticator).into()).compute_unpadded(&encrypted);
        Ok([public.as_ref(), tag.as_slice(), &encrypted].concat())
    })
    .ok()
}

#[cfg(test)]
pub(super) mod tests {
    use lockstep_gostd::hex;

    use super::*;

    /// As libsodium has it.
    const SEALED: &str = "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209cb89b9f467e763dd03a9bc6cfd41\
        e958c2a902228b711911d28721ccbd5254cd2a8101e7aedbaec4c18e90e6a530f542e15d0627b78881aeab3f01352de6fb5a865c5d3db243aa\
        f80e47ad5a37097c07fa28ecf770cfd35f6ec14125165907312e716cdda0b89b01";

    fn key(byte: u8) -> PrivateKey {
        PrivateKey::from_private_key(&X25519, &[byte; 32]).expect("any bytes are a key")
    }

    fn public(key: &PrivateKey) -> [u8; 32] {
        let public = key.compute_public_key().expect("a public key");
        public.as_ref().try_into().expect("32 bytes")
    }

    /// What was sealed for this key.
    pub(in crate::provider::github) fn open(sealed: &[u8], recipient: &PrivateKey) -> Option<Vec<u8>> {
        let (sender, boxed) = sealed.split_first_chunk::<32>()?;
        let (tag, encrypted) = boxed.split_first_chunk::<16>()?;
        let nonce = Blake2b::<U24>::new()
            .chain_update(sender)
            .chain_update(public(recipient))
            .finalize();
        let theirs = UnparsedPublicKey::new(&X25519, sender.as_slice());
        agree(recipient, theirs, (), |secret| {
            let secret: [u8; 32] = secret.try_into().map_err(drop)?;
            let mut cipher = XSalsa20::new(&hsalsa::<U10>(&secret.into(), &[0; 16].into()), &nonce);
            let mut authenticator = [0; 32];
            cipher.apply_keystream(&mut authenticator);
            let expected = Poly1305::new(&authenticator.into()).compute_unpadded(encrypted);
            let mut message = encrypted.to_vec();
            cipher.apply_keystream(&mut message);
            (expected.as_slice() == tag).then_some(message).ok_or(())
        })
        .ok()
    }

    #[test]
    fn a_message_is_sealed_as_by_libsodium() {
        let message =
            b"a value that is longer than one block of sixty-four bytes, so that the keystream goes on";
        let sealed = seal_with(&key(1), message, &public(&key(2))).expect("sealed");
        assert_eq!(hex::encode(&sealed), SEALED);
        assert_eq!(open(&sealed, &key(2)).as_deref(), Some(message.as_slice()));
        assert_eq!(open(&sealed, &key(3)), None);
    }

    #[test]
    fn each_message_has_a_key_of_its_own() {
        let recipient = public(&key(2));
        let [one, other] = [(); 2].map(|()| seal(b"value", &recipient).expect("sealed"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 32 + 16 + 5);
        assert_eq!(seal(b"value", &[0; 32]), None, "that is no public key");
    }
}
