//! What somebody waits for wakes them: nobody sits out a backoff.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use lockstep_api::generator::Password;
use lockstep_api::{ExternalSecret, SecretStore};
use lockstep_testkit::eventually;
use serde_json::json;

use crate::bench::{Bench, SOON, external_secret, password};

/// After that many the backoff is at sixteen seconds.
const FAILURES: f64 = 5.0;
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_store_is_looked_at_again_when_its_credentials_come() -> Result<()> {
    let bench = Bench::set_up("wakes", "first").await?;
    let spec = json!({"provider": {"kubernetes": {"authRef": {"name": "late", "key": "config"}}}});
    bench.apply("SecretStore", "late", spec).await?;
    eventually("the store has failed a few times", SOON * 3, async || {
        bench.failures("secretstore", "ReferenceMissing", FAILURES)
    })
    .await?;
    let kubeconfig = std::fs::read(bench.plane.kubeconfig())?;
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some("late".to_owned()),
            ..ObjectMeta::default()
        },
        data: Some([("config".to_owned(), ByteString(kubeconfig))].into()),
        ..Secret::default()
    };
    bench
        .api::<Secret>()
        .create(&PostParams::default(), &secret)
        .await?;
    eventually("the store is ready", AT_ONCE, async || {
        bench.ready::<SecretStore>("late").await
    })
    .await?;
    Ok(())
}

/// ESO renders it at the next refresh, an hour later.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_changed_template_is_rendered_at_once() -> Result<()> {
    let bench = Bench::set_up("templates", "first").await?;
    let maps: Api<ConfigMap> = bench.api();
    let map = |text: &str| ConfigMap {
        metadata: ObjectMeta {
            name: Some("tpl".to_owned()),
            ..ObjectMeta::default()
        },
        data: Some([("password".to_owned(), text.to_owned())].into()),
        ..ConfigMap::default()
    };
    let mut spec = external_secret("k");
    spec["target"] = json!({"template": {"templateFrom": [
        {"configMap": {"name": "tpl", "items": [{"key": "password"}]}},
    ]}});
    bench.apply("ExternalSecret", "app", spec).await?;
    bench.failed("app").await?;

    let mut made = "one {{ .password }}";
    maps.create(&PostParams::default(), &map(made)).await?;
    for (wanted, next) in [("one first", "two {{ .password }}"), ("two first", made)] {
        eventually(wanted, AT_ONCE, async || {
            let secret = bench.secret("app").await.map_err(|error| error.to_string())?;
            match secret.as_ref().and_then(password) {
                Some(value) if value == wanted.as_bytes() => Ok(()),
                _ => Err("another value".to_owned()),
            }
        })
        .await?;
        made = next;
        maps.patch("tpl", &PatchParams::default(), &Patch::Merge(map(made)))
            .await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_generator_that_comes_is_used_at_once() -> Result<()> {
    let bench = Bench::set_up("generators", "first").await?;
    let spec = json!({
        "refreshInterval": "1h",
        "dataFrom": [{"sourceRef": {"generatorRef": {
            "apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password", "name": "late",
        }}}],
    });
    bench.apply("ExternalSecret", "app", spec).await?;
    eventually("it has failed a few times", SOON * 3, async || {
        bench.failures("externalsecret", "GeneratorMissing", FAILURES)
    })
    .await?;
    let generator = serde_json::from_value(json!({
        "apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "Password",
        "metadata": {"name": "late"}, "spec": {"length": 12},
    }))?;
    bench
        .api::<Password>()
        .create(&PostParams::default(), &generator)
        .await?;
    eventually("it is synced", AT_ONCE, async || {
        bench.ready::<ExternalSecret>("app").await
    })
    .await?;
    Ok(())
}
