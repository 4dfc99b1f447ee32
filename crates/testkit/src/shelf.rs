//! A Vault with secrets in it, a role that may read them, and a fault proxy in front: what measurements and tests of
//! many objects stand on.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use crate::{Error, Faults, Vault};

/// Requests under way at a time while it is filled.
const AT_ONCE: usize = 16;

/// Secrets `key-0`, `key-1` and so on with a property `value`, behind [`Faults`]. The Vault runs as long as this is
/// held.
#[derive(Debug)]
pub struct Shelf {
    /// In front of the Vault; stores ask here.
    pub faults: Faults,
    _vault: Arc<Vault>,
    mount: String,
    auth: String,
    role: String,
    credential: String,
}

impl Shelf {
    /// Puts so many secrets into a Vault.
    pub async fn fill(vault: Arc<Vault>, secrets: usize) -> Result<Self, Error> {
        let (mount, auth) = (vault.kv(2).await?, vault.auth("approle").await?);
        stream::iter(0..secrets)
            .map(|nth| {
                let (path, vault) = (format!("{mount}/data/key-{nth}"), &vault);
                async move {
                    vault
                        .write(&path, json!({"data": {"value": format!("value-{nth}")}}))
                        .await
                }
            })
            .buffer_unordered(AT_ONCE)
            .try_for_each(async |_| Ok(()))
            .await?;
        let rules = format!("path \"{mount}/*\" {{ capabilities = [\"read\", \"list\"] }}");
        let policy = vault.policy(&rules).await?;
        let role = format!("auth/{auth}/role/reader");
        vault
            .write(&role, json!({"token_policies": policy, "token_ttl": "1h"}))
            .await?;
        let text = |answer: &Value, field: &'static str| {
            let text = answer["data"][field].as_str().map(str::to_owned);
            text.ok_or(Error::Credential(field))
        };
        let id = text(&vault.read(&format!("{role}/role-id")).await?, "role_id")?;
        let made = vault.write(&format!("{role}/secret-id"), json!({})).await?;
        Ok(Self {
            faults: Faults::before(&vault.url()).await?,
            credential: text(&made, "secret_id")?,
            role: id,
            _vault: vault.clone(),
            mount,
            auth,
        })
    }

    /// What the `spec` of a store says that reads from here, with its credential under `secret-id` in this Secret.
    pub fn store(&self, secret: &str) -> Value {
        json!({"provider": {"vault": {
            "server": self.faults.url(), "path": self.mount, "version": "v2",
            "auth": {"appRole": {
                "path": self.auth, "roleId": self.role, "secretRef": {"name": secret, "key": "secret-id"},
            }},
        }}})
    }

    /// The Secret that the store refers to.
    pub fn secret(&self, name: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
            "stringData": {"secret-id": self.credential},
        })
    }

    /// What came in since the traffic was forgotten: logins, and reads of secrets.
    pub fn logins_and_reads(&self) -> (usize, usize) {
        let traffic = self.faults.traffic();
        (traffic.of("/login"), traffic.of(&format!("{}/data/", self.mount)))
    }
}
