//! The kubernetes provider against a real API server: who it is there, what it reads, what it writes and takes away.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use lockstep::cluster::Store;
use lockstep::engine::ask::Find;
use lockstep::engine::object::ObjectRef;
use lockstep::engine::problem::Problem;
use lockstep::engine::secret_bytes::SecretBytes;
use lockstep::engine::values::Values;
use lockstep::provider::pool::Verdict;
use lockstep::provider::{Push, PushSource, Remote};
use lockstep_testkit::{User, eventually};
use serde_json::{Value, json};

use crate::readers::{Readers, at};

const SOON: Duration = Duration::from_secs(20);
const ALL: &[&str] = &["get", "list", "create", "update", "delete"];

/// Readers, and another namespace: the one they read.
struct Bench {
    readers: Readers,
    remote: String,
}

impl Deref for Bench {
    type Target = Readers;

    fn deref(&self) -> &Readers {
        &self.readers
    }
}

impl Bench {
    async fn set_up() -> Result<Self> {
        let readers = Readers::set_up().await?;
        readers.account("reader").await?;
        let remote = readers.plane.namespace("remote").await?;
        Ok(Self { readers, remote })
    }

    /// Lets somebody do things with the Secrets of the remote namespace.
    async fn allow(&self, verbs: &[&str], subject: Value) -> Result<()> {
        let rbac = "rbac.authorization.k8s.io";
        let rule = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": verbs});
        self.make(
            &format!("{rbac}/v1"),
            "Role",
            &self.remote,
            "secrets",
            json!({"rules": [rule]}),
        )
        .await?;
        let binding =
            json!({"roleRef": {"apiGroup": rbac, "kind": "Role", "name": "secrets"}, "subjects": [subject]});
        self.make(
            &format!("{rbac}/v1"),
            "RoleBinding",
            &self.remote,
            "secrets",
            binding,
        )
        .await
    }

    fn reader_account(&self) -> Value {
        json!({"kind": "ServiceAccount", "name": "reader", "namespace": self.own})
    }

    /// A Secret of the remote namespace.
    async fn remote_secret(&self, name: &str, data: &[(&str, &str)]) -> Result<()> {
        let data: BTreeMap<_, _> = data.iter().copied().collect();
        self.make("v1", "Secret", &self.remote, name, json!({"stringData": data}))
            .await
    }

