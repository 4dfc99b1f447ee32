//! The webhook in the operator, asked by a real API server.
//!
//! The API server finds it through a Service of type `ExternalName`, which it takes for a name to connect to: no network
//! of pods is needed. Each configuration is confined to its test's namespace.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Secret, Service};
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use lockstep_testkit::{ControlPlane, Program, Running, User, eventually, free_port};
use serde_json::{Value, json};

use crate::bench::{SOON, external_secret};
use crate::kinds::Kinds;

/// Where the operator's kubeconfig leads, and so where its webhook is at home.
const HOME: &str = "default";
/// Long enough for an authority and several certificates to be renewed.
const RENEWED: Duration = Duration::from_secs(90);

/// A namespace whose objects the API server asks about.
struct Hook {
    plane: Arc<ControlPlane>,
    client: Client,
    namespace: String,
    /// Of the Service, and of the Secret with the certificates.
    service: String,
}

struct Replica {
    running: Running,
    port: u16,
}

/// What the API server said to an object.
#[derive(Debug, PartialEq)]
enum Answer {
    Taken,
    Refused(u16, String),
}

impl Hook {
    async fn prepare(prefix: &str) -> Result<Self> {
        let plane = ControlPlane::shared().await?;
        let (client, namespace) = (plane.client().await?, plane.namespace(prefix).await?);
        let service = format!("{namespace}-webhook");
        let object = json!({
            "metadata": {"name": service}, "spec": {"type": "ExternalName", "externalName": "localhost"},
        });
        let api: Api<Service> = Api::namespaced(client.clone(), HOME);
        api.create(&PostParams::default(), &serde_json::from_value(object)?)
            .await?;
        Ok(Self {
            plane,
            client,
            namespace,
            service,
        })
    }

    /// A replica, and a configuration that leads to it.
    async fn replica(&self, name: &str, policy: &str, flags: &[&str]) -> Result<Replica> {
        let (port, configuration) = (free_port()?, format!("{}-{name}", self.namespace));
        self.configure(&configuration, port, policy).await?;
        let own = [
            format!("--webhook-port={port}"),
            format!("--webhook-service={}", self.service),
            // Whoever keeps certificates tells all that lead to it.
            format!("--webhook-configurations={0}-one,{0}-two", self.namespace),
            format!("--namespace={}", self.namespace),
        ];
        let (probes, log) = (
            free_port()?,
            self.plane.folder().join(format!("{configuration}.log")),
        );
        let program = Program::new(env!("CARGO_BIN_EXE_lockstep"), log)
            .args(["operator", "--metrics-addr=0", "--loglevel=debug"])
            .args([format!("--live-addr=127.0.0.1:{probes}")])
            .args(own)
            .args(flags.iter().copied())
            .env("KUBECONFIG", self.plane.kubeconfig_of(User::Operator))
            .ready_on(probes);
        Ok(Replica {
            running: program.start().await?,
            port,
        })
    }

