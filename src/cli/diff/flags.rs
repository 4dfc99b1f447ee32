//! The flags of `lockstep diff`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::process::RuleFlags;

const MORE: &str = "\
Examples:
  What would this file change, if it were applied and synced?
    lockstep diff -f app.yaml

  What would the next sync of everything in a namespace change?
    lockstep diff --all -n shop

  What would a PushSecret push?
    lockstep diff pushsecret/out

Secrets are read with your own credentials, never the operator's, and stores
are asked for the values. Nothing is written to the cluster. What stands in
FILE (ExternalSecrets, PushSecrets, stores, generators, and the Secrets and
ConfigMaps that they refer to) counts as if it had been applied; all else is
read from the cluster.

Of a PushSecret it is told which keys go where, and what of that is new there,
changed or deleted. What cannot be read is pushed and \"not compared\".

No value is shown. In its place stand its length and a fingerprint (#5f2c91aa)
under a key that is drawn for this run: equal values have equal fingerprints,
and outside of this run a fingerprint tells nothing.

Exit codes: 0 nothing differs; 1 something does; 2 something is wrong; 3 the
cluster or a store cannot be reached.";

#[derive(Clone, Debug, Args)]
#[command(after_help = MORE, max_term_width = 110)]
#[command(group(ArgGroup::new("what").args(["names", "files", "all"]).required(true).multiple(true)))]
pub struct Flags {
    /// ExternalSecrets in the cluster, or PushSecrets as `pushsecret/NAME`
    #[arg(value_name = "NAME", conflicts_with = "all")]
    pub names: Vec<String>,
    /// A file or folder with ExternalSecrets and PushSecrets, as if it had been applied; `-` reads standard input. May be given
    /// several times
    #[arg(short, long = "filename", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Every ExternalSecret and PushSecret in the namespace
    #[arg(long)]
    pub all: bool,
    /// With --all, all in the cluster
    #[arg(short = 'A', long, requires = "all", conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// The namespace of NAME and of objects that name none [default: that of the context]
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "CONTEXT")]
    pub context: Option<String>,
    /// The kubeconfig [default: KUBECONFIG, or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The class of stores that the operator serves
    #[arg(long, value_name = "CLASS", default_value = "default")]
    pub controller_class: String,
    #[command(flatten)]
    pub rules: RuleFlags,
    /// What opens an action in templates, where the operator runs with another
    #[arg(long, value_name = "TEXT", default_value = "{{")]
    pub template_left_delimiter: String,
    /// What closes an action in templates
    #[arg(long, value_name = "TEXT", default_value = "}}")]
    pub template_right_delimiter: String,
}
