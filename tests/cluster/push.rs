//! PushSecrets against a real API server, which is the backend, too: behind a proxy, so that it can fail and be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use lockstep_api::{PushSecret, SecretStore};
use lockstep_testkit::{Asked, Fate, Proxy, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, audited, start_operator_as, thoroughness};
use crate::mishaps::Faults;

/// A second, and what it takes to see it.
const AT_ONCE: Duration = Duration::from_secs(3);
/// A value that nobody must ever see.
const CANARY: &str = "canary-2b9f";
const STORE_FINALIZER: &str = "secretstore.externalsecrets.io/finalizer";

/// A control plane with the operator on it, and a store that is another namespace of it.
struct Scene {
    bench: Bench,
    /// Of the operator's own requests.
    own: Proxy,
    own_faults: Faults,
    _backend: Proxy,
    backend_faults: Faults,
    writes: Arc<AtomicUsize>,
    remote: Api<Secret>,
}

impl Scene {
    async fn set_up(prefix: &str) -> Result<Self> {
        let plane = audited().await?;
        let (own_faults, backend_faults) = (Faults::none(), Faults::none());
        let judge = own_faults.clone();
        let own = Proxy::start(&plane, move |asked| judge.judge(asked)).await?;
        let writes = Arc::<AtomicUsize>::default();
        let (judge, counted) = (backend_faults.clone(), writes.clone());
        let backend = Proxy::start(&plane, move |asked| {
            let fate = judge.judge(asked);
            let is_counted = is_remote_write(asked) && fate == Fate::Pass;
            counted.fetch_add(usize::from(is_counted), Ordering::SeqCst);
            fate
        })
        .await?;
        let far = plane.namespace("remote").await?;
        let kubeconfig = std::fs::read_to_string(backend.kubeconfig())?;
        let bench = Bench::set_up_on(plane, own.kubeconfig(), prefix, "first", &[]).await?;
        let remote = Api::namespaced(bench.client.clone(), &far);
        bench.put_secret("login", "config", &kubeconfig).await?;
        let scene = Self {
            bench,
            own,
            own_faults,
            _backend: backend,
            backend_faults,
            writes,
            remote,
        };
        scene.store("remote").await?;
        Ok(scene)
    }

    async fn store(&self, name: &str) -> Result<()> {
        let far = self.remote.resource_url();
        let far = far.split('/').nth(4).context("a namespace")?;
        let spec = json!({"provider": {"kubernetes": {
            "remoteNamespace": far, "authRef": {"name": "login", "key": "config"},
        }}});
        self.bench.apply("SecretStore", name, spec).await?;
        eventually("the store is ready", SOON, async || {
            self.bench.ready::<SecretStore>(name).await
        })
        .await?;
        Ok(())
    }

    async fn push(&self, name: &str, spec: Value) -> Result<()> {
        let object = json!({
            "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret",
            "metadata": {"name": name}, "spec": spec,
        });
        let how = PatchParams::apply("test").force();
        self.objects().patch(name, &how, &Patch::Apply(object)).await?;
        Ok(())
    }

    fn objects(&self) -> Api<PushSecret> {
        self.bench.api()
    }

    async fn pushed(&self, name: &str) -> Result<()> {
        eventually(&format!("{name} is pushed"), SOON * 2, async || {
            self.bench.ready::<PushSecret>(name).await
        })
        .await?;
        Ok(())
    }

    async fn condition_says(&self, name: &str, part: &str) -> Result<()> {
        eventually(&format!("{name} says {part}"), SOON, async || {
            let condition = self.bench.condition::<PushSecret>(name).await?;
            let message = condition["message"].as_str().unwrap_or_default();
            if message.contains(part) {
                Ok(())
            } else {
                Err(condition.to_string())
            }
        })
        .await?;
        Ok(())
    }

    /// What is at the backend.
    async fn value(&self, secret: &str, property: &str) -> Result<Option<String>, String> {
        let secret = self.remote.get_opt(secret).await;
        let secret = secret.map_err(|error| error.to_string())?;
        let value = secret.and_then(|secret| secret.data?.remove(property));
        Ok(value.map(|value| String::from_utf8_lossy(&value.0).into_owned()))
    }

    async fn arrives(&self, secret: &str, wanted: &str, within: Duration) -> Result<()> {
        eventually(&format!("{secret} is {wanted}"), within, async || {
            let there = self.value(secret, "p").await?;
            if there.as_deref() == Some(wanted) {
                Ok(())
            } else {
                Err(format!("{there:?}"))
            }
        })
        .await?;
        Ok(())
    }