    async fn configure(&self, name: &str, port: u16, policy: &str) -> Result<()> {
        let webhook = |kind: &str| {
            json!({
                "name": format!("validate.{kind}.external-secrets.io"),
                "rules": [{
                    "apiGroups": ["external-secrets.io"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                    "resources": [format!("{kind}s")],
                }],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                "clientConfig": {"service": {
                    "namespace": HOME, "name": self.service, "port": port,
                    "path": format!("/validate-external-secrets-io-v1-{kind}"),
                }},
                "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": policy, "timeoutSeconds": 5,
            })
        };
        let object = json!({
            "metadata": {"name": name}, "webhooks": [webhook("externalsecret"), webhook("secretstore")],
        });
        let api: Api<ValidatingWebhookConfiguration> = Api::all(self.client.clone());
        api.create(&PostParams::default(), &serde_json::from_value(object)?)
            .await?;
        Ok(())
    }

    /// Asks without leaving anything behind.
    async fn ask(&self, kind: &str, spec: Value) -> Result<Answer> {
        let object: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "external-secrets.io/v1", "kind": kind,
            "metadata": {"generateName": "try-", "namespace": self.namespace}, "spec": spec,
        }))?;
        let api = Kinds::new(self.client.clone(), &self.namespace)
            .api_of(&object)
            .await?;
        let dry = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        match api.create(&dry, &object).await {
            Ok(_) => Ok(Answer::Taken),
            Err(Error::Api(status)) => Ok(Answer::Refused(status.code, status.message)),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the API server knows of the configuration, and whom to trust.
    async fn is_asked(&self) -> Result<()> {
        let what = "the API server asks the webhook";
        eventually(what, SOON, async || {
            match self.ask("ExternalSecret", twice()).await {
                Ok(Answer::Refused(403, _)) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await?;
        Ok(())
    }

    /// Connects as the API server does: by our name, and trusting whom it is told to trust.
    async fn is_trusted(&self, replica: &Replica) -> Result<()> {
        let api: Api<ValidatingWebhookConfiguration> = Api::all(self.client.clone());
        let told = api.get(&format!("{}-one", self.namespace)).await?;
        let webhook = told.webhooks.and_then(|webhooks| webhooks.into_iter().next());
        let bundle = webhook.and_then(|webhook| webhook.client_config.ca_bundle);
        let roots = reqwest::Certificate::from_pem_bundle(&bundle.context("no bundle")?.0)?;
        let (name, address) = (
            format!("{}.{HOME}.svc", self.service),
            SocketAddr::from(([127, 0, 0, 1], replica.port)),
        );
        let client = reqwest::Client::builder().tls_certs_only(roots).no_proxy();
        let client = client.resolve(&name, address).build()?;
        let url = format!(
            "https://{name}:{}/validate-external-secrets-io-v1-secretstore",
            replica.port
        );
        let answer = client
            .post(url)
            .send()
            .await
            .context("a replica is not trusted")?;
        ensure!(
            answer.status() == 400,
            "an empty question was answered with {}",
            answer.status()
        );
        Ok(())
    }

    /// The newest authority, and the certificate that is shown.
    async fn certificates(&self) -> Result<(String, String)> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), HOME);
        let data = api.get(&self.service).await?.data.context("no certificates")?;
        let text = |key: &str| {
            data.get(key)
                .map(|value| String::from_utf8_lossy(&value.0).into_owned())
        };
        let authorities = text("ca.crt").context("no authority")?;
        let newest = authorities
            .split_inclusive("-----END CERTIFICATE-----")
            .next()
            .context("no authority")?;
        Ok((newest.to_owned(), text("tls.crt").context("no certificate")?))
    }
}

