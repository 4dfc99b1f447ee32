//! The servers that the tests run against: built from the Go modules in `testbed/`, installed with pip, or found
//! among the system's packages.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use lockstep_testkit::BIN_DIR;

use crate::{python, run};

mod go;

use go::Tool;

/// What `cargo xtask testbed` is told.
#[derive(Args, Default)]
pub struct Flags {
    /// Only these tools (default: all)
    #[arg(value_parser = PossibleValuesParser::new(names()))]
    tools: Vec<String>,
    /// Build also what is built
    #[arg(long)]
    force: bool,
}

const KUBERNETES: Option<(&str, &str)> =
    Some(("k8s.io/component-base/version.gitVersion", "k8s.io/kubernetes"));

const TOOLS: [Tool; 9] = [
    Tool {
        name: "etcd",
        module: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        version: None,
        tags: "",
        takes: None,
    },
    Tool {
        name: "glua",
        module: "glua",
        package: "github.com/yuin/gopher-lua/cmd/glua",
        version: None,
        tags: "",
        takes: None,
    },
    Tool {
        name: "helm",
        module: "helm",
        package: "helm.sh/helm/v3/cmd/helm",
        version: None,
        tags: "",
        takes: None,
    },
    Tool {
        name: "helm-unittest",
        module: "helm-unittest",
        package: "github.com/helm-unittest/helm-unittest/cmd/helm-unittest",
        version: None,
        tags: "",
        takes: None,
    },
    Tool {
        name: "kube-apiserver",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
        version: KUBERNETES,
        tags: "",
        takes: None,
    },
    Tool {
        name: "kube-controller-manager",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        version: KUBERNETES,
        tags: "",
        takes: None,
    },
    Tool {
        name: "kubectl",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kubectl",
        version: KUBERNETES,
        tags: "",
        takes: None,
    },
    Tool {
        name: "promtool",
        module: "promtool",
        package: "github.com/prometheus/prometheus/cmd/promtool",
        version: None,
        // Rules need none of the clients with which Prometheus finds what it reads, and those are most of it.
        tags: "remove_all_sd",
        takes: Some("some minutes the first time"),
    },
    Tool {
        name: VAULT,
        module: "vault",
        package: "github.com/hashicorp/vault",
        version: None,
        tags: "",
        takes: Some("seven minutes on two cores the first time"),
    },
];

const VAULT: &str = "vault";
const MOTO: &str = "moto";

/// What `up` and `bench` need; `up` shows `kubectl`.
const CONTROL_PLANE: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

const NO_GO: &str = "Go is not installed, and the test bed's servers are built from source: install Go 1.26 or \
    newer, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kube-controller-manager and kubectl";

/// Builds what a control plane needs.
pub fn control_plane() -> Result<()> {
    build(&CONTROL_PLANE, false)
}

/// Builds what the tests of the chart need.
pub fn for_the_chart() -> Result<()> {
    build(
        &[&CONTROL_PLANE[..], &["glua", "helm", "helm-unittest", "promtool"]].concat(),
        false,
    )
}

/// Builds everything that Go builds.
pub fn programs() -> Result<()> {
    build(&TOOLS.map(|tool| tool.name), false)
}

/// Builds or installs what is missing or out of date.
pub fn run(flags: &Flags) -> Result<()> {
    let wanted: Vec<&str> = if flags.tools.is_empty() {
        names()
    } else {
        flags.tools.iter().map(String::as_str).collect()
    };
    build(&wanted, flags.force)?;
    if wanted.contains(&MOTO) {
        moto()?;
    }
    for packages in python::ALL {
        if wanted.contains(&packages.name) {
            packages.prepare()?;
        }
    }
    Ok(())
}

/// Everything that [`run`] can be asked for.
fn names() -> Vec<&'static str> {
    let tools = TOOLS.iter().map(|tool| tool.name);
    let packages = python::ALL.map(|packages| packages.name);
    tools.chain([MOTO]).chain(packages).collect()
}

