//! Reads PKCS#12 files: DER only, as Go's library does, not BER.

use zeroize::Zeroizing;

use super::mac::Mac;
use super::{Algorithm, Identity, Password, cipher, oid};
use crate::crypto::der::{Reader, malformed, tag};
use crate::crypto::key::PrivateKey;
use crate::crypto::x509::Certificate;
use crate::env::Env;
use crate::fault::{Fault, Outcome};

/// The key and the certificates in a file. One key and at least one certificate must be there.
pub(crate) fn decode(env: &mut Env, file: &[u8], password: &[u8]) -> Outcome<Identity> {
    env.spend(file.len())?;
    let mut fields = only(file)?.sequence()?;
    if fields.small_integer()? != 3 {
        return Err(Fault::new("not version 3 of PKCS#12"));
    }
    let (kind, safe) = content_info(&mut fields)?;
    if kind != oid::DATA {
        return Err(Fault::new("not protected by a password"));
    }
    let safe = only(safe)?.any()?.content;
    let mac = fields
        .optional(tag::SEQUENCE)?
        .map(|fields| Mac::read(Reader::new(fields)));
    let password = checked(env, mac.transpose()?, safe, Password::new(password)?)?;
    let mut contents = Contents::default();
    for part in parts(env, safe, &password)? {
        contents.read(env, &part, &password)?;
    }
    contents.into_identity()
}

/// The password that the MAC calls for. Some programs take no bytes at all for the empty password.
fn checked(env: &mut Env, mac: Option<Mac>, safe: &[u8], password: Password) -> Outcome<Password> {
    let Some(mac) = mac else {
        return if password.is_empty() {
            Ok(password)
        } else {
            Err(Fault::new("no MAC in the file"))
        };
    };
    if mac.is_right(env, safe, &password)? {
        return Ok(password);
    }
    let none = Password::none();
    if password.is_empty() && mac.is_right(env, safe, &none)? {
        return Ok(none);
    }
    Err(Fault::new("the password is wrong"))
}

/// What the authenticated safe holds, decrypted.
fn parts(env: &mut Env, safe: &[u8], password: &Password) -> Outcome<Vec<Zeroizing<Vec<u8>>>> {
    let mut infos = only(safe)?.sequence()?;
    let mut parts = vec![];
    while !infos.is_empty() {
        let (kind, content) = content_info(&mut infos)?;
        let mut content = only(content)?;
        parts.push(match kind {
            oid::DATA => Zeroizing::new(content.element(tag::OCTET_STRING)?.to_vec()),
            oid::ENCRYPTED_DATA => encrypted_data(env, content.sequence()?, password)?,
            _ => {
                return Err(Fault::new(
                    "a part of the file is neither data nor encrypted data",
                ));
            }
        });
    }
    match parts.len() {
        1 | 2 => Ok(parts),
        count => Err(Fault::new(format!(
            "the file has {count} parts instead of one or two"
        ))),
    }
}

fn encrypted_data(env: &mut Env, mut fields: Reader, password: &Password) -> Outcome<Zeroizing<Vec<u8>>> {
    if fields.small_integer()? != 0 {
        return Err(Fault::new("not version 0 of encrypted data"));
    }
    let mut info = fields.sequence()?;
    info.oid()?;
    let algorithm = Algorithm::read(&mut info)?;
    let text = info.element(tag::implicit(0))?;
    cipher::decrypt(env, algorithm, text, password)
}

#[derive(Default)]
struct Contents {
    key: Option<PrivateKey>,
    certificates: Vec<Certificate>,
}

impl Contents {
    fn read(&mut self, env: &mut Env, part: &[u8], password: &Password) -> Outcome<()> {
        let mut bags = only(part)?.sequence()?;
        while !bags.is_empty() {
            let mut bag = bags.sequence()?;
            let kind = bag.oid()?;
            let value = bag.element(tag::explicit(0))?;
            check_attributes(bag)?;
            match kind {
                oid::CERTIFICATE_BAG => self.certificates.push(certificate(value)?),
                oid::KEY_BAG => self.add_key(value)?,
                oid::SHROUDED_KEY_BAG => self.add_key(&shrouded_key(env, value, password)?)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn add_key(&mut self, der: &[u8]) -> Outcome<()> {
        match self.key.replace(PrivateKey::from_pkcs8_der(der)?) {
            None => Ok(()),
            Some(_) => Err(Fault::new("more than one key in the file")),
        }
    }

    fn into_identity(self) -> Outcome<Identity> {
        if self.certificates.is_empty() {
            return Err(Fault::new("no certificate in the file"));
        }
        Ok(Identity {
            key: self.key.ok_or(Fault::new("no private key in the file"))?,
            certificates: self.certificates,
        })
    }
}

/// They are of no interest, but have to be there in form.
fn check_attributes(mut bag: Reader) -> Outcome<()> {
    let mut attributes = Reader::new(bag.optional(tag::SET)?.unwrap_or_default());
    while !attributes.is_empty() {
        let mut attribute = attributes.sequence()?;
        attribute.oid()?;
        attribute.any()?;
    }
    Ok(())
}

fn certificate(bag: &[u8]) -> Outcome<Certificate> {
    let mut bag = only(bag)?.sequence()?;
    if bag.oid()? != oid::X509_CERTIFICATE {
        return Err(Fault::new("a certificate that is not of X.509"));
    }
    Certificate::from_der(Reader::new(bag.element(tag::explicit(0))?).element(tag::OCTET_STRING)?)
}

fn shrouded_key(env: &mut Env, bag: &[u8], password: &Password) -> Outcome<Zeroizing<Vec<u8>>> {
    let mut bag = only(bag)?.sequence()?;
    let algorithm = Algorithm::read(&mut bag)?;
    let text = bag.element(tag::OCTET_STRING)?;
    let key = cipher::decrypt(env, algorithm, text, password)?;
    only(&key)?;
    Ok(key)
}

/// The kind of a content, and the content.
fn content_info<'a>(fields: &mut Reader<'a>) -> Outcome<(&'a [u8], &'a [u8])> {
    let mut info = fields.sequence()?;
    Ok((info.oid()?, info.element(tag::explicit(0))?))
}

/// A reader of the only element.
fn only(bytes: &[u8]) -> Outcome<Reader<'_>> {
    let mut rest = Reader::new(bytes);
    rest.any()?;
    if rest.is_empty() {
        Ok(Reader::new(bytes))
    } else {
        Err(malformed())
    }
}
