//! etcd, kube-apiserver and kube-controller-manager, started together and ended together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tempfile::TempDir;

use crate::credentials::{Tokens, write_service_account_keys};
use crate::flags::Places;
use crate::server::{End, Server};
use crate::shared::{Shared, on_free_ports};
use crate::{Error, User, audit, binaries, crds, eventually, free_port, keeper};

const READY_WITHIN: Duration = Duration::from_mins(1);
const END_WITHIN: Duration = Duration::from_secs(5);

/// What a control plane is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Write down the operator's requests ([`ControlPlane::requests`]).
    pub audit: bool,
    /// Leave out the CRDs.
    pub bare: bool,
    /// Serve also the versions that the CRDs keep but do not serve.
    pub every_version: bool,
    /// Keep the files here, instead of in a folder that goes when the control plane ends.
    pub folder: Option<PathBuf>,
}

/// A running control plane; ended when dropped.
// Fields are dropped in this order: who depends on another server ends before it, the files go last.
#[derive(Debug)]
pub struct ControlPlane {
    controllers: Option<Server>,
    api: Server,
    etcd: Server,
    places: Places,
    namespaces: AtomicU32,
    _folder: Option<TempDir>,
}

impl ControlPlane {
    /// Starts one with the CRDs of this workspace.
    pub async fn start() -> Result<Self, Error> {
        Self::start_with(&Options::default()).await
    }

    /// Starts one as asked for. A port that was taken in the meantime is a reason to try again, with others.
    pub async fn start_with(options: &Options) -> Result<Self, Error> {
        on_free_ports(async || Self::attempt(options).await).await
    }

    /// The one that all tests of this binary share. It runs as long as somebody holds it.
    pub async fn shared() -> Result<Arc<Self>, Error> {
        static SHARED: Shared<ControlPlane> = Shared::none_yet();
        SHARED.get(Self::start).await
    }

    /// The API server's address.
    pub fn url(&self) -> String {
        self.places.url()
    }

    /// The certificate authority to trust, PEM.
    pub fn authority(&self) -> Result<String, Error> {
        read(&self.places.certificate())
    }

    /// The key that verifies the tokens of ServiceAccounts, PEM.
    pub fn service_account_key(&self) -> Result<String, Error> {
        read(&self.places.public_key())
    }

    /// The folder with the logs, `etcd.log`, `kube-apiserver.log` and `kube-controller-manager.log`.
    pub fn folder(&self) -> &Path {
        &self.places.dir
    }

