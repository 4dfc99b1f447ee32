//! TLS for whatever is served: a listener that hands on connections which have shaken hands.
//!
//! The certificate is looked up for each connection ([`Shown`]), so that a new one needs no restart and disturbs
//! nobody. Handshakes are many at a time, bounded in number and in time: who connects and says nothing holds up no
//! one else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::crypto::aws_lc_rs;
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion, version};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use crate::certificates::Shown;

/// As long as a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Handshakes at a time. Whoever says nothing takes one of them for as long as he is waited for.
const AT_ONCE: usize = 512;
/// How long we wait when the system has no more connections to give.
const BREATH: Duration = Duration::from_millis(100);

/// Which TLS is spoken.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Nothing older than 1.3.
    pub only_newest: bool,
    /// Of TLS 1.2; empty allows all that are safe.
    pub ciphers: Vec<SupportedCipherSuite>,
}

impl Settings {
    /// Names as Go has them, apart by commas. Those that no server should speak any more are refused.
    pub fn parse_ciphers(text: &str) -> Result<Vec<SupportedCipherSuite>, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names
            .map(|name| cipher(name).ok_or_else(|| unknown(name)))
            .collect()
    }

    /// The oldest version, as Go's flags name it. Older ones than 1.2 are not spoken, whoever allows them.
    pub fn parse_version(text: &str) -> Result<bool, String> {
        match text {
            "" | "1.0" | "1.1" | "1.2" => Ok(false),
            "1.3" => Ok(true),
            _ => Err("must be 1.2 or 1.3".to_owned()),
        }
    }

    fn config(&self, shown: Shown) -> Result<ServerConfig, rustls::Error> {
        let mut provider = aws_lc_rs::default_provider();
        if !self.ciphers.is_empty() {
            let of_tls13 = |suite: &SupportedCipherSuite| suite.tls13().is_some();
            provider
                .cipher_suites
                .retain(|suite| of_tls13(suite) || self.ciphers.contains(suite));
        }
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(self.versions())?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        const NEWEST: &[&SupportedProtocolVersion] = &[&version::TLS13];
        const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
        if self.only_newest { NEWEST } else { BOTH }
    }
}

/// rustls' name of a suite is Go's, but for `ChaCha20`, which Go names with its hash and without.
fn cipher(name: &str) -> Option<SupportedCipherSuite> {
    let name = name
        .strip_suffix("_SHA256")
        .filter(|short| short.ends_with("POLY1305"))
        .unwrap_or(name);
    aws_lc_rs::ALL_CIPHER_SUITES.iter().copied().find(|suite| {
        let known = format!("{:?}", suite.suite());
        known == name || known.strip_suffix("_SHA256") == Some(name)
    })
}

fn unknown(name: &str) -> String {
    let known: Vec<String> = aws_lc_rs::ALL_CIPHER_SUITES
        .iter()
        .filter(|suite| suite.tls13().is_none())
        .map(|suite| format!("{:?}", suite.suite()))
        .collect();
    format!("{name} is none of {}", known.join(", "))
}

/// Accepts connections, and shakes hands with many at a time.
#[derive(Debug)]
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: tokio::task::JoinHandle<()>,
}

impl TlsListener {
    pub fn new(listener: TcpListener, settings: &Settings, shown: Shown) -> anyhow::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(settings.config(shown)?));
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(AT_ONCE);
        let accepting = tokio::spawn(accept(listener, acceptor, sender));
        Ok(Self {
            address,
            ready,
            accepting,
        })
    }
}

impl Drop for TlsListener {
    /// Nobody is let in any more; whoever is in stays.
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The other end is only gone when we are dropped.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let permit = permits.clone().acquire_owned().await;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                debug!(cause = %error, "could not accept a connection");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => drop(ready.send((stream, peer)).await),
                Ok(Err(error)) => debug!(%peer, cause = %error, "the handshake failed"),
                Err(_) => debug!(%peer, "the handshake took too long"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_have_the_names_that_go_gives_them() {
        for name in [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
        ] {
            assert_eq!(Settings::parse_ciphers(name).expect(name).len(), 1, "{name}");
        }
        let why = Settings::parse_ciphers("TLS_RSA_WITH_RC4_128_SHA").expect_err("unsafe");
        assert!(
            why.starts_with("TLS_RSA_WITH_RC4_128_SHA is none of TLS_ECDHE"),
            "{why}"
        );
        assert_eq!(Settings::parse_ciphers("").map(|suites| suites.len()), Ok(0));
    }
}
