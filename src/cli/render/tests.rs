use std::path::PathBuf;

use lockstep_api::external_secret::CreationPolicy;

use super::make::{Made, Secret, Text};
use super::{Format, check, show};
use crate::cluster::folder::Place;
use crate::engine::object::ObjectKey;
use crate::engine::plan::Outcome;
use crate::engine::secret_bytes::SecretBytes;

const CANARY: &str = "canary";

fn secret(kind: &str, values: &[(&str, &[u8])]) -> Secret {
    let text = |text: &str, is_plain| Text {
        text: text.into(),
        is_plain,
    };
    Secret {
        key: ObjectKey::new("shop", "app"),
        kind: kind.into(),
        immutable: false,
        labels: [
            ("team".into(), text("web", true)),
            ("made".into(), text(CANARY, false)),
        ]
        .into(),
        annotations: [].into(),
        finalizers: Vec::new(),
        values: values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)))
            .collect(),
    }
}

fn shown(secrets: Vec<Secret>, format: Format, reveal: bool) -> String {
    let made: Vec<Made> = secrets
        .into_iter()
        .map(|secret| Made {
            source: "ExternalSecret shop/app".into(),
            place: Place {
                file: PathBuf::from("app.yaml"),
                line: 3,
            },
            policy: CreationPolicy::Owner,
            outcome: Outcome::Synced,
            secret: Some(secret),
        })
        .collect();
    String::from_utf8(show::show(&made, format, reveal)).expect("text")
}

const VALUES: [(&str, &[u8]); 4] = [
    ("a", b"canary"),
    ("b", b"x"),
    ("lines", b"canary\nand\n"),
    ("raw", b"\xff\x00"),
];

#[test]
fn masked_yaml_shows_lengths_and_cannot_be_applied() {
    assert_eq!(
        shown(vec![secret("Opaque", &VALUES)], Format::Yaml, false),
        "# app.yaml:3: ExternalSecret shop/app, creationPolicy Owner\n\
         apiVersion: v1\n\
         data:\n  a: <6 bytes>\n  b: <1 byte>\n  lines: <11 bytes>\n  raw: <2 bytes>\n\
         kind: Secret\n\
         metadata:\n  labels:\n    made: <6 bytes>\n    team: web\n  name: app\n  namespace: shop\n\
         type: Opaque\n"
    );
}

#[test]
fn revealed_yaml_is_a_secret_with_text_as_text() {
    assert_eq!(
        shown(vec![secret("Opaque", &VALUES)], Format::Yaml, true),
        "# app.yaml:3: ExternalSecret shop/app, creationPolicy Owner\n\
         apiVersion: v1\n\
         data:\n  raw: /wA=\n\
         kind: Secret\n\
         metadata:\n  labels:\n    made: canary\n    team: web\n  name: app\n  namespace: shop\n\
         stringData:\n  a: canary\n  b: x\n  lines: |\n    canary\n    and\n\
         type: Opaque\n"
    );
}

#[test]
fn no_masked_output_holds_a_value() {
    for format in [Format::Yaml, Format::Json, Format::Table] {
        let secrets = || vec![secret("Opaque", &VALUES)];
        assert!(!shown(secrets(), format, false).contains(CANARY), "{format:?}");
        assert!(shown(secrets(), format, true).contains(CANARY), "{format:?}");
        assert!(!format!("{:?}", secrets()).contains(CANARY));
    }
}

#[test]
fn several_secrets_are_a_list_or_documents() {
    let secrets = || vec![secret("Opaque", &[("a", b"x")]), secret("Opaque", &[("b", b"y")])];
    let list: serde_json::Value = serde_json::from_str(&shown(secrets(), Format::Json, true)).expect("JSON");
    assert_eq!(
        (&list["kind"], &list["items"][1]["stringData"]["b"]),
        (&"List".into(), &"y".into())
    );
    assert_eq!(
        shown(secrets(), Format::Yaml, false)
            .matches("---\n# app")
            .count(),
        1
    );
}

#[test]
fn a_table_has_a_line_for_each_key() {
    assert_eq!(
        shown(vec![secret("Opaque", &VALUES)], Format::Table, true),
        "SECRET     KEY     BYTES   VALUE\n\
         shop/app   a           6   canary\n\
         shop/app   b           1   x\n\
         shop/app   lines      11   \"canary\\nand\\n\"\n\
         shop/app   raw         2   base64:/wA=\n"
    );
}

#[test]
fn what_could_steer_a_terminal_is_no_text() {
    let shown = shown(vec![secret("Opaque", &[("a", b"\x1b[2J")])], Format::Table, true);
    assert!(shown.contains("base64:G1sySg=="), "{shown}");
}

#[test]
fn what_the_api_server_would_refuse_is_told() {
    let faults = |kind: &str, values: &[(&str, &[u8])], is_whole| {
        check::faults(&secret(kind, values), is_whole).join("; ")
    };
    let tls = "kubernetes.io/tls";
    assert_eq!(
        faults(tls, &[("tls.crt", b"")], true),
        "a Secret of type kubernetes.io/tls needs the key \"tls.key\""
    );
    assert_eq!(faults(tls, &[("tls.crt", b"")], false), "");
    let docker = "kubernetes.io/dockerconfigjson";
    assert!(faults(docker, &[(".dockerconfigjson", b"canary")], true).ends_with("\".dockerconfigjson\""));
    assert_eq!(faults(docker, &[(".dockerconfigjson", b"{}")], true), "");
    assert!(faults("kubernetes.io/basic-auth", &[("user", b"")], true).contains("\"username\""));
    assert!(faults("Opaque", &[("a b", b"")], true).contains("key \"a b\": only letters"));
    assert!(faults("Opaque", &[("..", b"")], true).contains("leads out"));
    let large = vec![0; (1 << 20) + 1];
    assert!(faults("Opaque", &[("a", &large)], true).contains("1048577 bytes"));
}