/// What CEL cannot tell.
fn twice() -> Value {
    let mut spec = external_secret("k");
    let entry = spec["data"][0].clone();
    spec["data"] = json!([entry, entry]);
    spec
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn the_api_server_is_told_what_to_refuse() -> Result<()> {
    let hook = Hook::prepare("admission").await?;
    let _replica = hook.replica("one", "Fail", &[]).await?;
    hook.is_asked().await?;
    ensure!(hook.ask("ExternalSecret", external_secret("k")).await? == Answer::Taken);
    let mut endless = external_secret("k");
    endless["refreshInterval"] = json!("1d");
    let fake = |data: Value| json!({"provider": {"fake": {"data": data}}});
    for (kind, spec, code, words) in [
        (
            "ExternalSecret",
            twice(),
            403,
            "duplicate secretKey found: password",
        ),
        (
            "ExternalSecret",
            endless,
            400,
            "spec.refreshInterval: unknown unit",
        ),
        // The CRD is asked first.
        (
            "ExternalSecret",
            json!({}),
            422,
            "data and dataFrom are both empty",
        ),
        (
            "SecretStore",
            fake(json!([{"key": "", "value": "x"}])),
            403,
            "spec.provider.fake.data[0].key",
        ),
    ] {
        let answer = hook.ask(kind, spec).await?;
        let as_expected = matches!(&answer, Answer::Refused(is, why) if *is == code && why.contains(words));
        ensure!(as_expected, "{words}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn certificates_and_their_authority_are_renewed_and_no_request_fails() -> Result<()> {
    let hook = Hook::prepare("renewal").await?;
    let life = ["--webhook-certificate-life=6s"];
    let replicas = [
        hook.replica("one", "Fail", &life).await?,
        hook.replica("two", "Fail", &life).await?,
    ];
    hook.is_asked().await?;
    let (mut asked, begun) = (0, tokio::time::Instant::now());
    let (mut authorities, mut shown_since) = (BTreeSet::new(), BTreeSet::new());
    // Both replicas are asked each time, and one that is not trusted fails the request.
    while authorities.len() < 2 || shown_since.len() < 4 {
        let good = hook.ask("ExternalSecret", external_secret("k")).await?;
        ensure!(good == Answer::Taken, "after {asked} requests: {good:?}");
        let bad = hook.ask("ExternalSecret", twice()).await?;
        ensure!(
            matches!(bad, Answer::Refused(403, _)),
            "after {asked} requests: {bad:?}"
        );
        asked += 2;
        // The API server keeps its connections; here each is a new one.
        for replica in &replicas {
            hook.is_trusted(replica).await?;
        }
        let (authority, certificate) = hook.certificates().await?;
        if authorities.insert(authority) {
            shown_since.clear();
        }
        shown_since.insert(certificate);
        ensure!(begun.elapsed() < RENEWED, "not renewed within {RENEWED:?}");
    }
    ensure!(asked > 100, "only {asked} requests");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn a_second_replica_shows_what_the_first_one_made_and_outlives_it() -> Result<()> {
    let hook = Hook::prepare("replicas").await?;
    let one = hook.replica("one", "Ignore", &[]).await?;
    hook.is_asked().await?;
    let made = hook.certificates().await?;
    let _two = hook.replica("two", "Fail", &[]).await?;
    one.running.stop()?;
    let what = "the second replica is asked alone";
    eventually(what, SOON, async || {
        match hook.ask("ExternalSecret", twice()).await {
            Ok(Answer::Refused(403, why)) if why.contains("duplicate secretKey") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    ensure!(hook.ask("ExternalSecret", external_secret("k")).await? == Answer::Taken);
    ensure!(
        hook.certificates().await? == made,
        "the second replica made another one"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs the test bed"]
async fn while_nobody_answers_what_the_crds_refuse_is_refused_and_the_rest_taken() -> Result<()> {
    let hook = Hook::prepare("nobody").await?;
    let one = hook.replica("one", "Ignore", &[]).await?;
    hook.is_asked().await?;
    one.running.stop()?;
    ensure!(hook.ask("ExternalSecret", external_secret("k")).await? == Answer::Taken);
    ensure!(hook.ask("ExternalSecret", twice()).await? == Answer::Taken);
    let nothing = hook.ask("ExternalSecret", json!({})).await?;
    ensure!(matches!(nothing, Answer::Refused(422, _)), "{nothing:?}");
    Ok(())
}

/// A certificate that somebody took away comes back, and so does what the API server was told.
#[tokio::test]
#[ignore = "needs the test bed"]
async fn what_was_undone_is_done_again() -> Result<()> {
    let hook = Hook::prepare("undone").await?;
    let _one = hook
        .replica("one", "Fail", &["--webhook-certificate-life=12s"])
        .await?;
    hook.is_asked().await?;
    let secrets: Api<Secret> = Api::namespaced(hook.client.clone(), HOME);
    let emptied = json!({"data": {"tls.crt": null, "tls.key": null, "ca.key": null, "ca.crt": null}});
    secrets
        .patch(&hook.service, &PatchParams::default(), &Patch::Merge(emptied))
        .await?;
    let configurations: Api<ValidatingWebhookConfiguration> = Api::all(hook.client.clone());
    let name = format!("{}-one", hook.namespace);
    let forgotten = json!([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]);
    let patch: Patch<Value> = Patch::Json(serde_json::from_value(forgotten)?);
    configurations
        .patch(&name, &PatchParams::default(), &patch)
        .await?;
    hook.is_asked().await?;
    eventually("the API server asks about stores too", SOON, async || {
        let nameless = json!({"provider": {"fake": {"data": [{"key": "", "value": "x"}]}}});
        match hook.ask("SecretStore", nameless).await {
            Ok(Answer::Refused(403, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    eventually("the certificate is back", SOON, async || {
        hook.certificates().await.map_err(|error| error.to_string())
    })
    .await?;
    Ok(())
}
