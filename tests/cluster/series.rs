//! What the metrics tell of single objects, before and after a restart.

use anyhow::{Result, ensure};
use kube::api::DeleteParams;
use lockstep_api::ExternalSecret;
use lockstep_testkit::{Authority, Purpose, eventually};

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
