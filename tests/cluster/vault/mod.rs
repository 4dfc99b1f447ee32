//! The vault and openBao providers against a real Vault: every way to log in, every kind of read, every fault.

use std::ops::Deref;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockstep::cluster::Store;
use lockstep::engine::problem::Problem;
use lockstep_testkit::Vault;
use serde_json::{Value, json};

use crate::canary::{self, CANARY};
use crate::readers::Readers;

mod auth;
mod faults;
mod life;
mod reads;
mod writes;

/// Readers, a Vault, and in it a KV engine (v2) with one secret at `app`.
struct Bench {
    readers: Readers,
    vault: Arc<Vault>,
    mount: String,
    /// Lets one read everything in the mount.
    policy: String,
}

impl Deref for Bench {
    type Target = Readers;

    fn deref(&self) -> &Readers {
        &self.readers
    }
}

impl Bench {
    async fn set_up() -> Result<Self> {
        canary::hide(CANARY);
        let (readers, vault) = (Readers::set_up().await?, Vault::shared().await?);
        let mount = vault.kv(2).await?;
        let policy = vault
            .policy(&format!(
                "path \"{mount}/*\" {{ capabilities = [\"read\", \"list\"] }}"
            ))
            .await?;
        let bench = Self {
            readers,
            vault,
            mount,
            policy,
        };
        bench.put("app", json!({"user": CANARY})).await?;
        Ok(bench)
    }

    /// Writes a secret to the mount.
    async fn put(&self, key: &str, data: Value) -> Result<()> {
        let path = format!("{}/data/{key}", self.mount);
        self.vault.write(&path, json!({"data": data})).await?;
        Ok(())
    }

    /// A token that may read the mount, in the Secret `token`.
    async fn token(&self, wishes: Value) -> Result<String> {
        let mut wishes = wishes;
        wishes["policies"] = json!([self.policy]);
        let token = self.vault.token(wishes).await?;
        self.keep("token", &token).await?;
        Ok(token)
    }

    /// Puts a credential into a Secret of the own namespace, as its key `value`; it is to be seen nowhere else.
    async fn keep(&self, name: &str, value: &str) -> Result<()> {
        canary::hide(value);
        self.secret(name, &[("value", value)]).await
    }

    /// A store on the mount that logs in like this.
    fn vault_store(&self, server: &str, auth: Value) -> Arc<Store> {
        self.vault_store_with(server, auth, json!({}))
    }

    /// The same, with further fields of the provider.
    fn vault_store_with(&self, server: &str, auth: Value, more: Value) -> Arc<Store> {
        let mut provider = more;
        provider["server"] = server.into();
        provider["auth"] = auth;
        if provider["path"].is_null() {
            provider["path"] = self.mount.as_str().into();
        }
        self.store(json!({"provider": {"vault": provider}}))
    }

    /// A store that repeats nothing, and has nothing in common with other stores.
    fn hasty_store(&self, name: &str, server: &str, auth: &Value) -> Arc<Store> {
        let provider = json!({"server": server, "path": self.mount, "auth": auth});
        let retry = json!({"maxRetries": 0});
        self.store_named(
            name,
            json!({"provider": {"vault": provider}, "retrySettings": retry}),
        )
    }

    /// AppRole, with an id of ours: the login that needs nothing else. `wishes` are the role's.
    async fn app_role(&self, wishes: Value) -> Result<Value> {
        let method = self.vault.auth("approle").await?;
        let role = format!("auth/{method}/role/reader");
        let mut wishes = wishes;
        wishes["token_policies"] = self.policy.as_str().into();
        self.vault.write(&role, wishes).await?;
        let role_id = self.vault.read(&format!("{role}/role-id")).await?["data"]["role_id"].clone();
        let made = self.vault.write(&format!("{role}/secret-id"), json!({})).await?;
        let secret_id = made["data"]["secret_id"].as_str().context("a secret id")?;
        self.keep("secret-id", secret_id).await?;
        Ok(json!({"appRole": {"path": method, "roleId": role_id, "secretRef": reference("secret-id")}}))
    }
}

/// A reference to what [`Bench::keep`] keeps.
fn reference(name: &str) -> Value {
    json!({"name": name, "key": "value"})
}

/// What is shown to users; it holds nothing that must stay hidden.
fn told(problem: &Problem) -> String {
    canary::assert_hidden(problem);
    problem.to_string()
}
