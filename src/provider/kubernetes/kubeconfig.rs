//! A kubeconfig that somebody put into a Secret.
//!
//! It says who to be at an API server, and may say no more than that: an `exec` or `auth-provider` entry would run
//! code in our pod, a path would read its files, and whoever may write the Secret is not who may do that.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::endpoint::{Endpoint, Identity, Impersonation, Trust, parse_url};
use super::login::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::certificates;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kubeconfig {
    #[serde(default)]
    current_context: String,
    #[serde(default)]
    contexts: Vec<NamedContext>,
    #[serde(default)]
    clusters: Vec<NamedCluster>,
    #[serde(default)]
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    cluster: String,
    #[serde(default)]
    user: String,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    #[serde(default)]
    server: String,
    certificate_authority: Option<String>,
    certificate_authority_data: Option<String>,
    #[serde(default)]
    insecure_skip_tls_verify: bool,
    tls_server_name: Option<String>,
    proxy_url: Option<String>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: User,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    #[serde(default, deserialize_with = "secret")]
    token: Option<SecretBytes>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    username: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    password: Option<SecretBytes>,
    client_certificate: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    client_certificate_data: Option<SecretBytes>,
    client_key: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    client_key_data: Option<SecretBytes>,
    exec: Option<IgnoredAny>,
    auth_provider: Option<IgnoredAny>,
    #[serde(rename = "as")]
    as_name: Option<String>,
    as_uid: Option<String>,
    as_groups: Option<Vec<String>>,
    as_user_extra: Option<HashMap<String, Vec<String>>>,
}

/// Reads what the current context leads to; other contexts are not looked at. `field` is where the text was, for
/// messages, which name what is wrong and quote nothing but names.
pub(super) fn endpoint(text: &SecretBytes, field: String) -> Result<Endpoint, Problem> {
    let invalid = |why: String| Problem::ReferenceInvalid {
        field: field.clone(),
        why,
    };
    // The parser's own message would show the lines around the fault.
    let config: Kubeconfig = serde_saphyr::from_slice(text.expose())
        .map_err(|_| invalid("is not a kubeconfig that can be read".to_owned()))?;
    let (cluster, user) = config.current().map_err(invalid)?;
    refuse_reading_the_pod(&cluster, &user).map_err(invalid)?;
    let login = user.login(&field)?;
    Ok(Endpoint {
        url: parse_url(&cluster.server).map_err(|why| invalid(format!("the cluster's server {why}")))?,
        trust: cluster.trust().map_err(invalid)?,
        server_name: cluster.tls_server_name.filter(|name| !name.is_empty()),
        identity: identity(user.client_certificate_data, user.client_key_data).map_err(invalid)?,
        impersonation: Impersonation {
            user: user.as_name,
            uid: user.as_uid,
            groups: user.as_groups,
            extra: user.as_user_extra,
        },
        login,
        field,
    })
}

impl Kubeconfig {
    fn current(self) -> Result<(Cluster, User), String> {
        let wanted = &self.current_context;
        if wanted.is_empty() {
            return Err("has no current-context".to_owned());
        }
        let context = self.contexts.into_iter().find(|context| context.name == *wanted);
        let context = context
            .ok_or_else(|| format!("has no context {wanted:?}"))?
            .context;
        let cluster = self
            .clusters
            .into_iter()
            .find(|cluster| cluster.name == context.cluster);
        let cluster = cluster
            .ok_or_else(|| format!("has no cluster {:?}", context.cluster))?
            .cluster;
        let user = self.users.into_iter().find(|user| user.name == context.user);
        let user = user
            .ok_or_else(|| format!("has no user {:?}", context.user))?
            .user;
        Ok((cluster, user))
    }
}

