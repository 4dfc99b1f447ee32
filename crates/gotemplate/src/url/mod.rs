//! URLs, as Go's `net/url` reads and writes them.

use core::net::Ipv6Addr;

use crate::fault::{Fault, Outcome};

use escape::{Part, escape, unescape};

mod escape;

#[derive(Default)]
pub(crate) struct Url {
    pub(crate) scheme: Vec<u8>,
    /// What follows the scheme if that is no slash, as it is written.
    pub(crate) opaque: Vec<u8>,
    pub(crate) user: Option<User>,
    /// With the port.
    pub(crate) host: Vec<u8>,
    pub(crate) path: Vec<u8>,
    /// As it is written.
    pub(crate) query: Vec<u8>,
    pub(crate) fragment: Vec<u8>,
}

pub(crate) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

pub(crate) fn parse(raw: &[u8]) -> Outcome<Url> {
    let (raw, fragment) = cut(raw, b'#').unwrap_or((raw, b""));
    if raw.iter().any(u8::is_ascii_control) {
        return Err(Fault::new("the URL has an invalid control character"));
    }
    if raw == b"*" {
        return Ok(Url {
            path: b"*".to_vec(),
            fragment: unescape(fragment, Part::Fragment)?,
            ..Url::default()
        });
    }
    let (scheme, rest) = scheme(raw)?;
    let (rest, query) = cut(rest, b'?').unwrap_or((rest, b""));
    let mut url = Url {
        scheme: scheme.to_ascii_lowercase(),
        query: query.to_vec(),
        ..Url::default()
    };
    url.read_rest(rest)?;
    url.fragment = unescape(fragment, Part::Fragment)?;
    Ok(url)
}

/// `scheme:`, if there is one, and what follows.
fn scheme(raw: &[u8]) -> Outcome<(&[u8], &[u8])> {
    let other = |b: &u8| !(b.is_ascii_alphanumeric() || b"+-.".contains(b));
    match raw.iter().position(other) {
        Some(0) if raw[0] == b':' => Err(Fault::new("the URL has no scheme before the colon")),
        Some(end) if raw[end] == b':' && raw[0].is_ascii_alphabetic() => Ok((&raw[..end], &raw[end + 1..])),
        _ => Ok((b"", raw)),
    }
}

impl Url {
    fn read_rest(&mut self, rest: &[u8]) -> Outcome<()> {
        if !rest.starts_with(b"/") {
            if !self.scheme.is_empty() {
                self.opaque = rest.to_vec();
                return Ok(());
            }
            if first_segment(rest).contains(&b':') {
                return Err(Fault::new(
                    "the first segment of a URL's path must not have a colon",
                ));
            }
        }
        let authority = rest.strip_prefix(b"//").filter(|authority| {
            // Without a scheme, three slashes are the beginning of a path.
            !self.scheme.is_empty() || !authority.starts_with(b"/")
        });
        let mut path = rest;
        if let Some(after) = authority {
            let authority = first_segment(after);
            path = &after[authority.len()..];
            self.read_authority(authority)?;
        }
        self.path = unescape(path, Part::Path)?;
        Ok(())
    }

    fn read_authority(&mut self, authority: &[u8]) -> Outcome<()> {
        let at = authority.iter().rposition(|b| *b == b'@');
        let host = at.map_or(authority, |at| &authority[at + 1..]);
        self.host = read_host(&self.scheme, host)?;
        self.user = at.map(|at| read_user(&authority[..at])).transpose()?;
        Ok(())
    }

    /// Without the port, and without the brackets of an IPv6 address.
    pub(crate) fn hostname(&self) -> &[u8] {
        let host = &*self.host;
        let colon = host.iter().rposition(|b| *b == b':');
        let host = match colon {
            Some(colon) if is_port(&host[colon..]) => &host[..colon],
            _ => host,
        };
        match host {
            [b'[', address @ .., b']'] => address,
            _ => host,
        }
    }

    /// As text again.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.encode_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Part::Fragment));
        }
        out
    }

    fn encode_hierarchy(&self, out: &mut Vec<u8>) {
        let somewhere = !self.host.is_empty() || self.user.is_some();
        if somewhere || !self.scheme.is_empty() && !self.path.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            out.extend(user.encoded());
            out.push(b'@');
        }
        out.extend(escape(&self.host, Part::Host));
        let path = match &*self.path {
            b"*" => b"*".to_vec(),
            path => escape(path, Part::Path),
        };
        if !self.host.is_empty() && !path.is_empty() && !path.starts_with(b"/") {
            out.push(b'/');
        }
        if out.is_empty() && first_segment(&path).contains(&b':') {
            out.extend_from_slice(b"./"); // else it would look like a scheme
        }
        out.extend(path);
    }
}

impl User {
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Part::User);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escape(password, Part::User));
        }
        out
    }
}

fn read_user(userinfo: &[u8]) -> Outcome<User> {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b);
    if !userinfo.iter().all(allowed) {
        return Err(Fault::new("the URL's user information is invalid"));
    }
    let (name, password) = match cut(userinfo, b':') {
        Some((name, password)) => (name, Some(password)),
        None => (userinfo, None),
    };
    Ok(User {
        name: unescape(name, Part::User)?,
        password: password.map(|it| unescape(it, Part::User)).transpose()?,
    })
}

fn read_host(scheme: &[u8], host: &[u8]) -> Outcome<Vec<u8>> {
    match host.iter().rposition(|b| *b == b'[') {
        Some(0) => return read_address(host),
        Some(_) => return Err(Fault::new("the URL has an invalid IP address")),
        None => {}
    }
    // Databases have lists of hosts with ports.
    let strict = matches!(scheme, b"http" | b"https");
    let colon = if strict {
        host.iter().position(|b| *b == b':')
    } else {
        host.iter().rposition(|b| *b == b':')
    };
    if colon.is_some_and(|colon| !is_port(&host[colon..])) {
        return Err(invalid_port());
    }
    unescape(host, Part::Host)
}

/// `[fe80::1%25en0]:80`
fn read_address(host: &[u8]) -> Outcome<Vec<u8>> {
    let Some(end) = host.iter().rposition(|b| *b == b']') else {
        return Err(Fault::new("the URL's host lacks a closing bracket"));
    };
    let (address, port) = (&host[1..end], &host[end + 1..]);
    if !port.is_empty() && !is_port(port) {
        return Err(invalid_port());
    }
    let zone = address.windows(3).position(|it| it == b"%25");
    let (address, zone) = address.split_at(zone.unwrap_or(address.len()));
    let address = [unescape(address, Part::Host)?, unescape(zone, Part::Zone)?].concat();
    if !is_ipv6(&address) {
        return Err(Fault::new("the URL has an invalid IP address"));
    }
    Ok([b"[", &*address, b"]", port].concat())
}

fn is_ipv6(text: &[u8]) -> bool {
    let (address, zone) = match cut(text, b'%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let address = std::str::from_utf8(address).ok();
    address.is_some_and(|it| it.parse::<Ipv6Addr>().is_ok()) && zone.is_none_or(|zone| !zone.is_empty())
}

/// A colon and digits, if any.
fn is_port(text: &[u8]) -> bool {
    matches!(text, [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit))
}

fn invalid_port() -> Fault {
    Fault::new("the URL has an invalid port")
}

fn first_segment(path: &[u8]) -> &[u8] {
    cut(path, b'/').map_or(path, |(segment, _)| segment)
}

/// What is before and after the first such byte.
fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(at, text)?;
    Some((&text[..at], &text[at + 1..]))
}
