//! A Vault that lends users of a PostgreSQL, and generators that ask it for them.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use lockstep_api::generator::GeneratorState;
use lockstep_testkit::{Postgres, Vault, eventually};
use serde_json::{Value, json};

use crate::bench::SOON;

const GENERATORS: &str = "generators.external-secrets.io";

/// Logins are by AppRole, with no right beyond asking for users and what every token may do.
pub struct Lender {
    pub vault: Arc<Vault>,
    pub postgres: Arc<Postgres>,
    /// Where users are lent, and what their names begin with.
    pub mount: String,
    auth: String,
    role_id: String,
    secret_id: String,
}

/// How long users and logins last, in seconds.
pub struct Terms {
    pub lease: u32,
    pub longest_lease: u32,
    pub token: u32,
}

impl Lender {
    pub async fn set_up(terms: &Terms) -> Result<Self> {
        let (vault, postgres) = (Vault::shared().await?, Postgres::shared().await?);
        let mount = vault.secrets("database").await?;
        let url = format!(
            "postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/postgres?sslmode=disable",
            postgres.port()
        );
        let config = json!({
            "plugin_name": "postgresql-database-plugin", "allowed_roles": "*", "connection_url": url,
            "username": Postgres::SUPERUSER, "password": postgres.password()?,
            "username_template": format!("{mount}-{{{{random 20}}}}"),
        });
        vault.write(&format!("{mount}/config/main"), config).await?;
        let creation =
            r#"CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"#;
        let role = json!({
            "db_name": "main", "creation_statements": [creation],
            "default_ttl": terms.lease, "max_ttl": terms.longest_lease,
        });
        vault.write(&format!("{mount}/roles/app"), role).await?;
        let policy = vault
            .policy(&format!(
                r#"path "{mount}/creds/app" {{ capabilities = ["read"] }}"#
            ))
            .await?;
        let auth = vault.auth("approle").await?;
        let role = json!({"token_policies": [policy], "token_ttl": terms.token, "token_max_ttl": 86_400});
        vault.write(&format!("auth/{auth}/role/app"), role).await?;
        let role_id = vault.read(&format!("auth/{auth}/role/app/role-id")).await?;
        let secret_id = vault
            .write(&format!("auth/{auth}/role/app/secret-id"), json!({}))
            .await?;
        let text =
            |value: &Value| -> Result<String> { Ok(value.as_str().context("an id of AppRole")?.to_owned()) };
        Ok(Self {
            role_id: text(&role_id["data"]["role_id"])?,
            secret_id: text(&secret_id["data"]["secret_id"])?,
            vault,
            postgres,
            mount,
            auth,
        })
    }

    /// What logs in to Vault, and the generator `user`, in a namespace.
    pub async fn introduce(&self, client: &Client, namespace: &str) -> Result<()> {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "approle"},
            "stringData": {"secret-id": self.secret_id},
        });
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        secrets
            .patch(
                "approle",
                &PatchParams::apply("test").force(),
                &Patch::Apply(secret),
            )
            .await?;
        let spec = json!({"path": format!("{}/creds/app", self.mount), "provider": self.provider()});
        self.generator(client, namespace, "user", spec).await
    }

    pub fn provider(&self) -> Value {
        json!({
            "server": self.vault.url(),
            "auth": {"appRole": {
                "path": self.auth, "roleId": self.role_id,
                "secretRef": {"name": "approle", "key": "secret-id"},
            }},
        })
    }

    pub async fn generator(&self, client: &Client, namespace: &str, name: &str, spec: Value) -> Result<()> {
        let kind = GroupVersionKind::gvk(GENERATORS, "v1alpha1", "VaultDynamicSecret");
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk(&kind));
        let object = json!({
            "apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": "VaultDynamicSecret",
            "metadata": {"name": name}, "spec": spec,
        });
        api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object))
            .await?;
        Ok(())
    }

    /// The users that are there, whoever they were lent to.
    pub async fn users(&self) -> Result<Vec<String>, String> {
        let sql = format!(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE '{}-%' ORDER BY 1",
            self.mount
        );
        self.postgres.query(&sql).await.map_err(|error| error.to_string())
    }

    /// Until when the database lets a user in, in seconds since 1970.
    pub async fn valid_until(&self, user: &str) -> Result<i64, String> {
        let sql = format!(
            "SELECT extract(epoch from rolvaliduntil)::bigint FROM pg_roles WHERE rolname = '{user}'"
        );
        let rows = self
            .postgres
            .query(&sql)
            .await
            .map_err(|error| error.to_string())?;
        let row = rows.first().ok_or_else(|| format!("{user} is no more"))?;
        row.parse().map_err(|_| format!("{user} is valid until {row}"))
    }

    /// Whether exactly these users are left.
    pub async fn are_left(&self, users: &[&str]) -> Result<()> {
        let what = format!("{} users are left", users.len());
        // The garbage collector hears of new kinds every half a minute.
        eventually(&what, SOON * 3, async || {
            let found = self.users().await?;
            if found == users {
                Ok(())
            } else {
                Err(format!("{found:?}"))
            }
        })
        .await?;
        Ok(())
    }

    /// Whether the database lets in whoever the Secret says.
    pub async fn lets_in(&self, secret: &Secret) -> Result<String> {
        let (user, password) = (text(secret, "username")?, text(secret, "password")?);
        let rows = self
            .postgres
            .query_as(&user, &password, "SELECT current_user")
            .await?;
        ensure!(rows == [user.as_str()], "{rows:?}");
        Ok(user)
    }
}

pub fn text(secret: &Secret, key: &str) -> Result<String> {
    let value = secret.data.as_ref().and_then(|data| data.get(key));
    let value = value.with_context(|| format!("the Secret has no {key}"))?;
    Ok(String::from_utf8(value.0.clone())?)
}

/// An ExternalSecret of what this generator makes.
pub fn borrowed(generator: &str, interval: &str) -> Value {
    let generator = json!({
        "apiVersion": format!("{GENERATORS}/v1alpha1"), "kind": "VaultDynamicSecret", "name": generator,
    });
    json!({"refreshInterval": interval, "dataFrom": [{"sourceRef": {"generatorRef": generator}}]})
}

pub async fn states(client: &Client, namespace: &str) -> Result<Vec<GeneratorState>, String> {
    let api: Api<GeneratorState> = Api::namespaced(client.clone(), namespace);
    let listed = api.list(&kube::api::ListParams::default()).await;
    Ok(listed.map_err(|error| error.to_string())?.items)
}
