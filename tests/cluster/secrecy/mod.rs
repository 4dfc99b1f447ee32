//! A canary in every backend there is: whatever is done with it, and whatever fails because of it, it is seen in targets
//! and nowhere else. Not in the log at its loudest, not in events, conditions, metrics, the audit or traces.

mod fakes;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use kube::Resource;
use kube::api::ListParams;
use lockstep_api::{ExternalSecret, PushSecret, SecretStore};
use lockstep_testkit::{Moto, Vault, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{Bench, SOON};
use crate::collector::{Collector, text};
use fakes::Fakes;

/// Stands in the way wherever something is made of it: it is no JSON, no base64, no certificate and no template.
const CANARY: &str = "canary-7e31b0c4 {{not json";
/// What is looked for.
const MARK: &str = "canary-7e31b0c4";

struct Scene {
    bench: Bench,
    folder: TempDir,
    audit: PathBuf,
    collector: Collector,
    /// What lockstep shows to backends; it is to be seen nowhere either.
    credentials: Vec<String>,
}

impl Scene {
    async fn set_up(moto: Option<&Moto>, fakes: &Fakes) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let audit = folder.path().join("audit");
        let shown = audit.to_str().context("a path")?.to_owned();
        let url = moto.map(Moto::url).unwrap_or_default();
        let root = folder.path().join("root");
        std::fs::create_dir(&root)?;
        let root = root.to_str().context("a path")?.to_owned();
        let trusted = folder.path().join("trusted");
        std::fs::write(&trusted, fakes.trusted())?;
        let trusted = trusted.to_str().context("a path")?.to_owned();
        let collector = Collector::start().await?;
        let [google, doppler] = fakes.urls();
        let environment = [
            ("LOCKSTEP_AUDIT_LOG", shown.as_str()),
            ("AWS_SECRETSMANAGER_ENDPOINT", &url),
            ("AWS_STS_ENDPOINT", &url),
            ("LOCKSTEP_FILE_PROVIDER_ROOT", &root),
            ("SSL_CERT_FILE", &trusted),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", &google),
            ("DOPPLER_BASE_URL", &doppler),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "x-token=fixture-of-a-collector-s-token",
            ),
        ];
        let bench = Bench::set_up_in(&environment, "secrecy", CANARY).await?;
        let pid = bench.operator.id().to_string();
        let louder = Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .args(["loglevel", "more", "--pid", &pid])
            .status()?;
        ensure!(louder.success(), "the log cannot be turned up");
        Ok(Self {
            bench,
            folder,
            audit,
            collector,
            credentials: vec!["fixture-of-a-collector-s-token".to_owned()],
        })
    }

    async fn credential(&mut self, name: &str, value: &str) -> Result<()> {
        self.credentials.push(value.to_owned());
        self.bench.put_secret(name, "value", value).await
    }

    async fn vault(&mut self, vault: &Vault) -> Result<()> {
        let mount = vault.kv(2).await?;
        let path = format!("{mount}/data/k");
        vault.write(&path, json!({"data": {"v": CANARY}})).await?;
        let rules =
            format!("path \"{mount}/*\" {{ capabilities = [\"create\", \"read\", \"update\", \"list\"] }}");
        let policy = vault.policy(&rules).await?;
        let token = vault.token(json!({"policies": [policy]})).await?;
        self.credential("vault-token", &token).await?;
        let auth = json!({"tokenSecretRef": {"name": "vault-token", "key": "value"}});
        let vault_store = json!({"server": vault.url(), "path": mount, "auth": auth});
        self.store("vault", json!({"vault": vault_store})).await?;
        let hook = json!({
            "url": format!("{}/v1/{mount}/data/{{{{ .remoteRef.key }}}}", vault.url()),
            "headers": {"X-Vault-Token": "{{ .creds.value }}"},
            "secrets": [{"name": "creds", "secretRef": {"name": "vault-token"}}],
            "result": {"jsonPath": "$.data.data.v"},
        });
        let labels = json!({"metadata": {"labels": {"external-secrets.io/type": "webhook"}}});
        self.bench
            .api::<k8s_openapi::api::core::v1::Secret>()
            .patch(
                "vault-token",
                &kube::api::PatchParams::default(),
                &kube::api::Patch::Merge(&labels),
            )
            .await?;
        self.store("webhook", json!({"webhook": hook})).await
    }

    async fn kubernetes(&mut self) -> Result<()> {
        let kubeconfig = std::fs::read_to_string(self.bench.plane.kubeconfig())?;
        let secrets = kubeconfig
            .lines()
            .filter_map(|line| line.trim().strip_prefix("token: "));
        self.credentials
            .extend(secrets.map(|token| token.trim_matches('"').to_owned()));
        self.bench.put_secret("kubeconfig", "value", &kubeconfig).await?;
        self.bench.put_secret("k", "v", CANARY).await?;
        let provider = json!({
            "remoteNamespace": self.bench.namespace, "authRef": {"name": "kubeconfig", "key": "value"},
        });
        self.store("kubernetes", json!({"kubernetes": provider})).await
    }

    async fn aws(&mut self, moto: &Moto) -> Result<()> {
        let made = json!({"Name": "k", "SecretString": CANARY});
        moto.ask("secretsmanager", "CreateSecret", made).await?;
        self.credential("key", "AKIAFIXTUREEXAMPLE01").await?;
        self.credential("secret", "fixture-of-a-secret-access-key-0123456789")
            .await?;
        let reference = |name: &str| json!({"name": name, "key": "value"});
        let provider = json!({
            "service": "SecretsManager", "region": Moto::REGION,
            "auth": {"secretRef": {
                "accessKeyIDSecretRef": reference("key"), "secretAccessKeySecretRef": reference("secret"),
            }},
        });
        self.store("aws", json!({"aws": provider})).await
    }

    async fn files(&self) -> Result<()> {
        std::fs::write(self.folder.path().join("root/k"), CANARY)?;
        let provider = json!({"lockstep.dev/file": {"directory": {"path": "."}}});
        self.store("file", provider).await
    }

    async fn store(&self, name: &str, provider: Value) -> Result<()> {
        self.bench
            .apply("SecretStore", name, json!({"provider": provider}))
            .await?;
        let what = format!("the store {name} is ready");
        eventually(&what, SOON, async || self.bench.ready::<SecretStore>(name).await).await?;
        Ok(())
    }

    /// What works with a store, and all that cannot.
    async fn use_store(&self, store: &str, reference: &Value) -> Result<()> {
        let plain = |more: Value| {
            let mut reference = reference.clone();
            if let (Value::Object(into), Value::Object(more)) = (&mut reference, more) {
                into.extend(more);
            }
            json!({
                "secretStoreRef": {"name": store}, "refreshInterval": "1h",
                "data": [{"secretKey": "password", "remoteRef": reference}],
            })
        };
        let name = |what: &str| format!("{store}-{what}");
        self.bench
            .apply("ExternalSecret", &name("plain"), plain(json!({})))
            .await?;
        self.bench.synced(&name("plain")).await?;
        let mut templated = plain(json!({}));
        templated["target"] = json!({"template": {"data": {"a": "{{ fail .password }}"}}});
        let mut parsed = plain(json!({}));
        parsed["target"] = json!({"template": {"data": {"a": "{{ (.password | fromJson).x.y }}{{ .password | b64dec | toDate }}"}}});
        let exploded = json!({"secretStoreRef": {"name": store}, "dataFrom": [{"extract": plain(json!({}))["data"][0]["remoteRef"]}]});
        let failing = [
            ("undecodable", plain(json!({"decodingStrategy": "Base64"}))),
            ("templated", templated),
            ("parsed", parsed),
        ];
        for (what, spec) in failing {
            self.bench.apply("ExternalSecret", &name(what), spec).await?;
            self.bench.failed(&name(what)).await?;
        }
        // Some hold a document and some do not: it works or it fails.
        self.bench
            .apply("ExternalSecret", &name("exploded"), exploded)
            .await
    }

    /// Everything that lockstep says anywhere, by where.
    async fn told(&self) -> Result<Vec<(&'static str, String)>> {
        Ok(vec![
            ("the log", std::fs::read_to_string(self.bench.operator.log())?),
            ("the metrics", self.bench.metrics()?),
            ("events", self.bench.events().await?),
            ("the audit", std::fs::read_to_string(&self.audit)?),
            ("traces", self.collector.sent()),
            ("ExternalSecrets", self.statuses::<ExternalSecret>().await?),
            ("stores", self.statuses::<SecretStore>().await?),
            ("PushSecrets", self.statuses::<PushSecret>().await?),
        ])
    }

    async fn statuses<K>(&self) -> Result<String>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned
            + serde::Serialize,
    {
        let listed = self.bench.api::<K>().list(&ListParams::default()).await?;
        let objects = listed.iter().map(serde_json::to_value);
        let statuses: Result<Vec<_>, _> = objects
            .map(|object| object.map(|it| it["status"].clone()))
            .collect();
        Ok(serde_json::to_string(&statuses?)?)
    }

    /// Has the Secret of an ExternalSecret pushed back, under another key.
    async fn push(&self, store: &str) -> Result<()> {
        let spec = json!({
            "secretStoreRefs": [{"name": store}], "refreshInterval": "1h",
            "selector": {"secret": {"name": format!("{store}-plain")}},
            "data": [{"match": {"secretKey": "password", "remoteRef": {"remoteKey": "pushed", "property": "v"}}}],
        });
        let body = json!({
            "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret",
            "metadata": {"name": store, "namespace": self.bench.namespace}, "spec": spec,
        });
        let api = self.bench.api::<PushSecret>();
        api.create(&kube::api::PostParams::default(), &serde_json::from_value(body)?)
            .await?;
        let what = format!("it is pushed to {store}");
        eventually(&what, SOON, async || self.bench.ready::<PushSecret>(store).await).await?;
        Ok(())
    }

    /// The stores whose backends were asked to do that, as traces have it.
    fn traced(&self, operation: &str) -> Result<BTreeSet<String>> {
        let spans = self.collector.spans()?;
        let asked = spans
            .iter()
            .filter(|span| text(span, "lockstep.operation") == Some(operation));
        let stores = asked.filter_map(|span| text(span, "lockstep.store.name"));
        Ok(stores.map(str::to_owned).collect())
    }

    /// The stores that were read and written, as the audit has it.
    fn audited(&self, action: &str) -> Result<BTreeSet<String>> {
        let text = std::fs::read_to_string(&self.audit)?;
        let lines = text.lines().map(serde_json::from_str::<Value>);
        let lines: Vec<Value> = lines.collect::<Result<_, _>>()?;
        let done = lines
            .iter()
            .filter(|line| line["action"] == action && line["outcome"] == "done");
        let stores = done.filter_map(|line| line["store"]["name"].as_str());
        Ok(stores.map(str::to_owned).collect())
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_canary_in_every_backend_is_seen_nowhere() -> Result<()> {
    let vault = Vault::shared().await?;
    let moto = if cfg!(feature = "aws") {
        Some(Moto::shared().await?)
    } else {
        None
    };
    let fakes = Fakes::start().await?;
    let mut scene = Scene::set_up(moto.as_deref(), &fakes).await?;
    scene.vault(&vault).await?;
    scene.kubernetes().await?;
    scene.fakes(&fakes).await?;
    scene.files().await?;
    let (whole, property) = (json!({"key": "k"}), json!({"key": "k", "property": "v"}));
    let upper = json!({"key": "K"});
    let mut stores = vec![
        ("fake", &whole),
        ("kubernetes", &property),
        ("vault", &property),
        ("webhook", &whole),
        ("azure", &whole),
        ("google", &whole),
        ("onepassword", &whole),
        ("doppler", &upper),
        ("gitlab", &upper),
        ("infisical", &upper),
        ("file", &whole),
    ];
    if let Some(moto) = &moto {
        scene.aws(moto).await?;
        stores.push(("aws", &whole));
    }
    for (store, reference) in &stores {
        scene.use_store(store, reference).await?;
    }
    for store in ["kubernetes", "vault"] {
        scene.push(store).await?;
    }

    let names = |stores: &[&str]| {
        stores
            .iter()
            .map(|store| (*store).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let read: Vec<&str> = stores.iter().map(|(store, _)| *store).collect();
    // These are held of one moment, and read out of that.
    let is_asked = |store: &&str| !matches!(*store, "file" | "doppler");
    let asked: Vec<&str> = read.iter().copied().filter(is_asked).collect();
    eventually("all is in the audit", SOON, async || {
        let (was_read, was_pushed) = (scene.audited("read")?, scene.audited("push")?);
        ensure!(was_read == names(&read), "read: {was_read:?}");
        ensure!(
            was_pushed == names(&["kubernetes", "vault"]),
            "pushed: {was_pushed:?}"
        );
        Ok(())
    })
    .await?;
    eventually("all is in the traces", SOON, async || {
        let (was_read, was_pushed) = (scene.traced("read")?, scene.traced("write")?);
        ensure!(was_read.is_superset(&names(&asked)), "read: {was_read:?}");
        ensure!(
            was_pushed == names(&["kubernetes", "vault"]),
            "pushed: {was_pushed:?}"
        );
        Ok(())
    })
    .await?;
    let target = scene.bench.secret("vault-plain").await?.context("a target")?;
    let value = crate::bench::password(&target).context("a value")?;
    ensure!(value == CANARY.as_bytes(), "the canary never sang");
    for (place, text) in scene.told().await? {
        ensure!(
            !text.contains(MARK),
            "the canary is in {place}: {}",
            around(&text, MARK)
        );
        for credential in &scene.credentials {
            ensure!(!text.contains(credential), "a credential is in {place}");
        }
    }
    Ok(())
}

fn around(text: &str, mark: &str) -> String {
    let lines = text.lines().filter(|line| line.contains(mark));
    lines.take(3).collect::<Vec<_>>().join("\n")
}
