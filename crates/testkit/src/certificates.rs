//! Certificate authorities, and certificates of theirs, made anew for each run.

use aws_lc_rs::rsa;
use aws_lc_rs::signature::KeyPair as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};

use crate::Error;
use crate::credentials::pem;

/// A certificate authority.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate, and the key that goes with it.
#[derive(Clone)]
pub struct Issued {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its key, PEM (PKCS#8).
    pub key: String,
    pub(crate) certificate_der: Vec<u8>,
    pub(crate) key_der: Vec<u8>,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A server on 127.0.0.1, also known as `localhost`.
    Server,
    /// The same, but it was valid for one day only, long ago.
    ExpiredServer,
    /// A server somewhere else.
    OtherServer,
    /// A client.
    Client,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued")
    }
}

impl Authority {
    /// Makes one of this name.
    pub fn new(name: &str) -> Result<Self, Error> {
        let mut params = named(name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let made = CertifiedIssuer::self_signed(params, key()?);
        made.map(Self).map_err(refused)
    }

    /// Its own certificate, PEM: what those who trust it are given.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.0.der())
    }

    /// A certificate of its own, for somebody of this name.
    pub fn issue(&self, name: &str, purpose: Purpose) -> Result<Issued, Error> {
        let hosts: &[&str] = match purpose {
            Purpose::Server | Purpose::ExpiredServer => &["127.0.0.1", "localhost"],
            Purpose::OtherServer => &["elsewhere.test"],
            Purpose::Client => &[],
        };
        let mut params = named(name, hosts)?;
        params.extended_key_usages = vec![match purpose {
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
            Purpose::Server | Purpose::ExpiredServer | Purpose::OtherServer => {
                ExtendedKeyUsagePurpose::ServerAuth
            }
        }];
        if purpose == Purpose::ExpiredServer {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 2);
        }
        let key = key()?;
        let certificate = params.signed_by(&key, &self.0).map_err(refused)?;
        Ok(Issued {
            certificate: pem("CERTIFICATE", certificate.der()),
            key: pem("PRIVATE KEY", key.serialized_der()),
            certificate_der: certificate.der().to_vec(),
            key_der: key.serialized_der().to_vec(),
        })
    }
}

/// A certificate that signed itself, with an RSA key: what clouds know applications by.
#[derive(Clone)]
pub struct RsaIdentity {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its key, PEM (PKCS#8).
    pub key: String,
    certificate_der: Vec<u8>,
    public_key: Vec<u8>,
}

impl RsaIdentity {
    /// Makes one for somebody of this name.
    pub fn new(name: &str) -> Result<Self, Error> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(refused)?;
        let certificate = named(name, &[])?.self_signed(&key).map_err(refused)?;
        let pair = rsa::KeyPair::from_pkcs8(key.serialized_der());
        let pair = pair.map_err(|_| Error::Credential("certificate"))?;
        Ok(Self {
            certificate: pem("CERTIFICATE", certificate.der()),
            key: pem("PRIVATE KEY", key.serialized_der()),
            certificate_der: certificate.der().to_vec(),
            public_key: pair.public_key().as_ref().to_vec(),
        })
    }

    /// The certificate, DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// PKCS#1, DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

impl std::fmt::Debug for RsaIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RsaIdentity")
    }
}

fn named(name: &str, hosts: &[&str]) -> Result<CertificateParams, Error> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).map_err(refused)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn key() -> Result<KeyPair, Error> {
    KeyPair::generate().map_err(refused)
}

fn refused(_: rcgen::Error) -> Error {
    Error::Credential("certificate")
}
