//! Which hosts the operator lets webhooks talk to.
//!
//! A pattern is about the host as it stands in the URL: who a name leads to is for DNS and network policies to say.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use url::{Host, Url};

/// The hosts that are allowed; without a pattern, all are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Arc<[HostPattern]>);

/// A host, all below a domain (`*.example.com`), or all (`*`); at one port, or at any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    host: Wanted,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// With the dot that it begins with.
    Below(String),
    Exactly(Host<String>),
}

impl Hosts {
    pub fn allow(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let host = without_last_dot(&host.to_owned());
        let port = url.port_or_known_default();
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.allows(&host, port))
    }
}

impl FromIterator<HostPattern> for Hosts {
    fn from_iter<I: IntoIterator<Item = HostPattern>>(patterns: I) -> Self {
        Self(patterns.into_iter().collect())
    }
}

impl HostPattern {
    fn allows(&self, host: &Host<String>, port: Option<u16>) -> bool {
        let is_port = self.port.is_none() || self.port == port;
        is_port
            && match (&self.host, host) {
                (Wanted::All, _) => true,
                (Wanted::Exactly(wanted), host) => wanted == host,
                (Wanted::Below(suffix), Host::Domain(name)) => name.ends_with(suffix),
                (Wanted::Below(_), Host::Ipv4(_) | Host::Ipv6(_)) => false,
            }
    }
}

/// `db.example.com.` is `db.example.com`.
fn without_last_dot(host: &Host<String>) -> Host<String> {
    match host {
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(name).to_owned()),
        other => other.clone(),
    }
}

/// Why a pattern is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern;

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a host, *.DOMAIN or *, with or without :PORT, and nothing else")
    }
}

impl std::error::Error for BadPattern {}

impl FromStr for HostPattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_| BadPattern)?)),
            _ => (text, None),
        };
        // A lone address of the sixth version has colons, too.
        if host.contains(':') && !host.starts_with('[') {
            return Err(BadPattern);
        }
        let parse = |host: &str| match Host::parse(host) {
            Ok(Host::Domain(name)) if name.contains('*') => Err(BadPattern),
            parsed => parsed.map_err(|_| BadPattern),
        };
        let host = match host.strip_prefix('*') {
            Some("") => Wanted::All,
            Some(suffix) => match parse(suffix.strip_prefix('.').ok_or(BadPattern)?)? {
                Host::Domain(name) => Wanted::Below(format!(".{}", name.strip_suffix('.').unwrap_or(&name))),
                Host::Ipv4(_) | Host::Ipv6(_) => return Err(BadPattern),
            },
            None => Wanted::Exactly(without_last_dot(&parse(host)?)),
        };
        Ok(Self { host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(patterns: &[&str], url: &str) -> bool {
        let patterns: Result<Hosts, _> = patterns.iter().map(|pattern| pattern.parse()).collect();
        let url = Url::parse(url).expect("a URL");
        patterns.expect("patterns").allow(&url)
    }

    #[test]
    fn without_a_pattern_all_hosts_are_allowed() {
        assert!(allow(&[], "http://169.254.169.254/"));
        assert!(allow(&["a.example", "*"], "http://169.254.169.254/"));
    }

    #[test]
    fn what_is_not_named_is_not_allowed() {
        let patterns = [
            "api.example.com",
            "*.corp.example",
            "vault:8200",
            "10.0.0.1",
            "[fd00::1]:443",
        ];
        for url in [
            "https://api.example.com/v1",
            "https://API.Example.com./v1",
            "https://user:pass@api.example.com:8443/",
            "http://a.corp.example",
            "http://a.b.corp.example.",
            "http://vault:8200",
            "http://10.0.0.1:81",
            "http://0x0a.1/",
            "https://[fd00:0:0::1]/",
        ] {
            assert!(allow(&patterns, url), "{url}");
        }
        for url in [
            "https://api.example.com.evil.example",
            "https://api.example.com@evil.example",
            "https://evil.example/api.example.com",
            "https://evil.example#api.example.com",
            "https://xapi.example.com",
            "http://corp.example",
            "http://xcorp.example",
            "http://vault",
            "http://vault:8201",
            "http://10.0.0.2",
            "http://167772162/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fd00::1]/",
            "http://api.example.com..",
        ] {
            assert!(!allow(&patterns, url), "{url}");
        }
    }

    #[test]
    fn a_pattern_is_a_host_and_nothing_more() {
        for bad in [
            "",
            "*.",
            "*.*",
            "*a.example",
            "a.*.example",
            "http://a.example",
            "a.example/x",
            "u@a.example",
            "a.example:",
            "a.example:http",
            "a.example:70000",
            "::1",
            "*.10.0.0.1",
            "a b",
        ] {
            assert_eq!(bad.parse::<HostPattern>(), Err(BadPattern), "{bad}");
        }
        assert!("[::1]".parse::<HostPattern>().is_ok());
        assert!("*:443".parse::<HostPattern>().is_ok());
    }
}
