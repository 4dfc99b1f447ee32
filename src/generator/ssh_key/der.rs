//! The numbers of an RSA key, out of the PKCS#8 document that the library makes of it (RFC 5208, RFC 8017).

use super::openssh::RsaKey;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

pub fn rsa_key(document: &[u8]) -> Option<RsaKey<'_>> {
    let (outer, _) = take(SEQUENCE, document)?;
    let (_version, rest) = take(INTEGER, outer)?;
    let (_algorithm, rest) = take(SEQUENCE, rest)?;
    let (key, _) = take(OCTETS, rest)?;
    let (key, _) = take(SEQUENCE, key)?;
    let (_version, rest) = take(INTEGER, key)?;
    let (modulus, rest) = take(INTEGER, rest)?;
    let (public_exponent, rest) = take(INTEGER, rest)?;
    let (private_exponent, rest) = take(INTEGER, rest)?;
    let (first_prime, rest) = take(INTEGER, rest)?;
    let (second_prime, rest) = take(INTEGER, rest)?;
    let (_first_exponent, rest) = take(INTEGER, rest)?;
    let (_second_exponent, rest) = take(INTEGER, rest)?;
    let (coefficient, _) = take(INTEGER, rest)?;
    Some(RsaKey {
        modulus,
        public_exponent,
        private_exponent,
        coefficient,
        first_prime,
        second_prime,
    })
}

/// The content of the value that comes next, if it is of this kind, and what follows it.
fn take(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let wide = length.len() > size_of::<usize>();
        let length = length
            .iter()
            .fold(0, |length, &byte| length << 8 | usize::from(byte));
        (!wide).then_some((length, rest))?
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_or_of_another_kind_is_refused() {
        let long = [&[INTEGER, 0x82, 0x01, 0x00][..], &[7; 256], &[1]].concat();
        assert_eq!(take(INTEGER, &long), Some((&[7; 256][..], &[1][..])));
        for bytes in [
            &[][..],
            &[INTEGER],
            &[INTEGER, 2, 1],
            &[INTEGER, 0x82, 1],
            &[INTEGER, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            &[SEQUENCE, 0],
        ] {
            assert_eq!(take(INTEGER, bytes), None, "{bytes:?}");
        }
    }
}
