//! What the metrics tell: all that dashboards made for ESO look for, and of single objects before and after a restart.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, PostParams};
use lockstep_api::ExternalSecret;
use lockstep_testkit::{Authority, Purpose, eventually};
use serde_json::json;

use crate::bench::{Bench, SOON, external_secret, start_operator};

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_certificate_is_told_until_its_object_goes() -> Result<()> {
    let ended = Authority::new("authority")?.issue("leaf", Purpose::ExpiredServer)?;
    let mut bench = Bench::set_up("series", &ended.certificate).await?;
    bench.apply("ExternalSecret", "app", external_secret("k")).await?;
    bench.synced("app").await?;
    let series = format!(
        "\nlockstep_externalsecret_certificate_not_after_timestamp_seconds\
         {{name=\"app\",namespace=\"{}\",key=\"password\"}} 1577923200\n",
        bench.namespace
    );
    let is_told = |bench: &Bench| -> Result<bool> { Ok(bench.metrics()?.contains(&series)) };
    ensure!(is_told(&bench)?, "{}", bench.metrics()?);

    bench.operator.kill()?;
    (bench.operator, bench.metrics) = start_operator(&bench.plane).await?;
    eventually("it is told after a restart", SOON, async || {
        ensure!(is_told(&bench)?, "it is not told");
        Ok::<_, anyhow::Error>(())
    })
    .await?;

    let objects = bench.api::<ExternalSecret>();
    objects.delete("app", &DeleteParams::default()).await?;
    eventually("nothing is told of it any more", SOON, async || {
        ensure!(!bench.metrics()?.contains("{name=\"app\""), "something is told");
        Ok(())
    })
    .await?;
    Ok(())
}

/// Families by their names: type and labels.
type Families = BTreeMap<String, (String, BTreeSet<String>)>;

/// What dashboards and alerts that were made for ESO look for.
fn families_of_eso() -> Families {
    let lines = include_str!("eso.tsv").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    let family = |line: &str| {
        let (name, rest) = line.split_once('\t')?;
        let (sort, labels) = rest.split_once('\t')?;
        let labels = labels.split(',').filter(|label| !label.is_empty());
        Some((
            name.to_owned(),
            (sort.to_owned(), labels.map(str::to_owned).collect()),
        ))
    };
    lines.filter_map(family).collect()
}

/// Those in the text format that have a series, by what the first one says.
fn families_in(metrics: &str) -> Families {
    let mut families = Families::new();
    let mut current = None;
    for line in metrics.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            current = declared.split_once(' ');
        } else if let Some((name, sort)) = current.filter(|(name, _)| line.starts_with(name)) {
            let labels = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
            // No value of a label here holds a comma.
            let labels = labels.map_or("", |(labels, _)| labels).split(',');
            let labels = labels.filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
            let labels = labels.filter(|label| label != "le").collect();
            families
                .entry(name.to_owned())
                .or_insert((sort.to_owned(), labels));
        }
    }
    families
}

/// A store for everybody, and one whose backend answers with something else.
async fn apply_other_stores(bench: &Bench) -> Result<()> {
    let kind = GroupVersionKind::gvk("external-secrets.io", "v1", "ClusterSecretStore");
    let stores: Api<DynamicObject> = Api::all_with(bench.client.clone(), &ApiResource::from_gvk(&kind));
    let all = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterSecretStore", "metadata": {"name": "all"},
        "spec": {"provider": {"fake": {"data": [{"key": "k", "value": "v"}]}}},
    });
    stores
        .create(&PostParams::default(), &serde_json::from_value(all)?)
        .await?;
    let url = format!("http://{}/metrics", bench.metrics);
    let other = json!({"provider": {"webhook": {"url": url, "result": {"jsonPath": "$.x"}}}});
    bench.apply("SecretStore", "other", other).await
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_dashboards_made_for_eso_look_for_is_there() -> Result<()> {
    let bench = Bench::set_up_with("families", "value", &["--enable-leader-election"]).await?;
    apply_other_stores(&bench).await?;
    bench.apply("ExternalSecret", "app", external_secret("k")).await?;
    let mut lost = external_secret("k");
    lost["secretStoreRef"]["name"] = json!("other");
    bench.apply("ExternalSecret", "lost", lost).await?;
    bench.synced("app").await?;
    let expected = families_of_eso();
    eventually("every family has a series", SOON, async || {
        let found = families_in(&bench.metrics().map_err(|error| error.to_string())?);
        let other: Vec<_> = expected
            .iter()
            .filter(|(name, family)| found.get(*name) != Some(family))
            .map(|(name, family)| format!("{name}: {:?} and not {family:?}", found.get(name)))
            .collect();
        if other.is_empty() {
            Ok(())
        } else {
            Err(other.join("\n"))
        }
    })
    .await?;
    controllers_have_their_names(&bench.metrics()?)
}

fn controllers_have_their_names(metrics: &str) -> Result<()> {
    let limits = metrics.lines();
    let limits = limits.filter_map(|line| line.strip_prefix("controller_runtime_max_concurrent_reconciles"));
    let named: BTreeSet<_> = limits.filter_map(|rest| rest.split('"').nth(1)).collect();
    for controller in [
        "externalsecret",
        "secretstore",
        "clustersecretstore",
        "generatorstate",
    ] {
        ensure!(named.contains(controller), "no {controller} among {named:?}");
    }
    let requests = metrics
        .lines()
        .find(|line| line.starts_with("rest_client_requests_total"));
    let requests = requests.context("requests are counted")?;
    ensure!(requests.contains("host=\"127.0.0.1:"), "{requests}");
    Ok(())
}
