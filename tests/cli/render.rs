//! `lockstep render`.

use crate::Bed;

const APP: &str = "\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app, labels: {team: shop}}
spec:
  secretStoreRef: {name: vault}
  target:
    template:
      type: kubernetes.io/basic-auth
      metadata:
        labels: {team: web, made: '{{ .username }}'}
      mergePolicy: Merge
      data:
        url: 'postgres://{{ .username }}:{{ .password }}@db'
      templateFrom:
      - configMap: {name: templates, items: [{key: greeting}]}
  data:
  - {secretKey: username, remoteRef: {key: db, property: user}}
  - {secretKey: password, remoteRef: {key: db, property: password}}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: templates}
  data: {greeting: 'hello {{ .username | upper }}'}
";
const VALUES: &str = "username: canary\npassword: canary-2\n";

fn bed() -> Bed {
    Bed::new(&[("app.yaml", APP), ("values.yaml", VALUES)])
}

#[test]
fn values_are_masked_unless_they_are_asked_for() {
    let bed = bed();
    let masked = bed
        .run(&["render", "-f", "app.yaml", "--data", "values.yaml"])
        .assert(0);
    assert_eq!(
        masked.stdout,
        "# app.yaml:1: ExternalSecret default/app, creationPolicy Owner\n\
         apiVersion: v1\n\
         data:\n  greeting: <12 bytes>\n  password: <8 bytes>\n  url: <29 bytes>\n  username: <6 bytes>\n\
         kind: Secret\n\
         metadata:\n  \
           annotations:\n    reconcile.external-secrets.io/data-hash: <56 bytes>\n  \
           labels:\n    made: <6 bytes>\n    \
             reconcile.external-secrets.io/created-by: OWNER\n    \
             reconcile.external-secrets.io/managed: \"true\"\n    team: web\n  \
           name: app\n  namespace: default\n\
         type: kubernetes.io/basic-auth\n"
            .replace("OWNER", &created_by(&masked.stdout))
    );
    assert_eq!(masked.stderr, "");

    let revealed = bed
        .run(&["render", "-f", "app.yaml", "--data", "values.yaml", "--reveal"])
        .assert(0);
    for line in [
        "  greeting: hello CANARY",
        "  url: postgres://canary:canary-2@db",
        "    made: canary",
    ] {
        assert!(
            revealed.stdout.lines().any(|shown| shown == line),
            "{line}: {}",
            revealed.stdout
        );
    }
}

