//! The manifests that a command is given.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ending::{Ending, Halt, complain};
use crate::cluster::folder::{Input, Manifests, Reading};

/// The largest text that is taken from standard input, as with files.
const LARGEST: u64 = 8 << 20;
const STDIN: &str = "-";

/// Reads all of them; one that cannot be understood is told with all others of its kind.
pub fn read(paths: &[PathBuf], namespace: Option<&str>) -> Result<Manifests, Halt> {
    let inputs = paths
        .iter()
        .map(|path| input(path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut reading = Reading {
        is_strict: true,
        ..Reading::default()
    };
    if let Some(namespace) = namespace {
        namespace.clone_into(&mut reading.namespace);
    }
    let manifests = Manifests::given(&inputs, reading);
    check(&manifests)?;
    Ok(manifests)
}

/// Takes in the ExternalSecrets that ClusterExternalSecrets stand for, and tells of those that stand for none.
pub fn spread(manifests: &mut Manifests) -> Result<(), Halt> {
    let told = manifests.notes.len();
    manifests.spread();
    for note in manifests.notes.iter().skip(told) {
        complain(note);
    }
    check(manifests)
}

fn check(manifests: &Manifests) -> Result<(), Halt> {
    if manifests.complaints.is_empty() {
        return Ok(());
    }
    Err(Halt {
        ending: Ending::Finding,
        messages: manifests.complaints.iter().map(ToString::to_string).collect(),
    })
}

fn input(path: &Path) -> Result<Input, Halt> {
    if path == Path::new(STDIN) {
        let text = read_stdin().map_err(|error| Halt::misuse(format!("standard input: {error}")))?;
        let name = PathBuf::from("standard input");
        return Ok(Input::Text { name, text });
    }
    check_is_there("-f", path)?;
    Ok(Input::Path(path.to_owned()))
}

/// A path that leads nowhere is a mistake on the command line, not in a manifest.
pub fn check_is_there(flag: &str, path: &Path) -> Result<(), Halt> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Halt::misuse(format!("{flag} {}: does not exist", path.display())))
        }
        Err(error) => Err(Halt::misuse(format!(
            "{flag} {}: cannot be read: {error}",
            path.display()
        ))),
    }
}

fn read_stdin() -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    io::stdin().lock().take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        let why = format!("is larger than {} MiB", LARGEST >> 20);
        return Err(io::Error::other(why));
    }
    Ok(text)
}
