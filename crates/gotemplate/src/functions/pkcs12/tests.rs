//! The key in the fixtures was made for these tests and protects nothing. Files in which salts count up from zero were
//! made by Go's library with such salts; they are known by their hash.

use lockstep_gostd::base64::{self, Alphabet};
use lockstep_gostd::hex;
use sha2::{Digest as _, Sha256};

use super::super::testing::text_of;

const CERTIFICATE: &str = include_str!("fixtures/certificate.pem");
const KEY: &str = include_str!("fixtures/key.pem");
const PASSWORD: &str = "pä";

const PLAIN: &str = include_str!("fixtures/plain.b64");
const AES: &str = include_str!("fixtures/aes.b64");

fn file(fixture: &str) -> Vec<u8> {
    base64::decode(Alphabet::Standard, fixture.as_bytes()).expect("base64")
}

/// A file in base64 that the function makes.
fn made(name: &str, args: &[&str]) -> Vec<u8> {
    let text = text_of(name, args).expect("a file");
    base64::decode(Alphabet::Standard, &text).expect("base64")
}

fn key_in(file: &[u8], password: &str) -> Result<String, String> {
    let text = text_of("pkcs12keyPass", &[password.as_bytes(), file])?;
    Ok(String::from_utf8(text).expect("PEM"))
}

#[test]
fn files_are_those_of_go() {
    for (name, args, hash) in [
        (
            "pemToPkcs12Pass",
            [CERTIFICATE, KEY, "pw"].as_slice(),
            "dfc07e2649c1c19002698662d0521507707c526e992dfb62d1206c9509725e55",
        ),
        (
            "pemTruststoreToPKCS12Pass",
            &[CERTIFICATE, "changeit"],
            "e374a719dc689ee301edaea0f478e9085dd82b44628c7a5a8fd45235769ee901",
        ),
        (
            "pemTruststoreToPKCS12",
            &[""],
            "1ac45125ae2ce6d01d8ff32a3fcf16a5965df526f8e3a59bbfa29dc32d4b6f03",
        ),
    ] {
        assert_eq!(hex::encode(&Sha256::digest(made(name, args))), hash, "{name}");
    }
}

#[test]
fn what_was_written_is_read() {
    let alone = made("pemToPkcs12", &[CERTIFICATE, KEY]);
    assert_eq!(text_of("pkcs12key", &[&alone]), Ok(KEY.into()));
    let twice = [CERTIFICATE, CERTIFICATE].concat();
    let chain = made("fullPemToPkcs12Pass", &[&twice, KEY, PASSWORD]);
    assert_eq!(key_in(&chain, PASSWORD), Ok(KEY.into()));
    let certificates = text_of("pkcs12certPass", &[PASSWORD.as_bytes(), &chain]);
    assert_eq!(
        certificates,
        Ok(twice.into()),
        "a circle is no chain, so the order stays"
    );
}

/// Made by OpenSSL and by Go.
#[test]
fn files_of_others_are_read() {
    for (name, fixture) in [
        (
            "3DES and RC2 of 40 bits",
            include_str!("fixtures/rc2-40-3des.b64"),
        ),
        (
            "RC2 of 128 bits and SHA-256",
            include_str!("fixtures/rc2-128.b64"),
        ),
        ("AES of 128 and 192 bits and SHA-512", AES),
        ("PBMAC1", include_str!("fixtures/pbmac1.b64")),
    ] {
        let file = file(fixture);
        assert_eq!(key_in(&file, PASSWORD), Ok(KEY.into()), "{name}");
        let certificate = text_of("pkcs12certPass", &[PASSWORD.as_bytes(), &file]);
        assert_eq!(certificate, Ok(CERTIFICATE.into()), "{name}");
        let fault = key_in(&file, "other").expect_err(name);
        assert_eq!(fault, "the password is wrong", "{name}");
    }
}

#[test]
fn a_file_without_a_mac_has_no_password() {
    assert_eq!(key_in(&file(PLAIN), ""), Ok(KEY.into()));
    assert_eq!(key_in(&file(PLAIN), "pw"), Err("no MAC in the file".into()));
}

#[test]
fn a_file_needs_a_key() {
    let store = made("pemTruststoreToPKCS12", &[CERTIFICATE]);
    assert_eq!(key_in(&store, ""), Err("no private key in the file".into()));
}

/// BER may leave the length open; Go reads DER only.
#[test]
fn open_lengths_are_refused() {
    let mut file = file(PLAIN);
    file[1] = 0x80;
    file.extend([0, 0]);
    assert_eq!(key_in(&file, ""), Err("malformed DER".into()));
}

#[test]
fn broken_files_are_refused_in_order() {
    for fixture in [PLAIN, AES] {
        let whole = file(fixture);
        for at in 0..whole.len() {
            let mut file = whole.clone();
            for byte in [0, 0x30, 0x7f, 0xff] {
                file[at] = byte;
                let _ = key_in(&file, PASSWORD);
                let _ = key_in(&file, "");
            }
            let _ = key_in(&whole[..at], "");
        }
    }
}

#[test]
fn what_is_not_pem_is_refused() {
    let blank = format!("{CERTIFICATE}\n");
    for (name, args) in [
        ("pemToPkcs12", ["x", KEY]),
        ("pemToPkcs12", [CERTIFICATE, "x"]),
        ("pemToPkcs12", [KEY, CERTIFICATE]),
        ("fullPemToPkcs12", ["", KEY]),
        ("fullPemToPkcs12", [&blank, KEY]),
        ("fullPemToPkcs12", [&[CERTIFICATE, KEY].concat(), KEY]),
        ("pemTruststoreToPKCS12Pass", [&blank, ""]),
        ("pemTruststoreToPKCS12Pass", ["garbage", ""]),
        ("pemTruststoreToPKCS12Pass", [CERTIFICATE, "😀"]),
    ] {
        text_of(name, &args).expect_err(name);
    }
}
