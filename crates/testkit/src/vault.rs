//! HashiCorp Vault in dev mode: everything in memory, unsealed, and on loopback only.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::credentials::random_text;
use crate::rest::{Reply, Rest, granted};
use crate::server::{End, Server};
use crate::shared::{Shared, on_free_ports};
use crate::{Authority, Error, Purpose, binaries, eventually, free_port, keeper};

const READY_WITHIN: Duration = Duration::from_secs(30);
const END_WITHIN: Duration = Duration::from_secs(5);

/// A running Vault; ended when dropped. It listens twice: for HTTP, and for HTTPS with a certificate of its
/// [`Vault::authority`].
// Fields are dropped in this order: the server ends before its files go.
#[derive(Debug)]
pub struct Vault {
    server: Server,
    plain: u16,
    tls: u16,
    root: Token,
    authority: Authority,
    rest: Rest,
    names: AtomicU32,
    _folder: TempDir,
}

/// A token that no message shows.
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Vault {
    /// Starts one.
    pub async fn start() -> Result<Self, Error> {
        on_free_ports(Self::attempt).await
    }

    /// The one that all tests of this binary share. It runs as long as somebody holds it.
    pub async fn shared() -> Result<Arc<Self>, Error> {
        static SHARED: Shared<Vault> = Shared::none_yet();
        SHARED.get(Self::start).await
    }

    /// Its address, over plain HTTP.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.plain)
    }

    /// Its address, over HTTPS.
    pub fn tls_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.tls)
    }

    /// Who signed its certificate.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The token that may do everything.
    pub fn root_token(&self) -> &str {
        &self.root.0
    }

    /// A name that nobody else uses: `prefix` and a number.
    pub fn name(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Enables a secrets engine, and tells where it is mounted.
    pub async fn secrets(&self, kind: &str) -> Result<String, Error> {
        self.enable("sys/mounts", kind, json!({"type": kind})).await
    }

    /// Enables a KV engine of this version, and tells where it is mounted.
    pub async fn kv(&self, version: u8) -> Result<String, Error> {
        let body = json!({"type": "kv", "options": {"version": version.to_string()}});
        let mount = self.enable("sys/mounts", "kv", body).await?;
        if version == 2 {
            // A new versioned mount needs a moment.
            let config = format!("{mount}/config");
            eventually("the mount is ready", READY_WITHIN, async || {
                self.read(&config).await.map_err(|error| error.to_string())
            })
            .await?;
        }
        Ok(mount)
    }

    /// Enables an auth method, and tells where it is mounted below `auth/`.
    pub async fn auth(&self, kind: &str) -> Result<String, Error> {
        self.enable("sys/auth", kind, json!({"type": kind})).await
    }

    /// Makes a policy of these rules, and tells its name.
    pub async fn policy(&self, rules: &str) -> Result<String, Error> {
        let name = self.name("policy");
        let body = json!({"policy": rules});
        self.write(&format!("sys/policies/acl/{name}"), body).await?;
        Ok(name)
    }

    /// Makes a token; `wishes` is what `auth/token/create` takes.
    pub async fn token(&self, wishes: Value) -> Result<String, Error> {
        let made = self.write("auth/token/create", wishes).await?;
        let token = made["auth"]["client_token"].as_str();
        token.map(str::to_owned).ok_or(Error::Credential("token"))
    }

    /// Writes to a path (below `/v1/`), and returns the answer.
    pub async fn write(&self, path: &str, body: Value) -> Result<Value, Error> {
        let reply = self
            .ask(Method::POST, path, self.root_token(), Some(body))
            .await?;
        granted(reply, &format!("write {path} in Vault"))
    }

    /// The answer of a path (below `/v1/`).
    pub async fn read(&self, path: &str) -> Result<Value, Error> {
        let reply = self.ask(Method::GET, path, self.root_token(), None).await?;
        granted(reply, &format!("read {path} in Vault"))
    }

    /// Deletes what is at a path (below `/v1/`).
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        let reply = self.ask(Method::DELETE, path, self.root_token(), None).await?;
        granted(reply, &format!("delete {path} in Vault")).map(drop)
    }

    /// Asks as whoever holds this token; whatever is answered is fine.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Reply, Error> {
        let url = format!("{}/v1/{path}", self.url());
        let what = format!("{method} {path} in Vault");
        let mut request = self
            .rest
            .client()
            .request(method, url)
            .header("X-Vault-Token", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Rest::reply(request, &what).await
    }

    async fn enable(&self, what: &str, kind: &str, body: Value) -> Result<String, Error> {
        let mount = self.name(kind);
        self.write(&format!("{what}/{mount}"), body).await?;
        Ok(mount)
    }

    async fn attempt() -> Result<Self, Error> {
        let program = binaries::find("vault")?;
        let folder = tempfile::Builder::new().prefix("lockstep-vault-").tempdir();
        let folder = folder.map_err(Error::io("make a folder for Vault"))?;
        let (plain, tls) = (free_port()?, free_port()?);
        let authority = Authority::new("lockstep test bed")?;
        let config = write_config(folder.path(), &authority, tls)?;
        let root = Token(random_text()?);
        let mut command = keeper::command(program);
        command
            .args(["server", "-dev", "-dev-no-store-token"])
            .arg(format!("-dev-listen-address=127.0.0.1:{plain}"))
            .arg(config)
            .env_clear()
            .env("HOME", folder.path())
            .env("VAULT_DEV_ROOT_TOKEN_ID", &root.0)
            .current_dir(folder.path());
        let log = folder.path().join("vault.log");
        let mut vault = Self {
            server: Server::start("vault", command, &log, End::Within(END_WITHIN))?,
            plain,
            tls,
            root,
            authority,
            rest: Rest::new()?,
            names: AtomicU32::new(1),
            _folder: folder,
        };
        vault.become_ready().await?;
        Ok(vault)
    }

    async fn become_ready(&mut self) -> Result<(), Error> {
        eventually("Vault is ready", READY_WITHIN, async || {
            if let Err(ended) = self.server.check() {
                return Ok(Err(ended));
            }
            let health = self.read("sys/health").await;
            health.map(|_| Ok(())).map_err(|error| error.to_string())
        })
        .await?
    }
}

/// The second listener, and nothing in locked memory: that takes rights that a test does not have.
fn write_config(folder: &Path, authority: &Authority, port: u16) -> Result<String, Error> {
    let server = authority.issue("vault", Purpose::Server)?;
    let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
    let config = folder.join("config.hcl");
    let text = format!(
        "disable_mlock = true\ndisable_clustering = true\nlistener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  \
         tls_cert_file = \"{}\"\n  tls_key_file = \"{}\"\n}}\n",
        certificate.display(),
        key.display()
    );
    for (path, text) in [
        (&certificate, &server.certificate),
        (&key, &server.key),
        (&config, &text),
    ] {
        std::fs::write(path, text).map_err(Error::io(format!("write {}", path.display())))?;
    }
    Ok(format!("-config={}", config.display()))
}
