//! What people apply stays as they applied it: GitOps tools find nothing to put back.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use lockstep_testkit::{User, eventually, find_binary};

use crate::bench::{Bench, SOON};

/// The least that people write; the rest is for the API server's defaults and for us.
const APPLIED: &str = r"
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: own}
spec:
  provider:
    fake:
      data:
        - {key: k, value: v}
---
apiVersion: generators.external-secrets.io/v1alpha1
kind: Password
metadata: {name: generated}
spec: {length: 20}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: short}
spec:
  refreshInterval: 1s
  secretStoreRef: {name: own}
  data:
    - secretKey: password
      remoteRef: {key: k}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: long}
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: SecretStore, name: own}
  target:
    name: other
    template:
      data: {password: '{{ .k }}'}
  dataFrom:
    - find: {name: {regexp: k}}
    - sourceRef: {generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: generated}}
";

/// `kubectl` on the bench's namespace.
struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    namespace: String,
    file: PathBuf,
}

impl Kubectl {
    fn on(bench: &Bench) -> Result<Self> {
        let file = bench.plane.folder().join("applied.yaml");
        fs::write(&file, APPLIED)?;
        Ok(Self {
            program: find_binary("kubectl")?,
            kubeconfig: bench.plane.kubeconfig_of(User::Admin),
            namespace: bench.namespace.clone(),
            file,
        })
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(["--namespace", &self.namespace])
            .args(arguments)
            .arg("--filename")
            .arg(&self.file)
            .output()
            .context("kubectl runs")
    }

    /// What it prints, when it must not fail.
    fn says(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{arguments:?}: {said}{complained}");
        Ok(said)
    }

    /// It fails when there is one, and shows it.
    fn sees_no_difference(&self, how: &[&str]) -> Result<()> {
        self.says(&[&["diff"], how].concat()).map(drop)
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_is_applied_twice_differs_in_nothing() -> Result<()> {
    const SERVER_SIDE: [&str; 2] = ["--server-side", "--field-manager=argocd-controller"];
    let bench = Bench::set_up("gitops", "value").await?;
    let kubectl = Kubectl::on(&bench)?;
    kubectl.says(&["apply"])?;
    for name in ["short", "long"] {
        bench.synced(name).await?;
    }
    // Over a refresh, too.
    let before = bench.turns()?;
    eventually("it is refreshed", SOON, async || match bench.turns() {
        Ok(turns) if turns > before + 1 => Ok(()),
        other => Err(format!("{other:?} turns after {before}")),
    })
    .await?;

    kubectl.sees_no_difference(&[])?;
    let again = kubectl.says(&["apply"])?;
    ensure!(again.lines().all(|line| line.ends_with("unchanged")), "{again}");

    kubectl.says(&[&["apply", "--force-conflicts"], &SERVER_SIDE[..]].concat())?;
    kubectl.sees_no_difference(&SERVER_SIDE)?;
    let versions = || kubectl.says(&["get", "--output=jsonpath={.items[*].metadata.generation}"]);
    let before = versions()?;
    kubectl.says(&[&["apply"], &SERVER_SIDE[..]].concat())?;
    let after = versions()?;
    ensure!(before == after, "generations {before} became {after}");
    Ok(())
}
