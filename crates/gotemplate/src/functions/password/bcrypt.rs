//! The bcrypt hash of a password, as Go's `x/crypto/bcrypt` writes it.

use zeroize::Zeroizing;

use crate::env::Env;
use crate::fault::Outcome;

/// Go's default: 2^10 rounds.
const COST: u32 = 10;

/// What a hash costs of the budget. It takes some fifty milliseconds.
const SPENT: usize = 4 << 20;

/// All that the algorithm takes into account.
const LONGEST: usize = 72;

const SIGNS: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A password that is too long gives the text of Go's error.
pub(super) fn hash(env: &mut Env, password: &[u8]) -> Outcome<String> {
    if password.len() > LONGEST {
        return Ok("failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".into());
    }
    env.spend(SPENT)?;
    let mut salt = [0; 16];
    env.random.fill(&mut salt);
    Ok(hash_with(salt, password))
}

fn hash_with(salt: [u8; 16], password: &[u8]) -> String {
    let mut ended = Zeroizing::new([0; LONGEST + 1]);
    ended[..password.len()].copy_from_slice(password);
    let ended = &ended[..LONGEST.min(password.len() + 1)];
    let hash = bcrypt::bcrypt(COST, salt, ended);
    let hash = &hash[..23]; // the last byte is left out by tradition
    format!("$2a${COST}${}{}", encode(&salt), encode(hash))
}

/// Base64 with signs of its own and without padding.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(31);
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        let signs = (0..=three.len()).map(|nth| SIGNS[bits >> (18 - 6 * nth) & 63]);
        text.extend(signs.map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Go.
    #[test]
    fn hashes_are_those_of_go() {
        let salt = std::array::from_fn(|nth| u8::try_from(nth).expect("16 bytes"));
        for (password, hash) in [
            ("", "9m/VIwgxxGiBBCE9BoV3i2KCQRk0xNy"),
            ("pw", "rujyxPQYI637FbraGMlMfEesYzQsAnu"),
            ("x".repeat(71).as_str(), "ACDqjS107IaDlUfcz6ylqjaKIIiKKZy"),
            ("x".repeat(72).as_str(), "fym8C3T/RJYiZEUYYKqZqu3xLyzE5XW"),
        ] {
            let hash = format!("$2a$10$..CA.uOD/eaGAOmJB.yMBu{hash}");
            assert_eq!(hash_with(salt, password.as_bytes()), hash, "{}", password.len());
        }
    }
}
