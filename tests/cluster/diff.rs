//! `lockstep diff` against a real API server: it tells what the next sync would change, shows no value, writes nothing.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use kube::api::{Patch, PatchParams};
use lockstep_api::PushSecret;
use lockstep_testkit::{ControlPlane, Request, User, eventually};
use serde_json::{Value, json};

use crate::bench::{Bench, SOON, external_secret, password, store};

const READS: [&str; 3] = ["get", "list", "watch"];

struct Told {
    code: Option<i32>,
    text: String,
}

/// Runs it as the user that the audit log is about.
fn diff(plane: &ControlPlane, namespace: &str, arguments: &[&str]) -> Result<Told> {
    let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["diff", "-n", namespace])
        .args(arguments)
        .env("KUBECONFIG", plane.kubeconfig_of(User::Operator))
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok(Told {
        code: output.status.code(),
        text: String::from_utf8(text)?,
    })
}

impl Told {
    #[track_caller]
    fn expect(&self, code: i32, lines: &[&str]) -> Result<()> {
        ensure!(
            self.code == Some(code),
            "exit code {:?}, not {code}: {}",
            self.code,
            self.text
        );
        for line in lines {
            let there = self.text.lines().any(|told| told.trim_start().starts_with(line));
            ensure!(there, "no line {line:?} in {}", self.text);
        }
        ensure!(!self.text.contains("canary"), "a value is shown: {}", self.text);
        Ok(())
    }
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_diff_tells_what_the_next_sync_changes_and_writes_nothing() -> Result<()> {
    let bench = Bench::set_up("diff", "canary-1").await?;
    let (plane, namespace) = (&bench.plane, bench.namespace.as_str());
    let start = plane.requests()?.len();
    let file = plane.folder().join("app.yaml");
    let manifest = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "app"}, "spec": external_secret("k"),
    });
    fs::write(&file, manifest.to_string())?;
    let file = file.to_string_lossy().into_owned();

    let secret = format!("Secret {namespace}/app:");
    diff(plane, namespace, &["-f", &file])?.expect(
        1,
        &[
            &format!("{secret} created"),
            &format!("ExternalSecret {namespace}/app: due now, because it was never synced"),
            "+ data.password",
            "+ owner",
            "1 created",
        ],
    )?;
    ensure_reads_only(&plane.requests()?[start..])?;

    bench.apply("ExternalSecret", "app", external_secret("k")).await?;
    bench.synced("app").await?;
    let start = plane.requests()?.len();
    diff(plane, namespace, &["app"])?.expect(0, &[&format!("{secret} unchanged"), "1 unchanged"])?;
    diff(plane, namespace, &["-f", &file])?.expect(0, &["1 unchanged"])?;

    bench.apply("SecretStore", "fake", store("canary-02")).await?;
    diff(plane, namespace, &["--all"])?
        .expect(1, &[&format!("{secret} updated"), "~ data.password", "1 updated"])?;
    diff(plane, namespace, &["app", "missing"])?.expect(
        2,
        &[
            &format!("lockstep: ExternalSecret {namespace}/missing: does not exist"),
            "1 updated, 1 failed",
        ],
    )?;
    ensure_reads_only(&plane.requests()?[start..])?;
    let there = bench.secret("app").await?;
    let is_as_before = there.as_ref().and_then(password) == Some(b"canary-1");
    ensure!(is_as_before, "the Secret was written");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_diff_of_other_kinds_tells_their_fields_and_writes_nothing() -> Result<()> {
    let allowed = &["--unsafe-allow-generic-targets"];
    let bench = Bench::set_up_with("diff-kinds", "canary-1", allowed).await?;
    let (plane, namespace) = (&bench.plane, bench.namespace.as_str());
    let mut spec = external_secret("k");
    spec["target"] = json!({
        "manifest": {"apiVersion": "v1", "kind": "ConfigMap"},
        "template": {"data": {"mode": "fast", "url": "https://{{ .password }}@db"}},
    });
    bench.apply("ExternalSecret", "app", spec.clone()).await?;
    bench.synced("app").await?;
    let start = plane.requests()?.len();
    let target = format!("ConfigMap {namespace}/app:");
    diff(plane, namespace, &["app"])?.expect(0, &[&format!("{target} unchanged"), "1 unchanged"])?;

    let file = plane.folder().join("app.yaml");
    let given = |name: &str, spec: &Value| -> Result<String> {
        let manifest = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": name}, "spec": spec,
        });
        fs::write(&file, manifest.to_string())?;
        Ok(file.to_string_lossy().into_owned())
    };
    spec["target"]["template"]["data"] = json!({"drawn": "{{ randAlphaNum 9 }}", "mode": "slow"});
    diff(plane, namespace, &["-f", &given("app", &spec)?])?.expect(
        1,
        &[
            &format!("{target} updated"),
            "+ data.drawn  made anew at each sync",
            "~ data.mode   4 bytes #",
            "- data.url    19 bytes #",
            "1 updated",
        ],
    )?;
    spec["target"]["name"] = "renamed".into();
    diff(plane, namespace, &["-f", &given("app", &spec)?])?.expect(
        1,
        &[
            &format!("ConfigMap {namespace}/renamed: created"),
            "+ data.mode   slow",
            "+ label reconcile.external-secrets.io/managed",
            "+ owner",
            &format!("{target} deleted, for it was made under an earlier target name"),
            "1 created, 1 deleted",
        ],
    )?;
    for (kind, why) in [
        ("Widget", "knows no Widget of v1"),
        ("Namespace", "belongs to no namespace"),
        ("Secret", "must be left out for a Secret"),
    ] {
        spec["target"]["manifest"]["kind"] = kind.into();
        let told = diff(plane, namespace, &["-f", &given("other", &spec)?])?;
        told.expect(2, &[&format!("lockstep: ExternalSecret {namespace}/other: ")])?;
        ensure!(told.text.contains(why), "{kind}: {}", told.text);
    }
    ensure_reads_only(&plane.requests()?[start..])?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_diff_of_a_push_secret_tells_what_goes_where_and_writes_nothing() -> Result<()> {
    let bench = Bench::set_up("diff-push", "canary-1").await?;
    let (plane, namespace) = (&bench.plane, bench.namespace.as_str());
    bench.put_secret("src", "same", "canary-1").await?;
    let to =
        |key: &str, remote: &str| json!({"match": {"secretKey": key, "remoteRef": {"remoteKey": remote}}});
    let push = |data: &[Value]| {
        json!({
            "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": {"name": "out"},
            "spec": {
                "secretStoreRefs": [{"name": "fake"}], "selector": {"secret": {"name": "src"}},
                "deletionPolicy": "Delete", "data": data,
            },
        })
    };
    let api = bench.api::<PushSecret>();
    let both = push(&[to("same", "one"), to("same", "two")]);
    api.patch("out", &PatchParams::apply("test").force(), &Patch::Apply(both))
        .await?;
    eventually("it is pushed", SOON, async || {
        bench.ready::<PushSecret>("out").await
    })
    .await?;

    let start = plane.requests()?.len();
    let file = plane.folder().join("out.yaml");
    let given = |data: &[Value]| -> Result<String> {
        fs::write(&file, push(data).to_string())?;
        Ok(file.to_string_lossy().into_owned())
    };
    // What the operator pushed to a store of this provider is in its own memory; here is what the spec says.
    let told = diff(
        plane,
        namespace,
        &["-f", &given(&[to("same", "k"), to("same", "two")])?],
    )?;
    told.expect(
        1,
        &[
            &format!("PushSecret {namespace}/out: 1 created, 1 deleted, 1 unchanged"),
            "+ SecretStore/fake two  key same, 8 bytes #",
            "- SecretStore/fake one  is pushed no more",
            "1 created, 1 deleted, 1 unchanged",
        ],
    )?;
    diff(
        plane,
        namespace,
        &["-f", &given(&[to("lacking", "k"), to("same", "k")])?],
    )?
    .expect(2, &["lockstep: PushSecret", "1 failed"])?;
    diff(plane, namespace, &["pushsecret/out"])?.expect(1, &["2 created"])?;
    diff(plane, namespace, &["--all"])?.expect(1, &["2 created"])?;
    diff(plane, namespace, &["pushsecret/none"])?.expect(
        2,
        &[&format!("lockstep: PushSecret {namespace}/none: does not exist")],
    )?;
    ensure_reads_only(&plane.requests()?[start..])
}

/// The operator beside it is the same user. It has nothing to do but to tell of itself, and of the store.
fn ensure_reads_only(requests: &[Request]) -> Result<()> {
    const OPERATORS: [&str; 2] = ["secretstores/status", "events"];
    let is_write = |request: &&Request| {
        !READS.contains(&request.verb.as_str()) && !OPERATORS.contains(&request.resource.as_str())
    };
    let writes: Vec<_> = requests.iter().filter(is_write).collect();
    ensure!(!requests.is_empty(), "nothing was asked of the API server");
    ensure!(writes.is_empty(), "it wrote: {writes:?}");
    Ok(())
}
