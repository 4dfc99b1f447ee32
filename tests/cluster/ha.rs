//! Two replicas under load, and the one that leads is killed, again and again: somebody else goes on in time, and nothing
//! is written twice.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams, PostParams};
use lockstep_api::ExternalSecret;
use lockstep_testkit::{ControlPlane, Fate, Options, Proxy, Request, Running, eventually, http_get};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::bench::{external_secret, generated, start_operator_as, store, thoroughness};
use crate::mishaps::Dice;

/// `LOCKSTEP_KILLS` in the environment says otherwise.
const KILLS: usize = 8;
/// Every so manieth time, the leader is asked to go.
const ASKED: usize = 4;
const FLAGS: [&str; 4] = [
    "--enable-leader-election",
    "--leader-election-lease-duration=6s",
    "--leader-election-renew-deadline=4s",
    "--leader-election-retry-period=1s",
];
const LEASE: Duration = Duration::from_secs(6);
const MARGIN: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_mins(2);
/// Between two objects that are created.
const BEAT: Duration = Duration::from_millis(40);

/// Which replica wrote, one after the other.
#[derive(Clone, Default)]
struct Writers(Arc<Mutex<Vec<usize>>>);

impl Writers {
    fn wrote(&self, place: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    /// How often the one that writes was another one than before.
    fn turns(&self) -> usize {
        let writers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writers.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }
}

/// Where a replica runs, one after the other.
struct Place {
    proxy: Proxy,
    replica: Option<(Running, SocketAddr)>,
}

struct Stage {
    plane: ControlPlane,
    places: Vec<Place>,
    /// Replicas that were started in the place of others.
    begun: usize,
    writers: Writers,
    objects: Api<ExternalSecret>,
    secrets: Api<Secret>,
}

impl Stage {
    async fn set_up() -> Result<Self> {
        let options = Options {
            audit: true,
            ..Options::default()
        };
        let plane = ControlPlane::start_with(&options).await?;
        let (client, namespace) = (plane.client().await?, plane.namespace("ha").await?);
        let (mut places, writers) = (Vec::new(), Writers::default());
        for place in 0..2 {
            let told = writers.clone();
            let proxy = Proxy::start(&plane, move |asked| {
                let is_beside = asked.path.contains("/leases") || asked.path.ends_with("/events");
                if asked.is_write() && !is_beside {
                    told.wrote(place);
                }
                Fate::Pass
            })
            .await?;
            let replica = Some(start_operator_as(&plane, proxy.kubeconfig(), &FLAGS).await?);
            places.push(Place { proxy, replica });
        }
        make(
            &client,
            &namespace,
            "external-secrets.io/v1",
            "SecretStore",
            "fake",
            store("v"),
        )
        .await?;
        let generators = "generators.external-secrets.io/v1alpha1";
        make(
            &client,
            &namespace,
            generators,
            "Password",
            "made",
            json!({"length": 24}),
        )
        .await?;
        Ok(Self {
            objects: Api::namespaced(client.clone(), &namespace),
            secrets: Api::namespaced(client, &namespace),
            plane,
            places,
            begun: 0,
            writers,
        })
    }

    /// Where somebody leads, as soon as somebody does.
    async fn leader(&self, within: Duration) -> Result<usize> {
        let deadline = Instant::now() + within;
        loop {
            let leads = |place: &Place| place.replica.as_ref().is_some_and(|(_, at)| leads(*at));
            if let Some(place) = self.places.iter().position(leads) {
                return Ok(place);
            }
            ensure!(Instant::now() < deadline, "nobody leads after {within:?}");
            tokio::task::yield_now().await;
        }
    }

    /// Ends the leader, and starts another replica in its place once it was followed. How long that took.
    async fn end_the_leader(&mut self, is_asked: bool) -> Result<Duration> {
        self.revive().await?;
        let place = self.leader(LATER).await?;
        let (operator, _) = self.places[place].replica.take().context("a leader")?;
        let begun = Instant::now();
        let ending = tokio::task::spawn_blocking(move || {
            if is_asked {
                operator.stop().map(drop)
            } else {
                operator.kill()
            }
        });
        let follower = self.leader(LATER).await?;
        let took = begun.elapsed();
        ending.await??;
        ensure!(follower != place, "nobody followed");
        self.revive().await?;
        Ok(took)
    }

    /// Starts replicas where none is, as a kubelet would: one that could not renew its lease in time ends by itself.
    async fn revive(&mut self) -> Result<()> {
        for place in &mut self.places {
            let has_ended = |(operator, _): &mut (Running, SocketAddr)| operator.check().is_err();
            if place.replica.as_mut().is_none_or(has_ended) {
                let another = start_operator_as(&self.plane, place.proxy.kubeconfig(), &FLAGS).await?;
                place.replica = Some(another);
                self.begun += 1;
            }
        }
        Ok(())
    }

