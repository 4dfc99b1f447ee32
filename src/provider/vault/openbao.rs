//! `provider.openBao`: the same engine, by stricter rules. A key is what stands below the mount and nothing is
//! cut off it, a property is a key and no path, and the store's check looks at the mount.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::provider::{
    KvVersion, OpenBaoAuth, OpenBaoProvider, VaultAppRole, VaultAuth, VaultClientTls, VaultProvider,
    VaultUserPass,
};
use lockstep_gostd::json::{Numbers, Value};

use super::call::Call;
use super::kv::Kv;
use super::mount::Mount;
use super::session::Session;
use super::{LIMITS, find, push, secret};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::{Backend, Find, Health, Limits, Location, Payload, Push, Remote, Surroundings, json};

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.openBao";
const MOUNT: &str = "kv";

#[derive(Debug)]
pub(super) struct OpenBao {
    kv: Kv,
}

pub(super) async fn connect(
    spec: &OpenBaoProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    let spec = as_vault(spec);
    let session = Session::open(&spec, surroundings, FIELD).await?;
    let mount = Mount {
        may_repeat: false,
        ..Mount::of(&spec)
    };
    Ok(Arc::new(OpenBao {
        kv: Kv { session, mount },
    }))
}

#[async_trait]
impl Backend for OpenBao {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        let read = async |location: &Location| {
            check_version(location.version.as_deref(), self.kv.mount.version)?;
            self.kv.get(location).await.map(Payload::Bytes)
        };
        futures::future::join_all(wanted.iter().map(read)).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        if query.name.is_none() {
            return Err(Problem::InvalidSpec {
                field: "find.name".to_owned(),
                why: "the openBao provider finds by name only".to_owned(),
            });
        }
        find::find(&self.kv, query, &find::BOUNDS).await
    }

    /// Is there a KV engine, of the version that the store says?
    async fn check(&self) -> Result<Health, Problem> {
        let path = self.kv.mount.path.as_deref().unwrap_or(MOUNT);
        let call = Call::read(format!("sys/mounts/{path}"));
        let what = || format!("mount {path}");
        let bad = |why: String| Problem::BadAnswer { what: what(), why };
        let envelope = self.kv.session.call(&call).await?;
        let data = envelope.and_then(|envelope| envelope.data);
        let data = data.ok_or_else(|| bad("the server does not describe it".to_owned()))?;
        let engine = Value::parse_object(data.expose(), Numbers::AsWritten)
            .map_err(|_| bad("its description is no object".to_owned()))?;
        if engine.get("type") != Some(&Value::Text("kv".into())) {
            return Err(bad("it is not a kv engine".to_owned()));
        }
        let is_second = match engine.get("options") {
            Some(Value::Object(options)) => options.get("version") == Some(&Value::Text("2".into())),
            _ => false,
        };
        let found = if is_second { KvVersion::V2 } else { KvVersion::V1 };
        if found == self.kv.mount.version {
            return Ok(Health::Ready);
        }
        let number = |version| if version == KvVersion::V2 { 2 } else { 1 };
        Err(bad(format!(
            "expected kv engine version {} found version {}",
            number(self.kv.mount.version),
            number(found)
        )))
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        secret::select(json::single(payload)?, property, false).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        secret::explode(json::single(payload)?, property, false).map(Some)
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        push::write(&self.kv, push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        push::delete(&self.kv, remote).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        push::exists(&self.kv, remote, false).await
    }

    fn token_age(&self) -> Option<Duration> {
        self.kv.session.token_age()
    }

    async fn close(&self) {
        self.kv.session.close().await;
    }
}

fn check_version(version: Option<&str>, engine: KvVersion) -> Result<(), Problem> {
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Ok(());
    };
    let bad = |why: String| Problem::BadData { why };
    if engine == KvVersion::V1 {
        return Err(bad(
            "secrets of a kv engine of version v1 have no versions".to_owned()
        ));
    }
    match version.parse::<i64>() {
        Ok(_) => Ok(()),
        Err(_) => Err(bad(format!("{version:?} is not the number of a version"))),
    }
}

fn as_vault(spec: &OpenBaoProvider) -> VaultProvider {
    VaultProvider {
        server: spec.server.clone(),
        path: Some(spec.path.clone().unwrap_or_else(|| MOUNT.to_owned())),
        version: spec.version,
        namespace: spec.namespace.clone(),
        auth: spec.auth.as_ref().map(auth_as_vault),
        ca_bundle: spec.ca_bundle.clone(),
        ca_provider: spec.ca_provider.clone(),
        tls: VaultClientTls::default(),
        headers: std::collections::BTreeMap::new(),
        read_your_writes: false,
        forward_inconsistent: false,
        check_and_set: None,
    }
}

fn auth_as_vault(auth: &OpenBaoAuth) -> VaultAuth {
    VaultAuth {
        namespace: auth.namespace.clone(),
        token_secret_ref: auth.token_secret_ref.clone(),
        app_role: auth.app_role.as_ref().map(|role| VaultAppRole {
            path: role.path.clone(),
            role_id: role.role_id.as_ref().map(|id| id.as_str().to_owned()),
            role_ref: role.role_ref.clone(),
            secret_ref: role.secret_ref.clone(),
        }),
        user_pass: auth.user_pass.as_ref().map(|user| VaultUserPass {
            path: user.path.clone(),
            username: user.username.clone(),
            secret_ref: user.secret_ref.clone().unwrap_or_default(),
        }),
        kubernetes: auth.kubernetes.clone(),
        jwt: auth.jwt.clone(),
        cert: auth.cert.clone(),
        ..VaultAuth::default()
    }
}
