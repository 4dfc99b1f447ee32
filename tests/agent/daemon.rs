//! Without `--once`: the folder is followed.

use std::fs;
use std::time::Duration;

use crate::bed::Bed;
use crate::{extract, store};

#[test]
fn what_changes_in_the_folder_changes_the_outputs() {
    let bed = Bed::new(&[("s.yaml", &store(r#"{"A": "1"}"#)), ("a.yaml", &extract("a", ""))]);
    let agent = bed.start(&[]);
    bed.until(&[("a/A", "1")]);
    bed.write("b.yaml", &extract("b", ""));
    bed.until(&[("a/A", "1"), ("b/A", "1")]);
    bed.write("b.yaml", &extract("b", "target: {name: c}"));
    bed.until(&[("a/A", "1"), ("c/A", "1")]);
    fs::create_dir(bed.manifests().join("deep")).expect("a folder");
    bed.write("deep/d.yaml", &extract("d", ""));
    bed.until(&[("a/A", "1"), ("c/A", "1"), ("d/A", "1")]);
    bed.remove("a.yaml");
    bed.remove("b.yaml");
    bed.until(&[("d/A", "1")]);
    let (ended, _) = agent.stop("TERM");
    ended
        .assert(0)
        .tells(&["a ", "1", "SecretStore/s", "Ready"])
        .tells(&["ExternalSecret default/a: is gone"]);
}

#[test]
fn a_manifest_that_breaks_later_keeps_what_it_led_to() {
    let bed = Bed::new(&[
        ("s.yaml", &store(r#"{"A": "1"}"#)),
        ("a.yaml", &extract("a", "")),
        ("b.yaml", &extract("b", "")),
    ]);
    let agent = bed.start(&[]);
    bed.until(&[("a/A", "1"), ("b/A", "1")]);
    bed.write("a.yaml", "kind: [");
    bed.write("b.yaml", &extract("b", "refreshInterval: 1d"));
    // What comes after them is served, so they were seen.
    bed.write("c.yaml", &extract("c", ""));
    bed.until(&[("a/A", "1"), ("b/A", "1"), ("c/A", "1")]);
    bed.write("a.yaml", &extract("a", "target: {name: z}"));
    bed.until(&[("b/A", "1"), ("c/A", "1"), ("z/A", "1")]);
    let (ended, _) = agent.stop("TERM");
    ended
        .assert(0)
        .tells(&["a.yaml:", "is not valid YAML"])
        .tells(&["b.yaml:1: ExternalSecret default/b: spec.refreshInterval"]);
}

#[test]
fn a_mounted_config_map_is_followed_through_its_swap() {
    use std::os::unix::fs::symlink;
    let bed = Bed::new(&[("s.yaml", &store(r#"{"A": "1"}"#))]);
    let version = |name: &str, text: &str| {
        let folder = bed.manifests().join(name);
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("a.yaml"), text).expect("a file");
        symlink(name, bed.manifests().join("..data_tmp")).expect("a link");
        fs::rename(bed.manifests().join("..data_tmp"), bed.manifests().join("..data")).expect("a rename");
    };
    version("..2026_1", &extract("a", ""));
    symlink("..data/a.yaml", bed.manifests().join("a.yaml")).expect("a link");
    let agent = bed.start(&[]);
    bed.until(&[("a/A", "1")]);
    version("..2026_2", &extract("a", "target: {name: b}"));
    bed.until(&[("b/A", "1")]);
    agent.stop("TERM").0.assert(0);
}

#[test]
fn a_folder_that_goes_away_takes_nothing_with_it_and_is_followed_when_it_is_back() {
    let bed = Bed::new(&[("s.yaml", &store(r#"{"A": "1"}"#)), ("a.yaml", &extract("a", ""))]);
    let agent = bed.start(&[]);
    bed.until(&[("a/A", "1")]);
    fs::rename(bed.manifests(), bed.path("aside")).expect("a rename");
    agent.until_told("cannot be read, and everything stays as it is");
    fs::create_dir(bed.path("next")).expect("a folder");
    fs::copy(bed.path("aside/s.yaml"), bed.path("next/s.yaml")).expect("a copy");
    fs::write(bed.path("next/b.yaml"), extract("b", "")).expect("a file");
    assert_eq!(bed.outputs().len(), 1);
    fs::rename(bed.path("next"), bed.manifests()).expect("a rename");
    bed.until(&[("b/A", "1")]);
    agent.stop("TERM").0.assert(0);
}

#[test]
fn a_signal_ends_it_soon_and_cleanly() {
    for signal in ["TERM", "INT"] {
        let bed = Bed::new(&[("s.yaml", &store(r#"{"A": "1"}"#)), ("a.yaml", &extract("a", ""))]);
        let agent = bed.start(&[]);
        bed.until(&[("a/A", "1")]);
        let (ended, took) = agent.stop(signal);
        ended.assert(0).tells(&["told to stop by SIG", signal]);
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert_eq!(bed.outputs().len(), 1, "what was written stays");
    }
}

#[test]
fn two_agents_do_not_write_to_one_folder() {
    let bed = Bed::new(&[("s.yaml", &store(r#"{"A": "1"}"#)), ("a.yaml", &extract("a", ""))]);
    let agent = bed.start(&[]);
    bed.until(&[("a/A", "1")]);
    bed.once(&[])
        .assert(1)
        .tells(&["another lockstep agent is writing to "]);
    agent.stop("TERM").0.assert(0);
    bed.once(&[]).assert(0);
}
