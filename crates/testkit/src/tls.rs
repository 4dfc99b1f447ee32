//! TLS before a server that speaks none, with whatever certificate a test wants it to show.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::{Error, Issued};

/// A TLS listener that hands on what it decrypts; ended when dropped.
#[derive(Debug)]
pub struct Tls {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Tls {
    /// Starts one before `backend`.
    pub async fn before(backend: SocketAddr, shown: &Issued) -> Result<Self, Error> {
        let opening = || Error::io("open a port for TLS");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(opening())?;
        let address = listener.local_addr().map_err(opening())?;
        let acceptor = TlsAcceptor::from(Arc::new(config(shown)?));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Whoever does not trust us hangs up; that is what tests are after.
                    let _ = hand_on(&acceptor, stream, backend).await;
                });
            }
        });
        Ok(Self { address, serving })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn config(shown: &Issued) -> Result<ServerConfig, Error> {
    let refused = |_| Error::Credential("TLS configuration");
    let chain = vec![CertificateDer::from(shown.certificate_der.clone())];
    let key = PrivatePkcs8KeyDer::from(shown.key_der.clone());
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(chain, key.into())
        .map_err(refused)
}

async fn hand_on(acceptor: &TlsAcceptor, stream: TcpStream, backend: SocketAddr) -> std::io::Result<()> {
    let mut client = acceptor.accept(stream).await?;
    let mut server = TcpStream::connect(backend).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}
