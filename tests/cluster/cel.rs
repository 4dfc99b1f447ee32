//! The samples of `crates/api/tests/cel`: does the API server take what it must take, and refuse the rest with the
//! words that a user can act on?

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use kube::api::{Api, ApiResource, DynamicObject, PostParams, TypeMeta};
use kube::discovery::{self, Scope};
use kube::{Client, Error};
use lockstep_testkit::{ControlPlane, Options};
use serde::Deserialize;

const SAMPLES: &str = "crates/api/tests/cel";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    manifest: DynamicObject,
    /// A part of the refusal; absent when the object must be accepted.
    refused: Option<String>,
}

/// The API of each kind, asked for once.
struct Kinds {
    client: Client,
    namespace: String,
    known: HashMap<TypeMeta, (ApiResource, Scope)>,
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn every_sample_is_taken_or_refused_as_it_says() -> Result<()> {
    // Samples of v1beta1 are about what it took; it is off as installed.
    let plane = ControlPlane::start_with(&Options {
        every_version: true,
        ..Options::default()
    })
    .await?;
    let (client, namespace) = (plane.client().await?, plane.namespace("cel").await?);
    let mut kinds = Kinds {
        client,
        namespace,
        known: HashMap::new(),
    };
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, samples) in samples()? {
        for sample in samples {
            let label = format!("{} {}", path.display(), sample.name);
            let outcome = kinds
                .try_out(&sample.manifest)
                .await
                .with_context(|| label.clone())?;
            wrong.extend(
                complaint(&outcome, sample.refused.as_deref()).map(|text| format!("{label}: {text}")),
            );
            seen += 1;
        }
    }
    ensure!(seen > 0, "no sample in {SAMPLES}");
    ensure!(
        wrong.is_empty(),
        "{} of {seen} samples:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    Ok(())
}

/// What is wrong with an outcome: `Ok` for accepted, `Err` with the refusal.
fn complaint(outcome: &Result<(), String>, refused: Option<&str>) -> Option<String> {
    match (outcome, refused) {
        (Ok(()), None) => None,
        (Ok(()), Some(part)) => Some(format!("accepted; must be refused with: {part}")),
        (Err(message), None) => Some(format!("refused: {message}")),
        (Err(message), Some(part)) if message.contains(part) => None,
        (Err(message), Some(part)) => Some(format!("refused with: {message}\n    and not with: {part}")),
    }
}

impl Kinds {
    /// Creates an object without leaving it there.
    async fn try_out(&mut self, manifest: &DynamicObject) -> Result<Result<(), String>> {
        let kind = manifest.types.clone().context("no apiVersion and kind")?;
        let (resource, scope) = self.resource(kind).await?;
        let api: Api<DynamicObject> = match scope {
            Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            Scope::Namespaced => Api::namespaced_with(self.client.clone(), &self.namespace, &resource),
        };
        let dry = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        match api.create(&dry, manifest).await {
            Ok(_) => Ok(Ok(())),
            Err(Error::Api(status)) if status.code == 422 => Ok(Err(status.message)),
            Err(error) => bail!("neither taken nor refused: {error}"),
        }
    }

    async fn resource(&mut self, kind: TypeMeta) -> Result<(ApiResource, Scope)> {
        if let Some(known) = self.known.get(&kind) {
            return Ok(known.clone());
        }
        let (resource, capabilities) = discovery::pinned_kind(&self.client, &(&kind).try_into()?).await?;
        let found = (resource, capabilities.scope);
        self.known.insert(kind, found.clone());
        Ok(found)
    }
}

fn samples() -> Result<Vec<(PathBuf, Vec<Sample>)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLES);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        files.push(entry?.path());
    }
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    let read = |path: PathBuf| {
        let samples = serde_saphyr::from_multiple(&fs::read_to_string(&path)?);
        let samples = samples.with_context(|| format!("cannot read {}", path.display()))?;
        Ok((path.strip_prefix(env!("CARGO_MANIFEST_DIR"))?.to_owned(), samples))
    };
    files.into_iter().map(read).collect()
}
