//! Who we are to the server: the methods of `auth`, in the order in which they count.
//!
//! A login is made from credentials that are read afresh each time, so that the next one finds what has changed.

mod aws;
mod environment;
mod gcp;

use std::fmt;
use std::time::Duration;

use lockstep_api::SecretKeySelector;
use lockstep_api::provider::{
    VaultAppRole, VaultAuth, VaultCertAuth, VaultJwtAuth, VaultKubernetesAuth, VaultProvider,
};

use super::call::Call;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
pub(super) use environment::Environment;

/// ESO's lifetime of the tokens of ServiceAccounts that it logs in with.
const LIFETIME: Duration = Duration::from_mins(10);
/// Where the operator's own pod has the token of its ServiceAccount.
const OWN_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

#[derive(Clone)]
pub(super) struct Login {
    auth: Option<VaultAuth>,
    references: References,
    /// Where `auth` stands in the spec, for messages.
    field: String,
    /// Of Vault.
    server: String,
    environment: Environment,
}

/// What it takes to be somebody.
#[derive(Debug)]
pub(super) enum Credential {
    Nobody,
    Token(SecretBytes),
    /// To be sent for a token.
    Login(Call),
}

impl Login {
    pub(super) fn new(
        spec: &VaultProvider,
        references: &References,
        environment: Environment,
        field: &str,
    ) -> Self {
        Self {
            auth: spec.auth.clone(),
            references: references.clone(),
            field: format!("{field}.auth"),
            server: spec.server.clone(),
            environment,
        }
    }

    pub(super) fn token_field(&self) -> String {
        format!("{}.tokenSecretRef", self.field)
    }

    pub(super) async fn credential(&self) -> Result<Credential, Problem> {
        let Some(auth) = &self.auth else {
            return Ok(Credential::Nobody);
        };
        if let Some(selector) = &auth.token_secret_ref {
            let token = self.references.secret_key(selector, &self.token_field()).await?;
            return Ok(Credential::Token(token));
        }
        let call = if let Some(role) = &auth.app_role {
            self.app_role(role).await
        } else if let Some(account) = &auth.kubernetes {
            self.kubernetes(account).await
        } else if let Some(user) = &auth.ldap {
            self.password("ldap", &user.path, &user.username, Some(&user.secret_ref))
                .await
        } else if let Some(user) = &auth.user_pass {
            self.password("userPass", &user.path, &user.username, Some(&user.secret_ref))
                .await
        } else if let Some(jwt) = &auth.jwt {
            self.jwt(jwt).await
        } else if let Some(cert) = &auth.cert {
            Ok(certificate(cert))
        } else if let Some(identity) = &auth.iam {
            aws::call(self, identity).await
        } else if let Some(identity) = &auth.gcp {
            gcp::call(self, identity).await
        } else {
            Err(self.invalid("", "names no method to log in with"))
        }?;
        Ok(Credential::Login(call.counted("Login")))
    }

    async fn app_role(&self, role: &VaultAppRole) -> Result<Call, Problem> {
        let role_id = match (&role.role_id, &role.role_ref) {
            (Some(id), _) => id.trim().to_owned(),
            (None, Some(selector)) => self.text(selector, "appRole.roleRef").await?,
            (None, None) => return Err(self.invalid(".appRole", "needs `roleId` or `roleRef`")),
        };
        let secret_id = self.text(&role.secret_ref, "appRole.secretRef").await?;
        let texts = [
            ("role_id", role_id.as_bytes()),
            ("secret_id", secret_id.as_bytes()),
        ];
        Ok(Call::login(&role.path, &texts))
    }

    async fn kubernetes(&self, auth: &VaultKubernetesAuth) -> Result<Call, Problem> {
        let field = format!("{}.kubernetes", self.field);
        let jwt = match (&auth.service_account_ref, &auth.secret_ref) {
            (Some(account), _) => {
                let field = format!("{field}.serviceAccountRef");
                self.references
                    .service_account_token(account, &[], LIFETIME, &field)
                    .await?
            }
            (None, Some(selector)) => {
                let field = format!("{field}.secretRef");
                self.references.secret_key_or(selector, "token", &field).await?
            }
            (None, None) => own_token(&field).await?,
        };
        let jwt = text(&jwt, &field)?;
        let texts = [("jwt", jwt.as_bytes()), ("role", auth.role.trim().as_bytes())];
        Ok(Call::login(&auth.mount_path, &texts))
    }

    async fn password(
        &self,
        method: &str,
        mount: &str,
        user: &str,
        password: Option<&SecretKeySelector>,
    ) -> Result<Call, Problem> {
        let field = format!("{}.{method}.secretRef", self.field);
        let password = self
            .references
            .secret_key(password.unwrap_or(&SecretKeySelector::default()), &field)
            .await?;
        let password = std::str::from_utf8(password.expose()).map_err(|_| not_text(&field))?;
        let path = format!("auth/{mount}/login/{}", user.trim());
        Ok(Call::write(path, &[("password", password.as_bytes())]))
    }