fn refuse_reading_the_pod(cluster: &Cluster, user: &User) -> Result<(), String> {
    let is_set = |path: &Option<String>| path.as_deref().is_some_and(|path| !path.is_empty());
    let offending = [
        ("user.exec", user.exec.is_some()),
        ("user.auth-provider", user.auth_provider.is_some()),
        ("user.tokenFile", is_set(&user.token_file)),
        ("user.client-certificate", is_set(&user.client_certificate)),
        ("user.client-key", is_set(&user.client_key)),
        (
            "cluster.certificate-authority",
            is_set(&cluster.certificate_authority),
        ),
        ("cluster.proxy-url", is_set(&cluster.proxy_url)),
    ];
    match offending.into_iter().find(|(_, is_set)| *is_set) {
        Some((field, _)) => Err(format!(
            "has `{field}`, which is not allowed in a kubeconfig from a Secret"
        )),
        None => Ok(()),
    }
}

impl Cluster {
    fn trust(&self) -> Result<Trust, String> {
        let data = self
            .certificate_authority_data
            .as_deref()
            .filter(|data| !data.is_empty());
        match (data, self.insecure_skip_tls_verify) {
            (Some(_), true) => Err(
                "has certificate-authority-data and insecure-skip-tls-verify, which exclude each other"
                    .into(),
            ),
            (None, true) => Ok(Trust::Anybody),
            (None, false) => Ok(Trust::System),
            (Some(data), false) => {
                let roots = certificates::parse(data.as_bytes());
                roots
                    .map(Trust::Only)
                    .map_err(|why| format!("certificate-authority-data {why}"))
            }
        }
    }
}

impl User {
    fn login(&self, field: &str) -> Result<Login, Problem> {
        if let Some(token) = self.token.as_ref().filter(|token| !token.is_empty()) {
            return Login::bearer(token, field);
        }
        match self.username.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => Ok(Login::basic(name, &self.password.clone().unwrap_or_default())),
            None => Ok(Login::Nobody),
        }
    }
}

