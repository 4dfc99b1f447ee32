//! How OpenSSH writes keys down, laid out as Go's `x/crypto/ssh` does it.
//!
//! The formats are PROTOCOL.key of OpenSSH, RFC 4253 section 6.6, RFC 5656 section 3.1 and RFC 8709 section 4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"openssh-key-v1\0";
/// What is not encrypted is padded to blocks of this size.
const BLOCK: usize = 8;
/// Letters in a line of PEM.
const LINE: usize = 64;
/// Room for the largest key, so that none leaves a copy behind when its buffer grows.
const ROOM: usize = 16 << 10;

/// A key pair, as numbers (big-endian) and points.
#[derive(Clone, Copy)]
pub enum Key<'k> {
    Rsa(RsaKey<'k>),
    Ecdsa {
        curve: &'static str,
        point: &'k [u8],
        number: &'k [u8],
    },
    Ed25519 {
        point: &'k [u8],
        seed: &'k [u8],
    },
}

#[derive(Clone, Copy)]
pub struct RsaKey<'k> {
    pub modulus: &'k [u8],
    pub public_exponent: &'k [u8],
    pub private_exponent: &'k [u8],
    pub coefficient: &'k [u8],
    pub first_prime: &'k [u8],
    pub second_prime: &'k [u8],
}

/// The private key as PEM. `check` is any number; readers find out by it whether they decrypted the right thing.
pub fn private_key(key: &Key, comment: &str, check: u32) -> Zeroizing<Vec<u8>> {
    let mut secret = Fields::default();
    secret.number(check).number(check);
    private_fields(&mut secret, key);
    secret.string(comment.as_bytes()).pad();

    let mut file = Fields::default();
    file.raw(MAGIC).string(b"none").string(b"none").string(b"");
    file.number(1).string(&public_fields(key).0).string(&secret.0);
    pem(&file.0)
}

/// The line of `authorized_keys`.
pub fn public_key(key: &Key, comment: &str) -> String {
    let encoded = STANDARD.encode(&*public_fields(key).0);
    let space = if comment.is_empty() { "" } else { " " };
    format!("{} {encoded}{space}{comment}\n", key.name())
}

impl Key<'_> {
    fn name(&self) -> String {
        match self {
            Self::Rsa(_) => "ssh-rsa".to_owned(),
            Self::Ecdsa { curve, .. } => format!("ecdsa-sha2-{curve}"),
            Self::Ed25519 { .. } => "ssh-ed25519".to_owned(),
        }
    }
}

fn public_fields(key: &Key) -> Fields {
    let mut fields = Fields::default();
    fields.string(key.name().as_bytes());
    match key {
        Key::Rsa(key) => fields.integer(key.public_exponent).integer(key.modulus),
        Key::Ecdsa { curve, point, .. } => fields.string(curve.as_bytes()).string(point),
        Key::Ed25519 { point, .. } => fields.string(point),
    };
    fields
}

fn private_fields(fields: &mut Fields, key: &Key) {
    fields.string(key.name().as_bytes());
    match key {
        Key::Rsa(key) => fields
            .integer(key.modulus)
            .integer(key.public_exponent)
            .integer(key.private_exponent)
            .integer(key.coefficient)
            .integer(key.first_prime)
            .integer(key.second_prime),
        Key::Ecdsa { curve, point, number } => fields.string(curve.as_bytes()).string(point).integer(number),
        Key::Ed25519 { point, seed } => {
            let both = Zeroizing::new([*seed, *point].concat());
            fields.string(point).string(&both)
        }
    };
}

/// Fields one after the other, each of which says how long it is (RFC 4251, section 5).
struct Fields(Zeroizing<Vec<u8>>);

impl Default for Fields {
    fn default() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(ROOM)))
    }
}

impl Fields {
    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn number(&mut self, number: u32) -> &mut Self {
        self.raw(&number.to_be_bytes())
    }

    fn string(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).expect("an object of Kubernetes has no string of 4 GiB");
        self.number(length).raw(bytes)
    }

    /// As short as possible, and with a bit in front that says that it is not negative.
    fn integer(&mut self, number: &[u8]) -> &mut Self {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = &number[zeros..];
        if digits.first().is_some_and(|first| first & 0x80 != 0) {
            let signed = Zeroizing::new([&[0], digits].concat());
            self.string(&signed)
        } else {
            self.string(digits)
        }
    }

    fn pad(&mut self) -> &mut Self {
        let mut next = 1;
        while !self.0.len().is_multiple_of(BLOCK) {
            self.0.push(next);
            next += 1;
        }
        self
    }
}

fn pem(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = Zeroizing::new(STANDARD.encode(bytes));
    let mut pem = Zeroizing::new(Vec::with_capacity(2 * text.len() + ROOM));
    pem.extend_from_slice(b"-----BEGIN OPENSSH PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(LINE) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(b"-----END OPENSSH PRIVATE KEY-----\n");
    pem
}