    fn remote_writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Ends the operator without a warning, and starts another after something happened.
    async fn restart(self, meanwhile: impl AsyncFnOnce(&Meanwhile) -> Result<()>) -> Result<Self> {
        let Bench {
            plane,
            operator,
            client,
            namespace,
            ..
        } = self.bench;
        operator.kill()?;
        meanwhile(&Meanwhile {
            secrets: Api::namespaced(client.clone(), &namespace),
            objects: Api::namespaced(client.clone(), &namespace),
            remote: self.remote.clone(),
        })
        .await?;
        self.own_faults.are(|_| Fate::Pass);
        let (operator, metrics) = start_operator_as(&plane, self.own.kubeconfig(), &[]).await?;
        let bench = Bench {
            plane,
            operator,
            client,
            namespace,
            metrics,
        };
        Ok(Self { bench, ..self })
    }
}

/// What there is while nobody works.
struct Meanwhile {
    secrets: Api<Secret>,
    objects: Api<PushSecret>,
    remote: Api<Secret>,
}

async fn put(secrets: &Api<Secret>, name: &str, key: &str, value: &str) -> Result<()> {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: value},
    });
    let how = PatchParams::apply("test").force();
    secrets.patch(name, &how, &Patch::Apply(secret)).await?;
    Ok(())
}

fn is_remote_write(asked: &Asked) -> bool {
    asked.is_write() && asked.path.contains("/secrets")
}

/// One that pushes each key into a Secret of its own.
fn spec(source: &str, keys: &[&str]) -> Value {
    let data = keys.iter().map(|key| {
        json!({"match": {"secretKey": key, "remoteRef": {"remoteKey": format!("{source}-{key}"), "property": "p"}}})
    });
    json!({
        "refreshInterval": "1h",
        "secretStoreRefs": [{"name": "remote"}],
        "selector": {"secret": {"name": source}},
        "data": data.collect::<Vec<_>>(),
    })
}

