use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::*;

/// Keys that protect nothing, and what Go's `x/crypto/ssh` 0.55 writes of them with [`CHECK`] for its random number.
const RECORDED: &str = include_str!("testdata/recorded.json");
const CHECK: u32 = 0x1122_3344;

fn text(values: &Values, key: &str) -> String {
    String::from_utf8(values[key].expose().to_vec()).expect("text")
}

fn made(fields: Value) -> Result<Values, Failure> {
    let spec = serde_json::from_value(fields).expect("a spec");
    generate(&spec, &mut StdRng::seed_from_u64(5))
}

#[test]
fn keys_are_written_down_as_recorded() {
    let cases: Vec<Value> = serde_json::from_str(RECORDED).expect("cases");
    for case in &cases {
        let field = |name: &str| case[name].as_str().expect("a text");
        let (name, comment) = (field("name"), field("comment"));
        let document = STANDARD.decode(field("pkcs8")).expect("base64");
        let values = match name {
            "rsa" => of_rsa(
                &rsa::KeyPair::from_pkcs8(&document).expect("a key"),
                comment,
                CHECK,
            ),
            "ed25519" => of_ed25519(
                &Ed25519KeyPair::from_pkcs8(&document).expect("a key"),
                comment,
                CHECK,
            ),
            curve => {
                let curve = Curve::of(curve.trim_start_matches("nistp").parse().ok());
                let pair = EcdsaKeyPair::from_pkcs8(curve.algorithm, &document).expect("a key");
                of_ecdsa(&pair, curve.name, comment, CHECK)
            }
        };
        let values = values.expect("a key");
        assert_eq!(text(&values, "publicKey"), field("public"), "{name}");
        assert_eq!(text(&values, "privateKey"), field("private"), "{name}");
    }
    assert_eq!(cases.len(), 5);
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