/// A hash of the ExternalSecret's name.
fn created_by(shown: &str) -> String {
    let (_, rest) = shown.split_once("created-by: ").expect("our label");
    rest.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn other_formats_and_standard_input_work_and_mask_too() {
    let bed = bed();
    let table = bed
        .run_with(
            &["render", "-f", "-", "--data", "values.yaml", "-o", "table"],
            APP,
        )
        .assert(0);
    assert_eq!(
        table.stdout,
        "TARGET               KEY        BYTES   VALUE\n\
         Secret default/app   greeting      12   (text)\n\
         Secret default/app   password       8   (text)\n\
         Secret default/app   url           29   (text)\n\
         Secret default/app   username       6   (text)\n"
    );
    let json = bed
        .run(&["render", "-f", "app.yaml", "--data", "values.yaml", "-o", "json"])
        .assert(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["data"]["password"], "<8 bytes>");
}

#[test]
fn bytes_come_from_a_secret_and_a_namespace_from_the_flag() {
    let bed = bed();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n\
                  data: {password: /wA=}\nstringData: {username: me}\n";
    std::fs::write(bed.path("secret.yaml"), secret).expect("a file");
    let ended = bed
        .run(&[
            "render",
            "-f",
            "app.yaml",
            "--data",
            "secret.yaml",
            "--reveal",
            "-n",
            "shop",
            "-o",
            "table",
        ])
        .assert(0);
    assert!(
        ended
            .stdout
            .contains("Secret shop/app   password       2   base64:/wA="),
        "{}",
        ended.stdout
    );
}

#[test]
fn other_kinds_than_secrets_are_shown_whole() {
    let app = "\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: app}
spec:
  target:
    name: route
    creationPolicy: Orphan
    manifest: {apiVersion: example.com/v1, kind: Route}
    template:
      metadata: {labels: {team: web}}
      data: {mode: fast}
      templateFrom:
      - target: spec
        literal: |
          port: {{ .port }}
          hosts: ['{{ .host }}.example.com']
      - target: spec.owner
        literal: 'name: {{ .host }}'
  data:
  - {secretKey: host, remoteRef: {key: host}}
  - {secretKey: port, remoteRef: {key: port}}
";
    let bed = Bed::new(&[("app.yaml", app), ("values.yaml", "host: canary\nport: '8080'\n")]);
    let render = |more: &[&str]| {
        let ended = bed.run(&[&["render", "-f", "app.yaml", "--data", "values.yaml"], more].concat());
        ended.assert(0).stdout
    };
    assert_eq!(
        render(&[]),
        "# app.yaml:1: ExternalSecret default/app, creationPolicy Orphan\n\
         apiVersion: example.com/v1\n\
         data:\n  mode: fast\n\
         kind: Route\n\
         metadata:\n  \
           annotations:\n    reconcile.external-secrets.io/data-hash: <56 bytes>\n  \
           labels:\n    reconcile.external-secrets.io/managed: \"true\"\n    team: web\n  \
           name: route\n  namespace: default\n\
         spec:\n  hosts:\n  - <18 bytes>\n  owner:\n    name: <6 bytes>\n  port: <number>\n"
    );
    let revealed = render(&["--reveal"]);
    let spec = "spec:\n  hosts:\n  - canary.example.com\n  owner:\n    name: canary\n  port: 8080\n";
    assert!(revealed.ends_with(spec), "{revealed}");

    let secret = app.replace("example.com/v1, kind: Route", "v1, kind: Secret");
    std::fs::write(bed.path("app.yaml"), secret).expect("a file");
    bed.run(&["render", "-f", "app.yaml", "--data", "values.yaml"])
        .assert_refused(
            1,
            "lockstep: app.yaml:1: ExternalSecret default/app: spec.target.manifest: must be left out for a Secret, \
             which is what a target is without it\n",
        );
}

#[test]
fn what_is_merged_into_another_kind_is_shown_too() {
    let app = APP
        .replace(
            "    template:\n      type: kubernetes.io/basic-auth\n",
            "    creationPolicy: Merge\n    manifest: {apiVersion: v1, kind: ConfigMap}\n    template:\n",
        )
        .replace("      mergePolicy: Merge\n", "");
    let bed = Bed::new(&[("app.yaml", &app), ("values.yaml", VALUES)]);
    let shown = bed
        .run(&["render", "-f", "app.yaml", "--data", "values.yaml"])
        .assert(0)
        .stdout;
    let data = "data:\n  greeting: <12 bytes>\n  url: <29 bytes>\nkind: ConfigMap\n";
    assert!(shown.contains(data) && !shown.contains("canary"), "{shown}");
}

#[test]
fn a_wrong_command_line_is_told_apart_from_a_wrong_manifest() {
    let bed = bed();
    bed.run(&["render", "-f", "app.yaml", "--no-such-flag"]).assert(2);
    bed.run(&["render", "-f", "app.yaml"]).assert(2);
    bed.run(&["render", "-f", "missing.yaml", "--data", "values.yaml"])
        .assert_refused(2, "lockstep: -f missing.yaml: does not exist\n");
    bed.run(&["render", "-f", "app.yaml", "--data", "missing.yaml"])
        .assert_refused(2, "lockstep: --data missing.yaml: does not exist\n");
    bed.run(&[
        "render",
        "-f",
        "app.yaml",
        "--data",
        "values.yaml",
        "--name",
        "ap",
    ])
    .assert_refused(2, "lockstep: no such ExternalSecret; there are: default/app\n");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let bed = bed();
    let refused = |app: &str, values: &str, told: &str| {
        std::fs::write(bed.path("wrong.yaml"), app).expect("a file");
        std::fs::write(bed.path("wrong-values.yaml"), values).expect("a file");
        bed.run(&["render", "-f", "wrong.yaml", "--data", "wrong-values.yaml"])
            .assert_refused(1, told);
    };
    refused(
        &APP.replace("secretStoreRef", "secretStorRef"),
        VALUES,
        "lockstep: wrong.yaml:1: ExternalSecret app: spec.secretStorRef is unknown; did you mean secretStoreRef?\n",
    );
    refused(
        &APP.replace("{{ .password }}", "{{ .pasword }}"),
        VALUES,
        "lockstep: wrong.yaml:1: ExternalSecret default/app: could not apply template: \
         spec.target.template.data.url: unable to execute template at key url: template: url:1:30: \
         executing \"url\" at <.pasword>: map has no entry for key \"pasword\"\n",
    );
    refused(
        APP,
        "username: canary\n",
        "lockstep: wrong.yaml:1: ExternalSecret default/app: spec.data[1]: wrong-values.yaml has no value \
         for the key \"password\"; add it\n",
    );
    refused(
        APP,
        "username: canary\npassword: 12345\n",
        "lockstep: wrong-values.yaml:1: values.password: must be a string; put it in quotes\n",
    );
    refused(
        APP.split_once("---").expect("two documents").0,
        VALUES,
        "lockstep: wrong.yaml:1: ExternalSecret default/app: cannot get ConfigMap default/templates: it does \
         not exist; give its manifest with -f\n",
    );
}

#[test]
fn one_that_is_wrong_does_not_hide_the_others() {
    let other = APP
        .replace("name: app,", "name: other,")
        .replace(".password", ".nothing");
    let bed = Bed::new(&[
        ("app.yaml", APP),
        ("other.yaml", other.split_once("---").expect("two documents").0),
        ("values.yaml", &format!("{VALUES}unused: canary\n")),
    ]);
    let ended = bed
        .run(&[
            "render",
            "-f",
            "app.yaml",
            "-f",
            "other.yaml",
            "--data",
            "values.yaml",
        ])
        .assert(1);
    assert!(ended.stdout.contains("name: app\n") && !ended.stdout.contains("name: other\n"));
    assert!(
        ended.stderr.contains("ExternalSecret default/other"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("key \"unused\" is not used"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("canary"));
}

#[test]
fn a_cluster_external_secret_is_rendered_in_each_of_its_namespaces() {
    let all = "\
apiVersion: external-secrets.io/v1
kind: ClusterExternalSecret
metadata: {name: all}
spec:
  namespaceSelectors: [{matchLabels: {tier: gold}}]
  externalSecretSpec:
    secretStoreRef: {name: vault}
    data: [{secretKey: username, remoteRef: {key: db}}]
";
    let namespaces = "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {tier: gold}}}\n---\n\
                      {apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {tier: tin}}}\n---\n\
                      {apiVersion: v1, kind: Namespace, metadata: {name: c, labels: {tier: gold}}}\n";
    let bed = Bed::new(&[
        ("all.yaml", all),
        ("namespaces.yaml", namespaces),
        ("values.yaml", "username: canary\n"),
    ]);
    let render =
        |more: &[&str]| bed.run(&[&["render", "-f", "all.yaml", "--data", "values.yaml"], more].concat());
    let rendered = render(&["-f", "namespaces.yaml"]).assert(0);
    let headings: Vec<_> = rendered
        .stdout
        .lines()
        .filter(|line| line.starts_with('#'))
        .collect();
    let of = |namespace: &str| format!("# all.yaml:1: ExternalSecret {namespace}/all, creationPolicy Owner");
    assert_eq!(headings, [of("a"), of("c")]);
    assert!(!rendered.stdout.contains("canary") && rendered.stderr.is_empty());
    render(&[]).assert_refused(
        2,
        "lockstep: all.yaml:1: ClusterExternalSecret all reaches none of the namespaces that are declared, and \
         does nothing; give their manifests too\n\
         lockstep: no ExternalSecret in what -f names\n",
    );
}
