//! The operator against a real API server: what it writes, what it costs, and what it must never do.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use lockstep_api::{ExternalSecret, SecretStore};
use lockstep_testkit::{ControlPlane, Options, Request, eventually, http_get};
use serde_json::json;

use crate::bench::{Bench, SOON, external_secret, password, start_operator, start_operator_with, store};

/// Invariant: a failed read never changes a Secret.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_failed_read_leaves_the_secret_alone() -> Result<()> {
    let bench = Bench::set_up("failed-read", "first").await?;
    bench.apply("ExternalSecret", "app", external_secret("k")).await?;
    bench.synced("app").await?;
    let before = bench.secret("app").await?.context("a Secret")?;

    bench
        .apply("ExternalSecret", "app", external_secret("no-such-key"))
        .await?;
    bench.failed("app").await?;

    let after = bench.secret("app").await?.context("a Secret")?;
    ensure!(
        after.resource_version() == before.resource_version(),
        "the Secret was written"
    );
    let status = serde_json::to_value(bench.api::<ExternalSecret>().get("app").await?)?["status"].clone();
    ensure!(
        status["sources"][0]["key"] == "no-such-key" && status["sources"][0]["reason"] == "Absent",
        "{status}"
    );
    Ok(())
}

/// Invariant: deleting our object never deletes what we did not create.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn deleting_leaves_what_is_not_ours() -> Result<()> {
    let bench = Bench::set_up("deleting", "first").await?;
    let foreign = Secret {
        metadata: kube::api::ObjectMeta {
            name: Some("foreign".to_owned()),
            ..Default::default()
        },
        data: Some([("theirs".to_owned(), ByteString(b"x".to_vec()))].into()),
        ..Secret::default()
    };
    bench
        .api::<Secret>()
        .create(&PostParams::default(), &foreign)
        .await?;
    let mut merging = external_secret("k");
    merging["target"] = json!({"name": "foreign", "creationPolicy": "Merge"});
    bench.apply("ExternalSecret", "merging", merging).await?;
    bench
        .apply("ExternalSecret", "owning", external_secret("k"))
        .await?;
    bench.synced("merging").await?;
    bench.synced("owning").await?;

    for name in ["merging", "owning"] {
        bench
            .api::<ExternalSecret>()
            .delete(name, &DeleteParams::default())
            .await?;
    }
    // The garbage collector learns of new kinds every thirty seconds.
    let collected = Duration::from_secs(100);
    eventually(
        "what we own goes with its owner",
        collected,
        async || match bench.secret("owning").await {
            Ok(None) => Ok(()),
            other => Err(format!(
                "{:?}",
                other.map(|secret| secret.map(|secret| secret.name_any()))
            )),
        },
    )
    .await?;
    let left = bench.secret("foreign").await?.context("the foreign Secret")?;
    ensure!(
        left.data.is_some_and(|data| data.contains_key("theirs")),
        "a foreign key went"
    );
    Ok(())
}

/// Invariant: no value reaches a log, condition, event, metric or error. The canary stands where it is read, and where
/// it makes things fail: it is no JSON, no base64, and no answer to what is asked of it.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_canary_is_seen_nowhere() -> Result<()> {
    const CANARY: &str = "canary-5f0c41d7 {not json";
    let bench = Bench::set_up("canary", CANARY).await?;
    let mut asked = vec![("plain", external_secret("k"))];
    let mut undecodable = external_secret("k");
    undecodable["data"][0]["remoteRef"]["decodingStrategy"] = json!("Base64");
    asked.push(("undecodable", undecodable));
    asked.push((
        "exploded",
        json!({"secretStoreRef": {"name": "fake"}, "dataFrom": [{"extract": {"key": "k"}}]}),
    ));
    let mut merged = json!({"secretStoreRef": {"name": "fake"}, "dataFrom": [{"find": {"name": {"regexp": "."}}, "rewrite": [{"merge": {}}]}]});
    merged["refreshInterval"] = json!("1h");
    asked.push(("merged", merged));
    for (name, spec) in &asked {
        bench.apply("ExternalSecret", name, spec.clone()).await?;
    }
    bench.synced("plain").await?;
    for name in ["undecodable", "exploded", "merged"] {
        bench.failed(name).await?;
    }

    let mut told = vec![bench.metrics()?, std::fs::read_to_string(bench.operator.log())?];
    for object in bench.api::<ExternalSecret>().list(&ListParams::default()).await? {
        told.push(serde_json::to_string(&object.status)?);
    }
    let events: Api<k8s_openapi::api::events::v1::Event> = bench.api();
    told.push(
        eventually("the failures are told in events", SOON, async || {
            let events = events
                .list(&ListParams::default())
                .await
                .map_err(|error| error.to_string())?;
            let warnings = events
                .iter()
                .filter(|event| event.type_.as_deref() == Some("Warning"))
                .count();
            if warnings >= 3 {
                serde_json::to_string(&events.items).map_err(|error| error.to_string())
            } else {
                Err(format!("{warnings} warnings"))
            }
        })
        .await?,
    );
    for text in told {
        ensure!(!text.contains("canary-5f0c41d7"), "the canary is in: {text}");
    }
    Ok(())
}

