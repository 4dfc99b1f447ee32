//! What Vault lends through a generator: renewed, replaced and given back, whatever happens to the operator.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams};
use lockstep_api::ExternalSecret;
use lockstep_testkit::{ControlPlane, Proxy, Running, eventually};
use serde_json::json;

use crate::bench::{Bench, start_operator_as, start_operator_with};
use crate::lender::{Lender, Terms, borrowed, states, text};
use crate::mishaps::Trap;

pub const SHORT_GRACE: &str = "--generator-gc-grace-period=1s";
/// More writes than the story has.
const MOST_WRITES: usize = 40;
/// What is renewed in a while is renewed within this.
pub const A_WHILE: Duration = Duration::from_mins(1);

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_lease_is_renewed_and_outlives_a_kill() -> Result<()> {
    let terms = Terms {
        lease: 10,
        longest_lease: 3600,
        token: 10,
    };
    let lender = Lender::set_up(&terms).await?;
    let mut bench = Bench::set_up_with("leases", "v", &[SHORT_GRACE]).await?;
    lender.introduce(&bench.client, &bench.namespace).await?;
    bench
        .apply("ExternalSecret", "app", borrowed("user", "1h"))
        .await?;
    bench.synced("app").await?;
    let secret = bench.secret("app").await?.context("the Secret")?;
    let user = lender.lets_in(&secret).await?;
    outlives(&lender, &user, 2).await?;
    let metrics = bench.metrics()?;
    ensure!(
        metrics.contains("\nlockstep_lease_duration_seconds{name=\"app\","),
        "{metrics}"
    );
    ensure!(
        metrics.contains("\nlockstep_lease_end_timestamp_seconds{name=\"app\","),
        "{metrics}"
    );

    bench.operator.kill()?;
    (bench.operator, bench.metrics) = start_operator_with(&bench.plane, &[SHORT_GRACE]).await?;
    outlives(&lender, &user, 2).await?;
    let now = bench.secret("app").await?.context("the Secret")?;
    ensure!(
        now.metadata.resource_version == secret.metadata.resource_version,
        "a restart made another user"
    );
    lender.are_left(&[&user]).await?;
    nothing_leaks(&bench, &secret).await?;

    bench.refresh("app").await?;
    let newer = lender
        .lets_in(&bench.secret("app").await?.context("the Secret")?)
        .await?;
    ensure!(newer != user, "a refresh asks anew");
    lender.are_left(&[&newer]).await?;
    let objects = bench.api::<ExternalSecret>();
    objects.delete("app", &DeleteParams::default()).await?;
    lender.are_left(&[]).await
}

/// Lives for as many of its terms on end.
pub async fn outlives(lender: &Lender, user: &str, terms: i64) -> Result<()> {
    let first = lender.valid_until(user).await.map_err(anyhow::Error::msg)?;
    eventually("the user is renewed", A_WHILE, async || {
        let now = lender.valid_until(user).await?;
        if now >= first + terms * 10 {
            Ok(())
        } else {
            Err(format!("{first}, {now}"))
        }
    })
    .await?;
    Ok(())
}

