use std::path::PathBuf;

use lockstep_api::external_secret::CreationPolicy;
use serde_json::{Value, json};

use super::make::{Made, Resource, Secret, Target, Text};
use super::{Format, check, show};
use crate::cli::leaves::Path;
use crate::cluster::folder::Place;
use crate::engine::object::{ObjectKey, ResourceKey, ResourceKind};
use crate::engine::plan::Outcome;
use crate::engine::render::Object;
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
    shown_targets(secrets.into_iter().map(Target::Secret), format, reveal)
}

fn shown_targets(targets: impl IntoIterator<Item = Target>, format: Format, reveal: bool) -> String {
    let made: Vec<Made> = targets
        .into_iter()
        .map(|target| Made {
            source: "ExternalSecret shop/app".into(),
            place: Place {
                file: PathBuf::from("app.yaml"),
                line: 3,
            },
            policy: CreationPolicy::Owner,
            outcome: Outcome::Synced,
            kind: "Secret".into(),
            target: Some(target),
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

fn resource(kind: &str, content: Value) -> Target {
    let labels = secret("Opaque", &[]).labels;
    Target::Resource(Resource {
        target: ResourceKey {
            kind: ResourceKind {
                api_version: "v1".into(),
                kind: kind.into(),
            },
            key: ObjectKey::new("shop", "app"),
        },
        labels,
        annotations: [].into(),
        content: Object(content),
        plain: [Path::default().member("data").member("mode")].into(),
    })
}

fn everything() -> Target {
    let text = "canary\u{1b}[2J";
    resource(
        "Widget",
        json!({
            "data": {"mode": "fast", "lines": "canary\nand"},
            "spec": {"list": [{"port": 8080, "is": true}, {}], "none": null, "odd": text},
        }),
    )
}

#[test]
fn other_kinds_are_shown_whole_and_masked_field_by_field() {
    let head = "# app.yaml:3: ExternalSecret shop/app, creationPolicy Owner\napiVersion: v1\n";
    let meta = |made| {
        format!(
            "kind: Widget\n\
             metadata:\n  labels:\n    made: {made}\n    team: web\n  name: app\n  namespace: shop\n"
        )
    };
    assert_eq!(
        shown_targets([everything()], Format::Yaml, false),
        format!(
            "{head}data:\n  lines: <10 bytes>\n  mode: fast\n{}\
             spec:\n  list:\n  - is: <boolean>\n    port: <number>\n  - {{}}\n  none: null\n  odd: <10 bytes>\n",
            meta("<6 bytes>")
        )
    );
    assert_eq!(
        shown_targets([everything()], Format::Yaml, true),
        format!(
            "{head}data:\n  lines: |-\n    canary\n    and\n  mode: fast\n{}\
             spec:\n  list:\n  - is: true\n    port: 8080\n  - {{}}\n  none: null\n  odd: \"canary\\e[2J\"\n",
            meta("canary")
        )
    );
    assert_eq!(
        shown_targets([everything()], Format::Table, false),
        "TARGET            KEY                 BYTES   VALUE\n\
         Widget shop/app   data.lines             10   (text)\n\
         Widget shop/app   data.mode               4   fast\n\
         Widget shop/app   spec.list[0].is             (boolean)\n\
         Widget shop/app   spec.list[0].port           (number)\n\
         Widget shop/app   spec.list[1]                {}\n\
         Widget shop/app   spec.none                   null\n\
         Widget shop/app   spec.odd               10   (text)\n"
    );
    let revealed = shown_targets([everything()], Format::Table, true);
    assert!(
        revealed.contains("canary\\u{1b}[2J") && revealed.contains(" 8080\n"),
        "{revealed}"
    );
    assert!(!format!("{:?}", everything()).contains(CANARY));
}

#[test]
fn what_the_api_server_would_refuse_of_a_config_map_is_told() {
    let faults = |data: Value| {
        let target = resource("ConfigMap", json!({"data": data}));
        check::faults(&target, true).join("; ")
    };
    assert_eq!(faults(json!({"a": "x"})), "");
    assert_eq!(
        faults(json!({"a b": "x", "port": 80})),
        "no ConfigMap can have the key \"a b\": only letters, digits, '-', '_' and '.' are allowed; \
         data.port must be a text; a ConfigMap holds nothing else"
    );
    let large = "x".repeat((1 << 20) + 1);
    assert!(faults(json!({"a": large})).contains("1048577 bytes"));
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
        "TARGET            KEY     BYTES   VALUE\n\
         Secret shop/app   a           6   canary\n\
         Secret shop/app   b           1   x\n\
         Secret shop/app   lines      11   \"canary\\nand\\n\"\n\
         Secret shop/app   raw         2   base64:/wA=\n"
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
        check::faults(&Target::Secret(secret(kind, values)), is_whole).join("; ")
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