/// What a new object costs, and that a restart with everything in order costs nothing.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_new_object_costs_two_writes_an_event_and_no_read() -> Result<()> {
    const OBJECTS: usize = 50;
    let bench = Bench::set_up("cost", "first").await?;
    bench.store_is_told().await?;
    let before = bench.plane.requests()?.len();
    for number in 0..OBJECTS {
        bench
            .apply("ExternalSecret", &format!("app-{number}"), external_secret("k"))
            .await?;
    }
    for number in 0..OBJECTS {
        bench.synced(&format!("app-{number}")).await?;
    }
    let counted = eventually("the events are written", SOON, async || {
        let requests = bench.plane.requests().map_err(|error| error.to_string())?;
        let count = |verb: &str, resource: &str| count(&requests[before..], verb, resource);
        let counted = (
            count("create", "secrets"),
            count("patch", "externalsecrets/status"),
            count("create", "events"),
        );
        if counted == (OBJECTS, OBJECTS, OBJECTS) {
            Ok(requests[before..].to_vec())
        } else {
            Err(format!("{counted:?}"))
        }
    })
    .await?;
    let others: Vec<_> = counted.iter().filter(|request| !is_watch(request)).collect();
    ensure!(
        others.len() == 3 * OBJECTS,
        "{} requests for {OBJECTS} objects: {others:?}",
        others.len()
    );

    let Bench { plane, operator, .. } = bench;
    let stopped = operator.stop()?;
    ensure!(
        stopped.status.is_some_and(|status| status.success()),
        "{stopped:?}"
    );
    ensure!(
        stopped.took < Duration::from_secs(10),
        "SIGTERM took {:?}",
        stopped.took
    );
    let before = plane.requests()?.len();
    let (again, metrics) = start_operator(&plane).await?;
    eventually("every object was looked at", SOON, async || {
        let text = http_get(metrics, "/metrics")
            .map_err(|error| error.to_string())?
            .1;
        let seen = sample(
            &text,
            "controller_runtime_reconcile_total{controller=\"externalsecret\",result=\"requeue_after\"}",
        );
        let busy = sample(
            &text,
            "controller_runtime_active_workers{controller=\"externalsecret\"}",
        );
        if seen >= OBJECTS && busy == 0 {
            Ok(())
        } else {
            Err(format!("{seen} seen, {busy} busy"))
        }
    })
    .await?;
    let text = http_get(metrics, "/metrics")?.1;
    let ready = |line: &&str| {
        line.starts_with("externalsecret_status_condition{") && line.contains("status=\"True\"")
    };
    let told = text
        .lines()
        .filter(ready)
        .filter(|line| line.ends_with(" 1"))
        .count();
    ensure!(
        told == OBJECTS,
        "{told} of {OBJECTS} objects are told Ready after a restart"
    );
    for family in ["last_success_timestamp", "refresh_interval"] {
        let series = format!("lockstep_externalsecret_{family}_seconds{{");
        let told = text.lines().filter(|line| line.starts_with(&series)).count();
        ensure!(
            told == OBJECTS,
            "{told} of {OBJECTS} objects have {series} after a restart"
        );
    }
    let requests = plane.requests()?;
    let writes: Vec<_> = requests[before..]
        .iter()
        .filter(|request| !is_watch(request) && request.verb != "get")
        .collect();
    ensure!(writes.is_empty(), "a restart wrote: {writes:?}");
    drop(again);
    Ok(())
}

/// A store that turns Ready, and a value that changes there, reach the Secret without anybody waiting for an interval.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_store_that_heals_wakes_what_waits_for_it() -> Result<()> {
    let bench = Bench::set_up("heals", "first").await?;
    bench
        .apply(
            "SecretStore",
            "fake",
            json!({"provider": {"fake": {"data": [{"key": "k", "value": "v"}], "validationResult": 2}}}),
        )
        .await?;
    eventually("the store is not ready", SOON, async || {
        match bench.ready::<SecretStore>("fake").await {
            Ok(()) => Err("ready"),
            Err(_) => Ok(()),
        }
    })
    .await?;
    bench.apply("ExternalSecret", "app", external_secret("k")).await?;
    bench.failed("app").await?;
    bench
        .apply(
            "SecretStore",
            "fake",
            json!({"provider": {"fake": {"data": [{"key": "k", "value": "second"}], "validationResult": 0}}}),
        )
        .await?;
    bench.synced("app").await?;
    let secret = bench.secret("app").await?.context("a Secret")?;
    ensure!(password(&secret) == Some(b"second"), "another value");
    Ok(())
}