/// No log, event or status tells a password, a lease or a token; what is kept of a token is sealed.
async fn nothing_leaks(bench: &Bench, secret: &Secret) -> Result<()> {
    let kept = states(&bench.client, &bench.namespace)
        .await
        .map_err(anyhow::Error::msg)?;
    ensure!(kept.len() == 1, "{} states", kept.len());
    let state = kept[0]
        .spec
        .as_ref()
        .map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let state = state.state.as_value();
    let lease = state["lease"]["id"].as_str().context("a lease")?;
    ensure!(!state.to_string().contains("hvs."), "a token can be read");
    let (password, events) = (text(secret, "password")?, bench.events().await?);
    let log = std::fs::read_to_string(bench.operator.log())?;
    for told in [log, events, bench.metrics()?, format!("{:?}", kept[0])] {
        ensure!(!told.contains(&password), "a password was told");
        ensure!(!told.contains(lease), "a lease was told");
        ensure!(!told.contains("hvs."), "a token was told");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_user_that_cannot_be_renewed_for_long_is_replaced_in_time() -> Result<()> {
    let terms = Terms {
        lease: 6,
        longest_lease: 9,
        token: 3600,
    };
    let lender = Lender::set_up(&terms).await?;
    let bench = Bench::set_up_with("leases", "v", &[SHORT_GRACE]).await?;
    lender.introduce(&bench.client, &bench.namespace).await?;
    let mut spec = borrowed("user", "1h");
    spec["refreshPolicy"] = json!("CreatedOnce");
    bench.apply("ExternalSecret", "app", spec).await?;
    bench.synced("app").await?;
    let first = lender
        .lets_in(&bench.secret("app").await?.context("the Secret")?)
        .await?;
    eventually(
        "another user takes its place, and is let in",
        A_WHILE,
        async || {
            let secret = bench.secret("app").await.map_err(|error| error.to_string())?;
            let secret = secret.ok_or("no Secret")?;
            // At no time does the Secret hold a user that is no more.
            match lender.lets_in(&secret).await {
                Ok(user) if user != first => Ok(()),
                Ok(_) => Err("still the first one".to_owned()),
                // Unless it was replaced, and given back, between our two looks.
                Err(error) => {
                    let now = bench.secret("app").await.map_err(|error| error.to_string())?;
                    assert_ne!(
                        now.and_then(|now| now.data),
                        secret.data,
                        "nobody is let in: {error}"
                    );
                    Err("replaced just now".to_owned())
                }
            }
        },
    )
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_kill_at_any_write_leaves_no_user_behind() -> Result<()> {
    // Nothing runs out by itself while the test runs.
    let terms = Terms {
        lease: 3600,
        longest_lease: 7200,
        token: 3600,
    };
    let lender = Lender::set_up(&terms).await?;
    let trap = Arc::new(Trap::default());
    let plane = ControlPlane::start().await?;
    let judge = trap.clone();
    let proxy = Proxy::start(&plane, move |asked| judge.judge(asked)).await?;
    let bench = Bench::set_up_on(plane, proxy.kubeconfig(), "leases", "v", &[SHORT_GRACE]).await?;
    lender.introduce(&bench.client, &bench.namespace).await?;
    let story = Story {
        lender,
        plane: bench.plane,
        secrets: Api::namespaced(bench.client.clone(), &bench.namespace),
        objects: Api::namespaced(bench.client.clone(), &bench.namespace),
    };
    let mut operator = bench.operator;
    for carried_out in [false, true] {
        let mut write = 1;
        loop {
            trap.set(write, carried_out);
            let name = format!("app-{write}-{carried_out}");
            let was_killed;
            (operator, was_killed) = story
                .play(operator, &name, &proxy, &trap)
                .await
                .with_context(|| format!("killed at write {write}, carried out: {carried_out}"))?;
            if !was_killed {
                break;
            }
            write += 1;
            ensure!(write < MOST_WRITES, "the story has no end");
        }
        // Intent, note, Secret and status, twice; the flag, and the end of the first one and of the second.
        ensure!(write > 10, "only {write} writes were met");
    }
    Ok(())
}

struct Story {
    lender: Lender,
    plane: ControlPlane,
    secrets: Api<Secret>,
    objects: Api<ExternalSecret>,
}

impl Story {
    /// Tells the story; kills the operator when the trap springs, and starts another. Whether it sprang.
    async fn play(
        &self,
        operator: Running,
        name: &str,
        proxy: &Proxy,
        trap: &Trap,
    ) -> Result<(Running, bool)> {
        let mut running = Some(operator);
        let was_killed = {
            let killing = async {
                eventually("a write to kill at", A_WHILE * 3, async || {
                    if trap.has_sprung() {
                        Ok(())
                    } else {
                        Err("none yet".to_owned())
                    }
                })
                .await?;
                running.take().context("an operator")?.kill()?;
                let started = start_operator_as(&self.plane, proxy.kubeconfig(), &[SHORT_GRACE]).await?;
                running = Some(started.0);
                anyhow::Ok(())
            };
            let telling = self.tell(name);
            tokio::pin!(killing, telling);
            tokio::select! {
                killed = &mut killing => {
                    killed?;
                    telling.await?;
                    true
                }
                told = &mut telling => {
                    told?;
                    let has_sprung = trap.has_sprung();
                    if has_sprung {
                        killing.await?;
                    }
                    has_sprung
                }
            }
        };
        // Nobody has anything that was lent, and nothing is left of it.
        self.lender.are_left(&[]).await?;
        Ok((running.context("an operator")?, was_killed))
    }

    async fn tell(&self, name: &str) -> Result<()> {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": name}, "spec": borrowed("user", "1h"),
        });
        let object: ExternalSecret = serde_json::from_value(object)?;
        self.objects
            .create(&kube::api::PostParams::default(), &object)
            .await?;
        let first = self.only_user(name, None).await?;
        let touch = json!({"metadata": {"annotations": {"force-sync": "1"}}});
        self.objects
            .patch(
                name,
                &kube::api::PatchParams::default(),
                &kube::api::Patch::Merge(touch),
            )
            .await?;
        self.only_user(name, Some(&first)).await?;
        self.objects.delete(name, &DeleteParams::default()).await?;
        self.lender.are_left(&[]).await
    }

    /// The user in the Secret, who is let in, once there is no other and the ExternalSecret is at rest.
    async fn only_user(&self, name: &str, other_than: Option<&str>) -> Result<String> {
        let mut found = None;
        eventually("the Secret has the only user", A_WHILE, async || {
            let text = |error: kube::Error| error.to_string();
            let object = self.objects.get(name).await.map_err(text)?;
            let status = serde_json::to_value(&object.status).map_err(|error| error.to_string())?;
            if status["conditions"][0]["status"] != "True" {
                return Err(status.to_string());
            }
            let secret = self.secrets.get(name).await.map_err(text)?;
            let user = self
                .lender
                .lets_in(&secret)
                .await
                .map_err(|error| error.to_string())?;
            let users = self.lender.users().await?;
            if Some(user.as_str()) == other_than || users != [user.as_str()] {
                return Err(format!("{user} of {users:?}"));
            }
            found = Some(user);
            Ok(())
        })
        .await?;
        found.context("a user")
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn certificates_signatures_and_ciphers_come_through_the_generator() -> Result<()> {
    let terms = Terms {
        lease: 60,
        longest_lease: 60,
        token: 60,
    };
    let lender = Lender::set_up(&terms).await?;
    let bench = Bench::set_up_with("leases", "v", &[SHORT_GRACE]).await?;
    lender.introduce(&bench.client, &bench.namespace).await?;
    let engines = Engines::enable(&lender).await?;
    for (name, path, parameters) in engines.paths() {
        let spec = json!({
            "path": path, "method": "POST", "parameters": parameters,
            "provider": {"server": lender.vault.url(), "auth": {"tokenSecretRef": {"name": "root", "key": "token"}}},
        });
        lender
            .generator(&bench.client, &bench.namespace, name, spec)
            .await?;
    }
    bench
        .put_secret("root", "token", lender.vault.root_token())
        .await?;
    for name in ["certificate", "signature", "cipher"] {
        bench.apply("ExternalSecret", name, borrowed(name, "1h")).await?;
    }
    for name in ["certificate", "signature", "cipher"] {
        bench.synced(name).await?;
    }
    let secret = |name| bench.secret(name);
    let cipher = secret("cipher").await?.context("the cipher")?;
    ensure!(text(&cipher, "ciphertext")?.starts_with("vault:v1:"), "no cipher");
    let signature = secret("signature").await?.context("the signature")?;
    ensure!(
        text(&signature, "signed_key")?.starts_with("ssh-ed25519-cert"),
        "no signature"
    );
    let issued = secret("certificate").await?.context("the certificate")?;
    let chain = text(&issued, "ca_chain")?;
    ensure!(chain.contains("BEGIN CERTIFICATE"), "no chain: {chain}");
    let serial = text(&issued, "serial_number")?;
    eventually(
        "the certificate is replaced before it ends",
        A_WHILE,
        async || {
            let now = secret("certificate").await.map_err(|error| error.to_string())?;
            let now = now.ok_or("no Secret")?;
            let now = text(&now, "serial_number").map_err(|error| error.to_string())?;
            if now == serial {
                Err("the same".to_owned())
            } else {
                Ok(())
            }
        },
    )
    .await?;
    Ok(())
}

struct Engines {
    pki: String,
    ssh: String,
    transit: String,
    public_key: String,
}

impl Engines {
    async fn enable(lender: &Lender) -> Result<Self> {
        let vault = &lender.vault;
        let (pki, ssh, transit) = (
            vault.secrets("pki").await?,
            vault.secrets("ssh").await?,
            vault.secrets("transit").await?,
        );
        let root = json!({"common_name": "test", "ttl": "1h"});
        vault
            .write(&format!("{pki}/root/generate/internal"), root)
            .await?;
        // Certificates begin half a minute ago; of what is left a third is ten seconds.
        let role = json!({"allow_any_name": true, "ttl": "30s", "max_ttl": "30s", "key_type": "ec", "key_bits": 256});
        vault.write(&format!("{pki}/roles/app"), role).await?;
        let made = json!({"generate_signing_key": true, "key_type": "ed25519"});
        let signer = vault.write(&format!("{ssh}/config/ca"), made).await?;
        let role =
            json!({"key_type": "ca", "allow_user_certificates": true, "allowed_users": "*", "ttl": "1h"});
        vault.write(&format!("{ssh}/roles/app"), role).await?;
        vault.write(&format!("{transit}/keys/app"), json!({})).await?;
        let public_key = signer["data"]["public_key"].as_str().context("a public key")?;
        Ok(Self {
            pki,
            ssh,
            transit,
            public_key: public_key.to_owned(),
        })
    }

    fn paths(&self) -> [(&'static str, String, serde_json::Value); 3] {
        [
            (
                "certificate",
                format!("{}/issue/app", self.pki),
                json!({"common_name": "app.test"}),
            ),
            (
                "signature",
                format!("{}/sign/app", self.ssh),
                json!({"public_key": self.public_key, "valid_principals": "app"}),
            ),
            (
                "cipher",
                format!("{}/encrypt/app", self.transit),
                json!({"plaintext": "aGVsbG8="}),
            ),
        ]
    }
}
