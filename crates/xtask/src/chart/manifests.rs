//! Plain manifests, for those who do not use Helm.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::Result;
use lockstep_testkit::find_binary;

use super::{CHART, KUBERNETES};
use crate::run;

const NAMESPACE: &str = "lockstep-system";

/// Written above the rendered chart, which has no namespace of its own.
const HEAD: &str = "\
# lockstep with the default values of its chart, without the CRDs. Written by `cargo xtask chart`.
#
#   kubectl apply --server-side -f crds.yaml -f lockstep.yaml
---
apiVersion: v1
kind: Namespace
metadata:
  name: lockstep-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
";

/// All CRDs in one file.
pub fn bundle(crds: &BTreeMap<String, String>) -> String {
    let head = "# The CRDs of lockstep. Written by `cargo xtask chart` from crds/.\n".to_owned();
    crds.values().fold(head, |bundle, crd| {
        let crd = crd.trim_start_matches("---\n").trim_end();
        format!("{bundle}---\n{crd}\n")
    })
}

/// The chart with its default values.
pub fn render() -> Result<String> {
    let mut helm = Command::new(find_binary("helm")?);
    helm.current_dir(run::root())
        .args(["template", "lockstep", CHART, "--namespace", NAMESPACE]);
    helm.args(["--kube-version", KUBERNETES, "--set", "installCRDs=false"]);
    let rendered = run::output(&mut helm)?;
    Ok(rendered
        .lines()
        .filter(|line| !is_about_helm(line))
        .fold(HEAD.to_owned(), |text, line| text + line + "\n"))
}

/// Nobody who reads the plain manifest used Helm, and labels must not say so.
fn is_about_helm(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("# Source: ")
        || line.starts_with("helm.sh/chart: ")
        || line == "app.kubernetes.io/managed-by: Helm"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{HEAD, NAMESPACE, bundle, is_about_helm};

    #[test]
    fn every_crd_is_a_document() {
        let crds = BTreeMap::from([
            ("a.yaml".to_owned(), "---\na: 1\n".to_owned()),
            ("b.yaml".to_owned(), "b: 2".to_owned()),
        ]);
        assert!(bundle(&crds).ends_with("\n---\na: 1\n---\nb: 2\n"));
    }

    #[test]
    fn nothing_of_helm_stays() {
        assert!(is_about_helm("# Source: lockstep/templates/rbac.yaml"));
        assert!(is_about_helm("    helm.sh/chart: lockstep-0.1.0"));
        assert!(is_about_helm("    app.kubernetes.io/managed-by: Helm"));
        assert!(!is_about_helm("  # Templates and CA bundles, by their name."));
        assert!(HEAD.contains(NAMESPACE));
    }
}
