//! Alternative names of a certificate's subject.

use core::net::{IpAddr, Ipv6Addr};

use super::read::Names;
use crate::crypto::der::{self, Der, Reader, tag};
use crate::fault::{Fault, Outcome};
use crate::url;

const EMAIL: u8 = tag::implicit(1);
const DNS: u8 = tag::implicit(2);
const URI: u8 = tag::implicit(6);
const IP: u8 = tag::implicit(7);

pub(super) fn read(mut fields: Reader) -> Outcome<Names> {
    let mut names = Names::default();
    while !fields.is_empty() {
        let name = fields.any()?;
        match name.tag {
            EMAIL => names.emails.push(ascii(name.content)?),
            DNS => names.dns.push(ascii(name.content)?),
            URI => names.uris.push(uri(name.content)?),
            IP => names.ips.push(ip(name.content)?),
            _ => {}
        }
    }
    Ok(names)
}

/// The names in Go's order, which is DNS first.
pub(super) fn write(dns: &[&[u8]], ips: &[IpAddr]) -> Outcome<Der> {
    let mut names = Vec::with_capacity(dns.len() + ips.len());
    for name in dns {
        ascii(name)?;
        names.push(der::element(DNS, &[name]));
    }
    for ip in ips {
        names.push(match ip.to_canonical() {
            IpAddr::V4(ip) => der::element(IP, &[&ip.octets()]),
            IpAddr::V6(ip) => der::element(IP, &[&ip.octets()]),
        });
    }
    let names: Vec<&[u8]> = names.iter().map(|name| name.as_slice()).collect();
    Ok(der::sequence(&names))
}

pub(super) fn ascii(text: &[u8]) -> Outcome<String> {
    match std::str::from_utf8(text) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(Fault::new("a name of a certificate is not ASCII")),
    }
}

fn ip(bytes: &[u8]) -> Outcome<String> {
    let ip = if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        IpAddr::from(bytes)
    } else if let Ok(bytes) = <[u8; 16]>::try_from(bytes) {
        IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
    } else {
        return Err(Fault::new("an IP address of a certificate has a wrong length"));
    };
    Ok(ip.to_string())
}

/// As Go prints it after parsing: with a small scheme, without empty parts, and with escapes where they belong.
fn uri(text: &[u8]) -> Outcome<String> {
    const PLAIN: &[u8] = b"-._~!$&'()*+,;=:@[]/?#%";

    ascii(text)?;
    let url = url::parse(text)?;
    if !is_domain(&url.host) {
        return Err(Fault::new("a URI of a certificate has an invalid domain"));
    }
    let (scheme, rest) = text.split_at(url.scheme.len());
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || PLAIN.contains(byte);
    let has_empty_authority = matches!(rest.strip_prefix(b"://"), Some([] | [b'?' | b'#', ..]));
    if has_empty_authority || url.user.is_some() || !rest.iter().all(is_plain) {
        return ascii(&url.encoded());
    }
    let rest = match rest {
        [rest @ .., b'#'] if url.fragment.is_empty() => rest,
        rest => rest,
    };
    ascii(&[&scheme.to_ascii_lowercase(), rest].concat())
}

/// Whether labels stand between the dots. An empty domain will do.
pub(super) fn is_domain(domain: &[u8]) -> bool {
    let is_label = |label: &[u8]| !label.is_empty() && label.iter().all(u8::is_ascii_graphic);
    domain.is_empty() || domain.split(|byte| *byte == b'.').all(is_label)
}
