//! The kubernetes and crd providers, when the other API server or the way there fails: what each fault is taken for, what
//! is said of it, and that nothing is lost by it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lockstep::cluster::Store;
use lockstep::engine::problem::Problem;
use lockstep::provider::pool::Verdict;
use lockstep_testkit::{Authority, Fate, Proxy, Purpose, Tls, eventually, free_port};
use serde_json::{Value, json};

use crate::canary::{self, CANARY};
use crate::mishaps::Faults;
use crate::readers::{Readers, at};

const SOON: Duration = Duration::from_secs(30);

/// Readers, a Secret `app`, and a proxy in front of where it is.
struct Bench {
    readers: Readers,
    proxy: Proxy,
    faults: Faults,
}

impl Bench {
    async fn set_up() -> Result<Self> {
        canary::hide(CANARY);
        let readers = Readers::set_up().await?;
        readers.secret("app", &[("user", CANARY)]).await?;
        let map = json!({"data": {"user": CANARY}});
        readers.make("v1", "ConfigMap", &readers.own, "app", map).await?;
        let faults = Faults::none();
        let judge = faults.clone();
        let proxy = Proxy::start(&readers.plane, move |asked| judge.judge(asked)).await?;
        Ok(Self {
            readers,
            proxy,
            faults,
        })
    }

    /// The same of ConfigMaps, through the crd provider: as whoever the kubeconfig of the control plane is.
    async fn objects_behind_the_proxy(&self, name: &str) -> Result<Arc<Store>> {
        let cluster = json!({"server": format!("http://{}", self.proxy.address())});
        let config = json!({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": {}}],
        });
        self.readers
            .secret("config", &[("config", &config.to_string())])
            .await?;
        let resource = json!({"group": "", "version": "v1", "kind": "ConfigMap"});
        let provider = json!({"authRef": {"name": "config", "key": "config"}, "resource": resource});
        let spec = json!({"provider": {"crd": provider}, "retrySettings": {"maxRetries": 0}});
        Ok(self.readers.store_named(name, spec))
    }

    /// A store that repeats nothing, and has nothing in common with other stores.
    fn store(&self, name: &str, server: &Value) -> Arc<Store> {
        let provider = json!({"server": server, "remoteNamespace": self.readers.own});
        let spec = json!({"provider": {"kubernetes": provider}, "retrySettings": {"maxRetries": 0}});
        self.readers.store_named(name, spec)
    }

    fn store_behind_the_proxy(&self, name: &str) -> Arc<Store> {
        let url = format!("http://{}", self.proxy.address());
        self.store(name, &json!({"url": url}))
    }

    fn every_read_meets(&self, fate: Fate) {
        self.faults.are(move |asked| {
            if asked.path.ends_with("/secrets/app") || asked.path.ends_with("/configmaps/app") {
                fate.clone()
            } else {
                Fate::Pass
            }
        });
    }

    /// What a read that fails is told, which names the Secret and nothing that must stay hidden.
    async fn told(&self, store: &Arc<Store>) -> Result<(Problem, String)> {
        let reader = self.readers.connect(store).await?;
        let problem = reader.extract(at("app"), None).await.err();
        let problem = problem.context("the read succeeded")?;
        canary::assert_hidden(&problem);
        let text = problem.to_string();
        ensure!(text.contains("app"), "which Secret? {text}");
        Ok((problem, text))
    }

    async fn recovers(&self, store: &Arc<Store>) -> Result<()> {
        self.faults.are(|_| Fate::Pass);
        eventually("reads succeed again", SOON, async || {
            let reader = self
                .readers
                .connect(store)
                .await
                .map_err(|problem| problem.to_string())?;
            let is_object = store.key.name().starts_with("objects");
            let property = if is_object { "data.user" } else { "user" };
            let read = reader.value(at("app"), Some(property)).await;
            if read.map_err(|problem| problem.to_string())? == CANARY.into() {
                Ok(())
            } else {
                Err("another value".to_owned())
            }
        })
        .await?;
        Ok(())
    }
}

/// What a body says that must be repeated nowhere.
fn body() -> String {
    json!({"kind": "Status", "message": CANARY, "reason": CANARY}).to_string()
}

