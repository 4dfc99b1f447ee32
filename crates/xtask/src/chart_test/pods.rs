//! Whether the pod is what was asked for, and a cluster that takes only the safest pods takes it.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, PostParams};
use kube::{Client, ResourceExt};

use super::cases::Case;

/// Looks at the Deployment of the release, and asks for the pod that it would make: Pod Security looks at pods only.
pub async fn check(client: &Client, case: &Case) -> Result<()> {
    let deployment = the_only_one(client, case).await?;
    let name = deployment.name_any();
    let template = deployment.spec.map(|spec| spec.template).unwrap_or_default();
    let operator = template.spec.as_ref().and_then(|spec| spec.containers.first());
    let arguments = operator
        .and_then(|container| container.args.as_deref())
        .unwrap_or_default();
    ensure!(arguments == case.arguments, "the arguments are {arguments:?}");

    let mut pod = Pod {
        metadata: template.metadata.unwrap_or_default(),
        spec: template.spec,
        status: None,
    };
    pod.metadata.name = Some(name.clone());
    let dry_run = PostParams {
        dry_run: true,
        field_manager: None,
    };
    let pods: Api<Pod> = Api::namespaced(client.clone(), case.namespace);
    pods.create(&dry_run, &pod)
        .await
        .with_context(|| format!("the pod of {name} is not taken"))?;
    Ok(())
}

async fn the_only_one(client: &Client, case: &Case) -> Result<Deployment> {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), case.namespace);
    let found = deployments.list(&ListParams::default()).await;
    let mut found = found.context("cannot list Deployments")?.items;
    ensure!(
        found.len() == 1,
        "{} Deployments are in {}",
        found.len(),
        case.namespace
    );
    Ok(found.remove(0))
}
