//! `service: ParameterStore`.

mod find;
mod push;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ResourceTypeForTagging};

use super::answer::Fault;
use super::batches::{Answer, Batches, Reads};
use super::property;
use super::service::Api;
use super::session::Session;
use super::tags::Tags;
use super::told::Told;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::{Aspect, Calls, Find, Location, Payload, Push, Remote};

pub(super) struct ParameterStore {
    client: Client,
    told: Told,
}

/// A number or a label.
fn version(location: &Location) -> Option<&str> {
    location.version.as_deref().filter(|version| !version.is_empty())
}

impl ParameterStore {
    pub(super) fn new(session: &Session, calls: Calls) -> Self {
        let service = "AWS/ParameterStore";
        Self {
            client: session.parameter_store(),
            told: Told { service, calls },
        }
    }

    async fn tags(&self, name: &str) -> Result<Tags, Problem> {
        let kind = ResourceTypeForTagging::Parameter;
        let call = self.client.list_tags_for_resource().resource_type(kind);
        let answer = self
            .told
            .call("ListTagsForResource", call.resource_id(name).send());
        let answer = answer.await.map_err(|fault| problem(fault, name))?;
        let tags = answer.tag_list().iter();
        Ok(tags
            .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
            .collect())
    }
}

#[async_trait]
impl Reads for ParameterStore {
    const BATCH: usize = 10;

    /// A name that is called invalid may be missing, or may not be a name: asked alone, it shows.
    async fn many(&self, names: &[String]) -> Result<BTreeMap<String, Answer>, Fault> {
        let call = self.client.get_parameters().with_decryption(true);
        let call = call.set_names(Some(names.to_vec()));
        let answer = self.told.call("GetParameters", call.send()).await?;
        let parameters = answer.parameters.unwrap_or_default();
        let answer_to = |name: &String| {
            let parameter = parameters.iter().find(|parameter| is_called(parameter, name))?;
            Some((name.clone(), payload(parameter.value.clone(), name)))
        };
        Ok(names.iter().filter_map(answer_to).collect())
    }

    async fn one(&self, name: &str) -> Answer {
        let call = self.client.get_parameter().with_decryption(true).name(name);
        let answer = self.told.call("GetParameter", call.send()).await;
        let answer = answer.map_err(|fault| problem(fault, name))?;
        payload(answer.parameter.and_then(|parameter| parameter.value), name)
    }
}

fn is_called(parameter: &Parameter, name: &str) -> bool {
    parameter.name() == Some(name) || parameter.arn() == Some(name)
}

fn payload(value: Option<String>, name: &str) -> Answer {
    let payload = value.map(|value| Payload::Bytes(value.into()));
    payload.ok_or_else(|| Problem::BadAnswer {
        what: name.to_owned(),
        why: "it holds no value".to_owned(),
    })
}

/// A version that is not there is no other than a parameter that is not there.
fn problem(fault: Fault, name: &str) -> Problem {
    const ABSENT: [&str; 3] = [
        "ParameterNotFound",
        "ParameterVersionNotFound",
        "InvalidResourceId",
    ];
    if fault.is(&ABSENT) {
        return Problem::Absent { key: name.to_owned() };
    }
    fault.into_problem(name)
}

#[async_trait]
impl Api for ParameterStore {
    const NAME: &'static str = "ParameterStore";
    const PARALLEL: usize = 8;

    fn is_plain(location: &Location) -> bool {
        location.aspect == Aspect::Value && version(location).is_none()
    }

    /// Tags are those of all versions.
    async fn alone(&self, name: &str, location: &Location) -> Answer {
        match (location.aspect, version(location)) {
            (Aspect::Metadata, _) => {
                let tags = self.tags(name).await?;
                let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                Ok(property::tags(tags))
            }
            (Aspect::Value, Some(version)) => self.one(&format!("{name}:{version}")).await,
            (Aspect::Value, None) => self.one(name).await,
        }
    }

    async fn find(&self, batches: &Batches, query: &Find) -> Result<Values, Problem> {
        find::find(self, batches, query).await
    }

    async fn write(&self, name: &str, push: &Push) -> Result<(), Problem> {
        push::write(self, name, push).await
    }

    async fn delete(&self, name: &str, _: &Remote) -> Result<(), Problem> {
        push::delete(self, name).await
    }

    async fn exists(&self, name: &str) -> Result<bool, Problem> {
        push::exists(self, name).await
    }
}