/// ESO waits for the interval, an hour.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_source_that_changes_is_pushed_at_once_and_nothing_else_is_written() -> Result<()> {
    let scene = Scene::set_up("push-at-once").await?;
    scene.bench.put_secret("src", "a", "one").await?;
    scene.push("push", spec("src", &["a"])).await?;
    scene.pushed("push").await?;
    scene.bench.put_secret("src", "a", "two").await?;
    scene.arrives("src-a", "two", AT_ONCE).await?;
    ensure!(scene.remote_writes() == 2, "{} writes", scene.remote_writes());

    // Another key of the source is nothing to us.
    let more = json!({"stringData": {"b": "more"}});
    let sources: Api<Secret> = scene.bench.api();
    sources
        .patch("src", &PatchParams::default(), &Patch::Merge(more))
        .await?;
    scene.bench.put_secret("src", "a", "three").await?;
    scene.arrives("src-a", "three", AT_ONCE).await?;
    ensure!(scene.remote_writes() == 3, "{} writes", scene.remote_writes());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_source_that_changed_while_nobody_worked_is_pushed_after_a_restart() -> Result<()> {
    let scene = Scene::set_up("push-restart").await?;
    for source in ["same", "other"] {
        scene.bench.put_secret(source, "a", "one").await?;
        scene.push(source, spec(source, &["a"])).await?;
        scene.pushed(source).await?;
    }
    let changes = async |there: &Meanwhile| put(&there.secrets, "other", "a", "two").await;
    let scene = scene.restart(changes).await?;
    scene.arrives("other-a", "two", SOON).await?;
    ensure!(scene.remote_writes() == 3, "{} writes", scene.remote_writes());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_backend_that_fails_between_two_entries_gets_the_rest_later() -> Result<()> {
    let scene = Scene::set_up("push-between").await?;
    scene.bench.put_secret("src", "a", "one").await?;
    let more = json!({"stringData": {"b": "two"}});
    let sources: Api<Secret> = scene.bench.api();
    sources
        .patch("src", &PatchParams::default(), &Patch::Merge(more))
        .await?;
    let met = AtomicUsize::new(0);
    scene.backend_faults.are(move |asked| {
        if is_remote_write(asked) && met.fetch_add(1, Ordering::SeqCst) > 0 {
            Fate::refusal(500, "InternalError")
        } else {
            Fate::Pass
        }
    });
    scene.push("push", spec("src", &["a", "b"])).await?;
    scene.condition_says("push", "set secret failed").await?;
    let status = scene.bench.status::<PushSecret>("push").await;
    let status = status.map_err(anyhow::Error::msg)?;
    let synced = status["syncedPushSecrets"]["SecretStore/remote"].as_object();
    ensure!(synced.is_some_and(|synced| synced.len() == 1), "{status}");
    scene.backend_faults.are(|_| Fate::Pass);
    scene.pushed("push").await?;
    scene.arrives("src-a", "one", SOON).await?;
    scene.arrives("src-b", "two", SOON).await?;
    ensure!(scene.remote_writes() == 2, "{} writes", scene.remote_writes());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_kill_between_the_remote_write_and_the_status_writes_nothing_twice() -> Result<()> {
    let scene = Scene::set_up("push-kill").await?;
    scene.bench.put_secret("src", "a", "one").await?;
    scene.own_faults.are(|asked| {
        if asked.path.ends_with("/pushsecrets/push/status") {
            Fate::Hang { carried_out: false }
        } else {
            Fate::Pass
        }
    });
    scene.push("push", spec("src", &["a"])).await?;
    scene.arrives("src-a", "one", SOON).await?;
    let scene = scene.restart(async |_| Ok(())).await?;
    scene.pushed("push").await?;
    ensure!(scene.remote_writes() == 1, "{} writes", scene.remote_writes());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_status_that_cannot_be_written_is_told_later_and_nothing_is_pushed_again() -> Result<()> {
    let scene = Scene::set_up("push-untold").await?;
    let generator = json!({"length": 24});
    scene.bench.apply("Password", "made", generator).await?;
    let refused = Arc::<AtomicUsize>::default();
    let counted = refused.clone();
    scene.own_faults.are(move |asked| {
        let is_status = asked.path.ends_with("/pushsecrets/push/status");
        if is_status && counted.fetch_add(1, Ordering::SeqCst) < 2 {
            Fate::refusal(500, "InternalError")
        } else {
            Fate::Pass
        }
    });
    let mut spec = spec("src", &["password"]);
    let generator =
        json!({"apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "name": "made"});
    spec["selector"] = json!({"generatorRef": generator});
    scene.push("push", spec).await?;
    scene.pushed("push").await?;
    ensure!(refused.load(Ordering::SeqCst) >= 3, "no status was refused");
    ensure!(scene.remote_writes() == 1, "{} writes", scene.remote_writes());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_was_pushed_is_deleted_when_its_store_is_back() -> Result<()> {
    let scene = Scene::set_up("push-away").await?;
    scene.bench.put_secret("src", "a", "one").await?;
    let mut spec = spec("src", &["a"]);
    spec["deletionPolicy"] = json!("Delete");
    scene.push("push", spec).await?;
    scene.pushed("push").await?;
    let stores: Api<SecretStore> = scene.bench.api();
    eventually("the store is held", SOON, async || {
        let store = stores.get("remote").await.map_err(|error| error.to_string())?;
        let is_held = store.finalizers().iter().any(|it| it == STORE_FINALIZER);
        is_held.then_some(()).ok_or_else(|| "it is not".to_owned())
    })
    .await?;

    scene
        .backend_faults
        .are(|_| Fate::refusal(503, "ServiceUnavailable"));
    scene.objects().delete("push", &DeleteParams::default()).await?;
    stores.delete("remote", &DeleteParams::default()).await?;
    scene
        .condition_says("push", "Failed to Delete Secrets from Provider")
        .await?;
    ensure!(
        scene.remote.get_opt("src-a").await?.is_some(),
        "it is gone already"
    );
    scene.backend_faults.are(|_| Fate::Pass);
    eventually("everything is gone", SOON * 2, async || {
        let remote = scene.remote.get_opt("src-a").await;
        let object = scene.objects().get_opt("push").await;
        let store = stores.get_opt("remote").await;
        let left = (
            remote.map_err(|error| error.to_string())?.is_some(),
            object.map_err(|error| error.to_string())?.is_some(),
            store.map_err(|error| error.to_string())?.is_some(),
        );
        if left == (false, false, false) {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    })
    .await?;
    Ok(())
}

/// Whoever replaces a Secret deletes it first; what is at the backend stays meanwhile.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_source_that_is_replaced_takes_nothing_with_it() -> Result<()> {
    let scene = Scene::set_up("push-replaced").await?;
    scene.bench.put_secret("src", "a", "one").await?;
    let mut spec = spec("src", &["a"]);
    spec["deletionPolicy"] = json!("Delete");
    scene.push("push", spec).await?;
    scene.pushed("push").await?;
    let before = scene.remote.get("src-a").await?.uid();
    let sources: Api<Secret> = scene.bench.api();
    sources.delete("src", &DeleteParams::default()).await?;
    scene.bench.put_secret("src", "a", "two").await?;
    scene.arrives("src-a", "two", AT_ONCE).await?;
    ensure!(
        scene.remote.get("src-a").await?.uid() == before,
        "it was deleted meanwhile"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_store_that_fails_does_not_stop_the_others() -> Result<()> {
    let scene = Scene::set_up("push-others").await?;
    scene.bench.put_secret("src", "a", CANARY).await?;
    let broken = json!({"provider": {"kubernetes": {"authRef": {"name": "none", "key": "config"}}}});
    scene.bench.apply("SecretStore", "broken", broken).await?;
    let mut spec = spec("src", &["a"]);
    spec["secretStoreRefs"] = json!([{"name": "broken"}, {"name": "missing"}, {"name": "remote"}]);
    scene.push("push", spec).await?;
    scene.arrives("src-a", CANARY, SOON).await?;
    scene.condition_says("push", "could not get SecretStore").await?;
    let log = std::fs::read_to_string(scene.bench.operator.log())?;
    let told = [log, scene.bench.events().await?, scene.bench.metrics()?].concat();
    ensure!(!told.contains(CANARY), "a value was told");
    Ok(())
}

/// As ESO leaves it, an hour and more ago.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_eso_pushed_is_not_pushed_again() -> Result<()> {
    const LONG_AGO: &str = "2024-01-02T03:04:05Z";
    let scene = Scene::set_up("push-takeover").await?;
    let left_by_eso = async |there: &Meanwhile| {
        put(&there.secrets, "src", "a", "one").await?;
        put(&there.remote, "src-a", "p", "one").await?;
        let spec = spec("src", &["a"]);
        let object = json!({
            "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret",
            "metadata": {"name": "push"}, "spec": spec,
        });
        let object = serde_json::from_value(object)?;
        there.objects.create(&PostParams::default(), &object).await?;
        let mut entry = spec["data"][0].clone();
        entry["conversionStrategy"] = json!("None");
        let status = json!({"status": {
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Synced",
                "message": "PushSecret synced successfully", "lastTransitionTime": LONG_AGO,
            }],
            "refreshTime": LONG_AGO,
            "syncedPushSecrets": {"SecretStore/remote": {"src-a/p": entry}},
            "syncedResourceVersion": "1-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2",
        }});
        let how = PatchParams::default();
        there
            .objects
            .patch_status("push", &how, &Patch::Merge(status))
            .await?;
        Ok(())
    };
    let scene = scene.restart(left_by_eso).await?;
    eventually("it is looked at", SOON, async || {
        let status = scene.bench.status::<PushSecret>("push").await?;
        let is_old = status["refreshTime"] == LONG_AGO;
        if is_old { Err(status.to_string()) } else { Ok(()) }
    })
    .await?;
    scene.pushed("push").await?;
    ensure!(scene.remote_writes() == 0, "{} writes", scene.remote_writes());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn where_nothing_changes_nothing_is_written() -> Result<()> {
    const INTERVALS: usize = 3;
    let objects = thoroughness("LOCKSTEP_OBJECTS", 200);
    let interval = objects.div_ceil(50);
    let scene = Scene::set_up("push-quiet").await?;
    scene.bench.put_secret("src", "a", "one").await?;
    let names: Vec<String> = (0..objects).map(|number| format!("push-{number}")).collect();
    for name in &names {
        let mut spec = spec("src", &["a"]);
        spec["refreshInterval"] = json!(format!("{interval}s"));
        spec["data"][0]["match"]["remoteRef"]["remoteKey"] = json!(name);
        scene.push(name, spec).await?;
    }
    for name in &names {
        scene.pushed(name).await?;
    }
    let statuses = || -> Result<usize> {
        let requests = scene.bench.plane.requests()?;
        let written = requests
            .iter()
            .filter(|request| request.verb == "patch" && request.resource == "pushsecrets/status");
        Ok(written.count())
    };
    let turns = || -> Result<usize> {
        let metrics = scene.bench.metrics()?;
        let of_kind = "controller_runtime_reconcile_total{controller=\"pushsecret\"";
        let ended = metrics.lines().filter(|line| line.starts_with(of_kind));
        let counts = ended.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
        Ok(counts.sum())
    };
    let (writes, told, begun) = (scene.remote_writes(), statuses()?, turns()?);
    let patience = SOON + Duration::from_secs(interval as u64) * 8;
    eventually("three intervals are over", patience, async || {
        let now = turns().map_err(|error| error.to_string())?;
        if now >= begun + objects * INTERVALS {
            Ok(())
        } else {
            Err(format!("{now} turns"))
        }
    })
    .await?;
    ensure!(writes == objects, "{writes} writes in the beginning");
    ensure!(
        scene.remote_writes() == writes,
        "{} more writes",
        scene.remote_writes() - writes
    );
    ensure!(statuses()? == told, "{} more statuses", statuses()? - told);
    Ok(())
}
