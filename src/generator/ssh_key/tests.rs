use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_gostd::hex;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::*;
use crate::engine::vectors;

const CHECK: u32 = 0x1122_3344;

fn text(values: &Values, key: &str) -> String {
    String::from_utf8(values[key].expose().to_vec()).expect("text")
}

fn made(fields: Value) -> Result<Values, Failure> {
    let spec = serde_json::from_value(fields).expect("a spec");
    generate(&spec, &mut StdRng::seed_from_u64(5))
}

/// The hashes are those of what Go's `x/crypto/ssh` 0.55 writes of the same keys, with [`CHECK`] for its random number:
/// of the private key and of the public one.
#[test]
fn keys_are_written_down_as_in_go() {
    for (name, values, private, public) in [
        (
            "rsa",
            of_rsa(&recorded_rsa(), "", CHECK),
            "cadcbe53be192325e775e833dc898209795996fe1480eada4405a7328fc4e5f5",
            "9cbc5b5578ed5ddef0bc589c64e68077cff41a0a442f91358d127ecce61be8d4",
        ),
        (
            "ed25519",
            of_ed25519(&ed25519(), "me@example", CHECK),
            "699326426f0beb612d059bfaad59b829f4b5b064c2ea2ef686a062debfa91126",
            "4ca915fd8381511a320670fef0dc9c4999787700ac24d9d6d4ee77d776664ab7",
        ),
        (
            "nistp256",
            of_curve(256, &ECDH_P256, "a b"),
            "2fee47b67da3b02984be0fa8c2fbc3b65667c11d576a789f5576e878f630a659",
            "256f3a6874af127d58089d782fbf8350e943693c1361bcc9ec89ef378daf3a55",
        ),
        (
            "nistp384",
            of_curve(384, &ECDH_P384, ""),
            "25dc5cf51aa898df3b5d674c7d04073efb3bb51cfd5e9103ac71a35886ea1d39",
            "45f64150582ec79a9f3a9b0cce24c16610b470f1739e8a155685c2e454cf45f2",
        ),
        (
            "nistp521",
            of_curve(521, &ECDH_P521, "x"),
            "e9ee85c5690da60cd424d8abac1edaa442874174c065fcf7578ff47ebee33052",
            "42086e99796a8954d32846a86f3340c8c4dea7887aff959c7936b0f2594a1b7f",
        ),
    ] {
        let values = values.expect("a key");
        let hash = |key: &str| hex::encode(digest(&SHA256, values[key].expose()).as_ref());
        assert_eq!(hash("privateKey"), private, "{name}");
        assert_eq!(hash("publicKey"), public, "{name}");
    }
}

/// A number that is nobody's secret, to make keys of: 0, 1, 2, and so on.
fn number(size: u16) -> Vec<u8> {
    (0..size).flat_map(u8::try_from).collect()
}

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&number(32)).expect("any seed will do")
}

fn of_curve(bits: u16, agreement: &'static agreement::Algorithm, comment: &str) -> Result<Values, Failure> {
    let number = number(bits.div_ceil(8));
    let key = agreement::PrivateKey::from_private_key(agreement, &number).expect("a key");
    let curve = Curve::of(Some(bits));
    let point = key.compute_public_key()?;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.algorithm, &number, point.as_ref());
    of_ecdsa(&pair.expect("a key"), curve.name, comment, CHECK)
}

/// The key `leafkey` of the recorded templates, which is PEM of PKCS#8.
fn recorded_rsa() -> rsa::KeyPair {
    let cases = vectors::load("template.json");
    let key = cases.iter().find_map(|case| case["data"].get("leafkey"));
    let pem = vectors::bytes(key.expect("a case with the key"));
    let pem = str::from_utf8(pem.expose()).expect("text");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    rsa::KeyPair::from_pkcs8(&STANDARD.decode(base64).expect("base64")).expect("a key")
}

#[test]
fn the_kind_of_key_is_the_one_that_is_asked_for() {
    for (fields, begins) in [
        (json!({}), "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ"),
        (
            json!({"keyType": "ed25519", "keySize": 4096}),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        ),
        (json!({"keyType": "ecdsa"}), "ecdsa-sha2-nistp256 "),
        (
            json!({"keyType": "ecdsa", "keySize": 384}),
            "ecdsa-sha2-nistp384 ",
        ),
        (
            json!({"keyType": "ecdsa", "keySize": 521}),
            "ecdsa-sha2-nistp521 ",
        ),
        (
            json!({"keyType": "ecdsa", "keySize": 300}),
            "ecdsa-sha2-nistp256 ",
        ),
    ] {
        let (one, other) = (
            made(fields.clone()).expect("a key"),
            made(fields.clone()).expect("a key"),
        );
        assert!(text(&one, "publicKey").starts_with(begins), "{fields}");
        assert!(
            text(&one, "privateKey").starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkt")
        );
        assert_ne!(one["publicKey"], other["publicKey"], "{fields}");
    }
}

#[test]
fn a_comment_ends_the_public_key() {
    let values = made(json!({"keyType": "ed25519", "comment": "me@example"})).expect("a key");
    assert!(text(&values, "publicKey").ends_with(" me@example\n"));
}

#[test]
fn a_size_that_is_not_made_is_refused() {
    for bits in [256, 1024, 2047, 5120] {
        match made(json!({"keySize": bits})) {
            Err(Failure::Spec(fault)) => assert_eq!(fault.field, "keySize", "{bits}"),
            other => panic!("{bits}: {other:?}"),
        }
    }
}
