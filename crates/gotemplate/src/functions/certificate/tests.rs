//! Against what Go made of the same keys, serial number and time.

use lockstep_gostd::hex;
use sha2::{Digest as _, Sha256};

use super::super::testing::{call, text_of};
use super::*;
use crate::crypto::testing::{AUTHORITY, ed25519, p256, rsa1024};

const SELF_SIGNED: &str = include_str!("../../crypto/testdata/self.pem");
const SIGNED: &str = include_str!("../../crypto/testdata/signed.pem");

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
    let given = ed25519().to_pem();
    let (cert, key) = made(
        "genCAWithKey",
        &[Value::text("my ca"), Value::int(365), Value::text(&**given)],
    );
    assert_eq!(cert, AUTHORITY);
    assert_eq!(key, *given);
}

#[test]
fn names_and_a_short_key_are_as_go_makes_them() {
    let given = rsa1024().to_pem();
    let (cert, key) = made(
        "genSelfSignedCertWithKey",
        &[
            Value::text("a*b"),
            texts(&["10.0.0.1", "::1", "::ffff:1.2.3.4"]),
            texts(&["b.test", "*.c.test"]),
            Value::int(30_000),
            Value::text(&**given),
        ],
    );
    assert_eq!(cert, SELF_SIGNED);
    assert_eq!(key, *given);
}

#[test]
fn a_signed_certificate_without_a_common_name_is_as_go_makes_it() {
    let authority = pair(AUTHORITY.as_bytes(), &ed25519().to_pem());
    let given = p256().to_pem();
    let (cert, key) = made(
        "genSignedCertWithKey",
        &[
            Value::text(""),
            texts(&["127.0.0.1"]),
            texts(&["x.test"]),
            Value::int(5),
            authority,
            Value::text(&**given),
        ],
    );
    assert_eq!(cert, SIGNED);
    assert_eq!(key, *given);
    // Neither has an identifier of the other, so each looks like the other's parent, as in Go.
    let chain = [AUTHORITY, &cert].concat();
    assert!(text_of("filterCertChain", &["leaf", &*chain]).is_err());
}

#[test]
fn what_cannot_be_certified_is_refused() {
    let key = || Value::text(&**ed25519().to_pem());
    for (ip, dns, days) in [
        (Value::text("1.2.3"), Value::text("a"), 1),
        (Value::text("1.2.3.04"), Value::text("a"), 1),
        (Value::int(1), Value::text("a"), 1),
        (Value::text("::1"), Value::text("é"), 1),
        (Value::text("::1"), Value::text(b"\xff"), 1),
        (Value::text("::1"), Value::int(1), 1),
    ] {
        let list = |value| Value::list(vec![value]).expect("flat");
        let args = [Value::text("a"), list(ip), list(dns), Value::int(days), key()];
        assert!(call("genSelfSignedCertWithKey", &args).is_err());
    }
    assert!(call("genCAWithKey", &[Value::text(b"\xff"), Value::int(1), key()]).is_err());
    assert!(
        call(
            "genCAWithKey",
            &[Value::text("a"), Value::int(1), Value::text("-")]
        )
        .is_err()
    );
    let authority = pair(AUTHORITY.as_bytes(), &p256().to_pem());
    let args = [
        Value::text(""),
        Value::Nil,
        Value::Nil,
        Value::int(5),
        authority,
        key(),
    ];
    assert!(
        call("genSignedCertWithKey", &args).is_err(),
        "a key of somebody else"
    );
}

/// Go's durations wrap, whatever sense that makes.
#[test]
fn no_number_of_days_is_too_many() {
    let key = ed25519().to_pem();
    for days in [i64::MIN, -1, 0, 106_752, i64::MAX] {
        made(
            "genCAWithKey",
            &[Value::text("a"), Value::int(days), Value::text(&**key)],
        );
    }
}

/// Each in the form that is its own and in PKCS#8; what Go writes is known by its hash.
#[test]
fn keys_change_their_form_as_in_go() {
    for (key, own, pkcs8) in [
        (
            rsa1024(),
            "c8fff4bf4a859cba2521470e38fd810ec1714aefa5bbdd7cb19409ae8bd4ce60",
            "bb8901c081a4be779d2997a9dad28d55e8c4f5f17f3942e81af6a76db9c63114",
        ),
        (
            p256(),
            "68dc0fe832c6cf030a1549ea8a7e9799ec0776ae4262818677633fc9e3fb45d7",
            "f04db9ff63044a509bc23bb407e95ee3710d07e0188710b6a99dac5a978d5d84",
        ),
        (
            ed25519(),
            "2a8cda7c774ec5f037f6e198619640089ae761992a3b6481c0d37079c8fcd624",
            "2a8cda7c774ec5f037f6e198619640089ae761992a3b6481c0d37079c8fcd624",
        ),
    ] {
        let forms = |key: &PrivateKey| [key.to_pem(), pem::wrap("PRIVATE KEY", &key.to_pkcs8_der())];
        for form in forms(&key) {
            let key = PrivateKey::from_pem(&form).expect("a key");
            let hashes = forms(&key).map(|form| hex::encode(&Sha256::digest(&*form)));
            assert_eq!(hashes, [own, pkcs8]);
        }
    }
}

#[test]
fn a_broken_key_is_refused() {
    for key in [rsa1024(), p256(), ed25519()] {
        let der = pem::decode(&key.to_pem()).expect("a block").0.bytes;
        for size in 0..der.len() {
            assert!(PrivateKey::from_der(&der[..size]).is_err(), "{size} bytes");
        }
    }
    let der = pem::decode(&rsa1024().to_pem()).expect("a block").0.bytes;
    for at in 0..der.len() {
        let mut broken = der.clone();
        broken[at] ^= 0x10;
        if let Ok(PrivateKey::Rsa(key)) = PrivateKey::from_der(&broken) {
            assert!(key.to_pkcs1() == der, "byte {at}: what is missing is worked out");
        }
    }
}

#[test]
fn broken_certificates_never_panic() {
    for cert in [AUTHORITY, SELF_SIGNED] {
        let der = pem::decode(cert.as_bytes()).expect("a block").0.bytes;
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
    const CIPHERTEXT: &str = "Ty64tqFJyeNYfYfifI8ml7YGZZr5UWJAmyIkKtU2Lq8JLIwUVBmxrnMJQwxu3fs/r3aUjDZ0VV3l\
                              /O32Hb9X+9y4MYVpoar0d5AcgrjEqAPGv1TK/exRTyacGRKXfQK2R4sunLf90vc8sBQuNB7f79GPRC29Kiby8XoDFC3oP8U=";
    let ciphertext = base64::decode(Alphabet::Standard, CIPHERTEXT.as_bytes()).expect("base64");
    let key = rsa1024().to_pem();
    let decrypt = |hash: &[u8], text: &[u8]| text_of("rsaDecrypt", &[b"RSA-OAEP", hash, text, &key]);
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
