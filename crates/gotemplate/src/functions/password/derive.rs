//! Passwords for sites, derived from a master password by the Master Password algorithm in sprig's rendering.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::env::Env;
use crate::fault::{Fault, Outcome};

/// What a derivation costs of the budget. It takes some hundred milliseconds and 32 MiB.
const SPENT: usize = 16 << 20;

const NAME: &[u8] = b"com.lyndir.masterpassword";

/// Each letter of a template stands for one of some signs.
pub(super) fn templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn signs(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

pub(super) fn password(
    env: &mut Env,
    counter: u32,
    templates: &[&str],
    master: &[u8],
    user: &[u8],
    site: &[u8],
) -> Outcome<String> {
    env.spend(SPENT)?;
    env.spend(master.len() + user.len() + site.len())?;
    let key = key(master, user)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&*key).expect("a MAC takes keys of any length");
    mac.update(&scope(site));
    mac.update(&counter.to_be_bytes());
    let seed = mac.finalize().into_bytes();
    let (first, seed) = seed.split_first().expect("a hash is not empty");
    let template = templates[usize::from(*first) % templates.len()];
    let letters = template.bytes().map(signs).zip(seed);
    Ok(letters
        .map(|(signs, seed)| char::from(signs[usize::from(*seed) % signs.len()]))
        .collect())
}

fn key(master: &[u8], user: &[u8]) -> Outcome<Zeroizing<[u8; 64]>> {
    let mut key = Zeroizing::new([0; 64]);
    let cost = scrypt::Params::new(15, 8, 2);
    cost.ok()
        .and_then(|cost| scrypt::scrypt(master, &scope(user), &cost, &mut *key).ok())
        .ok_or(Fault::new("the password cannot be derived"))?;
    Ok(key)
}

/// The algorithm's name and that of a user or a site, with its length before it.
fn scope(name: &[u8]) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    [NAME, &length.to_be_bytes(), name].concat()
}
