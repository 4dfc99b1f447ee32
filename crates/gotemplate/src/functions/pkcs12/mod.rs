//! PKCS#12 from PEM, in base64, and back.

use lockstep_gostd::base64;

use super::{Args, Function, Param};
use crate::crypto::key::PrivateKey;
use crate::crypto::x509::{Certificate, chain};
use crate::crypto::{pem, pkcs12};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::Value;

const ONE: &[Param] = &[Param::Text];
const TWO: &[Param] = &[Param::Text; 2];
const THREE: &[Param] = &[Param::Text; 3];

pub(super) const TABLE: &[Function] = &[
    Function::new("fullPemToPkcs12", TWO, |env, args| chain_from_pem(env, args, b"")),
    Function::new("fullPemToPkcs12Pass", THREE, |env, args| {
        chain_from_pem(env, args, args.text(2)?)
    }),
    Function::new("pemToPkcs12", TWO, |env, args| from_pem(env, args, b"")),
    Function::new("pemToPkcs12Pass", THREE, |env, args| {
        from_pem(env, args, args.text(2)?)
    }),
    Function::new("pemTruststoreToPKCS12", ONE, |env, args| {
        trust_store(env, args, b"")
    }),
    Function::new("pemTruststoreToPKCS12Pass", TWO, |env, args| {
        trust_store(env, args, args.text(1)?)
    }),
    Function::new("pkcs12cert", ONE, |env, args| {
        certificates(env, args.text(0)?, b"")
    }),
    Function::new("pkcs12certPass", TWO, |env, args| {
        certificates(env, args.text(1)?, args.text(0)?)
    }),
    Function::new("pkcs12key", ONE, |env, args| key(env, args.text(0)?, b"")),
    Function::new("pkcs12keyPass", TWO, |env, args| {
        key(env, args.text(1)?, args.text(0)?)
    }),
];

fn key(env: &mut Env, file: &[u8], password: &[u8]) -> Outcome {
    let identity = pkcs12::decode(env, file, password)?;
    Ok(Value::text(&**pem::wrap(
        "PRIVATE KEY",
        &identity.key.to_pkcs8_der(),
    )))
}

/// From the leaf to the root if they are one chain, or else as they come.
fn certificates(env: &mut Env, file: &[u8], password: &[u8]) -> Outcome {
    let found = pkcs12::decode(env, file, password)?.certificates;
    env.spend(found.len().saturating_mul(found.len()))?;
    env.spend(file.len().saturating_mul(2))?;
    let ordered = chain::order(&found).unwrap_or_else(|_| found.iter().collect());
    let blocks: Vec<_> = ordered
        .iter()
        .map(|certificate| pem::wrap("CERTIFICATE", &certificate.raw))
        .collect();
    Ok(Value::text(
        blocks
            .iter()
            .flat_map(|block| block.iter().copied())
            .collect::<Vec<u8>>(),
    ))
}

/// With the first certificate alone.
fn from_pem(env: &mut Env, args: Args, password: &[u8]) -> Outcome {
    let (certificate, _) = first_certificate(env, args.text(0)?)?;
    encode(env, &certificate, &[], args.text(1)?, password)
}

/// With all certificates. The first is the leaf.
fn chain_from_pem(env: &mut Env, args: Args, password: &[u8]) -> Outcome {
    let (certificate, rest) = first_certificate(env, args.text(0)?)?;
    let authorities = all_certificates(env, rest)?;
    encode(env, &certificate, &authorities, args.text(1)?, password)
}

fn encode(
    env: &mut Env,
    certificate: &Certificate,
    authorities: &[Certificate],
    key: &[u8],
    password: &[u8],
) -> Outcome {
    env.spend(key.len())?;
    let key = PrivateKey::from_pem(key)?;
    let file = pkcs12::encode(env, &key, certificate, authorities, password)?;
    Ok(Value::text(base64::encode(&file)))
}

fn trust_store(env: &mut Env, args: Args, password: &[u8]) -> Outcome {
    let certificates = all_certificates(env, args.text(0)?)?;
    let file = pkcs12::encode_trust_store(env, &certificates, password)?;
    Ok(Value::text(base64::encode(&file)))
}

/// The certificate in the first block, and what follows it.
fn first_certificate<'a>(env: &mut Env, text: &'a [u8]) -> Outcome<(Certificate, &'a [u8])> {
    let (block, rest) =
        pem::decode(text).ok_or_else(|| Fault::new("no PEM block where a certificate should be"))?;
    env.spend(text.len() - rest.len())?;
    Ok((Certificate::from_der(&block.bytes)?, rest))
}

/// Nothing else may be there, not even a blank line at the end.
fn all_certificates(env: &mut Env, mut text: &[u8]) -> Outcome<Vec<Certificate>> {
    let mut certificates = vec![];
    while !text.is_empty() {
        let (certificate, rest) = first_certificate(env, text)?;
        certificates.push(certificate);
        text = rest;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests;
