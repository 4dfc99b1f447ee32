//! Certificates: sprig's `genCA` and the like.

use core::net::IpAddr;
use std::rc::Rc;

use lockstep_gostd::base64::{self, Alphabet};
use zeroize::Zeroizing;

use super::key::cost;
use super::{Args, Function, Param};
use crate::crypto::key::PrivateKey;
use crate::crypto::pem;
use crate::crypto::rsa::{KeySize, RsaKey};
use crate::crypto::x509::{self, Request, issue};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::time::Time;
use crate::value::{Text, Value};

/// `sprig.certificate`: both as PEM.
pub(crate) struct Certificate {
    pub(crate) cert: Text,
    pub(crate) key: Text,
}

/// A certificate and a key that are there already, both checked but returned as they are.
fn build_custom_cert(env: &mut Env, args: Args) -> Outcome {
    let (cert, key) = (args.text(0)?, args.text(1)?);
    env.spend(cert.len().saturating_add(key.len()).saturating_mul(4))?;
    let decode = |text: &Text| base64::decode(Alphabet::Standard, text).map(Zeroizing::new);
    let cert = decode(cert).map_err(|_| Fault::new("unable to decode base64 certificate"))?;
    let key = decode(key).map_err(|_| Fault::new("unable to decode base64 private key"))?;
    read_certificate(&cert)?;
    PrivateKey::from_labelled_pem(&key)?;
    Ok(pair(&cert, &key))
}

fn gen_ca(env: &mut Env, args: Args) -> Outcome {
    let key = generate(env)?;
    authority(env, args, &key)
}

fn gen_ca_with_key(env: &mut Env, args: Args) -> Outcome {
    let key = read_key(args.text(2)?)?;
    authority(env, args, &key)
}

fn gen_self_signed_cert(env: &mut Env, args: Args) -> Outcome {
    let key = generate(env)?;
    self_signed(env, args, &key)
}

fn gen_self_signed_cert_with_key(env: &mut Env, args: Args) -> Outcome {
    let key = read_key(args.text(4)?)?;
    self_signed(env, args, &key)
}

fn gen_signed_cert(env: &mut Env, args: Args) -> Outcome {
    let key = generate(env)?;
    signed(env, args, &key)
}

fn gen_signed_cert_with_key(env: &mut Env, args: Args) -> Outcome {
    let key = read_key(args.text(5)?)?;
    signed(env, args, &key)
}

fn authority(env: &mut Env, args: Args, key: &PrivateKey) -> Outcome {
    let request = request(env, args.text(0)?, args.int(1)?)?;
    let request = Request {
        is_authority: true,
        ..request
    };
    certify(env, &request, key, None)
}

fn self_signed(env: &mut Env, args: Args, key: &PrivateKey) -> Outcome {
    let request = request_with_names(env, args)?;
    certify(env, &request, key, None)
}

fn signed(env: &mut Env, args: Args, key: &PrivateKey) -> Outcome {
    let Value::Certificate(authority) = args.any(4)? else {
        return Err(Fault::new("no certificate to sign with"));
    };
    env.spend(authority.cert.len().saturating_add(authority.key.len()))?;
    let issuer = read_certificate(&authority.cert)?;
    let signer = read_key(&authority.key)?;
    let request = request_with_names(env, args)?;
    certify(env, &request, key, Some((&issuer, &signer)))
}

/// A certificate for the key, signed by itself unless somebody else is given.
fn certify(
    env: &mut Env,
    request: &Request,
    key: &PrivateKey,
    issuer: Option<(&x509::Certificate, &PrivateKey)>,
) -> Outcome {
    env.spend(cost::SIGNATURE)?;
    let (issuer, signer) = issuer.unzip();
    let der = issue(request, &key.public(), issuer, signer.unwrap_or(key))?;
    Ok(pair(&pem::wrap("CERTIFICATE", &der), &key.to_pem()))
}

/// For any common name, and IP addresses, DNS names and days of validity.
fn request_with_names<'a>(env: &mut Env, args: Args<'a>) -> Outcome<Request<'a>> {
    let (ips, dns) = (args.list(1)?, args.list(2)?);
    env.spend(ips.len().saturating_add(dns.len()))?;
    let request = request(env, args.text(0)?, args.int(3)?)?;
    Ok(Request {
        ips: ips.iter().map(ip).collect::<Outcome<_>>()?,
        dns: dns.iter().map(text).collect::<Outcome<_>>()?,
        ..request
    })
}

fn request<'a>(env: &mut Env, common_name: &'a Text, days: i64) -> Outcome<Request<'a>> {
    const DAY: i64 = 24 * 60 * 60 * 1_000_000_000;

    env.spend(common_name.len())?;
    let mut serial = [0; 16];
    env.random.fill(&mut serial);
    let validity = days.wrapping_mul(DAY); // as Go's durations wrap
    let now = Time::from(env.now);
    Ok(Request {
        serial,
        common_name,
        dns: Vec::new(),
        ips: Vec::new(),
        not_before: now.seconds,
        not_after: now.add(validity).seconds,
        is_authority: false,
    })
}

fn text(value: &Value) -> Outcome<&[u8]> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(Fault::new("an alternate DNS name that is not a string")),
    }
}

fn ip(value: &Value) -> Outcome<IpAddr> {
    let Value::Text(text) = value else {
        return Err(Fault::new("an IP address that is not a string"));
    };
    let text = std::str::from_utf8(text).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Fault::new("not an IP address"))
}

fn generate(env: &mut Env) -> Outcome<PrivateKey> {
    env.spend(cost::RSA_2048)?;
    RsaKey::generate(KeySize::Rsa2048).map(PrivateKey::Rsa)
}

fn read_certificate(text: &[u8]) -> Outcome<x509::Certificate> {
    let (block, _) = pem::decode(text).ok_or_else(|| Fault::new("unable to decode certificate"))?;
    x509::Certificate::from_der(&block.bytes)
}

fn read_key(text: &[u8]) -> Outcome<PrivateKey> {
    PrivateKey::from_labelled_pem(text)?.ok_or_else(|| Fault::new("a DSA key cannot be certified"))
}

fn pair(cert: &[u8], key: &[u8]) -> Value {
    Value::Certificate(Rc::new(Certificate {
        cert: cert.into(),
        key: key.into(),
    }))
}

pub(super) const TABLE: &[Function] = &[
    Function::new("buildCustomCert", &[Param::Text, Param::Text], build_custom_cert),
    Function::new("genCA", &[Param::Text, Param::Int], gen_ca),
    Function::new(
        "genCAWithKey",
        &[Param::Text, Param::Int, Param::Text],
        gen_ca_with_key,
    ),
    Function::new(
        "genSelfSignedCert",
        &[Param::Text, Param::List, Param::List, Param::Int],
        gen_self_signed_cert,
    ),
    Function::new(
        "genSelfSignedCertWithKey",
        &[Param::Text, Param::List, Param::List, Param::Int, Param::Text],
        gen_self_signed_cert_with_key,
    ),
    Function::new(
        "genSignedCert",
        &[
            Param::Text,
            Param::List,
            Param::List,
            Param::Int,
            Param::Certificate,
        ],
        gen_signed_cert,
    ),
    Function::new(
        "genSignedCertWithKey",
        &[
            Param::Text,
            Param::List,
            Param::List,
            Param::Int,
            Param::Certificate,
            Param::Text,
        ],
        gen_signed_cert_with_key,
    ),
];

#[cfg(test)]
mod tests;
