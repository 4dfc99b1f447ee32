use std::fs;

use tempfile::TempDir;

use super::super::scan;
use super::*;

const STORE: &str = "
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: s}
spec: {controller: other, provider: {fake: {data: []}}}
";

fn external_secret(name: &str, interval: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}}}\n\
         spec: {{refreshInterval: {interval}, secretStoreRef: {{name: s}}, data: [{{secretKey: a, remoteRef: {{key: k}}}}]}}\n"
    )
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn read(folder: &TempDir) -> Manifests {
    let nowhere = folder.path().join("out");
    Manifests::read(scan::scan(folder.path(), Some(&nowhere)).expect("a scan"))
}

fn complaints(folder: &TempDir, manifests: &Manifests) -> Vec<String> {
    let root = format!("{}/", folder.path().display());
    manifests
        .complaints
        .iter()
        .map(|complaint| complaint.to_string().replace(&root, ""))
        .collect()
}

fn names(manifests: &Manifests) -> Vec<String> {
    manifests
        .external_secrets
        .keys()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_broken_part_names_its_place_and_leaves_the_rest_alone() {
    let two = format!(
        "{}---\nfoo: [\n---\n{}",
        external_secret("a", "1h"),
        external_secret("b", "1d")
    );
    let folder = folder(&[
        ("a.yaml", &two),
        ("b.yaml", STORE),
        ("c.yaml", "kind: Secret\n"),
        ("d.json", "{"),
    ]);
    fs::write(folder.path().join("e.yaml"), b"\xff\xfe").expect("a file");
    let manifests = read(&folder);
    assert_eq!(names(&manifests), ["default/a", "default/b"]);
    let found = complaints(&folder, &manifests);
    assert!(found[0].starts_with("a.yaml:6: is not valid YAML"), "{found:?}");
    assert!(
        found[1].starts_with("a.yaml:8: ExternalSecret default/b: spec.refreshInterval: "),
        "{found:?}"
    );
    assert_eq!(
        found[2],
        "c.yaml:1: is no Kubernetes object: it has no apiVersion"
    );
    assert!(found[3].starts_with("d.json:1: is not valid JSON"), "{found:?}");
    assert_eq!(found[4], "e.yaml: is not UTF-8 text");
    assert!(
        manifests
            .stores
            .values()
            .all(|store| store.object.is_served_by("default"))
    );
}

#[test]
fn the_first_of_a_name_wins_and_the_second_is_told() {
    let folder = folder(&[
        ("a.yaml", &external_secret("a", "1h")),
        ("b.yaml", &external_secret("a", "2h")),
    ]);
    let found = complaints(&folder, &read(&folder));
    let expected = "b.yaml:1: ExternalSecret default/a: is already in a.yaml:1; this one is not used";
    assert_eq!(found, [expected]);
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = folder(&[("a.yaml", &external_secret("a", "1h"))]);
    let large = fs::File::create(folder.path().join("b.yaml")).expect("a file");
    large.set_len(LARGEST + 1).expect("a size");
    let manifests = read(&folder);
    assert_eq!(complaints(&folder, &manifests), ["b.yaml: is larger than 8 MiB"]);
    assert!(!manifests.is_complete() && names(&manifests) == ["default/a"]);
}

#[test]
fn what_can_no_longer_be_understood_stays_as_it_was() {
    let folder = folder(&[
        ("a.yaml", &external_secret("a", "1h")),
        ("b.yaml", &external_secret("b", "1h")),
    ]);
    let before = read(&folder);
    for (text, is_complete) in [("{", false), ("", false), ("# none\n", true)] {
        fs::write(folder.path().join("a.yaml"), text).expect("a file");
        let mut now = read(&folder);
        now.keep_hidden(&before);
        assert_eq!(now.is_complete(), is_complete, "{text}");
        let expected: &[&str] = if text.contains('#') {
            &["default/b"]
        } else {
            &["default/a", "default/b"]
        };
        assert_eq!(names(&now), expected, "{text}");
    }
}

#[test]
fn what_is_not_used_is_noted() {
    let push = "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {name: p}\n---\n";
    let folder = folder(&[(
        "a.yaml",
        &format!("{push}apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\n"),
    )]);
    let manifests = read(&folder);
    assert!(manifests.complaints.is_empty());
    assert_eq!(manifests.notes.len(), 1);
    assert!(
        manifests.notes[0].contains(
            "a.yaml:1: PushSecret default/p pushes out of a cluster, and is for the operator alone"
        )
    );
}
