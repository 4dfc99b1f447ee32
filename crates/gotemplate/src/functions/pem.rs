//! PEM blocks, and the certificates in them.

use zeroize::Zeroizing;

use super::{Args, Function, Param};
use crate::crypto::pem;
use crate::crypto::x509::{Certificate, chain};
use crate::env::Env;
use crate::fault::{Fault, Outcome};
use crate::value::Value;

/// All blocks of a kind. A text without any block is junk, an empty one is not.
fn filter_pem(env: &mut Env, args: Args) -> Outcome {
    let (label, text) = (args.text(0)?, args.text(1)?);
    env.spend(text.len().saturating_mul(4))?;
    let mut rest = without_junk(text);
    let mut found = Zeroizing::new(Vec::new());
    while let Some((block, next)) = pem::decode(rest) {
        if block.label.eq_ignore_ascii_case(label) {
            found.extend_from_slice(&pem::encode(&block)?);
        }
        rest = next;
    }
    if found.is_empty() && !rest.is_empty() {
        return Err(Fault::new("error filtering pem: found junk"));
    }
    Ok(Value::text(found.as_slice()))
}

/// From the first block on, even if that does not start its line.
fn without_junk(text: &[u8]) -> &[u8] {
    const BEGIN: &[u8] = b"-----BEGIN";
    let start = text.windows(BEGIN.len()).position(|window| window == BEGIN);
    &text[start.unwrap_or_default()..]
}

fn filter_cert_chain(env: &mut Env, args: Args) -> Outcome {
    let (part, text) = (args.text(0)?, args.text(1)?);
    env.spend(text.len().saturating_mul(4))?;
    let certificates: Vec<Certificate> = pem::blocks(text)
        .map(|block| Certificate::from_der(&block.bytes))
        .collect::<Outcome<_>>()?;
    env.spend(certificates.len().saturating_mul(certificates.len()))?;
    let chain = chain::order(&certificates)?;
    let chosen: &[&Certificate] = match (part.bytes(), chain.as_slice()) {
        (b"leaf", [leaf, ..]) if !leaf.is_root() => &chain[..1],
        (b"intermediate", [_, above @ ..]) => {
            let end = above.iter().position(|certificate| certificate.is_root());
            &above[..end.unwrap_or(above.len())]
        }
        (b"root", [.., last]) if last.is_root() => &chain[chain.len() - 1..],
        _ => &[],
    };
    let mut found = Vec::new();
    for certificate in chosen {
        found.extend_from_slice(&pem::wrap("CERTIFICATE", &certificate.raw));
    }
    Ok(Value::text(found))
}

/// The alternative names of the first certificate.
fn cert_sans(env: &mut Env, args: Args) -> Outcome {
    let text = args.text(0)?;
    env.spend(text.len().saturating_mul(4))?;
    let (block, _) =
        pem::decode(without_junk(text)).ok_or_else(|| Fault::new("failed to decode PEM block"))?;
    let names = Certificate::from_der(&block.bytes)?.extensions.names;
    let all = [names.dns, names.ips, names.emails, names.uris];
    Ok(Value::texts(all.into_iter().flatten()))
}

pub(super) const TABLE: &[Function] = &[
    Function::new("certSANs", &[Param::Text], cert_sans),
    Function::new("filterCertChain", &[Param::Text, Param::Text], filter_cert_chain),
    Function::new("filterPEM", &[Param::Text, Param::Text], filter_pem),
];
