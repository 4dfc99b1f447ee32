//! A cluster that External Secrets Operator left, and lockstep takes over.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use lockstep_testkit::{ControlPlane, Options, Request, Running, eventually, http_get};
use serde_json::{Value, json};

use crate::bench::{SOON, generated, start_operator};
use crate::eso::{Eso, Made};

/// One character more than leaves room for the plain field manager, and many more.
pub const LONG: &str = "an-external-secret-of-more-than-twenty-seven-characters";
pub const GENERATED: [(&str, &str); 3] = [
    ("once", "CreatedOnce"),
    ("on-change", "OnChange"),
    ("hourly", "Periodic"),
];

/// A cluster that ESO has left, before lockstep and with it.
pub struct Handover {
    plane: ControlPlane,
    pub eso: Eso,
}

pub struct TakenOver {
    plane: ControlPlane,
    pub eso: Eso,
    /// What the operator asked before it was there.
    before: usize,
    metrics: SocketAddr,
    _operator: Running,
}

impl Handover {
    pub async fn begin() -> Result<Self> {
        let options = Options {
            audit: true,
            ..Options::default()
        };
        let plane = ControlPlane::start_with(&options).await?;
        let eso = Eso::new(plane.client().await?, &plane.namespace("takeover").await?);
        eso.store(
            "fake",
            json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]),
        )
        .await?;
        eso.generator("made").await?;
        Ok(Self { plane, eso })
    }

    /// Starts lockstep, and waits until it has looked at everything.
    pub async fn take_over(self) -> Result<TakenOver> {
        let Self { plane, eso } = self;
        let before = plane.requests()?.len();
        let (operator, metrics) = start_operator(&plane).await?;
        let objects = eso
            .objects("ExternalSecret")
            .list(&ListParams::default())
            .await?
            .items
            .len();
        eventually("every object was looked at", SOON, async || {
            let text = http_get(metrics, "/metrics")
                .map_err(|error| error.to_string())?
                .1;
            let known = |family: &str| {
                let of_family = text.lines().filter(|line| line.starts_with(family));
                of_family
                    .filter(|line| line.contains("condition=\"Ready\"") && line.ends_with(" 1"))
                    .count()
            };
            let busy = text
                .lines()
                .filter(|line| line.starts_with("controller_runtime_active_workers"));
            let busy = busy.filter(|line| !line.ends_with(" 0")).count();
            match (
                known("externalsecret_status_condition"),
                known("secretstore_status_condition"),
                busy,
            ) {
                (seen, 1, 0) if seen == objects => Ok(()),
                seen => Err(format!(
                    "ExternalSecrets, stores and busy controllers: {seen:?} of {objects}"
                )),
            }
        })
        .await?;
        Ok(TakenOver {
            plane,
            eso,
            before,
            metrics,
            _operator: operator,
        })
    }
}

impl TakenOver {
    /// The operator's requests since it started, but for those that only look.
    pub fn writes(&self) -> Result<Vec<Request>> {
        let requests = self.plane.requests()?.split_off(self.before);
        let looks = ["get", "list", "watch"];
        Ok(requests
            .into_iter()
            .filter(|request| !looks.contains(&request.verb.as_str()))
            .collect())
    }

    /// The ExternalSecrets that were fetched.
    pub fn fetched(&self) -> Result<Vec<String>> {
        let metrics = http_get(self.metrics, "/metrics")?.1;
        let lines = metrics
            .lines()
            .filter(|line| line.starts_with("externalsecret_sync_calls_total{"));
        Ok(lines.map(str::to_owned).collect())
    }

    pub async fn edit(&self, name: &str, patch: Value) -> Result<()> {
        let params = PatchParams::default();
        self.eso
            .objects("ExternalSecret")
            .patch(name, &params, &Patch::Merge(patch))
            .await?;
        Ok(())
    }

    pub async fn delete(&self, name: &str) -> Result<()> {
        self.eso
            .objects("ExternalSecret")
            .delete(name, &DeleteParams::default())
            .await?;
        eventually("the ExternalSecret is released", SOON, async || {
            let left = self.eso.objects("ExternalSecret").get_opt(name).await;
            let left = left.map_err(|error| error.to_string())?;
            if left.is_none() {
                Ok(())
            } else {
                Err("still there".to_owned())
            }
        })
        .await?;
        Ok(())
    }

