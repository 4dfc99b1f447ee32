//! Puts the CRDs of the workspace into a control plane.

use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::Value;

use crate::{Error, eventually};

/// Applies every CRD in the folder and waits until the API server serves them all.
pub async fn install(client: &Client, folder: &Path, every_version: bool) -> Result<usize, Error> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut names = Vec::new();
    for (path, mut crd) in read(folder)? {
        if every_version {
            serve_every_version(&mut crd);
        }
        let name = crd
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let how = PatchParams::apply("lockstep-testkit").force();
        api.patch(&name, &how, &Patch::Apply(&crd))
            .await
            .map_err(Error::api(format!(
                "apply the CRD `{name}` of {}",
                path.display()
            )))?;
        names.push(name);
    }
    eventually("every CRD is established", Duration::from_mins(1), async || {
        missing(&api, &names).await
    })
    .await?;
    Ok(names.len())
}

async fn missing(api: &Api<CustomResourceDefinition>, names: &[String]) -> Result<(), String> {
    let there = api
        .list(&kube::api::ListParams::default())
        .await
        .map_err(|error| error.to_string())?;
    let established: Vec<String> = there
        .iter()
        .filter(|crd| is_established(crd))
        .map(ResourceExt::name_any)
        .collect();
    let waiting: Vec<&str> = names
        .iter()
        .filter(|name| !established.contains(name))
        .map(String::as_str)
        .collect();
    if waiting.is_empty() {
        Ok(())
    } else {
        Err(format!("waiting for {}", waiting.join(", ")))
    }
}

fn serve_every_version(crd: &mut Value) {
    let versions = crd.pointer_mut("/spec/versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten() {
        version["served"] = true.into();
    }
}

fn is_established(crd: &CustomResourceDefinition) -> bool {
    let conditions = crd
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions
        .into_iter()
        .any(|condition| condition.type_ == "Established" && condition.status == "True")
}

fn read(folder: &Path) -> Result<Vec<(PathBuf, Value)>, Error> {
    let listing = format!("list {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(listing.clone()))? {
        files.push(entry.map_err(Error::io(listing.clone()))?.path());
    }
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(Error::io(format!("read {}", path.display())))?;
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).map_err(|error| Error::File {
            path: path.clone(),
            why: error.to_string(),
        })?;
        let crds = documents
            .into_iter()
            .filter(|document| document["kind"] == "CustomResourceDefinition");
        found.extend(crds.map(|crd| (path.clone(), crd)));
    }
    Ok(found)
}
