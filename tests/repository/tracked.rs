//! What no file of the repository may hold.

use std::fs;
use std::path::Path;

use crate::assert_none;
use crate::source::{files_below, relative, root};

const LARGEST: u64 = 4 * 1024 * 1024;

/// Parts of host names of package registries, put together below, so that this file holds none.
const REGISTRIES: [(&str, &str); 8] = [
    ("index.crates", "io"),
    ("static.crates", "io"),
    ("proxy.golang", "org"),
    ("sum.golang", "org"),
    ("registry.npmjs", "org"),
    ("files.pythonhosted", "org"),
    ("deb.debian", "org"),
    ("repo1.maven", "org"),
];

#[test]
fn no_file_names_this_machine_or_a_registry() {
    let mut forbidden: Vec<String> = REGISTRIES
        .iter()
        .map(|(host, domain)| format!("{host}.{domain}"))
        .collect();
    forbidden.extend(places());
    let mut findings = Vec::new();
    for path in files_below(root()) {
        let Some(text) = text_of(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let found = forbidden.iter().filter(|word| line.contains(word.as_str()));
            findings.extend(found.map(|word| format!("{}:{} {word}", relative(&path), number + 1)));
        }
    }
    assert_none(
        "a path of one machine, or the host of a package registry, in a file:",
        &findings,
    );
}

/// Where this machine keeps things: the folder around the repository, the home directories.
fn places() -> Vec<String> {
    let around = root().parent().filter(|folder| folder.components().count() > 1);
    let around = around.map(|folder| format!("{}/", folder.display()));
    // A short folder such as `/tmp` would be found in honest text.
    let around = around.filter(|folder| folder != "/tmp/" && folder != "/src/");
    around
        .into_iter()
        .chain([["", "root", "."].join("/"), ["", "root", "lockstep"].join("/")])
        .collect()
}

fn text_of(path: &Path) -> Option<String> {
    let small = fs::metadata(path).is_ok_and(|data| data.len() <= LARGEST);
    if small {
        fs::read(path)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
    } else {
        None
    }
}
