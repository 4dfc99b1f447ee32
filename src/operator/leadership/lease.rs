//! The lease in the cluster: External Secrets Operator's own.

use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::coordination::v1::Lease as Object;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use serde_json::{Value, json};

use super::election::{Bid, Record, Seen};

/// As others see who writes it.
const MANAGER: &str = "lockstep";

/// Where the record is kept.
#[async_trait]
pub trait Lease: Send + Sync + 'static {
    /// `None`: there is none yet.
    async fn read(&self) -> Result<Option<Seen>, Fault>;

    /// What it says afterwards.
    async fn write(&self, bid: &Bid) -> Result<Seen, Fault>;
}

#[derive(Debug)]
pub enum Fault {
    /// It is not any more what we took it for.
    Outdated,
    /// Whether it was written, nobody knows.
    Failed(String),
}

pub struct InCluster {
    api: Api<Object>,
    name: String,
}

impl InCluster {
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
        }
    }
}

#[async_trait]
impl Lease for InCluster {
    async fn read(&self) -> Result<Option<Seen>, Fault> {
        let found = self.api.get_opt(&self.name).await.map_err(fault)?;
        Ok(found.map(seen))
    }

    async fn write(&self, bid: &Bid) -> Result<Seen, Fault> {
        let body = body(bid, &self.name);
        let written = if bid.over.is_some() {
            // With a version in it, a patch is refused where it would be over another one.
            let how = PatchParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PatchParams::default()
            };
            self.api.patch(&self.name, &how, &Patch::Merge(body)).await
        } else {
            let how = PostParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PostParams::default()
            };
            let object: Object = serde_json::from_value(body)
                .map_err(|_| Fault::Failed("a lease cannot be written as JSON".to_owned()))?;
            self.api.create(&how, &object).await
        };
        written.map(seen).map_err(fault)
    }
}

fn body(bid: &Bid, name: &str) -> Value {
    let Record {
        holder,
        span,
        acquired,
        renewed,
        transitions,
    } = &bid.record;
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "resourceVersion": bid.over},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": i32::try_from(span.as_secs()).unwrap_or(i32::MAX),
            "acquireTime": acquired.map(MicroTime),
            "renewTime": renewed.map(MicroTime),
            "leaseTransitions": transitions,
        },
    })
}

fn seen(object: Object) -> Seen {
    let spec = object.spec.unwrap_or_default();
    let span = spec
        .lease_duration_seconds
        .and_then(|span| u64::try_from(span).ok());
    Seen {
        version: object.metadata.resource_version.unwrap_or_default(),
        record: Record {
            holder: spec.holder_identity.unwrap_or_default(),
            span: Duration::from_secs(span.unwrap_or_default()),
            acquired: spec.acquire_time.map(|time| time.0),
            renewed: spec.renew_time.map(|time| time.0),
            transitions: spec.lease_transitions.unwrap_or_default(),
        },
    }
}

fn fault(error: Error) -> Fault {
    match error {
        // There already, another version, or gone in the meantime.
        Error::Api(status) if matches!(status.code, 404 | 409) => Fault::Outdated,
        Error::Api(status) => Fault::Failed(format!("{} {}", status.code, status.reason)),
        error => Fault::Failed(anyhow::Error::new(error).root_cause().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let record = Record {
            holder: "me".to_owned(),
            span: Duration::from_secs(15),
            acquired: Some(Timestamp::from_microsecond(1_700_000_000_123_456).expect("a time")),
            renewed: Some(Timestamp::from_microsecond(1_700_000_001_000_000).expect("a time")),
            transitions: 2,
        };
        let bid = Bid {
            over: Some("7".to_owned()),
            record: record.clone(),
        };
        let object: Object = serde_json::from_value(body(&bid, "lease")).expect("a lease");
        let seen = seen(object);
        assert_eq!(
            seen,
            Seen {
                version: "7".to_owned(),
                record
            }
        );
    }

    #[test]
    fn a_lease_that_says_nothing_is_nobody_s() {
        assert_eq!(seen(Object::default()), Seen::default());
    }
}