/// One object that cannot be understood says so, and the others go on.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_broken_object_is_told_and_stops_nobody() -> Result<()> {
    let bench = Bench::set_up("broken", "first").await?;
    let mut broken = external_secret("k");
    broken["refreshInterval"] = json!("1d");
    bench.apply("ExternalSecret", "broken", broken).await?;
    bench.apply("ExternalSecret", "app", external_secret("k")).await?;
    bench
        .apply(
            "SecretStore",
            "elsewhere",
            json!({"provider": {"akeyless": {"anything": {"at": "all"}}}}),
        )
        .await?;
    bench.synced("app").await?;
    bench.failed("broken").await?;
    let message = bench
        .condition::<ExternalSecret>("broken")
        .await
        .map_err(anyhow::Error::msg)?["message"]
        .clone();
    ensure!(
        message
            .as_str()
            .is_some_and(|text| text.contains("refreshInterval") && text.contains("\"1d\"")),
        "{message}"
    );
    let told = eventually("the store says what it is", SOON, async || {
        let condition = bench.condition::<SecretStore>("elsewhere").await?;
        let message = condition["message"].as_str().unwrap_or_default().to_owned();
        if message.is_empty() {
            Err(condition.to_string())
        } else {
            Ok(message)
        }
    })
    .await?;
    ensure!(
        told.contains("akeyless") && told.contains("not supported"),
        "{told}"
    );
    Ok(())
}

/// Two replicas: one works, the other waits, and takes over what is left when the first goes.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_second_replica_waits_and_takes_over() -> Result<()> {
    let plane = ControlPlane::start_with(&Options::default()).await?;
    let (client, namespace) = (plane.client().await?, plane.namespace("two").await?);
    let (first, metrics) = start_operator_with(&plane, &["--enable-leader-election"]).await?;
    let bench = Bench {
        plane,
        operator: first,
        client,
        namespace,
        metrics,
    };
    bench.apply("SecretStore", "fake", store("v")).await?;
    bench
        .apply("ExternalSecret", "before", external_secret("k"))
        .await?;
    bench.synced("before").await?;

    let (second, waiting) = start_operator_with(&bench.plane, &["--enable-leader-election"]).await?;
    bench
        .apply("ExternalSecret", "meanwhile", external_secret("k"))
        .await?;
    bench.synced("meanwhile").await?;
    let text = http_get(waiting, "/metrics")?.1;
    let worked =
        |line: &&str| line.starts_with("controller_runtime_reconcile_total{") && !line.ends_with(" 0");
    ensure!(
        text.lines().find(worked).is_none(),
        "the second replica works too: {text}"
    );
    let leads = |text: &str| {
        text.contains("\nleader_election_master_status{name=\"external-secrets-controller\"} 1\n")
    };
    ensure!(
        !leads(&text) && text.contains("leader_election_master_status{"),
        "{text}"
    );
    ensure!(
        !text.contains("lockstep_externalsecret_"),
        "a follower tells of objects"
    );
    ensure!(
        leads(&http_get(bench.metrics, "/metrics")?.1),
        "the first does not say that it leads"
    );

    let Bench {
        plane,
        operator,
        client,
        namespace,
        metrics,
    } = bench;
    operator.stop()?;
    let bench = Bench {
        plane,
        operator: second,
        client,
        namespace,
        metrics,
    };
    bench
        .apply("ExternalSecret", "after", external_secret("k"))
        .await?;
    let handed_over = Duration::from_secs(40);
    eventually("the second replica works", handed_over, async || {
        bench.ready::<ExternalSecret>("after").await
    })
    .await?;
    Ok(())
}

fn count(requests: &[Request], verb: &str, resource: &str) -> usize {
    requests
        .iter()
        .filter(|request| request.verb == verb && request.resource == resource)
        .count()
}

/// The value of a series of whole numbers; 0 when there is none.
fn sample(metrics: &str, series: &str) -> usize {
    let value = metrics.lines().find_map(|line| line.strip_prefix(series));
    value
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or_default()
}

/// Following what there is costs the same however many objects there are.
fn is_watch(request: &Request) -> bool {
    matches!(request.verb.as_str(), "watch" | "list")
}
