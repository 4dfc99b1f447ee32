//! moto's server, which emulates AWS.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::rest::{Rest, granted};
use crate::server::{End, Server};
use crate::shared::{Shared, on_free_ports};
use crate::{Error, VENV_DIR, binaries, eventually, free_port, keeper, workspace_root};

const PROGRAM: &str = "moto_server";
const READY_WITHIN: Duration = Duration::from_mins(1);
const END_WITHIN: Duration = Duration::from_secs(5);

/// A running moto; ended when dropped.
// Fields are dropped in this order: the server ends before its files go.
#[derive(Debug)]
pub struct Moto {
    server: Server,
    port: u16,
    rest: Rest,
    _folder: TempDir,
}

impl Moto {
    /// The region that [`Moto::ask`] asks in.
    pub const REGION: &str = "eu-central-1";

    /// Starts one.
    pub async fn start() -> Result<Self, Error> {
        on_free_ports(Self::attempt).await
    }

    /// The one that all tests of this binary share. It runs as long as somebody holds it.
    pub async fn shared() -> Result<Arc<Self>, Error> {
        static SHARED: Shared<Moto> = Shared::none_yet();
        SHARED.get(Self::start).await
    }

    /// The address of every service.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Calls an operation of `secretsmanager` or `ssm`, and returns the answer.
    pub async fn ask(&self, service: &str, operation: &str, parameters: Value) -> Result<Value, Error> {
        let what = format!("{operation} in moto's {service}");
        let target = match service {
            "ssm" => "AmazonSSM",
            other => other,
        };
        // The service and the region are read from what a signature is for; nobody looks at the signature.
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential=testbed/20260101/{}/{service}/aws4_request, \
             SignedHeaders=host, Signature=00",
            Self::REGION
        );
        let request = self
            .rest
            .client()
            .post(self.url())
            .header("Authorization", signed)
            .header("X-Amz-Target", format!("{target}.{operation}"))
            .header("Content-Type", "application/x-amz-json-1.1")
            .body(parameters.to_string());
        granted(Rest::reply(request, &what).await?, &what)
    }

    /// Forgets everything. Not for one that is shared.
    pub async fn reset(&self) -> Result<(), Error> {
        let request = self.rest.client().post(format!("{}/moto-api/reset", self.url()));
        let what = "reset moto";
        granted(Rest::reply(request, what).await?, what).map(drop)
    }

    async fn attempt() -> Result<Self, Error> {
        let program = moto_server().ok_or(Error::NotInstalled {
            name: PROGRAM,
            advice: "run `cargo xtask testbed moto` (or set MOTO_SERVER)",
        })?;
        let folder = tempfile::Builder::new().prefix("lockstep-moto-").tempdir();
        let folder = folder.map_err(Error::io("make a folder for moto"))?;
        let port = free_port()?;
        let mut command = keeper::command(program);
        command
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "false");
        let log = folder.path().join("moto.log");
        let mut moto = Self {
            server: Server::start("moto", command, &log, End::Within(END_WITHIN))?,
            port,
            rest: Rest::new()?,
            _folder: folder,
        };
        moto.become_ready().await?;
        Ok(moto)
    }

    async fn become_ready(&mut self) -> Result<(), Error> {
        eventually("moto is ready", READY_WITHIN, async || {
            if let Err(ended) = self.server.check() {
                return Ok(Err(ended));
            }
            let page = self.rest.client().get(format!("{}/moto-api/", self.url()));
            let reply = Rest::reply(page, "ask moto").await;
            match reply.and_then(|reply| granted(reply, "ask moto")) {
                Ok(_) => Ok(Ok(())),
                Err(error) => Err(error.to_string()),
            }
        })
        .await?
    }
}

/// The program: from `MOTO_SERVER` when it is set, else as `cargo xtask testbed` installed it, else from the `PATH`.
#[expect(
    clippy::disallowed_methods,
    reason = "MOTO_SERVER is what the conformance suite reads"
)]
pub fn moto_server() -> Option<PathBuf> {
    let named = std::env::var_os("MOTO_SERVER")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    named
        .or_else(|| {
            let own = workspace_root().join(VENV_DIR).join("bin");
            let installed = own.join(PROGRAM).is_file().then_some(own);
            let folder = installed.or_else(|| binaries::folder_with(&[PROGRAM], &[]))?;
            Some(folder.join(PROGRAM))
        })
        .filter(|program| program.is_file())
}
