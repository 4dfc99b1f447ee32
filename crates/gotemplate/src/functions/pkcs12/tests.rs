//! The hashes are those of what Go's library (go-pkcs12 0.7.4) writes with salts that count up from zero. Files that we read but do not
//! write are tested beside their reader.

use lockstep_gostd::base64::{self, Alphabet};
use lockstep_gostd::hex;
use sha2::{Digest as _, Sha256};

use super::super::testing::text_of;
use crate::crypto::testing::{AUTHORITY as CERTIFICATE, ed25519};

const PASSWORD: &str = "pä";

/// The key of [`CERTIFICATE`].
fn key() -> String {
    String::from_utf8(ed25519().to_pem().to_vec()).expect("PEM")
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
    let key = key();
    for (name, args, hash) in [
        (
            "pemToPkcs12Pass",
            [CERTIFICATE, &key, "pw"].as_slice(),
            "d2630b00998f1cc01a050168ca9a5d737a795efa70a360ff32be4c3fac402664",
        ),
        (
            "pemTruststoreToPKCS12Pass",
            &[CERTIFICATE, "changeit"],
            "bfd61bd150d6f1194be5d74d0c978892e94b334181cd41f8527e724372d19880",
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
    let key = key();
    let alone = made("pemToPkcs12", &[CERTIFICATE, &key]);
    assert_eq!(text_of("pkcs12key", &[&alone]), Ok(key.clone().into()));
    let twice = [CERTIFICATE, CERTIFICATE].concat();
    let chain = made("fullPemToPkcs12Pass", &[&twice, &key, PASSWORD]);
    assert_eq!(key_in(&chain, PASSWORD), Ok(key));
    let certificates = text_of("pkcs12certPass", &[PASSWORD.as_bytes(), &chain]);
    assert_eq!(
        certificates,
        Ok(twice.into()),
        "a circle is no chain, so the order stays"
    );
}

#[test]
fn a_file_needs_a_key() {
    let store = made("pemTruststoreToPKCS12", &[CERTIFICATE]);
    assert_eq!(key_in(&store, ""), Err("no private key in the file".into()));
}

#[test]
fn what_is_not_pem_is_refused() {
    let key = &*key();
    let blank = format!("{CERTIFICATE}\n");
    for (name, args) in [
        ("pemToPkcs12", ["x", key]),
        ("pemToPkcs12", [CERTIFICATE, "x"]),
        ("pemToPkcs12", [key, CERTIFICATE]),
        ("fullPemToPkcs12", ["", key]),
        ("fullPemToPkcs12", [&blank, key]),
        ("fullPemToPkcs12", [&[CERTIFICATE, key].concat(), key]),
        ("pemTruststoreToPKCS12Pass", [&blank, ""]),
        ("pemTruststoreToPKCS12Pass", ["garbage", ""]),
        ("pemTruststoreToPKCS12Pass", [CERTIFICATE, "😀"]),
    ] {
        text_of(name, &args).expect_err(name);
    }
}