    /// The admin's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of(User::Admin)
    }

    /// The kubeconfig of a user.
    pub fn kubeconfig_of(&self, user: User) -> PathBuf {
        kubeconfig_path(&self.places.dir, user)
    }

    /// The admin's client. Each test makes its own: a client lives in the runtime it was made in.
    pub async fn client(&self) -> Result<Client, Error> {
        self.client_of(User::Admin).await
    }

    /// A client of a user.
    pub async fn client_of(&self, user: User) -> Result<Client, Error> {
        client(&self.kubeconfig_of(user)).await
    }

    /// Makes a namespace that nobody else uses, and tells its name: `prefix` and a number.
    pub async fn namespace(&self, prefix: &str) -> Result<String, Error> {
        let name = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.clone());
        let api: Api<Namespace> = Api::all(self.client().await?);
        api.create(&PostParams::default(), &namespace)
            .await
            .map_err(Error::api(format!("create the namespace `{name}`")))?;
        Ok(name)
    }

    /// What [`User::Operator`] asked of the API server so far; needs [`Options::audit`].
    pub fn requests(&self) -> Result<Vec<audit::Request>, Error> {
        audit::requests(&self.places.audit_log())
    }

    /// Kills the API server and starts it again, as it was; back when it is ready.
    pub async fn restart_api_server(&mut self) -> Result<(), Error> {
        self.api.kill()?;
        let program = binaries::find("kube-apiserver")?;
        self.api = start(
            &self.places.dir,
            "kube-apiserver",
            &program,
            self.places.api_server(),
            End::Now,
        )?;
        eventually("the API server is ready again", READY_WITHIN, async || {
            if let Err(ended) = self.api.check() {
                return Ok(Err(ended));
            }
            is_ready(&self.kubeconfig()).await.map(Ok)
        })
        .await?
    }

    /// An error when one of the servers is no longer there.
    pub fn check(&mut self) -> Result<(), Error> {
        self.etcd.check()?;
        self.api.check()?;
        self.controllers.as_mut().map_or(Ok(()), Server::check)
    }

    async fn attempt(options: &Options) -> Result<Self, Error> {
        let etcd = binaries::find("etcd")?;
        let api_server = binaries::find("kube-apiserver")?;
        let (places, folder) = prepare(options)?;
        let tokens = Tokens::new()?;
        write(&places.tokens(), &tokens.csv())?;
        write(&places.audit_policy(), &audit::policy())?;
        write_service_account_keys(&places.key(), &places.public_key())?;
        let etcd = start(&places.dir, "etcd", &etcd, places.etcd(), End::Within(END_WITHIN))?;
        let api = start(
            &places.dir,
            "kube-apiserver",
            &api_server,
            places.api_server(),
            End::Now,
        )?;
        let namespaces = AtomicU32::new(1);
        let mut plane = Self {
            controllers: None,
            api,
            etcd,
            places,
            namespaces,
            _folder: folder,
        };
        plane.become_ready(&tokens).await?;
        plane.start_controllers()?;
        if !options.bare {
            let folder = binaries::workspace_root().join("crds");
            crds::install(&plane.client().await?, &folder, options.every_version).await?;
        }
        Ok(plane)
    }

    async fn become_ready(&mut self, tokens: &Tokens) -> Result<(), Error> {
        // A server that ended is not a reason to wait on: the inner error leaves the loop at once.
        eventually("the API server is ready", READY_WITHIN, async || {
            if let Err(ended) = self.check() {
                return Ok(Err(ended));
            }
            let certificate = std::fs::read(self.places.certificate()).map_err(|error| error.to_string())?;
            for user in User::ALL {
                let text = tokens.kubeconfig(user, &self.places.url(), &certificate);
                write(&self.kubeconfig_of(user), &text).map_err(|error| error.to_string())?;
            }
            is_ready(&self.kubeconfig()).await.map(Ok)
        })
        .await?
    }

    fn start_controllers(&mut self) -> Result<(), Error> {
        // Ready-made test tools come without it; then nothing is garbage-collected.
        let Ok(program) = binaries::find("kube-controller-manager") else {
            return Ok(());
        };
        let flags = self.places.controller_manager(&self.kubeconfig());
        let end = End::Within(END_WITHIN);
        self.controllers = Some(start(
            &self.places.dir,
            "kube-controller-manager",
            &program,
            flags,
            end,
        )?);
        Ok(())
    }
}

fn prepare(options: &Options) -> Result<(Places, Option<TempDir>), Error> {
    let (dir, folder) = if let Some(dir) = &options.folder {
        (dir.clone(), None)
    } else {
        let made = tempfile::Builder::new().prefix("lockstep-testkit-").tempdir();
        let made = made.map_err(Error::io("make a folder for the test bed"))?;
        (made.path().to_owned(), Some(made))
    };
    std::fs::create_dir_all(&dir).map_err(Error::io(format!("make {}", dir.display())))?;
    let (etcd_port, peer_port, api_port) = (free_port()?, free_port()?, free_port()?);
    Ok((
        Places {
            dir,
            etcd_port,
            peer_port,
            api_port,
            audit: options.audit,
        },
        folder,
    ))
}

fn start(dir: &Path, name: &str, program: &Path, flags: Vec<String>, end: End) -> Result<Server, Error> {
    let mut command = keeper::command(program);
    command.args(flags).current_dir(dir);
    Server::start(name, command, &dir.join(format!("{name}.log")), end)
}

fn kubeconfig_path(dir: &Path, user: User) -> PathBuf {
    dir.join(format!("{}.kubeconfig", user.name()))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(Error::io(format!("read {}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(Error::io(format!("write {}", path.display())))
}

async fn client(kubeconfig: &Path) -> Result<Client, Error> {
    // Whoever comes second finds it installed, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let refused = |why: String| Error::File {
        path: kubeconfig.to_owned(),
        why,
    };
    let read = Kubeconfig::read_from(kubeconfig).map_err(|error| refused(error.to_string()))?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
    let mut config = config.map_err(|error| refused(error.to_string()))?;
    // A test wants to see what the API server said the first time.
    config.default_retry = false;
    Client::try_from(config).map_err(Error::api("make a client"))
}

async fn is_ready(kubeconfig: &Path) -> Result<(), String> {
    let client = client(kubeconfig).await.map_err(|error| error.to_string())?;
    let request = http::Request::get("/readyz")
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    match client.request_text(request).await {
        Ok(text) if text == "ok" => Ok(()),
        Ok(text) => Err(text),
        Err(error) => Err(error.to_string()),
    }
}