    async fn look(&self, name: &str) -> Result<Option<Secret>> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &self.remote);
        Ok(api.get_opt(name).await?)
    }

    /// A store; `auth` is what stands beside `server` and `remoteNamespace`.
    fn remote_store(&self, auth: Value) -> Result<Arc<Store>> {
        let config: Value = serde_json::from_str(&std::fs::read_to_string(self.plane.kubeconfig())?)?;
        let ca = config["clusters"][0]["cluster"]["certificate-authority-data"].clone();
        let mut provider = auth;
        provider["server"] = json!({"url": self.plane.url(), "caBundle": ca});
        provider["remoteNamespace"] = self.remote.as_str().into();
        Ok(self.store(json!({"provider": {"kubernetes": provider}})))
    }

    /// A store that is the ServiceAccount `reader`, who may do these things.
    async fn as_reader(&self, verbs: &[&str]) -> Result<Arc<Store>> {
        self.allow(verbs, self.reader_account()).await?;
        let store = self.remote_store(json!({"auth": {"serviceAccount": {"name": "reader"}}}))?;
        // The API server learns of new rights a moment later.
        eventually("the rights are known", SOON, async || {
            match self.pool.check(&store).await {
                Verdict::Valid => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await?;
        Ok(store)
    }
}

fn push(key: &str, secret_key: Option<&str>, property: Option<&str>) -> Push {
    Push {
        remote: Remote {
            key: key.to_owned(),
            property: property.map(str::to_owned),
            metadata: None,
        },
        secret_key: secret_key.map(str::to_owned),
        values: Values::from([("user".to_owned(), "u".into()), ("pass".to_owned(), "p".into())]),
        source: PushSource {
            labels: BTreeMap::from([("team".into(), "blue".into())]),
            ..PushSource::default()
        },
    }
}

fn data(secret: &Secret) -> BTreeMap<&str, &[u8]> {
    let data = secret.data.iter().flatten();
    data.map(|(key, value)| (key.as_str(), value.0.as_slice()))
        .collect()
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_service_account_reads_what_it_may() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench
        .remote_secret("app-db", &[("user", "admin"), ("cfg", r#"{"port": 5432}"#)])
        .await?;
    bench.remote_secret("other", &[("k", "v")]).await?;
    let reader = bench.connect(&bench.as_reader(&["get", "list"]).await?).await?;

    assert_eq!(
        reader.value(at("app-db"), Some("cfg.port")).await,
        Ok("5432".into())
    );
    assert_eq!(
        reader
            .extract(at("app-db"), None)
            .await
            .map(|values| values.len()),
        Ok(2)
    );
    let found = reader
        .find(&Find {
            name: Some("^app-".into()),
            ..Find::default()
        })
        .await?;
    let json = r#"{"cfg":"{\"port\": 5432}","user":"admin"}"#;
    assert_eq!(
        found,
        Values::from([("app-db".to_owned(), SecretBytes::from(json))])
    );
    let absent = reader
        .extract(at("nope"), None)
        .await
        .expect_err("it is not there");
    assert!(absent.is_absent(), "{absent}");
    let refused = reader
        .write(&push("dest", None, None))
        .await
        .expect_err("it may not");
    assert_eq!(
        refused.to_string(),
        format!(
            "Secret {}/dest: the backend refuses (403 Forbidden)",
            bench.remote
        )
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_check_tells_who_may_not_read() -> Result<()> {
    let bench = Bench::set_up().await?;
    let store = bench.remote_store(json!({"auth": {"serviceAccount": {"name": "reader"}}}))?;
    assert!(matches!(
        bench.pool.check(&store).await,
        Verdict::Failed(Problem::Refused { .. })
    ));
    let nobody = bench.remote_store(json!({"auth": {"serviceAccount": {"name": "nobody"}}}))?;
    bench.pool.reset(&nobody.key);
    assert!(matches!(
        bench.pool.check(&nobody).await,
        Verdict::NoConnection(_)
    ));
    bench.secret("creds", &[("token", "nonsense")]).await?;
    let wrong =
        bench.remote_store(json!({"auth": {"token": {"bearerToken": {"name": "creds", "key": "token"}}}}))?;
    let verdict = bench.pool.check(&wrong).await;
    assert!(matches!(verdict, Verdict::Doubtful { .. }), "{verdict:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_is_pushed_is_there_and_what_is_deleted_is_gone() -> Result<()> {
    let bench = Bench::set_up().await?;
    let reader = bench.connect(&bench.as_reader(ALL).await?).await?;
    reader.write(&push("dest", Some("user"), Some("p"))).await?;
    reader.write(&push("dest", None, Some("all"))).await?;
    let dest = bench.look("dest").await?.context("it was pushed")?;
    assert_eq!(
        data(&dest),
        BTreeMap::from([("p", b"u".as_slice()), ("all", br#"{"pass":"p","user":"u"}"#)])
    );
    let metadata = &dest.metadata;
    assert_eq!(
        metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get("team"))
            .map(String::as_str),
        Some("blue")
    );
    let managers: Vec<_> = metadata
        .managed_fields
        .iter()
        .flatten()
        .map(|entry| (&entry.manager, &entry.operation))
        .collect();
    assert_eq!(
        managers,
        [(&Some("external-secrets".to_owned()), &Some("Update".to_owned()))]
    );

    reader.write(&push("dest", None, Some("all"))).await?;
    let again = bench.look("dest").await?.context("it is still there")?;
    assert_eq!(
        again.metadata.resource_version, metadata.resource_version,
        "nothing to write"
    );
    assert_eq!(reader.value(at("dest"), Some("p")).await, Ok("u".into()));

    let remote = |property: Option<&str>| Remote {
        key: "dest".into(),
        property: property.map(str::to_owned),
        metadata: None,
    };
    reader.delete(&remote(Some("all"))).await?;
    assert_eq!(reader.exists(&remote(Some("all"))).await, Ok(false));
    assert_eq!(reader.exists(&remote(Some("p"))).await, Ok(true));
    reader.delete(&remote(Some("p"))).await?;
    ensure!(
        bench.look("dest").await?.is_none(),
        "the last property takes the Secret with it"
    );
    reader.delete(&remote(None)).await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_kubeconfig_from_a_secret_says_who_to_be() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench.remote_secret("db", &[("k", "v")]).await?;
    let user = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": User::Guest.name()});
    bench.allow(&["get"], user).await?;
    let config = std::fs::read_to_string(bench.plane.kubeconfig_of(User::Guest))?;
    bench.secret("config", &[("config", &config)]).await?;
    let store = bench.remote_store(json!({"authRef": {"name": "config", "key": "config"}}))?;
    let read = async || {
        bench
            .pool
            .connection(&store, &bench.own)
            .await?
            .value(at("db"), Some("k"))
            .await
    };
    let value = eventually("the guest may read", SOON, read).await?;
    assert_eq!(value, "v".into());

    let mut config: Value = serde_json::from_str(&config)?;
    config["users"][0]["user"]["exec"] = json!({"command": "/bin/true"});
    bench.secret("config", &[("config", &config.to_string())]).await?;
    bench
        .pool
        .on_change(&ObjectRef::secret(&bench.own, "config"), None);
    let refused = bench
        .pool
        .connection(&store, &bench.own)
        .await
        .expect_err("it would run code");
    assert!(refused.to_string().contains("user.exec"), "{refused}");
    Ok(())
}
