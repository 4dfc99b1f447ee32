//! The flags of `lockstep render`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const MORE: &str = "\
Examples:
  Do the templates work, and which keys come out?
    lockstep render -f app.yaml --data values.yaml

  The Secret with its values, from a chart
    helm template . | lockstep render -f - --data values.yaml --reveal

The data file holds the values as templates see them: after fetching, with
decoding and rewrites done. It is a map of strings,

    username: shop
    password: correct horse battery staple

or a Secret, which can also hold what is no text. Each ExternalSecret takes
the keys that its `data` names, and all keys where it has `dataFrom`.

No store is asked, and no cluster. Templates see the clock and the randomness
of this machine, so that `now` or `randAlphaNum` give other values each time.

Exit codes: 0 all were rendered; 1 a manifest or template is wrong; 2 the
command line is, or names a file that is not there.";

#[derive(Clone, Debug, Args)]
#[command(after_help = MORE, max_term_width = 110)]
pub struct Flags {
    /// A file or folder with ExternalSecrets and the ConfigMaps and Secrets that hold their templates; `-` reads
    /// standard input. May be given several times
    #[arg(short, long = "filename", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The values, as if they had been fetched
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Show the values instead of how long they are
    #[arg(long)]
    pub reveal: bool,
    /// How the targets are printed
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: Format,
    /// Only the ExternalSecret of this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The namespace of objects that name none [default: default]. ExternalSecrets of others are left out
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// What opens an action in templates, where the operator runs with another
    #[arg(long, value_name = "TEXT", default_value = "{{")]
    pub template_left_delimiter: String,
    /// What closes an action in templates
    #[arg(long, value_name = "TEXT", default_value = "}}")]
    pub template_right_delimiter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Manifests, as `kubectl get -o yaml` prints them
    Yaml,
    /// The same as JSON; several objects are a List
    Json,
    /// A line for each key
    Table,
}
