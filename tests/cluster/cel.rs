//! The samples of `crates/api/tests/cel`: does the API server take what it must take, and refuse the rest with the
//! words that a user can act on?

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use kube::Error;
use kube::api::{DynamicObject, PostParams};
use lockstep_testkit::{ControlPlane, Options};
use serde::Deserialize;

use crate::kinds::Kinds;

const SAMPLES: &str = "crates/api/tests/cel";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    manifest: DynamicObject,
    /// A part of the refusal; absent when the object must be accepted.
    refused: Option<String>,
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
    let mut kinds = Kinds::new(client, &namespace);
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, samples) in samples()? {
        for sample in samples {
            let label = format!("{} {}", path.display(), sample.name);
            let outcome = try_out(&mut kinds, &sample.manifest)
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

/// Creates an object without leaving it there.
async fn try_out(kinds: &mut Kinds, manifest: &DynamicObject) -> Result<Result<(), String>> {
    let api = kinds.api_of(manifest).await?;
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
