//! Everything that is generated of the Helm chart, and the plain manifests rendered from it.
//!
//! `values.yaml` is the source of the chart's schema and of `docs/values.md`; `crds/` is the source of the CRDs in it; `deploy/` holds what `helm template` makes of the default values, for those who do not use Helm, and what Argo CD is to know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::{drift, run};

mod argocd;
mod manifests;
mod schema;
mod table;
mod values;

const COMMAND: &str = "cargo xtask chart";

/// Where the chart is, relative to the workspace.
pub const CHART: &str = "charts/lockstep";

/// The Kubernetes that manifests are rendered for when there is no cluster to ask: the oldest that is supported.
pub const KUBERNETES: &str = "1.30.0";

/// Writes all of it, or with `check` fails when a file is not as it would be written, and names every such file.
pub fn run(check: bool) -> Result<()> {
    let mut drifted = Vec::new();
    let mut put = |path: &Path, text: &str| {
        if let Err(error) = drift::put(path, text, check, COMMAND) {
            drifted.push(format!("{error:#}"));
        }
    };
    let chart = run::root().join(CHART);
    let values = values::parse(&read(&chart.join("values.yaml"))?).context("charts/lockstep/values.yaml")?;
    put(&chart.join("values.schema.json"), &schema::write(&values)?);
    put(&run::root().join("docs/values.md"), &table::write(&values));

    let crds = crds()?;
    let copies = chart.join("files/crds");
    for (name, text) in &crds {
        put(&copies.join(name), text);
    }
    let deploy = run::root().join("deploy");
    put(&deploy.join("crds.yaml"), &manifests::bundle(&crds));
    let argocd = deploy.join("argocd");
    put(&argocd.join("argocd-cm.yaml"), &argocd::write(&scripts(&argocd)?));
    // Last, because Helm reads what was just written.
    put(&deploy.join("lockstep.yaml"), &manifests::render()?);

    drifted.extend(untold(&read(&chart.join("Chart.yaml"))?, &crds));
    for stale in stale(&copies, &crds)? {
        if check {
            drifted.push(format!(
                "{} has no source in crds/: run `{COMMAND}`",
                stale.display()
            ));
        } else {
            fs::remove_file(&stale).with_context(|| format!("cannot remove {}", stale.display()))?;
        }
    }
    ensure!(drifted.is_empty(), "{}", drifted.join("\n"));
    Ok(())
}

fn scripts(folder: &Path) -> Result<argocd::Scripts> {
    Ok(argocd::Scripts {
        health: read(&folder.join("health.lua"))?,
        discovery: read(&folder.join("discovery.lua"))?,
        now: read(&folder.join("now.lua"))?,
    })
}

/// What `Chart.yaml` is to say and does not: the workspace's version, and the name of every CRD.
fn untold(chart: &str, crds: &BTreeMap<String, String>) -> Vec<String> {
    const OURS: &str = env!("CARGO_PKG_VERSION");
    let versions = [
        format!("version: {OURS}"),
        format!("appVersion: {OURS}"),
        format!("image: ghcr.io/lockstep-dev/lockstep:{OURS}"),
    ];
    let named = crds.keys().filter_map(|file| {
        let (group, plural) = file.strip_suffix(".yaml")?.split_once('_')?;
        Some(format!("name: {plural}.{group}"))
    });
    let missing = versions
        .into_iter()
        .chain(named)
        .filter(|line| !chart.lines().any(|there| there.trim() == line));
    missing
        .map(|line| format!("{CHART}/Chart.yaml has no line `{line}`"))
        .collect()
}

/// The CRDs of the workspace, by file name.
pub fn crds() -> Result<BTreeMap<String, String>> {
    let folder = run::root().join("crds");
    let mut crds = BTreeMap::new();
    for path in yaml_files(&folder)? {
        if let Some(name) = path.file_name() {
            crds.insert(name.to_string_lossy().into_owned(), read(&path)?);
        }
    }
    if crds.is_empty() {
        bail!(
            "there are no CRDs in {}: run `cargo xtask crds` first",
            folder.display()
        );
    }
    Ok(crds)
}

fn stale(copies: &Path, crds: &BTreeMap<String, String>) -> Result<Vec<PathBuf>> {
    let mut found = if copies.is_dir() {
        yaml_files(copies)?
    } else {
        Vec::new()
    };
    found.retain(|path| {
        path.file_name()
            .is_none_or(|name| !crds.contains_key(name.to_string_lossy().as_ref()))
    });
    Ok(found)
}

/// The YAML files of a folder, sorted.
pub fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        found.push(entry?.path());
    }
    found.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    found.sort();
    Ok(found)
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::untold;

    #[test]
    fn what_was_forgotten_is_named() {
        let ours = env!("CARGO_PKG_VERSION");
        let crds = BTreeMap::from([("group.io_kinds.yaml".to_owned(), String::new())]);
        let chart = format!(
            "version: {ours}\nappVersion: {ours}\n  image: ghcr.io/lockstep-dev/lockstep:{ours}\n  name: kinds.group.io\n"
        );
        assert!(untold(&chart, &crds).is_empty());
        let forgotten = chart.replace(&format!("appVersion: {ours}"), "appVersion: 0.0.1");
        let forgotten = forgotten.replace("kinds", "others");
        assert_eq!(
            untold(&forgotten, &crds),
            [
                format!("charts/lockstep/Chart.yaml has no line `appVersion: {ours}`"),
                "charts/lockstep/Chart.yaml has no line `name: kinds.group.io`".to_owned(),
            ]
        );
    }
}
