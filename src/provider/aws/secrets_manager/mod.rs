//! `service: SecretsManager`.

mod find;
mod policy;
mod push;
mod wishes;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::SecretValueEntry;
use aws_smithy_types::Blob;
use lockstep_api::provider::AwsSecretsManager;

use super::answer::{Fault, Said};
use super::batches::{Answer, Batches, Reads};
use super::property;
use super::service::Api;
use super::session::Session;
use super::told::Told;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::{Aspect, Calls, Find, Location, Payload, Push, References, Remote};

const CURRENT: &str = "AWSCURRENT";

pub(super) struct SecretsManager {
    client: Client,
    told: Told,
    references: References,
    /// How secrets are deleted.
    deletion: AwsSecretsManager,
}

/// Which version of a secret.
enum Version<'v> {
    Id(&'v str),
    Stage(&'v str),
}

impl<'v> Version<'v> {
    fn of(location: &'v Location) -> Self {
        match location.version.as_deref() {
            None | Some("") => Self::Stage(CURRENT),
            Some(version) => match version.strip_prefix("uuid/") {
                Some(id) => Self::Id(id),
                None => Self::Stage(version),
            },
        }
    }
}

impl SecretsManager {
    pub(super) fn new(
        session: &Session,
        calls: Calls,
        references: References,
        deletion: AwsSecretsManager,
    ) -> Self {
        let service = "AWS/SecretsManager";
        Self {
            client: session.secrets_manager(),
            told: Told { service, calls },
            references,
            deletion,
        }
    }

    async fn value(&self, id: &str, version: &Version<'_>) -> Answer {
        let call = self.client.get_secret_value().secret_id(id);
        let call = match version {
            Version::Id(version) => call.version_id(*version),
            Version::Stage(stage) => call.version_stage(*stage),
        };
        let answer = self.told.call("GetSecretValue", call.send()).await;
        let answer = answer.map_err(|fault| problem(fault, id))?;
        payload(answer.secret_string, answer.secret_binary, id)
    }

    async fn tags(&self, id: &str) -> Answer {
        let call = self.client.describe_secret().secret_id(id);
        let answer = self.told.call("DescribeSecret", call.send()).await;
        let answer = answer.map_err(|fault| problem(fault, id))?;
        Ok(property::tags(answer.tags().iter().map(|tag| {
            (tag.key().unwrap_or_default(), tag.value().unwrap_or_default())
        })))
    }
}

#[async_trait]
impl Reads for SecretsManager {
    const BATCH: usize = 20;

    /// Ends: an answer that says nothing new is the last one.
    async fn many(&self, ids: &[String]) -> Result<BTreeMap<String, Answer>, Fault> {
        let (mut answers, mut next) = (BTreeMap::new(), None);
        loop {
            let before = answers.len();
            let call = self.client.batch_get_secret_value();
            let call = call.set_secret_id_list(Some(ids.to_vec())).set_next_token(next);
            let answer = self.told.call("BatchGetSecretValue", call.send()).await?;
            for entry in answer.secret_values.unwrap_or_default() {
                let asked = ids.iter().filter(|id| is_called(&entry, id));
                let asked: Vec<_> = asked.collect();
                for id in asked {
                    let payload = payload(entry.secret_string.clone(), entry.secret_binary.clone(), id);
                    answers.insert(id.clone(), payload);
                }
            }
            for error in answer.errors.unwrap_or_default() {
                if let Some(id) = error.secret_id.filter(|id| ids.contains(id)) {
                    let said = Said::of_one(error.error_code.as_deref(), error.message.as_deref());
                    answers.insert(id.clone(), Err(problem(Fault::Said(said), &id)));
                }
            }
            next = answer.next_token.filter(|_| answers.len() > before);
            if next.is_none() {
                return Ok(answers);
            }
        }
    }

    async fn one(&self, id: &str) -> Answer {
        self.value(id, &Version::Stage(CURRENT)).await
    }
}

/// An ARN without its random end may mean this or another secret; it is asked for alone.
fn is_called(entry: &SecretValueEntry, id: &str) -> bool {
    entry.name() == Some(id) || entry.arn() == Some(id)
}

fn payload(string: Option<String>, binary: Option<Blob>, id: &str) -> Answer {
    let string = string.map(SecretBytes::from);
    let value = string.or_else(|| binary.map(|blob| blob.into_inner().into()));
    value.map(Payload::Bytes).ok_or_else(|| Problem::BadAnswer {
        what: id.to_owned(),
        why: "it holds neither a string nor a binary value".to_owned(),
    })
}

/// A secret that waits for its deletion is gone for everybody but those who want it back.
fn problem(fault: Fault, id: &str) -> Problem {
    match &fault {
        Fault::Said(said) if said.is(&["ResourceNotFoundException"]) || said.is_marked_deleted() => {
            Problem::Absent { key: id.to_owned() }
        }
        _ => fault.into_problem(id),
    }
}

#[async_trait]
impl Api for SecretsManager {
    const NAME: &'static str = "SecretsManager";
    const PARALLEL: usize = 16;

    fn is_plain(location: &Location) -> bool {
        location.aspect == Aspect::Value && matches!(Version::of(location), Version::Stage(CURRENT))
    }

    async fn alone(&self, id: &str, location: &Location) -> Answer {
        match location.aspect {
            Aspect::Metadata => self.tags(id).await,
            Aspect::Value => self.value(id, &Version::of(location)).await,
        }
    }

    async fn find(&self, batches: &Batches, query: &Find) -> Result<Values, Problem> {
        find::find(self, batches, query).await
    }

    async fn write(&self, id: &str, push: &Push) -> Result<(), Problem> {
        push::write(self, id, push).await
    }

    async fn delete(&self, id: &str, remote: &Remote) -> Result<(), Problem> {
        push::delete(self, id, remote).await
    }

    /// As in ESO, whatever the property.
    async fn exists(&self, id: &str) -> Result<bool, Problem> {
        match self.one(id).await {
            Ok(_) => Ok(true),
            Err(problem) if problem.is_absent() => Ok(false),
            Err(problem) => Err(problem),
        }
    }
}
