//! Against what Go made of the same keys, serial number and time.

use super::super::testing::{call, text_of};
use super::*;
use crate::crypto::der::Der;

const ED25519: &[u8] = include_bytes!("fixtures/ed25519.pem");
const P256: &[u8] = include_bytes!("fixtures/p256.pem");
const RSA: &[u8] = include_bytes!("fixtures/rsa1024.pem");

fn made(name: &str, args: &[Value]) -> (String, Vec<u8>) {
    match call(name, args) {
        Ok(Value::Certificate(made)) => (
            String::from_utf8_lossy(&made.cert).into_owned(),
            made.key.to_vec(),
        ),
        _ => panic!("{name} made no certificate"),
    }
}

fn texts(texts: &[&str]) -> Value {
    Value::list(texts.iter().map(|text| Value::text(*text)).collect()).expect("flat")
}

#[test]
fn an_authority_is_as_go_makes_it() {
    let (cert, key) = made(
        "genCAWithKey",
        &[Value::text("my ca"), Value::int(365), Value::text(ED25519)],
    );
    assert_eq!(cert, include_str!("fixtures/ca.ed25519.pem"));
    assert_eq!(key, ED25519);
}

#[test]
fn names_and_a_short_key_are_as_go_makes_them() {
    let (cert, key) = made(
        "genSelfSignedCertWithKey",
        &[
            Value::text("a*b"),
            texts(&["10.0.0.1", "::1", "::ffff:1.2.3.4"]),
            texts(&["b.test", "*.c.test"]),
            Value::int(30_000),
            Value::text(RSA),
        ],
    );
    assert_eq!(cert, include_str!("fixtures/self.rsa1024.pem"));
    assert_eq!(key, RSA);
}

#[test]
fn a_signed_certificate_without_a_common_name_is_as_go_makes_it() {
    let authority = pair(include_bytes!("fixtures/ca.ed25519.pem"), ED25519);
    let (cert, key) = made(
        "genSignedCertWithKey",
        &[
            Value::text(""),
            texts(&["127.0.0.1"]),
            texts(&["x.test"]),
            Value::int(5),
            authority,
            Value::text(P256),
        ],
    );
    assert_eq!(cert, include_str!("fixtures/signed.pem"));
    assert_eq!(key, P256);
    // Neither has an identifier of the other, so each looks like the other's parent, as in Go.
    let chain = [include_str!("fixtures/ca.ed25519.pem"), &cert].concat();
    assert!(text_of("filterCertChain", &["leaf", &*chain]).is_err());
}

#[test]
fn what_cannot_be_certified_is_refused() {
    let ed25519 = || Value::text(ED25519);
    for (ip, dns, days) in [
        (Value::text("1.2.3"), Value::text("a"), 1),
        (Value::text("1.2.3.04"), Value::text("a"), 1),
        (Value::int(1), Value::text("a"), 1),
        (Value::text("::1"), Value::text("é"), 1),
        (Value::text("::1"), Value::text(b"\xff"), 1),
        (Value::text("::1"), Value::int(1), 1),
    ] {
        let list = |value| Value::list(vec![value]).expect("flat");
        let args = [Value::text("a"), list(ip), list(dns), Value::int(days), ed25519()];
        assert!(call("genSelfSignedCertWithKey", &args).is_err());
    }
    assert!(call("genCAWithKey", &[Value::text(b"\xff"), Value::int(1), ed25519()]).is_err());
    assert!(
        call(
            "genCAWithKey",
            &[Value::text("a"), Value::int(1), Value::text("-")]
        )
        .is_err()
    );
    let authority = pair(include_bytes!("fixtures/ca.ed25519.pem"), P256);
    let args = [
        Value::text(""),
        Value::Nil,
        Value::Nil,
        Value::int(5),
        authority,
        ed25519(),
    ];
    assert!(
        call("genSignedCertWithKey", &args).is_err(),
        "a key of somebody else"
    );
}

/// Go's durations wrap, whatever sense that makes.
#[test]
fn no_number_of_days_is_too_many() {
    for days in [i64::MIN, -1, 0, 106_752, i64::MAX] {
        made(
            "genCAWithKey",
            &[Value::text("a"), Value::int(days), Value::text(ED25519)],
        );
    }
}

#[test]
fn keys_change_their_form_as_in_go() {
    for (own, pkcs8) in [
        (RSA, &include_bytes!("fixtures/rsa1024.pkcs8.pem")[..]),
        (P256, include_bytes!("fixtures/p256.pkcs8.pem")),
        (ED25519, ED25519),
    ] {
        for form in [own, pkcs8] {
            let key = PrivateKey::from_pem(form).expect("a key");
            assert_eq!(key.to_pem().as_slice(), own);
            assert_eq!(pem::wrap("PRIVATE KEY", &key.to_pkcs8_der()).as_slice(), pkcs8);
        }
    }
}

#[test]
fn a_broken_key_is_refused() {
    for form in [RSA, P256, ED25519] {
        let der: Der = pem::decode(form).expect("a block").0.bytes;
        for size in 0..der.len() {
            assert!(PrivateKey::from_der(&der[..size]).is_err(), "{size} bytes");
        }
    }
    let der = pem::decode(RSA).expect("a block").0.bytes;
    for at in 0..der.len() {
        let mut broken = der.clone();
        broken[at] ^= 0x10;
        if let Ok(PrivateKey::Rsa(key)) = PrivateKey::from_der(&broken) {
            assert_eq!(key.to_pkcs1(), der, "byte {at}: what is missing is worked out");
        }
    }
}

#[test]
fn broken_certificates_never_panic() {
    for cert in [
        &include_bytes!("fixtures/ca.ed25519.pem")[..],
        include_bytes!("fixtures/self.rsa1024.pem"),
    ] {
        let der = pem::decode(cert).expect("a block").0.bytes;
        for at in 0..der.len() {
            let mut broken = der.to_vec();
            for bits in [0x01, 0x80, 0xff] {
                broken[at] = der[at] ^ bits;
                drop(x509::Certificate::from_der(&broken));
            }
            assert!(x509::Certificate::from_der(&der[..at]).is_err(), "{at} bytes");
        }
    }
}

#[test]
fn oaep_with_a_short_key() {
    let base64 = include_bytes!("fixtures/oaep.rsa1024.b64");
    let ciphertext = base64::decode(Alphabet::Standard, base64).expect("base64");
    let decrypt = |hash: &[u8], text: &[u8]| text_of("rsaDecrypt", &[b"RSA-OAEP", hash, text, RSA]);
    for hash in ["SHA256", "None", "anything"] {
        assert_eq!(
            decrypt(hash.as_bytes(), &ciphertext).expect("a secret"),
            b"secret\xff"
        );
    }
    for broken in [&ciphertext[1..], &[&[0], &*ciphertext].concat(), b""] {
        assert!(decrypt(b"SHA256", broken).is_err());
    }
    assert!(decrypt(b"SHA1", &ciphertext).is_err());
    assert!(decrypt(b"SHA512", &ciphertext).is_err());
    assert_eq!(
        text_of("rsaDecrypt", &["None", "", "as it is", ""]).expect("as it is"),
        b"as it is"
    );
}
