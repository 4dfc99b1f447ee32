//! The operator is killed at each of its writes, before it or after it: whoever is started next puts things in order.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use lockstep_api::ExternalSecret;
use lockstep_testkit::{ControlPlane, Proxy, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, external_secret, generated, password, start_operator_as};
use crate::eso::FINALIZER;
use crate::mishaps::Trap;

/// More writes than the story has: a loop that never ends would be a fault, too.
const MOST_WRITES: usize = 30;

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_kill_at_any_write_leaves_what_the_next_run_puts_in_order() -> Result<()> {
    let trap = Arc::new(Trap::default());
    let plane = ControlPlane::start().await?;
    let judge = trap.clone();
    let proxy = Proxy::start(&plane, move |asked| judge.judge(asked)).await?;
    let mut bench = Bench::set_up_on(plane, proxy.kubeconfig(), "crash", "first", &[]).await?;
    bench.apply("Password", "made", json!({"length": 24})).await?;
    for carried_out in [false, true] {
        let mut write = 1;
        loop {
            trap.set(write, carried_out);
            let story = Story::new(&format!("{write}-{carried_out}"));
            let was_killed;
            (bench, was_killed) = run(bench, &proxy, &trap, &story)
                .await
                .with_context(|| format!("killed at write {write}, carried out: {carried_out}"))?;
            if !was_killed {
                break;
            }
            write += 1;
            ensure!(write < MOST_WRITES, "the story has no end");
        }
        // Two Secrets and statuses; another Secret, the old one gone, its status; then all of it gone.
        ensure!(write > 9, "only {write} writes were met");
    }
    Ok(())
}

/// Tells the story; kills the operator when the trap springs, and starts another. Whether it sprang.
async fn run(bench: Bench, proxy: &Proxy, trap: &Trap, story: &Story) -> Result<(Bench, bool)> {
    let teller = Teller {
        secrets: bench.api(),
        objects: bench.api(),
    };
    let Bench {
        plane,
        operator,
        client,
        namespace,
        metrics,
    } = bench;
    let mut running = Some((operator, metrics));
    let mut made_before = None;
    let was_killed = {
        let killing = async {
            eventually("a write to kill at", SOON * 6, async || {
                if trap.has_sprung() {
                    Ok(())
                } else {
                    Err("none yet")
                }
            })
            .await?;
            let (operator, _) = running.take().context("an operator")?;
            operator.kill()?;
            // Nobody writes now: this is what was left.
            made_before = teller.made(story).await?;
            running = Some(start_operator_as(&plane, proxy.kubeconfig(), &[]).await?);
            anyhow::Ok(())
        };
        let telling = teller.tell(story);
        tokio::pin!(killing, telling);
        tokio::select! {
            killed = &mut killing => {
                killed?;
                telling.await?;
                true
            }
            told = &mut telling => {
                told?;
                // It may have sprung as the story ended.
                let has_sprung = trap.has_sprung();
                if has_sprung {
                    killing.await?;
                }
                has_sprung
            }
        }
    };
    let made = teller.made(story).await?.context("the generated Secret")?;
    ensure!(
        made_before.is_none_or(|before| before == made),
        "a generated value became another"
    );
    teller.only_what_should_be_there(story).await?;
    let (operator, metrics) = running.context("an operator")?;
    let bench = Bench {
        plane,
        operator,
        client,
        namespace,
        metrics,
    };
    Ok((bench, was_killed))
}

/// What users do, to objects that no other story knows.
struct Story {
    made: String,
    read: String,
    renamed: String,
}

impl Story {
    fn new(name: &str) -> Self {
        Self {
            made: format!("made-{name}"),
            read: format!("read-{name}"),
            renamed: format!("renamed-{name}"),
        }
    }
}

struct Teller {
    secrets: Api<Secret>,
    objects: Api<ExternalSecret>,
}

impl Teller {
    async fn tell(&self, story: &Story) -> Result<()> {
        let mut read = external_secret("k");
        read["target"] = json!({"name": story.read, "deletionPolicy": "Delete"});
        self.apply(&story.made, generated("CreatedOnce"), json!([]))
            .await?;
        self.apply(&story.read, read.clone(), json!([FINALIZER])).await?;
        self.is_synced(&story.made).await?;
        self.is_synced(&story.read).await?;

        read["target"]["name"] = json!(story.renamed);
        self.apply(&story.read, read, json!([FINALIZER])).await?;
        eventually("only the renamed Secret is there", SOON, async || {
            let (old, new) = (
                self.secret(&story.read).await?,
                self.secret(&story.renamed).await?,
            );
            match (old, new.as_ref().and_then(password)) {
                (None, Some(b"first")) => Ok(()),
                (old, new) => Err(format!("old: {}, new: {}", old.is_some(), new.is_some())),
            }
        })
        .await?;
        self.is_synced(&story.read).await?;

        self.objects.delete(&story.read, &DeleteParams::default()).await?;
        eventually("the ExternalSecret is released", SOON, async || {
            let left = self.objects.get_opt(&story.read).await;
            match left.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(_) => Err("still there".to_owned()),
            }
        })
        .await?;
        Ok(())
    }

    async fn apply(&self, name: &str, spec: Value, finalizers: Value) -> Result<()> {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": name, "finalizers": finalizers}, "spec": spec,
        });
        let how = PatchParams::apply("test").force();
        self.objects.patch(name, &how, &Patch::Apply(object)).await?;
        Ok(())
    }

    /// Synced as the spec now is.
    async fn is_synced(&self, name: &str) -> Result<()> {
        eventually(&format!("{name} is synced"), SOON, async || {
            let object = self.objects.get(name).await.map_err(|error| error.to_string())?;
            let generation = object.metadata.generation.unwrap_or_default();
            let status = serde_json::to_value(&object.status).map_err(|error| error.to_string())?;
            let synced = status["syncedResourceVersion"].as_str().unwrap_or_default();
            if synced.starts_with(&format!("{generation}-")) && status["conditions"][0]["status"] == "True" {
                Ok(())
            } else {
                Err(status.to_string())
            }
        })
        .await?;
        Ok(())
    }

    async fn made(&self, story: &Story) -> Result<Option<ByteString>> {
        let secret = self.secrets.get_opt(&story.made).await?;
        Ok(secret.and_then(|secret| secret.data?.remove("password")))
    }

    async fn secret(&self, name: &str) -> Result<Option<Secret>, String> {
        self.secrets
            .get_opt(name)
            .await
            .map_err(|error| error.to_string())
    }

    async fn only_what_should_be_there(&self, story: &Story) -> Result<()> {
        let there = self.secrets.list(&ListParams::default()).await?;
        let of_story = [&story.made, &story.read, &story.renamed];
        let there: Vec<String> = there
            .iter()
            .map(ResourceExt::name_any)
            .filter(|name| of_story.contains(&name))
            .collect();
        ensure!(there == [story.made.clone()], "left behind: {there:?}");
        Ok(())
    }
}
