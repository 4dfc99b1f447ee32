//! The control plane itself: is it up, does it know our CRDs, does it go?

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use lockstep_testkit::{ControlPlane, Options, Program, User, eventually, free_port};

use crate::processes_that_name;

fn config_map(name: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = Some(name.to_owned());
    map
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn each_test_has_a_namespace_of_its_own() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let (one, other) = (plane.namespace("mine").await?, plane.namespace("mine").await?);
    let client = plane.client().await?;
    Api::namespaced(client.clone(), &one)
        .create(&PostParams::default(), &config_map("there"))
        .await?;
    let in_other: Api<ConfigMap> = Api::namespaced(client, &other);
    ensure!(in_other.get_opt("there").await?.is_none());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_guest_may_do_nothing() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let api: Api<ConfigMap> = Api::default_namespaced(plane.client_of(User::Guest).await?);
    let refused = api
        .list(&ListParams::default())
        .await
        .err()
        .context("a guest was let in")?;
    ensure!(
        matches!(&refused, kube::Error::Api(status) if status.is_forbidden()),
        "{refused}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_belongs_to_a_deleted_object_goes_with_it() -> Result<()> {
    let plane = ControlPlane::shared().await?;
    let api: Api<ConfigMap> = Api::namespaced(plane.client().await?, &plane.namespace("gc").await?);
    let owner = api.create(&PostParams::default(), &config_map("owner")).await?;
    let mut child = config_map("child");
    child.metadata.owner_references = Some(vec![kube::Resource::owner_ref(&owner, &()).context("an owner")?]);
    api.create(&PostParams::default(), &child).await?;
    api.delete("owner", &DeleteParams::background()).await?;
    eventually("the child is gone", Duration::from_secs(30), async || {
        match api.get_opt("child").await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err("it is there".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn nothing_is_left_behind() -> Result<()> {
    let plane = ControlPlane::start_with(&Options {
        bare: true,
        ..Options::default()
    })
    .await?;
    let folder = plane.folder().to_owned();
    ensure!(processes_that_name(&folder)? >= 2, "etcd and the API server run");
    drop(plane);
    ensure!(processes_that_name(&folder)? == 0, "a server still runs");
    ensure!(!folder.exists(), "{} is still there", folder.display());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn only_the_operator_is_written_down() -> Result<()> {
    let plane = ControlPlane::start_with(&Options {
        bare: true,
        audit: true,
        ..Options::default()
    })
    .await?;
    let admin: Api<ConfigMap> = Api::default_namespaced(plane.client().await?);
    admin
        .create(&PostParams::default(), &config_map("by-admin"))
        .await?;
    let operator: Api<ConfigMap> = Api::default_namespaced(plane.client_of(User::Operator).await?);
    operator
        .create(&PostParams::default(), &config_map("by-operator"))
        .await?;
    let seen: Vec<String> = plane
        .requests()?
        .iter()
        .map(|request| format!("{} {}", request.verb, request.resource))
        .collect();
    ensure!(seen == ["create configmaps"], "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn a_program_that_ends_early_shows_its_log() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let program = Program::new("/bin/sh", folder.path().join("log"))
        .args(["-c", "echo no such flag; exit 2"])
        .ready_on(free_port()?);
    let text = program.start().await.err().context("it ended")?.to_string();
    ensure!(
        text.contains("no such flag") && text.contains("exit status: 2"),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn a_program_is_ended_by_sigterm_and_its_memory_is_known() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let running = Program::new("/bin/sleep", folder.path().join("log"))
        .args(["60"])
        .start()
        .await?;
    ensure!(running.memory()?.peak > 0);
    let stopped = running.stop()?;
    ensure!(
        stopped.status.is_some_and(|status| !status.success()),
        "SIGTERM ends it: {stopped:?}"
    );
    ensure!(stopped.took < Duration::from_secs(5), "{stopped:?}");
    Ok(())
}
