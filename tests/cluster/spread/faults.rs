//! Namespaces that fail, and that go.

use anyhow::{Result, ensure};
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams};
use lockstep_testkit::{ControlPlane, Fate, Proxy, eventually};
use serde_json::json;

use super::{Field, gold, names, spec};
use crate::bench::{SOON, start_operator_as};
use crate::mishaps::Faults;

/// The API server refuses one namespace, others go away while children are made in them; nobody waits for any.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_broken_namespace_and_one_that_goes_hold_up_no_other() -> Result<()> {
    let faults = Faults::none();
    let plane = ControlPlane::start().await?;
    let judge = faults.clone();
    let proxy = Proxy::start(&plane, move |asked| judge.judge(asked)).await?;
    let operator = start_operator_as(&plane, proxy.kubeconfig(), &[]).await?.0;
    let field = Field {
        client: plane.client().await?,
        plane,
        operator: Some(operator),
    };
    let (staying, going) = (names("staying", 10), names("going", 10));
    for name in staying.iter().chain(&going) {
        field.namespace(name, gold()).await?;
    }
    field.namespace("broken", gold()).await?;
    faults.are(|asked| {
        let is_child = asked.is_write() && asked.path.ends_with("/externalsecrets");
        if is_child && asked.path.contains("/broken/") {
            return Fate::refusal(500, "InternalError");
        }
        Fate::Pass
    });
    field.create(json!({}), spec()).await?;
    for name in &going {
        field.namespaces().delete(name, &DeleteParams::default()).await?;
    }
    field.reaches(&staying, &["broken"]).await?;
    eventually("the namespaces are gone", SOON * 3, async || {
        let all = field
            .namespaces()
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let left: Vec<_> = all
            .iter()
            .map(ResourceExt::name_any)
            .filter(|name| going.contains(name))
            .collect();
        left.is_empty().then_some(()).ok_or(format!("{left:?}"))
    })
    .await?;
    faults.are(|_| Fate::Pass);
    let mut reached = staying;
    reached.push("broken".to_owned());
    field.reaches(&reached, &[]).await?;
    let log = std::fs::read_to_string(field.plane.folder().join("operator.log"))?;
    let wrong = log
        .lines()
        .find(|line| line.contains("not everywhere") && !line.contains("broken"));
    ensure!(wrong.is_none(), "a namespace that went was a failure: {wrong:?}");
    Ok(())
}
