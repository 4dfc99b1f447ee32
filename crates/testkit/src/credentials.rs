//! Who may talk to the control plane: token users, their kubeconfigs, and the key that signs ServiceAccount tokens.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::Error;

/// A user of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// The test itself; may do everything.
    Admin,
    /// The operator under test; may do everything too, but is told apart in the audit log.
    Operator,
    /// Has no rights but those that a test gives to the user `guest`.
    Guest,
}

impl User {
    /// Every user there is.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Guest];

    /// The name that RBAC and the audit log know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Guest => "guest",
        }
    }

    fn groups(self) -> &'static str {
        match self {
            Self::Admin | Self::Operator => "system:masters",
            Self::Guest => "",
        }
    }
}

/// One token for each user, made at random.
#[derive(Debug)]
pub struct Tokens([(User, String); User::ALL.len()]);

impl Tokens {
    /// Makes them.
    pub fn new() -> Result<Self, Error> {
        let mut made = User::ALL.map(|user| (user, String::new()));
        for (_, token) in &mut made {
            *token = random_text()?;
        }
        Ok(Self(made))
    }

    /// As kube-apiserver's `--token-auth-file` wants them.
    pub fn csv(&self) -> String {
        let line = |(user, token): &(User, String)| {
            let (name, groups) = (user.name(), user.groups());
            format!("{token},{name},{name},\"{groups}\"\n")
        };
        self.0.iter().map(line).collect()
    }

    /// A kubeconfig for one user (JSON, which is YAML).
    pub fn kubeconfig(&self, user: User, url: &str, ca: &[u8]) -> String {
        let token = self.0.iter().find(|(of, _)| *of == user).map(|(_, token)| token);
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "testbed",
            "contexts": [{"name": "testbed",
                          "context": {"cluster": "testbed", "user": user.name(), "namespace": "default"}}],
            "clusters": [{"name": "testbed",
                          "cluster": {"server": url, "certificate-authority-data": STANDARD.encode(ca)}}],
            "users": [{"name": user.name(), "user": {"token": token}}],
        })
        .to_string()
    }
}

/// Writes the RSA key that signs ServiceAccount tokens, and the one that verifies them.
pub fn write_service_account_keys(private: &Path, public: &Path) -> Result<(), Error> {
    let refused = || Error::Credential("key for ServiceAccount tokens");
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| refused())?;
    let signing = key.as_der().map_err(|_| refused())?;
    let verifying: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| refused())?;
    for (path, text) in [
        (private, pem("PRIVATE KEY", signing.as_ref())),
        (public, pem("PUBLIC KEY", verifying.as_ref())),
    ] {
        std::fs::write(path, text).map_err(Error::io(format!("write {}", path.display())))?;
    }
    Ok(())
}

/// A text that nobody can guess, for a token or a password.
pub fn random_text() -> Result<String, Error> {
    let mut bytes = [0; 24];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::Credential("random text"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// DER as PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_block_has_lines_of_64_and_ends_with_the_rest() {
        let text = pem("X", &[0; 49]);
        let lines: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lines, [17, 64, 4, 15]);
    }

    #[test]
    fn only_those_who_may_do_everything_are_masters() {
        let csv = Tokens::new().expect("random bytes").csv();
        let masters: Vec<bool> = csv.lines().map(|line| line.contains("system:masters")).collect();
        assert_eq!(masters, [true, true, false]);
    }
}
