//! `--once`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::bed::Bed;
use crate::{extract, store};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn the_quickstart_works() {
    let bed = Bed::new(&[]);
    let ended = bed.once_from(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart"),
        &[],
    );
    ended.assert(0);
    assert_eq!(
        ended.stdout,
        "TARGET     KEYS   SOURCE                   STATE\n\
         database      3   SecretStore/quickstart   Ready\n\
         mail          4   SecretStore/quickstart   Ready\n"
    );
    assert_eq!(ended.stderr, "");
    bed.until(&[
        ("database/DB_HOST", "db.example.com"),
        ("database/DB_PASSWORD", "correct horse battery staple"),
        ("database/DB_USER", "shop"),
        ("mail/SMTP_HOST", "mail.example.com"),
        ("mail/SMTP_PASSWORD", "hunter2"),
        ("mail/SMTP_PORT", "587"),
        ("mail/SMTP_USER", "shop"),
    ]);
    assert_eq!(
        bed.once_from(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart"),
            &[]
        )
        .stdout,
        ended.stdout
    );
    let again = bed.once_from(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart"),
        &[],
    );
    assert_eq!(again.stdout, ended.stdout);
    bed.until(&[
        ("database/DB_HOST", "db.example.com"),
        ("database/DB_PASSWORD", "correct horse battery staple"),
        ("database/DB_USER", "shop"),
        ("mail/SMTP_HOST", "mail.example.com"),
        ("mail/SMTP_PASSWORD", "hunter2"),
        ("mail/SMTP_PORT", "587"),
        ("mail/SMTP_USER", "shop"),
    ]);
    let modes = ["", "mail", "mail/SMTP_USER", ".lockstep.jsonl"].map(|path| mode(&bed.out(path)));
    assert_eq!(modes, [0o700, 0o700, 0o600, 0o600]);
}

