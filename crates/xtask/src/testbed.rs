//! Builds the servers that the tests run against from the Go modules in `testbed/`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest;
use clap::Args;
use lockstep_testkit::BIN_DIR;

use crate::run;

/// What `cargo xtask testbed` is told.
#[derive(Args, Default)]
pub struct Flags {
    /// Only these tools (default: all)
    #[arg(value_parser = TOOLS.map(|tool| tool.name))]
    tools: Vec<String>,
    /// Build also what is built
    #[arg(long)]
    force: bool,
}

/// One program of the test bed.
struct Tool {
    name: &'static str,
    /// Its folder in `testbed/`.
    module: &'static str,
    package: &'static str,
    /// Where the program keeps its version, and the Go module whose version that is.
    version: Option<(&'static str, &'static str)>,
    /// Go's build tags.
    tags: &'static str,
}

const KUBERNETES: Option<(&str, &str)> =
    Some(("k8s.io/component-base/version.gitVersion", "k8s.io/kubernetes"));

const TOOLS: [Tool; 7] = [
    Tool {
        name: "etcd",
        module: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        version: None,
        tags: "",
    },
    Tool {
        name: "helm",
        module: "helm",
        package: "helm.sh/helm/v3/cmd/helm",
        version: None,
        tags: "",
    },
    Tool {
        name: "helm-unittest",
        module: "helm-unittest",
        package: "github.com/helm-unittest/helm-unittest/cmd/helm-unittest",
        version: None,
        tags: "",
    },
    Tool {
        name: "kube-apiserver",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
        version: KUBERNETES,
        tags: "",
    },
    Tool {
        name: "kube-controller-manager",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        version: KUBERNETES,
        tags: "",
    },
    Tool {
        name: "kubectl",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kubectl",
        version: KUBERNETES,
        tags: "",
    },
    Tool {
        name: "promtool",
        module: "promtool",
        package: "github.com/prometheus/prometheus/cmd/promtool",
        version: None,
        // Rules need none of the clients with which Prometheus finds what it reads, and those are most of it.
        tags: "remove_all_sd",
    },
];

/// What the tests of the chart need besides.
const CHART: [&str; 3] = ["helm", "helm-unittest", "promtool"];

/// What `up` and `bench` need; `up` shows `kubectl`.
const CONTROL_PLANE: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

const NO_GO: &str = "Go is not installed, and the test bed's servers are built from source: install Go 1.26 or \
    newer, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kube-controller-manager and kubectl";
const LINES_OF_A_FAILURE: usize = 20;
const STILL_AT_IT: Duration = Duration::from_secs(30);

/// Builds what a control plane needs.
pub fn control_plane() -> Result<()> {
    some(&CONTROL_PLANE)
}

/// Builds what the tests of the chart need.
pub fn for_the_chart() -> Result<()> {
    some(&[&CONTROL_PLANE[..], &CHART].concat())
}

fn some(tools: &[&str]) -> Result<()> {
    run(&Flags {
        tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
        force: false,
    })
}

/// Builds everything.
pub fn everything() -> Result<()> {
    run(&Flags::default())
}

/// Builds what is missing or out of date. Progress goes to the error output: the other may be a program's.
pub fn run(flags: &Flags) -> Result<()> {
    let wanted: Vec<&Tool> = TOOLS
        .iter()
        .filter(|tool| flags.tools.is_empty() || flags.tools.iter().any(|name| name == tool.name))
        .collect();
    let folder = run::root().join(BIN_DIR);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let go = go_version();
    // One after another: `go build` uses every core by itself.
    for tool in wanted {
        if let Some(ready_made) = ready_made(tool.name) {
            eprintln!("{:<24} from {}", tool.name, ready_made.display());
        } else if let Some(go) = &go {
            build_if_needed(tool, go, &folder, flags.force)?;
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
    if go_version().is_some() || CONTROL_PLANE.into_iter().all(there) {
        Ok(())
    } else {
        Err(NO_GO.to_owned())
    }
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

fn go_version() -> Option<String> {
    run::output(Command::new("go").arg("version")).ok()
}

fn build_if_needed(tool: &Tool, go: &str, folder: &Path, force: bool) -> Result<()> {
    let module = run::root().join("testbed").join(tool.module);
    let stamp = folder.join(format!(".{}.stamp", tool.name));
    let wanted = stamp_of(tool, go, &module)?;
    let program = folder.join(tool.name);
    let built = program.is_file() && fs::read_to_string(&stamp).is_ok_and(|there| there == wanted);
    if built && !force {
        eprintln!("{:<24} up to date", tool.name);
        return Ok(());
    }
    build(tool, &module, &program).with_context(|| format!("cannot build {}", tool.name))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// What a program was built from: another stamp, another program.
fn stamp_of(tool: &Tool, go: &str, module: &Path) -> Result<String> {
    let mut context = digest::Context::new(&digest::SHA256);
    for file in ["go.mod", "go.sum"] {
        let path = module.join(file);
        context.update(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    for part in [
        go,
        tool.package,
        tool.tags,
        tool.version.map(|(symbol, _)| symbol).unwrap_or_default(),
    ] {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    Ok(format!("{:?}\n", context.finish()))
}

fn build(tool: &Tool, module: &Path, program: &Path) -> Result<()> {
    eprintln!("{:<24} building", tool.name);
    let begun = Instant::now();
    // Built beside its place and moved there, so that a program in use is never half written.
    let unfinished = program.with_extension("new");
    let log = run::root()
        .join("target/testbed")
        .join(format!("{}.log", tool.name));
    let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut go = Command::new("go");
    go.arg("build")
        .args(["-trimpath", "-tags", tool.tags])
        .arg("-ldflags")
        .arg(linker_flags(tool, module)?);
    go.args([OsStr::new("-o"), unfinished.as_os_str(), OsStr::new(tool.package)]);
    go.current_dir(module)
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null());
    go.stdout(output.try_clone()?).stderr(output);
    let status = watch(go, tool.name, begun)?;
    ensure!(
        status.success(),
        "go build failed ({status}); its output ends:\n{}",
        end_of(&log)
    );
    fs::rename(&unfinished, program).with_context(|| format!("cannot move to {}", program.display()))?;
    fs::remove_file(&log).with_context(|| format!("cannot remove {}", log.display()))?;
    eprintln!(
        "{:<24} built in {:.0} s",
        tool.name,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn linker_flags(tool: &Tool, module: &Path) -> Result<String> {
    let strip = "-s -w";
    let Some((symbol, of)) = tool.version else {
        return Ok(strip.to_owned());
    };
    let version = run::output(
        Command::new("go")
            .args(["list", "-m", "-f", "{{.Version}}", of])
            .current_dir(module),
    )?;
    Ok(format!("{strip} -X {symbol}={}", version.trim()))
}

/// Waits for a build, with a sign of life now and then.
fn watch(mut go: Command, name: &str, begun: Instant) -> Result<ExitStatus> {
    let mut child = go.spawn().context("cannot start go")?;
    let mut told = begun;
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for go")? {
            return Ok(status);
        }
        if told.elapsed() >= STILL_AT_IT {
            told = Instant::now();
            eprintln!(
                "{name:<24} building, {:.0} s so far",
                begun.elapsed().as_secs_f64()
            );
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES_OF_A_FAILURE)..].join("\n")
}
