//! Credentials that `BeyondTrust` makes, and that end by themselves: from the generator to the Secret, and on to the next.

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use lockstep_api::ExternalSecret;
use lockstep_testkit::{Authority, Beyondtrust, Fate, Purpose, Tls, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON};
use crate::lender::{states, text};

const GENERATORS: &str = "generators.external-secrets.io/v1alpha1";
const KIND: &str = "BeyondtrustWorkloadCredentialsDynamicSecret";
const CANARY: &str = "canary-2b6e";
/// Of a credential that is soon replaced.
const SHORT: SignedDuration = SignedDuration::from_secs(10);

struct Scene {
    bench: Bench,
    beyondtrust: Beyondtrust,
    tls: Tls,
    authority: Authority,
}

impl Scene {
    async fn set_up() -> Result<Self> {
        let beyondtrust = Beyondtrust::start(&format!("{CANARY}-key")).await?;
        beyondtrust.world().put_secret("prod", "role");
        let authority = Authority::new("ca")?;
        let shown = authority.issue("server", Purpose::Server)?;
        let tls = Tls::before(beyondtrust.faults().address(), &shown).await?;
        let bench = Bench::set_up("beyondtrust", "unused").await?;
        bench
            .put_secret("creds", "token", &format!("{CANARY}-key"))
            .await?;
        let scene = Self {
            bench,
            beyondtrust,
            tls,
            authority,
        };
        scene.apply(KIND, scene.spec()).await?;
        let generator = json!({"beyondtrustWorkloadCredentialsDynamicSecretSpec": scene.spec()});
        scene
            .apply("ClusterGenerator", json!({"kind": KIND, "generator": generator}))
            .await?;
        Ok(scene)
    }

    fn spec(&self) -> Value {
        json!({"provider": {
            "auth": {"apikey": {"token": {"name": "creds", "key": "token"}}},
            "caBundle": STANDARD.encode(self.authority.pem()),
            "server": {"apiUrl": format!("{}/site", self.tls.url()), "siteId": Beyondtrust::SITE},
            "folderPath": "prod/role",
        }})
    }

    /// The generator of this kind.
    async fn apply(&self, kind: &str, spec: Value) -> Result<()> {
        let known = ApiResource::from_gvk(&GroupVersionKind::gvk(
            "generators.external-secrets.io",
            "v1alpha1",
            kind,
        ));
        let client = self.bench.client.clone();
        let api: Api<DynamicObject> = if kind == KIND {
            Api::namespaced_with(client, &self.bench.namespace, &known)
        } else {
            Api::all_with(client, &known)
        };
        let name = self.name();
        let object =
            json!({"apiVersion": GENERATORS, "kind": kind, "metadata": {"name": name}, "spec": spec});
        api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(object))
            .await?;
        Ok(())
    }

    /// Cluster-wide names are not shared with other tests.
    fn name(&self) -> String {
        format!("gen-{}", self.bench.namespace)
    }

    async fn external_secret(&self, name: &str, kind: &str) -> Result<()> {
        let generator = json!({"apiVersion": GENERATORS, "kind": kind, "name": self.name()});
        let spec = json!({"refreshInterval": "1h", "dataFrom": [{"sourceRef": {"generatorRef": generator}}]});
        self.bench.apply("ExternalSecret", name, spec).await
    }

    fn made(&self) -> usize {
        self.beyondtrust.world().made.len()
    }

    /// Whether the Secret holds what was made at last.
    async fn holds_the_last(&self, name: &str) -> Result<(), String> {
        let secret = self.bench.secret(name).await.map_err(|error| error.to_string())?;
        let held = text(&secret.unwrap_or_default(), "secretAccessKey").map_err(|error| error.to_string())?;
        let world = self.beyondtrust.world();
        let last = world.made.last().map(|lease| lease.values[1].as_str());
        if last == Some(held.as_str()) {
            Ok(())
        } else {
            Err(format!(
                "it holds another than that of {} credentials",
                world.made.len()
            ))
        }
    }

    async fn notes(&self) -> Result<Vec<Value>> {
        let states = states(&self.bench.client, &self.bench.namespace)
            .await
            .map_err(anyhow::Error::msg)?;
        let noted = states.into_iter().map(|state| serde_json::to_value(state.spec));
        Ok(noted.collect::<Result<_, _>>()?)
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn credentials_arrive_are_kept_through_an_outage_and_tell_nothing() -> Result<()> {
    let scene = Scene::set_up().await?;
    for (name, kind) in [("one", KIND), ("all", "ClusterGenerator")] {
        scene.external_secret(name, kind).await?;
        scene.bench.synced(name).await?;
        scene.holds_the_last(name).await.map_err(anyhow::Error::msg)?;
    }
    let secret = scene.bench.secret("one").await?.unwrap_or_default();
    let keys: Vec<_> = secret
        .data
        .iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect();
    ensure!(
        keys == [
            "accessKeyId",
            "expiration",
            "leaseId",
            "secretAccessKey",
            "sessionToken"
        ],
        "{keys:?}"
    );
    let notes = scene.notes().await?;
    let as_eso_does = |note: &Value| note["state"] == json!({"path": "prod/role"});
    ensure!(notes.len() == 2 && notes.iter().all(as_eso_does), "{notes:?}");

    let before = secret.data.clone();
    scene.beyondtrust.faults().always(Fate::status(503, CANARY));
    let poke = json!({"metadata": {"annotations": {"force-sync": "1"}}});
    let api = scene.bench.api::<ExternalSecret>();
    api.patch("one", &PatchParams::default(), &Patch::Merge(&poke))
        .await?;
    scene.bench.failed("one").await?;
    let after = scene.bench.secret("one").await?.unwrap_or_default();
    ensure!(after.data == before, "an outage has changed a Secret");
    scene.beyondtrust.faults().always(Fate::Pass);
    scene.bench.synced("one").await?;
    scene.holds_the_last("one").await.map_err(anyhow::Error::msg)?;
    ensure!(scene.made() == 3, "{} are made", scene.made());

    api.delete("one", &DeleteParams::default()).await?;
    let log = std::fs::read_to_string(scene.bench.operator.log())?;
    for told in [log, scene.bench.events().await?, scene.bench.metrics()?] {
        ensure!(!told.contains(CANARY), "a credential was told");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_ends_before_the_next_refresh_is_replaced_before() -> Result<()> {
    let scene = Scene::set_up().await?;
    scene.beyondtrust.world().ends = (Timestamp::now() + SHORT).to_string();
    scene.external_secret("app", KIND).await?;
    scene.bench.synced("app").await?;
    scene.beyondtrust.world().ends = (Timestamp::now() + SHORT * 600).to_string();
    eventually("another one is made", SOON, async || match scene.made() {
        2 => scene.holds_the_last("app").await,
        made => Err(format!("{made} are made")),
    })
    .await?;
    Ok(())
}
