//! Certificates: sprig's `genCA` and the like.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use lockstep_gostd::base64::{self, Alphabet};
use zeroize::Zeroizing;

use super::{Args, Function, Param};
use crate::crypto::der::{Reader, tag};
use crate::crypto::ec::EcKey;
use crate::crypto::key::PrivateKey;
use crate::crypto::pem;
use crate::crypto::rsa::{RsaKey, Size};
use crate::crypto::x509::{self, Request, issue};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::functions::key::{RSA_2048_COST, SIGNATURE_COST};
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
    read_any_key(&key)?;
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

fn authority(env: &mut Env, args: Args, key: &PrivateKey) -> Outcome {
    let subject = Subject {
        common_name: args.text(0)?,
        ips: &[],
        dns: &[],
        days: args.int(1)?,
    };
    subject.certify(env, key, None)
}

fn gen_self_signed_cert(env: &mut Env, args: Args) -> Outcome {
    let key = generate(env)?;
    self_signed(env, args, &key)
}

fn gen_self_signed_cert_with_key(env: &mut Env, args: Args) -> Outcome {
    let key = read_key(args.text(4)?)?;
    self_signed(env, args, &key)
}

fn self_signed(env: &mut Env, args: Args, key: &PrivateKey) -> Outcome {
    Subject::new(args)?.certify(env, key, Some(Issuer::Itself))
}

fn gen_signed_cert(env: &mut Env, args: Args) -> Outcome {
    let key = generate(env)?;
    signed(env, args, &key)
}

fn gen_signed_cert_with_key(env: &mut Env, args: Args) -> Outcome {
    let key = read_key(args.text(5)?)?;
    signed(env, args, &key)
}

fn signed(env: &mut Env, args: Args, key: &PrivateKey) -> Outcome {
    let Value::Certificate(authority) = args.any(4)? else {
        return Err(Fault::new("no certificate to sign with"));
    };
    env.spend(authority.cert.len().saturating_add(authority.key.len()))?;
    let certificate = read_certificate(&authority.cert)?;
    let signer = read_key(&authority.key)?;
    Subject::new(args)?.certify(env, key, Some(Issuer::Authority(&certificate, &signer)))
}
