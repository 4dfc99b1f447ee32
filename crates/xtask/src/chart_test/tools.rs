//! Helm, kubectl, and the tools that check what Helm makes, as a user would call them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use lockstep_testkit::find_binary;

use crate::chart::CHART;
use crate::run;

/// The programs, and the cluster that they talk to.
pub struct Tools {
    glua: PathBuf,
    helm: PathBuf,
    helm_unittest: PathBuf,
    kubectl: PathBuf,
    promtool: PathBuf,
    kubeconfig: Option<PathBuf>,
}

impl Tools {
    /// Finds the programs. There is no cluster yet.
    pub fn find() -> Result<Self> {
        Ok(Self {
            glua: find_binary("glua")?,
            helm: find_binary("helm")?,
            helm_unittest: find_binary("helm-unittest")?,
            kubectl: find_binary("kubectl")?,
            promtool: find_binary("promtool")?,
            kubeconfig: None,
        })
    }

    /// The same programs, talking to this cluster.
    pub fn on(self, kubeconfig: &Path) -> Self {
        Self {
            kubeconfig: Some(kubeconfig.to_owned()),
            ..self
        }
    }

    /// Runs a script in the Lua of Argo CD, and returns what it prints.
    pub fn lua(&self, script: &Path) -> Result<String> {
        let path = script.to_str().context("a path that is no text")?;
        self.output(&self.glua, &[path])
    }

    /// Runs `helm`, and returns what it prints.
    pub fn helm(&self, arguments: &[&str]) -> Result<String> {
        self.output(&self.helm, arguments)
    }

    /// Runs `kubectl`, and returns what it prints.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.output(&self.kubectl, arguments)
    }

    /// Runs the unit tests in the chart's `tests/`.
    pub fn helm_unittest(&self) -> Result<()> {
        run::show(
            Command::new(&self.helm_unittest)
                .current_dir(run::root())
                .args(["--strict", CHART]),
        )
    }

    /// Runs `promtool`, and returns what it prints.
    pub fn promtool(&self, arguments: &[&str], file: &Path) -> Result<String> {
        let path = file.to_str().context("a path that is no text")?;
        self.output(&self.promtool, &[arguments, &[path]].concat())
    }

    /// Runs `helm`, which has to refuse and to say why.
    pub fn helm_refuses(&self, arguments: &[&str], why: &str) -> Result<()> {
        let Err(refused) = self.helm(arguments) else {
            anyhow::bail!("`helm {}` should have been refused: {why}", arguments.join(" "))
        };
        let said = format!("{refused:#}");
        ensure!(
            said.contains(why),
            "`helm {}` was refused, but not with `{why}`: {said}",
            arguments.join(" ")
        );
        Ok(())
    }

    /// Asks the API server to take these manifests, and to refuse a field that it does not know.
    pub fn kubectl_apply(&self, manifests: &Path, how: &[&str]) -> Result<String> {
        let path = manifests.to_str().context("a path that is no text")?;
        self.kubectl(&[&["apply", "--validate=strict", "--filename", path], how].concat())
    }

    fn output(&self, program: &Path, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program);
        command.current_dir(run::root()).args(arguments);
        if let Some(kubeconfig) = &self.kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        run::output(&mut command)
    }
}

/// The path of one of the chart's value files, relative to the workspace.
pub fn values_file(name: &str) -> String {
    format!("{CHART}/ci/{name}-values.yaml")
}