    async fn jwt(&self, auth: &VaultJwtAuth) -> Result<Call, Problem> {
        let field = format!("{}.jwt", self.field);
        let jwt = if let Some(selector) = &auth.secret_ref {
            self.references
                .secret_key(selector, &format!("{field}.secretRef"))
                .await?
        } else if let Some(token) = &auth.kubernetes_service_account_token {
            let field = format!("{field}.kubernetesServiceAccountToken");
            let given = token.audiences.as_ref();
            let audiences =
                given.map_or_else(|| vec!["vault"], |all| all.iter().map(String::as_str).collect());
            let seconds = token
                .expiration_seconds
                .and_then(|seconds| u64::try_from(seconds).ok());
            let lifetime = seconds.map_or(LIFETIME, Duration::from_secs);
            self.references
                .service_account_token(&token.service_account_ref, &audiences, lifetime, &field)
                .await?
        } else {
            return Err(self.invalid(".jwt", "needs `secretRef` or `kubernetesServiceAccountToken`"));
        };
        let role = auth
            .role
            .as_deref()
            .map(str::trim)
            .filter(|role| !role.is_empty());
        let jwt = text(&jwt, &field)?;
        let mut texts = vec![("jwt", jwt.as_bytes())];
        texts.extend(role.map(|role| ("role", role.as_bytes())));
        Ok(Call::login(&auth.path, &texts))
    }

    async fn text(&self, selector: &SecretKeySelector, part: &str) -> Result<String, Problem> {
        let field = format!("{}.{part}", self.field);
        let value = self.references.secret_key(selector, &field).await?;
        text(&value, &field).map(str::to_owned)
    }

    fn invalid(&self, part: &str, why: &str) -> Problem {
        Problem::InvalidSpec {
            field: format!("{}{part}", self.field),
            why: why.to_owned(),
        }
    }
}

/// The client certificate to show: that of the login if it is one by certificate, else the connection's own. Of a
/// certificate without a key, or a key alone, nothing is made, as in ESO.
pub(super) async fn identity(
    spec: &VaultProvider,
    references: &References,
    field: &str,
) -> Result<Option<SecretBytes>, Problem> {
    let logs_in_otherwise = |auth: &VaultAuth| {
        auth.token_secret_ref.is_some()
            || auth.app_role.is_some()
            || auth.kubernetes.is_some()
            || auth.ldap.is_some()
            || auth.user_pass.is_some()
            || auth.jwt.is_some()
    };
    let auth = spec.auth.as_ref().filter(|auth| !logs_in_otherwise(auth));
    let (certificate, key) = if let Some(cert) = auth.and_then(|auth| auth.cert.as_ref()) {
        let field = format!("{field}.auth.cert");
        (
            references
                .secret_key(&cert.client_cert, &format!("{field}.clientCert"))
                .await?,
            references
                .secret_key(&cert.secret_ref, &format!("{field}.secretRef"))
                .await?,
        )
    } else if let (Some(certificate), Some(key)) = (&spec.tls.cert_secret_ref, &spec.tls.key_secret_ref) {
        let field = format!("{field}.tls");
        let (certificate_field, key_field) =
            (format!("{field}.certSecretRef"), format!("{field}.keySecretRef"));
        (
            references
                .secret_key_or(certificate, "tls.crt", &certificate_field)
                .await?,
            references.secret_key_or(key, "tls.key", &key_field).await?,
        )
    } else {
        return Ok(None);
    };
    Ok(Some([certificate.expose(), b"\n", key.expose()].concat().into()))
}

/// Here Vault takes the role from `name`.
fn certificate(auth: &VaultCertAuth) -> Call {
    let role = auth.vault_role.as_deref().filter(|role| !role.is_empty());
    let name = role.map(|role| ("name", role.as_bytes()));
    Call::login(&auth.path, name.as_slice())
}

async fn own_token(field: &str) -> Result<SecretBytes, Problem> {
    let token = tokio::fs::read(OWN_TOKEN).await;
    token.map(SecretBytes::from).map_err(|_| Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: "needs `serviceAccountRef` or `secretRef`, for lockstep has no ServiceAccount token of its own here"
            .to_owned(),
    })
}

/// An id or a token. White space around it is nobody's intention.
fn text<'v>(value: &'v SecretBytes, field: &str) -> Result<&'v str, Problem> {
    let text = std::str::from_utf8(value.expose()).map_err(|_| not_text(field))?;
    Ok(text.trim())
}

fn not_text(field: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: "is not text".to_owned(),
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