/// Each fault, the reason of the problem that it comes to, and what the message says.
fn faults() -> Vec<(Fate, &'static str, &'static str)> {
    let body = body();
    let secret = json!({"kind": "Secret", "metadata": {"name": "other"}, "data": {}}).to_string();
    vec![
        (Fate::status(401, body.as_str()), "Refused", "401"),
        (Fate::status(403, body.as_str()), "Refused", "403"),
        (Fate::status(404, CANARY), "BadAnswer", "404"),
        (Fate::status(404, ""), "BadAnswer", "404"),
        (Fate::throttled(Some("300"), body.as_str()), "Throttled", "429"),
        (Fate::status(500, body.as_str()), "Unreachable", "500"),
        (Fate::status(502, CANARY), "Unreachable", "502"),
        (Fate::status(503, body), "Unreachable", "503"),
        (Fate::page(CANARY), "BadAnswer", "200"),
        (Fate::status(200, "{}"), "BadAnswer", "200"),
        (Fate::status(200, secret), "BadAnswer", "200"),
        (Fate::status(200, ""), "BadAnswer", "200"),
        (Fate::Endless(100 << 20), "BadAnswer", "too large"),
        (Fate::Half, "Unreachable", ""),
        (Fate::Cut { carried_out: false }, "Unreachable", ""),
        (Fate::Cut { carried_out: true }, "Unreachable", ""),
    ]
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_read_of_a_remote_secret_that_fails_is_told_and_the_next_one_succeeds() -> Result<()> {
    let bench = Bench::set_up().await?;
    for (number, (fate, reason, says)) in faults().into_iter().enumerate() {
        let (shown, is_pause) = (format!("{fate:?}"), reason == "Throttled");
        let secrets = bench.store_behind_the_proxy(&format!("store-{number}"));
        let objects = bench
            .objects_behind_the_proxy(&format!("objects-{number}"))
            .await?;
        for store in [secrets, objects] {
            bench.every_read_meets(fate.clone());
            let (problem, text) = bench.told(&store).await.with_context(|| shown.clone())?;
            ensure!(problem.root().reason() == reason, "{shown} comes to {problem:?}");
            ensure!(text.contains(says), "{shown}: {text}");
            // A pause that was asked for is kept, by all stores of that server.
            if !is_pause {
                bench.recovers(&store).await.context(shown.clone())?;
            }
        }
    }
    canary::assert_nothing_logged();
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn an_api_server_that_says_nothing_is_given_up() -> Result<()> {
    let bench = Bench::set_up().await?;
    let store = bench.store_behind_the_proxy("store");
    bench.every_read_meets(Fate::Hang { carried_out: false });
    let (problem, text) = bench.told(&store).await?;
    ensure!(problem.root().reason() == "Unreachable", "{problem:?}");
    ensure!(text.contains("no answer within 15s"), "{text}");
    bench.recovers(&store).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn an_api_server_that_cannot_be_trusted_or_found_is_not_talked_to() -> Result<()> {
    let bench = Bench::set_up().await?;
    bench
        .faults
        .are(|asked| panic!("it was asked for {}", asked.path));
    let (ours, theirs) = (Authority::new("ours")?, Authority::new("theirs")?);
    let bundle = BASE64_STANDARD.encode(ours.pem());
    let mut fronts = Vec::new();
    for (authority, purpose, says) in [
        (&ours, Purpose::ExpiredServer, "expired"),
        (&ours, Purpose::OtherServer, "not valid for"),
        (&theirs, Purpose::Server, "UnknownIssuer"),
    ] {
        let shown = authority.issue("kubernetes", purpose)?;
        fronts.push((Tls::before(bench.proxy.address(), &shown).await?, says));
    }
    let mut cases: Vec<(Value, &str)> = fronts
        .iter()
        .map(|(tls, says)| (json!({"url": tls.url(), "caBundle": bundle}), *says))
        .collect();
    let nobody = format!("http://127.0.0.1:{}", free_port()?);
    cases.push((json!({"url": nobody}), "refused"));
    cases.push((json!({"url": "http://kubernetes.invalid:6443"}), ""));
    for (number, (server, says)) in cases.into_iter().enumerate() {
        let store = bench.store(&format!("store-{number}"), &server);
        let (problem, text) = bench.told(&store).await.with_context(|| server.to_string())?;
        ensure!(problem.root().reason() == "Unreachable", "{server}: {problem:?}");
        ensure!(text.contains(says), "{server}: {text}");
        match bench.readers.pool.check(&store).await {
            // ESO says of a store that it cannot check that it may be used.
            Verdict::Doubtful { .. } | Verdict::Failed(_) | Verdict::NoConnection(_) => {}
            Verdict::Valid => bail!("{server} was found good"),
        }
    }
    Ok(())
}
