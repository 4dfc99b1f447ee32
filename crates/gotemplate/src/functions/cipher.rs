//! AES-256-CBC as sprig has it: the password is the key, cut or filled up with zeros to 32 bytes, and the IV stands in
//! front of the text.

use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use lockstep_gostd::base64::{self, Alphabet};
use zeroize::Zeroizing;

use super::{Args, Function, Param};
use crate::crypto::cbc::{decrypt, encrypt};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    Function::new("decryptAES", &[Param::Text, Param::Text], decrypt_aes),
    Function::new("encryptAES", &[Param::Text, Param::Text], encrypt_aes),
];

const BLOCK: usize = 16;

fn encrypt_aes(env: &mut Env, args: Args) -> Outcome {
    let (password, plain) = (args.text(0)?, args.text(1)?);
    if plain.is_empty() {
        return Ok(Value::text(""));
    }
    env.spend(plain.len().saturating_mul(2))?;
    let mut iv = [0; BLOCK];
    env.random.fill(&mut iv);
    let encrypted = encrypt::<Aes256>(&*key(password), &iv, plain)
        .expect("key and IV are as long as the cipher wants them");
    Ok(Value::text(base64::encode(&[&iv, encrypted.as_slice()].concat())))
}

/// Go leaves the padding unchecked: only its last byte counts, which says how much to cut off.
fn decrypt_aes(env: &mut Env, args: Args) -> Outcome {
    let (password, text) = (args.text(0)?, args.text(1)?);
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    env.spend(text.len())?;
    let text = base64::decode(Alphabet::Standard, text).map_err(|corrupt| Fault::new(corrupt.to_string()))?;
    let (iv, encrypted) = text
        .split_at_checked(BLOCK)
        .ok_or(Fault::new("the encrypted text is shorter than a block"))?;
    let plain = decrypt::<Aes256, NoPadding>(&*key(password), iv, encrypted)
        .ok_or(Fault::new("the encrypted text is not made of whole blocks"))?;
    let padding = plain.last().copied().map_or(usize::MAX, usize::from);
    let length = plain.len().checked_sub(padding);
    let plain = length.and_then(|length| plain.get(..length));
    Ok(Value::text(
        plain.ok_or(Fault::new("the decrypted text is not padded"))?,
    ))
}

fn key(password: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    for (byte, given) in key.iter_mut().zip(password) {
        *byte = *given;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::super::testing::text_of;
    use super::*;

    #[test]
    fn what_was_encrypted_is_decrypted() {
        for plain in [
            b"x".as_slice(),
            b"sixteen bytes ok",
            b"\x00\xff\xfe more than a block",
        ] {
            let encrypted = text_of("encryptAES", &[b"key", plain]).expect("any text can be encrypted");
            assert_eq!(
                text_of("decryptAES", &[b"key", encrypted.as_slice()]),
                Ok(plain.into())
            );
        }
        assert_eq!(text_of("encryptAES", &["key", ""]), Ok(vec![]));
        assert_eq!(text_of("decryptAES", &["key", ""]), Ok(vec![]));
    }

    /// Made by Go.
    #[test]
    fn a_password_beyond_32_bytes_is_cut() {
        let text = "/+7dzLuqmYh3ZlVEMyIRAKAV//eHh4H7PxwjiTskqEE3Lm65Qt6Fzffbr8gD8o0g";
        let password = "0123456789abcdef0123456789abcdefIGNORED";
        assert_eq!(
            text_of("decryptAES", &[password, text]),
            Ok(b"sixteen bytes ok".into())
        );
    }

    #[test]
    fn only_the_last_byte_of_the_padding_counts() {
        for (padding, plain) in [
            (0, Some(16)),
            (5, Some(11)),
            (16, Some(0)),
            (17, None),
            (255, None),
        ] {
            let mut block = [b'x'; BLOCK];
            block[BLOCK - 1] = padding;
            let mut text = encrypt::<Aes256>(&*key(b"key"), &[7; BLOCK], &block).expect("right lengths");
            text.truncate(BLOCK);
            let text = base64::encode(&[&[7; BLOCK], text.as_slice()].concat());
            let decrypted = text_of("decryptAES", &["key", &text]);
            assert_eq!(decrypted.ok().map(|plain| plain.len()), plain, "{padding}");
        }
    }

    #[test]
    fn what_makes_go_panic_is_refused() {
        for text in [
            "not base64!",
            "c2hvcnQ=",
            "MDEyMzQ1Njc4OWFiY2RlZjAx",
            "MDEyMzQ1Njc4OWFiY2RlZg==",
        ] {
            text_of("decryptAES", &["key", text]).expect_err(text);
        }
    }
}