    pub async fn becomes_its_own(&self, name: &str) -> Result<()> {
        eventually(&format!("{name} is as ESO would leave it"), SOON, async || {
            self.eso
                .takes_for_its_own(name)
                .await
                .map_err(|error| error.to_string())
        })
        .await?;
        Ok(())
    }

    pub async fn secret(&self, name: &str) -> Result<Secret> {
        self.eso
            .secrets()
            .get(name)
            .await
            .with_context(|| format!("Secret {name}"))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a row reads better without a borrow in it"
)]
pub fn reads(target: Value, keys: &[(&str, &str)]) -> Value {
    let entry =
        |(secret_key, key): &(&str, &str)| json!({"secretKey": secret_key, "remoteRef": {"key": key}});
    json!({
        "secretStoreRef": {"name": "fake"},
        "refreshInterval": "1h",
        "target": target,
        "data": keys.iter().map(entry).collect::<Vec<_>>(),
    })
}

pub const BOTH: &[(&str, &str)] = &[("x", "a"), ("y", "b")];
pub const VALUES: &[(&str, &str)] = &[("x", "1"), ("y", "2")];

/// Objects of every creation policy, with labels that ESO copied onto their Secrets.
pub async fn leave_policies(eso: &Eso) -> Result<()> {
    for name in ["merging", "joining"] {
        eso.foreign(name, json!({"keep": "theirs"})).await?;
    }
    let policies = [
        ("owning", "Owner"),
        (LONG, "Owner"),
        ("orphaning", "Orphan"),
        ("merging", "Merge"),
        ("joining", "CreateOrMerge"),
    ];
    for (name, policy) in policies {
        let labels = json!({"team": "blue", "old": "1"});
        let made = Made {
            labels: labels.clone(),
            ..Made::new(name, VALUES)
        };
        eso.synced(
            name,
            labels,
            reads(json!({"creationPolicy": policy}), BOTH),
            Some(made),
        )
        .await?;
    }
    eso.synced(
        "nothing",
        json!({}),
        reads(json!({"creationPolicy": "None"}), BOTH),
        None,
    )
    .await
}

/// Objects that are refreshed, or written, in a manner of their own.
pub async fn leave_manners(eso: &Eso) -> Result<()> {
    let template = json!({"metadata": {"labels": {"one": "1", "two": "2"}}, "type": "example.com/typed", "data": {"both": "{{ .x }}-{{ .y }}"}});
    let made = Made {
        labels: json!({"one": "1", "two": "2"}),
        more: json!({"type": "example.com/typed"}),
        ..Made::new("templated", &[("both", "1-2")])
    };
    let unused = json!({"not": "copied"});
    eso.synced(
        "templated",
        unused,
        reads(json!({"template": template}), BOTH),
        Some(made),
    )
    .await?;

    let made = Made {
        more: json!({"immutable": true}),
        ..Made::new("frozen", &[("x", "of-another-time")])
    };
    eso.synced(
        "frozen",
        json!({}),
        reads(json!({"immutable": true}), BOTH),
        Some(made),
    )
    .await?;

    let mut never_again = reads(json!({}), BOTH);
    never_again["refreshInterval"] = json!("0");
    eso.synced(
        "never-again",
        json!({}),
        never_again,
        Some(Made::new("never-again", &[("x", "of-another-time")])),
    )
    .await?;

    eso.synced(
        "renamed",
        json!({}),
        reads(json!({"name": "new-name"}), BOTH),
        Some(Made::new("new-name", VALUES)),
    )
    .await?;
    let renamed = eso.objects("ExternalSecret").get("renamed").await?;
    eso.write(&renamed, Made::new("old-name", VALUES)).await?;

    for (name, policy) in GENERATED {
        let made = Made::new(name, &[("password", "made-by-eso")]);
        eso.synced(name, json!({}), generated(policy), Some(made)).await?;
    }
    Ok(())
}
