//! The object identifiers in a PKCS#12 file, by their content.

macro_rules! pkcs {
    ($($rest:literal),+) => {
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, $($rest),+]
    };
}

pub(super) const DATA: &[u8] = pkcs!(1, 7, 1);
pub(super) const ENCRYPTED_DATA: &[u8] = pkcs!(1, 7, 6);

pub(super) const KEY_BAG: &[u8] = pkcs!(1, 12, 10, 1, 1);
pub(super) const SHROUDED_KEY_BAG: &[u8] = pkcs!(1, 12, 10, 1, 2);
pub(super) const CERTIFICATE_BAG: &[u8] = pkcs!(1, 12, 10, 1, 3);
pub(super) const X509_CERTIFICATE: &[u8] = pkcs!(1, 9, 22, 1);

pub(super) const FRIENDLY_NAME: &[u8] = pkcs!(1, 9, 20);
pub(super) const LOCAL_KEY_ID: &[u8] = pkcs!(1, 9, 21);
/// Oracle's, by which Java knows whom to trust, and for what.
pub(super) const TRUSTED_KEY_USAGE: &[u8] = &[0x60, 0x86, 0x48, 1, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 1, 1];
pub(super) const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0];

pub(super) const SHA1_WITH_3DES: &[u8] = pkcs!(1, 12, 1, 3);
pub(super) const SHA1_WITH_RC2_128: &[u8] = pkcs!(1, 12, 1, 5);
pub(super) const SHA1_WITH_RC2_40: &[u8] = pkcs!(1, 12, 1, 6);
pub(super) const PBES2: &[u8] = pkcs!(1, 5, 13);
pub(super) const PBMAC1: &[u8] = pkcs!(1, 5, 14);
pub(super) const PBKDF2: &[u8] = pkcs!(1, 5, 12);

pub(super) const HMAC_SHA1: &[u8] = pkcs!(2, 7);
pub(super) const HMAC_SHA256: &[u8] = pkcs!(2, 9);
pub(super) const HMAC_SHA512: &[u8] = pkcs!(2, 11);

pub(super) const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub(super) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];

pub(super) const AES128_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2];
pub(super) const AES192_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x16];
pub(super) const AES256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a];