    async fn all_are_synced(&self, count: usize) -> Result<()> {
        eventually("all are synced", LATER, async || {
            let secrets = self.secrets.list_metadata(&ListParams::default()).await;
            let objects = self.objects.list(&ListParams::default()).await;
            let text = |error: kube::Error| error.to_string();
            let ready = objects
                .map_err(text)?
                .items
                .iter()
                .filter(|object| is_ready(object))
                .count();
            match (secrets.map_err(text)?.items.len(), ready) {
                (secrets, ready) if (secrets, ready) == (count, count) => Ok(()),
                (secrets, ready) => Err(format!("{secrets} Secrets and {ready} ready of {count}")),
            }
        })
        .await?;
        Ok(())
    }
}

async fn make(
    client: &kube::Client,
    namespace: &str,
    version: &str,
    kind: &str,
    name: &str,
    spec: Value,
) -> Result<()> {
    let (group, version) = version.split_once('/').context("a group and a version")?;
    let kind = kube::core::GroupVersionKind::gvk(group, version, kind);
    let resource = kube::core::ApiResource::from_gvk(&kind);
    let mut object = kube::api::DynamicObject::new(name, &resource);
    object.data = json!({"spec": spec});
    let api: Api<kube::api::DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    api.create(&PostParams::default(), &object).await?;
    Ok(())
}

fn is_ready(object: &ExternalSecret) -> bool {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions.into_iter().any(|condition| {
        condition.kind == lockstep_api::ConditionType::Ready && condition.status.as_str() == "True"
    })
}

fn leads(metrics: SocketAddr) -> bool {
    let series = "\nleader_election_master_status{name=\"external-secrets-controller\"} 1\n";
    http_get(metrics, "/metrics").is_ok_and(|(_, text)| text.contains(series))
}

/// Writes of Secrets beside the create of each. A create whose asker was killed stands in the log without its outcome,
/// so creates are not counted; a second one of the same Secret would be refused.
fn writes_too_many(requests: &[Request]) -> Vec<&Request> {
    let is_another = |request: &&Request| matches!(request.verb.as_str(), "update" | "patch" | "delete");
    let of_secrets = requests.iter().filter(|request| request.resource == "secrets");
    of_secrets.filter(is_another).collect()
}

/// Creates objects until told to stop. How many.
async fn load(objects: Api<ExternalSecret>, stop: CancellationToken) -> Result<usize> {
    let mut made = 0;
    while !stop.is_cancelled() {
        let spec = if made % 3 == 0 {
            generated("CreatedOnce")
        } else {
            external_secret("k")
        };
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": format!("app-{made}")}, "spec": spec,
        });
        let object: ExternalSecret = serde_json::from_value(object)?;
        objects.create(&PostParams::default(), &object).await?;
        made += 1;
        // Not a wait for something to happen: it is the load.
        tokio::time::sleep(BEAT).await;
    }
    Ok(made)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the test bed"]
async fn a_leader_that_goes_is_followed_in_time_and_nothing_is_written_twice() -> Result<()> {
    let mut stage = Stage::set_up().await?;
    stage.leader(LATER).await?;
    let (stop, mut dice, kills) = (
        CancellationToken::new(),
        Dice(0x9e37_79b9),
        thoroughness("LOCKSTEP_KILLS", KILLS),
    );
    let loading = tokio::spawn(load(stage.objects.clone(), stop.clone()));
    let mut slowest = [Duration::ZERO; 2];
    for nth in 1..=kills {
        // Not a wait for something to happen: a kill comes at any time.
        tokio::time::sleep(Duration::from_millis(dice.roll(1500))).await;
        let is_asked = nth % ASKED == 0;
        let took = stage.end_the_leader(is_asked).await?;
        // One that is asked to go gives the lease back. How fast that is, only a machine with nothing else to do can tell.
        let most = if is_asked { LEASE } else { LEASE + MARGIN };
        ensure!(took <= most, "followed after {took:?}, asked to go: {is_asked}");
        let slowest = &mut slowest[usize::from(is_asked)];
        *slowest = took.max(*slowest);
    }
    stop.cancel();
    let made = loading.await??;
    stage.all_are_synced(made).await?;
    let requests = stage.plane.requests()?;
    let too_many = writes_too_many(&requests);
    ensure!(too_many.is_empty(), "written twice: {too_many:#?}");
    let forbidden: Vec<_> = requests.iter().filter(|request| request.code == 403).collect();
    ensure!(forbidden.is_empty(), "beyond what it may: {forbidden:?}");
    let turns = stage.writers.turns();
    ensure!(
        turns <= kills,
        "{turns} times another one wrote, after {kills} ends"
    );
    let [killed, asked] = slowest;
    println!(
        "{kills} ends, {made} objects; followed after {killed:?} at most, after {asked:?} when asked to go"
    );
    Ok(())
}