fn identity(certificate: Option<SecretBytes>, key: Option<SecretBytes>) -> Result<Option<Identity>, String> {
    let decode = |field: &str, data: &SecretBytes| {
        let pem = STANDARD.decode(data.expose().trim_ascii());
        pem.map(SecretBytes::from)
            .map_err(|_| format!("{field} is not base64"))
    };
    let present = |data: &SecretBytes| !data.is_empty();
    match (certificate.filter(present), key.filter(present)) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(Identity {
            certificate: decode("client-certificate-data", &certificate)?,
            key: decode("client-key-data", &key)?,
        })),
        (Some(_), None) => Err("has client-certificate-data without client-key-data".to_owned()),
        (None, Some(_)) => Err("has client-key-data without client-certificate-data".to_owned()),
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretBytes>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretBytes::from))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CA: &str = include_str!("../testdata/ca.pem");

    fn read(cluster: &Value, user: &Value) -> Result<Endpoint, String> {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "n"}}],
            "clusters": [
                {"name": "other", "cluster": {"server": "https://other", "certificate-authority": "/etc/passwd"}},
                {"name": "k", "cluster": cluster},
            ],
            "users": [{"name": "other", "user": {"exec": {"command": "sh"}}}, {"name": "u", "user": user}],
        });
        endpoint(&config.to_string().into(), "f".into()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn what_runs_code_or_reads_files_is_refused_by_name() {
        let server = json!({"server": "https://k"});
        for (cluster, user, field) in [
            (
                server.clone(),
                json!({"exec": {"command": "canary"}}),
                "user.exec",
            ),
            (
                server.clone(),
                json!({"auth-provider": {"name": "gcp"}}),
                "user.auth-provider",
            ),
            (
                server.clone(),
                json!({"tokenFile": "/canary", "token": "t"}),
                "user.tokenFile",
            ),
            (
                server.clone(),
                json!({"client-certificate": "/canary"}),
                "user.client-certificate",
            ),
            (
                server.clone(),
                json!({"client-key": "/canary"}),
                "user.client-key",
            ),
            (
                json!({"server": "https://k", "certificate-authority": "/canary"}),
                json!({}),
                "cluster.certificate-authority",
            ),
            (
                json!({"server": "https://k", "proxy-url": "http://canary"}),
                json!({}),
                "cluster.proxy-url",
            ),
        ] {
            let why = format!("f: has `{field}`, which is not allowed in a kubeconfig from a Secret");
            assert_eq!(read(&cluster, &user).map(drop), Err(why));
        }
    }

    #[test]
    fn what_says_who_to_be_is_read() {
        let data = STANDARD.encode(CA);
        let cluster = json!({
            "server": "https://k:6443", "certificate-authority-data": data, "tls-server-name": "kube", "proxy-url": "",
        });
        let user = json!({
            "token": "t\n", "client-certificate-data": data, "client-key-data": STANDARD.encode("key"),
            "as": "jane", "as-groups": ["a", "b"], "as-uid": "1", "as-user-extra": {"scope": ["x"]},
        });
        let endpoint = read(&cluster, &user).expect("sound");
        assert_eq!(endpoint.url, "https://k:6443/");
        assert!(matches!(&endpoint.trust, Trust::Only(roots) if roots.len() == 1));
        assert_eq!(endpoint.server_name.as_deref(), Some("kube"));
        assert!(matches!(&endpoint.login, Login::Static(header) if header.expose() == b"Bearer t"));
        let identity = endpoint.identity.expect("an identity");
        assert_eq!(
            (identity.certificate.expose(), identity.key.expose()),
            (CA.as_bytes(), b"key".as_slice())
        );
        let impersonation = endpoint.impersonation;
        assert_eq!(
            (impersonation.user.as_deref(), impersonation.uid.as_deref()),
            (Some("jane"), Some("1"))
        );
        assert_eq!(
            impersonation.groups.as_deref(),
            Some(["a".to_owned(), "b".to_owned()].as_slice())
        );

        let endpoint = read(
            &json!({"server": "k", "insecure-skip-tls-verify": true}),
            &json!({"username": "u", "password": "p"}),
        );
        let endpoint = endpoint.expect("sound");
        assert_eq!(endpoint.trust, Trust::Anybody);
        assert!(matches!(&endpoint.login, Login::Static(header) if header.expose() == b"Basic dTpw"));
    }

    #[test]
    fn what_cannot_be_used_is_told_without_quoting_values() {
        let server = json!({"server": "https://k"});
        let both = json!({"server": "k", "certificate-authority-data": STANDARD.encode(CA), "insecure-skip-tls-verify": true});
        for (cluster, user, why) in [
            (json!({}), json!({}), "f: the cluster's server is not a URL"),
            (
                both,
                json!({}),
                "f: has certificate-authority-data and insecure-skip-tls-verify, which exclude each other",
            ),
            (
                json!({"server": "k", "certificate-authority-data": "canary"}),
                json!({}),
                "f: certificate-authority-data is neither PEM nor base64 of PEM",
            ),
            (
                server.clone(),
                json!({"token": "can\nary"}),
                "f: the token has characters that no token can have",
            ),
            (
                server.clone(),
                json!({"client-key-data": "x"}),
                "f: has client-key-data without client-certificate-data",
            ),
            (
                server.clone(),
                json!({"client-key-data": "canary!", "client-certificate-data": "eA=="}),
                "f: client-key-data is not base64",
            ),
            (
                server,
                json!({"token": ["canary"]}),
                "f: is not a kubeconfig that can be read",
            ),
        ] {
            assert_eq!(read(&cluster, &user).map(drop).expect_err("refused"), why);
        }
        for (text, why) in [
            ("{canary", "f: is not a kubeconfig that can be read"),
            ("{}", "f: has no current-context"),
            ("current-context: c", "f: has no context \"c\""),
        ] {
            let refused = endpoint(&text.into(), "f".into()).map(drop).expect_err("refused");
            assert_eq!(refused.to_string(), why);
        }
    }
}
