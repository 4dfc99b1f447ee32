//! Block ciphers in CBC mode.

use cbc::cipher::block_padding::{Padding, Pkcs7};
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _, BlockSizeUser,
    KeyInit, KeyIvInit as _,
};
use zeroize::Zeroizing;

/// With PKCS#7 padding. `None` if key or IV have not the length that the cipher wants.
pub(crate) fn encrypt<C>(key: &[u8], iv: &[u8], plain: &[u8]) -> Option<Vec<u8>>
where
    C: BlockCipherEncrypt + KeyInit,
{
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).ok()?;
    let room = plain.len() + C::block_size();
    let mut buffer = Vec::with_capacity(room); // from the start, or growing would leave a copy behind
    buffer.extend_from_slice(plain);
    buffer.resize(room, 0);
    let length = cipher
        .encrypt_padded::<Pkcs7>(&mut buffer, plain.len())
        .ok()?
        .len();
    buffer.truncate(length);
    Some(buffer)
}

/// `None` also if the text is not made of whole blocks, or is not padded as it should.
pub(crate) fn decrypt<C, P>(key: &[u8], iv: &[u8], text: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: BlockCipherDecrypt + BlockSizeUser + KeyInit,
    P: Padding,
{
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    let mut buffer = Zeroizing::new(text.to_vec());
    let length = cipher.decrypt_padded::<P>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}