/// Progress goes to the error output: the other may be a program's.
fn build(wanted: &[&str], force: bool) -> Result<()> {
    let folder = run::root().join(BIN_DIR);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let go = go::version();
    // One after another: `go build` uses every core by itself.
    for tool in TOOLS.iter().filter(|tool| wanted.contains(&tool.name)) {
        if let Some(ready_made) = ready_made(tool.name) {
            eprintln!("{:<24} from {}", tool.name, ready_made.display());
        } else if let Some(go) = &go {
            go::build_if_needed(tool, go, &folder, force)?;
        } else if folder.join(tool.name).is_file() {
            eprintln!("{:<24} as it was built before (Go is not installed)", tool.name);
        } else {
            bail!(NO_GO);
        }
    }
    Ok(())
}

/// Whether there is a test bed, or can be one: if not, why.
pub fn can_build() -> Result<(), String> {
    let there = |name| lockstep_testkit::find_binary(name).is_ok();
    if go::version().is_some() || CONTROL_PLANE.into_iter().all(there) {
        Ok(())
    } else {
        Err(NO_GO.to_owned())
    }
}

/// A server that not every machine can have. What needs it is left out where it is missing.
pub struct Backend {
    pub name: &'static str,
    /// Tests that need it have one of these in their path.
    pub words: &'static [&'static str],
    /// Gets it, or looks whether it is there.
    pub prepare: fn() -> Result<()>,
}

pub const BACKENDS: [Backend; 11] = [
    Backend {
        name: VAULT,
        words: &[VAULT],
        prepare: vault,
    },
    Backend {
        name: MOTO,
        words: &[MOTO],
        prepare: moto,
    },
    Backend {
        name: python::AZURE.name,
        words: &["azure_clients"],
        prepare: || python::AZURE.prepare(),
    },
    Backend {
        name: python::TELEMETRY.name,
        words: &["opentelemetrys_own"],
        prepare: || python::TELEMETRY.prepare(),
    },
    Backend {
        name: python::DOPPLER.name,
        words: &["doppler_client"],
        prepare: || python::DOPPLER.prepare(),
    },
    Backend {
        name: python::TOKENS.name,
        words: &["token_clients"],
        prepare: || python::TOKENS.prepare(),
    },
    Backend {
        name: python::SMALL.name,
        words: &["gitlab_variables_client", "onepassword_client"],
        prepare: || python::SMALL.prepare(),
    },
    Backend {
        name: python::INFISICAL.name,
        words: &["infisical_client"],
        prepare: || python::INFISICAL.prepare(),
    },
    Backend {
        name: python::GOOGLE.name,
        words: &["google_clients"],
        prepare: || python::GOOGLE.prepare(),
    },
    Backend {
        name: "postgres",
        words: &["postgres"],
        prepare: || {
            let found = lockstep_testkit::postgres_programs();
            found
                .map(drop)
                .context("PostgreSQL is not installed (Debian: postgresql)")
        },
    },
    Backend {
        name: "slapd",
        words: &["slapd", "ldap"],
        prepare: || {
            let found = lockstep_testkit::slapd_programs();
            found
                .map(drop)
                .context("OpenLDAP's slapd is not installed (Debian: slapd)")
        },
    },
];

/// Builds Vault.
pub fn vault() -> Result<()> {
    build(&[VAULT], false)
}

/// Installs moto.
pub fn moto() -> Result<()> {
    python::moto().map(drop)
}

/// Where the programs are, first the folder that wins.
pub fn folders() -> Vec<PathBuf> {
    assets().into_iter().chain([run::root().join(BIN_DIR)]).collect()
}

fn assets() -> Option<PathBuf> {
    run::variable("KUBEBUILDER_ASSETS").map(PathBuf::from)
}

fn ready_made(name: &str) -> Option<PathBuf> {
    assets()
        .map(|folder| folder.join(name))
        .filter(|program| program.is_file())
}
