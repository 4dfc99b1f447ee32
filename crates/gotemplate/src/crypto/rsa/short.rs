//! RSA for keys below 2048 bits, which our library refuses. Whoever still has one must not lose what it protects. The
//! power is computed in constant time; the padding needs not be, for nobody can send ciphertexts here and watch.

use aws_lc_rs::digest::{SHA256, digest};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use zeroize::Zeroizing;

use super::RsaKey;
use super::operate::{OaepHash, cannot_decrypt};
use crate::crypto::der;
use crate::fault::{Fault, Outcome};

const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];

pub(super) fn sign(key: &RsaKey, message: &[u8]) -> Outcome<Vec<u8>> {
    let hash = digest(&SHA256, message);
    let algorithm = der::sequence(&[&der::oid(SHA_256), der::NULL]);
    let info = der::sequence(&[&algorithm, &der::octets(hash.as_ref())]);
    let too_small = || Fault::new("the RSA key is too small for a signature");
    let padding = key
        .public
        .n
        .len()
        .checked_sub(info.len() + 3)
        .ok_or_else(too_small)?;
    let padded = [&[0, 1][..], &vec![0xff; padding], &[0], &info].concat();
    Ok(power(key, &padded)?.to_vec())
}

pub(super) fn decrypt(key: &RsaKey, hash: OaepHash, ciphertext: &[u8]) -> Outcome<Zeroizing<Vec<u8>>> {
    let size = hash.digest().output_len();
    if ciphertext.len() < 2 * size + 2 {
        return Err(cannot_decrypt());
    }
    let mut padded = power(key, ciphertext)?;
    let (first, rest) = padded.split_first_mut().ok_or_else(cannot_decrypt)?;
    let (seed, block) = rest.split_at_mut(size);
    mask(hash, block, seed);
    mask(hash, seed, block);
    let (label, message) = block.split_at(size);
    let empty = digest(hash.digest(), &[]);
    let zeros = message.iter().take_while(|byte| **byte == 0).count();
    match &message[zeros..] {
        [1, message @ ..] if *first == 0 && label == empty.as_ref() => Ok(Zeroizing::new(message.to_vec())),
        _ => Err(cannot_decrypt()),
    }
}

/// Covers the target, or uncovers it.
fn mask(hash: OaepHash, seed: &[u8], target: &mut [u8]) {
    for (counter, chunk) in (0_u32..).zip(target.chunks_mut(hash.digest().output_len())) {
        let input = Zeroizing::new([seed, &counter.to_be_bytes()].concat());
        let mask = digest(hash.digest(), &input);
        for (byte, mask) in chunk.iter_mut().zip(mask.as_ref()) {
            *byte ^= mask;
        }
    }
}

/// The private operation, on as many bytes as the modulus has.
fn power(key: &RsaKey, input: &[u8]) -> Outcome<Zeroizing<Vec<u8>>> {
    let failed = || Fault::new("cannot use the RSA key");
    let size = key.public.n.len();
    let precision = u32::try_from(size * 8).map_err(|_| failed())?;
    let number = |digits: &[u8]| BoxedUint::from_be_slice(digits, precision).map_err(|_| failed());
    let modulus = number(&key.public.n)?;
    let input = number(input)?;
    if input >= modulus {
        return Err(failed());
    }
    let modulus = Odd::new(modulus).into_option().ok_or_else(failed)?;
    let field = BoxedMontyParams::new(modulus);
    let output = BoxedMontyForm::new(input, &field)
        .pow(&number(&key.secret.d)?)
        .retrieve();
    let bytes = Zeroizing::new(output.to_be_bytes());
    der::fitted(&bytes, size)
}