#[test]
fn one_broken_manifest_breaks_nothing_else() {
    let bed = Bed::new(&[
        ("a-store.yaml", &store(r#"{"A": "1"}"#)),
        ("good.yaml", &extract("good", "")),
        ("bad-field.yaml", &extract("bad", "refreshInterval: 1d")),
        ("bad-text.yaml", "kind: [\n"),
        (
            "two.yaml",
            &format!("{}---\n{}", extract("first", ""), extract("good", "")),
        ),
    ]);
    let ended = bed.once(&[]);
    ended
        .assert(1)
        .tells(&["bad-field.yaml:1: ExternalSecret default/bad: spec.refreshInterval: "])
        .tells(&["bad-text.yaml:", "is not valid YAML"])
        .tells(&[
            "two.yaml:9: ExternalSecret default/good: is already in ",
            "good.yaml:1",
        ])
        .tells(&["bad ", "BrokenSpec: spec.refreshInterval: "])
        .tells(&["2 of 3 in step", "3 manifests cannot be used"]);
    assert_eq!(
        ended.stderr.matches("refreshInterval").count(),
        1,
        "told once:\n{}",
        ended.stderr
    );
    bed.until(&[("first/A", "1"), ("good/A", "1")]);
}

#[test]
fn a_manifest_that_cannot_be_read_is_a_failure_even_if_nothing_else_is() {
    let bed = Bed::new(&[
        ("s.yaml", &store(r#"{"A": "1"}"#)),
        ("a.yaml", &extract("a", "")),
        ("b.yaml", "["),
    ]);
    bed.once(&[])
        .assert(1)
        .tells(&["1 of 1 in step", "1 manifest cannot be used"]);
    bed.until(&[("a/A", "1")]);
}

#[test]
fn a_misspelt_field_is_told() {
    let bed = Bed::new(&[
        ("s.yaml", &store(r#"{"A": "1"}"#)),
        ("a.yaml", &extract("a", "refreshIntervall: 1h")),
    ]);
    bed.once(&[])
        .assert(0)
        .tells(&["a.yaml:1: ExternalSecret a: spec.refreshIntervall is unknown, and does nothing; did you mean refreshInterval?"]);
}

#[test]
fn a_store_that_cannot_be_used_says_why() {
    let provider = |provider: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: s}}\nspec: {{provider: {provider}}}\n"
        )
    };
    for (spec, words) in [
        ("{nosuch: {}}", &["nosuch"][..]),
        ("{}", &["spec.provider"]),
        (
            "{fake: {data: []}, vault: {server: https://v}}",
            &["spec.provider"],
        ),
        ("{fake: {data: [], validationResult: 2}}", &["unable to validate"]),
    ] {
        let bed = Bed::new(&[("s.yaml", &provider(spec)), ("a.yaml", &extract("a", ""))]);
        let words = [&["SecretSyncedError: SecretStore/s is not ready: "], words].concat();
        bed.once(&[]).assert(1).tells(&words);
        bed.until(&[]);
    }
}

#[test]
fn a_store_that_is_nowhere_and_a_key_that_is_nowhere_are_told() {
    let bed = Bed::new(&[("a.yaml", &extract("a", ""))]);
    bed.once(&[])
        .assert(1)
        .tells(&["could not get SecretStore \"s\""]);
    let missing = extract("b", "data: [{secretKey: x, remoteRef: {key: nowhere}}]");
    let bed = Bed::new(&[("s.yaml", &store("{}")), ("b.yaml", &missing)]);
    bed.once(&[]).assert(1).tells(&["nowhere: secret does not exist"]);
}

#[test]
fn folders_that_cannot_be_used_are_refused_by_name() {
    let bed = Bed::new(&[]);
    bed.once(&[])
        .assert(1)
        .tells(&["no ExternalSecret in ", "manifests"]);
    bed.once_from(&bed.path("nowhere"), &[])
        .assert(1)
        .tells(&["--manifests ", "nowhere does not exist"]);
    let file = bed.path("file");
    fs::write(&file, "").expect("a file");
    bed.once_from(&file, &[])
        .assert(1)
        .tells(&["--manifests ", "file is a file"]);
    bed.once_from(&bed.out(""), &[])
        .assert(1)
        .tells(&["are the same folder"]);

    let bed = Bed::new(&[]);
    fs::write(bed.path("out"), "mine").expect("a file");
    bed.once(&[]).assert(1).tells(&[
        "--out ",
        "out/ is a file, or stands below one; it must be a folder",
    ]);
}

#[test]
fn every_format_holds_the_same_values() {
    let bed = Bed::new(&[
        ("s.yaml", &store(r#"{"A": "1\n\"$x\"", "B": "ü"}"#)),
        ("a.yaml", &extract("a", "")),
    ]);
    bed.once(&["--format", "dotenv"]).assert(0);
    bed.until(&[("a.env", "A=\"1\\n\\\"\\$x\\\"\"\nB=\"ü\"\n")]);
    assert_eq!(mode(&bed.out("a.env")), 0o600);
    bed.once(&["--format", "json"]).assert(0);
    bed.until(&[("a.json", "{\n  \"A\": \"1\\n\\\"$x\\\"\",\n  \"B\": \"ü\"\n}\n")]);
    assert_eq!(mode(&bed.out("a.json")), 0o600);
    bed.once(&[]).assert(0);
    bed.until(&[("a/A", "1\n\"$x\""), ("a/B", "ü")]);
}

#[test]
fn a_key_that_a_format_cannot_hold_is_named() {
    let bed = Bed::new(&[
        ("s.yaml", &store(r#"{"no-variable": "canary"}"#)),
        ("a.yaml", &extract("a", "")),
    ]);
    let ended = bed.once(&["--format", "dotenv"]);
    ended
        .assert(1)
        .tells(&["key \"no-variable\" cannot be the name of an environment variable"]);
    assert!(!ended.stderr.contains("canary") && !ended.stdout.contains("canary"));
}

#[test]
fn namespaces_have_folders_and_what_is_gone_is_removed_by_the_next_run() {
    let other = extract("db", "").replace("{name: db}", "{name: db, namespace: prod}");
    let cluster_store = store(r#"{"A": "1"}"#).replace("SecretStore", "ClusterSecretStore");
    let with_kind = |text: &str| text.replace("{name: s}", "{name: s, kind: ClusterSecretStore}");
    let bed = Bed::new(&[
        ("s.yaml", &cluster_store),
        ("a.yaml", &with_kind(&extract("a", "target: {name: renamed}"))),
    ]);
    bed.write("db.yaml", &with_kind(&other));
    bed.write(
        "kept.yaml",
        &with_kind(&extract("kept", "target: {creationPolicy: Orphan}")),
    );
    bed.once(&[])
        .assert(0)
        .tells(&["prod/db", "1", "ClusterSecretStore/s", "Ready"]);
    bed.until(&[("kept/A", "1"), ("prod/db/A", "1"), ("renamed/A", "1")]);

    fs::write(bed.out("mine"), "mine").expect("a file");
    bed.remove("db.yaml");
    bed.remove("kept.yaml");
    bed.write("a.yaml", &with_kind(&extract("a", "")));
    bed.once(&[]).assert(0);
    bed.until(&[("a/A", "1"), ("kept/A", "1"), ("mine", "mine")]);
    assert!(!bed.out("prod").exists());
}

#[test]
fn values_that_the_backend_lost_stay_until_the_policy_says_otherwise() {
    let bed = Bed::new(&[("s.yaml", &store(r#"{"A": "1"}"#)), ("a.yaml", &extract("a", ""))]);
    bed.once(&[]).assert(0);
    bed.write("s.yaml", &store("{}").replace("key: k", "key: other"));
    bed.once(&[])
        .assert(1)
        .tells(&["a ", "1", "SecretSyncedError", "k: secret does not exist"]);
    bed.until(&[("a/A", "1")]);
    bed.write("a.yaml", &extract("a", "target: {deletionPolicy: Delete}"));
    bed.once(&[])
        .assert(0)
        .tells(&["a ", "-", "Ready: secret deleted due to DeletionPolicy=Delete"]);
    bed.until(&[]);
}

#[test]
fn merging_needs_something_to_merge_into() {
    let bed = Bed::new(&[
        ("s.yaml", &store(r#"{"A": "1"}"#)),
        ("a.yaml", &extract("a", "target: {creationPolicy: Merge}")),
        ("o.yaml", &extract("o", "target: {creationPolicy: None}")),
        (
            "secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: o}\nstringData: {A: x}\n",
        ),
    ]);
    bed.once(&[])
        .assert(1)
        .tells(&["a ", "-", "SecretMissing: there is nothing to merge into"]);
    bed.until(&[]);
    // Whoever makes it may take its turn later.
    bed.write(
        "z.yaml",
        &extract("z", "target: {name: a, creationPolicy: CreateOrMerge}").replace("key: k", "key: l"),
    );
    bed.write(
        "t.yaml",
        &store(r#"{"A": "1"}"#)
            .replace("]}", r#", {key: l, value: '{"B": "2"}'}]}"#)
            .replace("name: s", "name: t"),
    );
    bed.remove("s.yaml");
    for name in ["a", "o", "z"] {
        let text = fs::read_to_string(bed.manifests().join(format!("{name}.yaml"))).expect("a file");
        bed.write(
            &format!("{name}.yaml"),
            &text.replace("secretStoreRef: {name: s}", "secretStoreRef: {name: t}"),
        );
    }
    bed.once(&[]).assert(0);
    bed.until(&[("a/A", "1"), ("a/B", "2")]);
}

#[test]
fn help_shows_an_example() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["agent", "--help"])
        .output();
    let help = String::from_utf8(output.expect("the program runs").stdout).expect("text");
    assert!(
        help.contains("lockstep agent --manifests ./manifests --out ./secrets --once"),
        "{help}"
    );
}

/// Everything that can go wrong with a value in it, at the most talkative level: the value is nowhere to be read.
#[test]
fn no_value_is_ever_said() {
    let value = r#"{"A": "canary", "b-c": "canary", "d": ["canary"]}"#;
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: canary!}\nstringData: {b: 1}\n";
    let bed = Bed::new(&[
        ("s.yaml", &store(value)),
        ("a.yaml", &extract("a", "")),
        (
            "b.yaml",
            &extract(
                "b",
                "data: [{secretKey: x, remoteRef: {key: k, property: A, decodingStrategy: Base64}}]",
            ),
        ),
        (
            "c.yaml",
            &extract("c", "data: [{secretKey: x, remoteRef: {key: k, property: A.B}}]"),
        ),
        ("secret.yaml", secret),
        ("torn.yaml", "stringData:\n  a: canary: canary\n\tb: canary\n"),
        ("torn.json", r#"{"stringData": {"a": "canary" "canary"}}"#),
        (
            "t.yaml",
            &store(value)
                .replace("{name: s}", "{name: t}")
                .replace("'{", "canary {"),
        ),
        (
            "list.yaml",
            &store("")
                .replace("{name: s}", "{name: u}")
                .replace("[{key: k, value: ''}]", "canary"),
        ),
        ("scalar.yaml", "canary"),
    ]);
    for format in ["files", "dotenv", "json"] {
        let ended = bed.once(&["--format", format, "--loglevel", "trace"]);
        ended.assert(1);
        for line in ended.stdout.lines().chain(ended.stderr.lines()) {
            assert!(!line.contains("canary"), "{format}: {line}");
        }
    }
    let ended = bed.once(&["--format", "files"]);
    assert!(
        bed.outputs().values().any(|text| text.contains("canary")),
        "the values are there:\n{}",
        ended.stderr
    );
}

#[test]
fn generators_make_values_without_a_cluster() {
    let generator = |kind: &str, name: &str, spec: &str| {
        format!(
            "apiVersion: generators.external-secrets.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n\
             spec: {spec}\n---\n"
        )
    };
    let generators = [
        generator(
            "Password",
            "pin",
            "{length: 8, digits: 8, symbols: 0, encoding: hex, upper: false}",
        ),
        generator(
            "MFA",
            "otp",
            "{secret: {name: seed, key: s, namespace: other}, when: '1970-01-01T00:00:59Z'}",
        ),
        generator(
            "ClusterGenerator",
            "all",
            "{kind: Fake, generator: {fakeSpec: {controller: other, data: {f: x}}}}",
        ),
        generator("UUID", "id", "{}"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: seed}\n\
         stringData: {s: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ}\n"
            .to_owned(),
    ];
    let asks = |name: &str, references: &[(&str, &str)]| {
        let entries = references
            .iter()
            .map(|(kind, of)| format!("\n  - sourceRef: {{generatorRef: {{kind: {kind}, name: {of}}}}}"));
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}}}\nspec:\n  dataFrom:{}\n",
            entries.collect::<String>()
        )
    };
    let bed = Bed::new(&[
        ("generators.yaml", &generators.concat()),
        (
            "app.yaml",
            &asks(
                "app",
                &[("Password", "pin"), ("MFA", "otp"), ("ClusterGenerator", "all")],
            ),
        ),
        ("lost.yaml", &asks("lost", &[("UUID", "none")])),
    ]);
    let ended = bed.once(&[]);
    ended
        .assert(1)
        .tells(&[
            "generators.yaml:",
            "Password pin: spec.upper is unknown, and does nothing",
        ])
        .tells(&["unable to get generator: UUID.generators.external-secrets.io \"none\" not found"]);
    let read = |key: &str| fs::read_to_string(bed.out("app").join(key)).expect("a file");
    assert_eq!(
        (read("f"), read("token"), read("timeLeft")),
        ("x".to_owned(), "287082".to_owned(), "1".to_owned())
    );
    let pin = read("password");
    let is_digit_in_hex = |pair: &[u8]| pair[0] == b'3' && pair[1].is_ascii_digit();
    assert!(
        pin.len() == 16 && pin.as_bytes().chunks(2).all(is_digit_in_hex),
        "{pin}"
    );
}
