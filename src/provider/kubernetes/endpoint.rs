//! Which API server, whom to trust there, and who we are.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{KubernetesAuth, KubernetesServer};
use rustls::pki_types::CertificateDer;

use super::kubeconfig;
use super::login::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;

const CONNECT: Duration = Duration::from_secs(5);
const READ: Duration = Duration::from_secs(15);

/// All it takes to talk to an API server; no part of it comes from our own pod.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) url: Uri,
    pub(super) trust: Trust,
    /// The name that the server's certificate has to bear, when it is not that of the URL.
    pub(super) server_name: Option<String>,
    pub(super) identity: Option<Identity>,
    pub(super) impersonation: Impersonation,
    pub(super) login: Login,
    /// Where all this was read, for messages.
    pub(super) field: String,
}

#[derive(Debug, PartialEq)]
pub(super) enum Trust {
    /// What the system trusts.
    System,
    /// These, and nobody else.
    Only(Vec<CertificateDer<'static>>),
    /// `insecure-skip-tls-verify` of a kubeconfig.
    Anybody,
}

/// A client certificate and its key, as PEM.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) certificate: SecretBytes,
    pub(super) key: SecretBytes,
}

/// On whose behalf we act.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Impersonation {
    pub(super) user: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) groups: Option<Vec<String>>,
    pub(super) extra: Option<HashMap<String, Vec<String>>>,
}

/// What a store says of an API server, and of who we are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'s> {
    pub(super) server: &'s KubernetesServer,
    pub(super) auth: Option<&'s KubernetesAuth>,
    pub(super) auth_ref: Option<&'s SecretKeySelector>,
    /// Where that stands, for messages.
    pub(super) field: &'static str,
}

/// A kubeconfig wins over everything else, as in ESO.
pub(super) async fn of(said: Said<'_>, references: &References) -> Result<Endpoint, Problem> {
    let root = said.field;
    if let Some(selector) = said.auth_ref {
        let field = format!("{root}.authRef");
        let text = references.secret_key(selector, &field).await?;
        return kubeconfig::endpoint(&text, field);
    }
    let (login, identity) = match said.auth {
        None => (Login::Nobody, None),
        Some(auth) => authenticate(auth, references, root).await?,
    };
    let server = format!("{root}.server");
    let (bundle, provider) = (said.server.ca_bundle.as_ref(), said.server.ca_provider.as_ref());
    let trust = references
        .certificate_authority(bundle, provider, &server)
        .await?;
    Ok(Endpoint {
        url: parse_url(&said.server.url).map_err(|why| Problem::InvalidSpec {
            field: format!("{server}.url"),
            why,
        })?,
        trust: trust.map_or(Trust::System, Trust::Only),
        server_name: None,
        identity,
        impersonation: Impersonation::default(),
        login,
        field: root.to_owned(),
    })
}

async fn authenticate(
    auth: &KubernetesAuth,
    references: &References,
    root: &str,
) -> Result<(Login, Option<Identity>), Problem> {
    match auth {
        KubernetesAuth::Cert(cert) => {
            let field = |part: &str| format!("{root}.auth.cert.{part}");
            let certificate = references
                .secret_key(&cert.client_cert, &field("clientCert"))
                .await?;
            let key = references
                .secret_key(&cert.client_key, &field("clientKey"))
                .await?;
            Ok((Login::Nobody, Some(Identity { certificate, key })))
        }
        KubernetesAuth::Token(token) => {
            let field = format!("{root}.auth.token.bearerToken");
            let token = references.secret_key(&token.bearer_token, &field).await?;
            Ok((Login::bearer(&token, &field)?, None))
        }
        KubernetesAuth::ServiceAccount(account) => {
            let field = format!("{root}.auth.serviceAccount");
            Ok((Login::service_account(references, account, &field).await?, None))
        }
    }
}

/// An address without a scheme is one for HTTPS: a token never travels in the clear because somebody left it out.
pub(super) fn parse_url(text: &str) -> Result<Uri, String> {
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url: Uri = full.parse().map_err(|_| "is not a URL".to_owned())?;
    let scheme = url.scheme_str().unwrap_or_default();
    if !matches!(scheme, "http" | "https") {
        return Err(format!("must begin with https:// or http://, not {scheme}://"));
    }
    let host = url.host().unwrap_or_default();
    if host.is_empty()
        || url
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err("must name a host, and nobody to log in as".to_owned());
    }
    Ok(url)
}

impl Endpoint {
    /// Contacts nobody yet.
    pub(super) fn open(self) -> Result<(kube::Client, Login), Problem> {
        let mut config = kube::Config::new(self.url);
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(READ);
        config.reset_reader_on_write = true;
        config.default_retry = false;
        config.tls_server_name = self.server_name;
        match self.trust {
            Trust::System => {}
            Trust::Only(roots) => config.root_cert = Some(roots.iter().map(|root| root.to_vec()).collect()),
            Trust::Anybody => config.accept_invalid_certs = true,
        }
        if let Some(identity) = self.identity {
            config.auth_info.client_certificate_data = Some(STANDARD.encode(identity.certificate.expose()));
            config.auth_info.client_key_data = Some(STANDARD.encode(identity.key.expose()).into());
        }
        config.auth_info.impersonate = self.impersonation.user;
        config.auth_info.impersonate_uid = self.impersonation.uid;
        config.auth_info.impersonate_groups = self.impersonation.groups;
        config.auth_info.impersonate_user_extra = self.impersonation.extra;
        // What is wrong with a certificate, key or name is said without quoting it.
        let client = kube::Client::try_from(config).map_err(|_| Problem::ReferenceInvalid {
            field: self.field,
            why: "the certificate, key or names to connect with cannot be used".to_owned(),
        })?;
        Ok((client, self.login))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_urls_or_hosts() {
        for (text, expected) in [
            ("kubernetes.default", Ok("https://kubernetes.default/")),
            ("10.0.0.1:6443", Ok("https://10.0.0.1:6443/")),
            ("http://localhost:8001", Ok("http://localhost:8001/")),
            (
                "https://rancher.example/k8s/clusters/c-1",
                Ok("https://rancher.example/k8s/clusters/c-1"),
            ),
            (
                "ftp://host",
                Err("must begin with https:// or http://, not ftp://"),
            ),
            (
                "https://me:secret@host",
                Err("must name a host, and nobody to log in as"),
            ),
            ("", Err("is not a URL")),
            ("a b", Err("is not a URL")),
        ] {
            let url = parse_url(text).map(|url| url.to_string());
            assert_eq!(url.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }
}
