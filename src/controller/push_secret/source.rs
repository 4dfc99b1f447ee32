//! What is pushed, as it is now.

use lockstep_api::push_secret::{Pick, PushSource, PushSourceSecret};

use super::gather::Subject;
use super::{Shared, generated, served};
use crate::cluster::PushSecrets;
use crate::controller::Context;
use crate::engine::ask;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::push::Source;

#[derive(Debug)]
pub enum Found {
    Sources(Vec<Source>),
    /// There is none of the name that is asked for.
    Missing(Problem),
    /// It is made by a generator that another instance of lockstep serves.
    NotOurs,
}

pub async fn fetch(context: &Context, shared: &Shared, subject: &Subject) -> Result<Found, Problem> {
    match &subject.spec.selector {
        PushSource::Secret(source) => read(context, subject, source).await,
        PushSource::Generator(reference) => {
            let made = generated::make(context, shared, subject, reference).await?;
            Ok(made.map_or(Found::NotOurs, |values| {
                Found::Sources(vec![Source {
                    values,
                    about: ask::PushSource {
                        namespace: subject.key.namespace.clone(),
                        ..ask::PushSource::default()
                    },
                    ..Source::default()
                }])
            }))
        }
    }
}

async fn read(context: &Context, subject: &Subject, source: &PushSourceSecret) -> Result<Found, Problem> {
    let namespace = &subject.key.namespace;
    let pushes = served(context)?;
    match source.pick() {
        Some(Pick::Name(name)) => {
            let key = ObjectKey::new(namespace, name.as_str());
            let found = PushSecrets::source(pushes, &key).await?;
            let object = ObjectRef::namespaced("Secret", &key);
            Ok(
                found.map_or(Found::Missing(Problem::ReferenceMissing { object }), |source| {
                    Found::Sources(vec![source])
                }),
            )
        }
        Some(Pick::Labels(selector)) => {
            let found = PushSecrets::sources(pushes, namespace, selector).await?;
            Ok(Found::Sources(found))
        }
        None => Err(Problem::InvalidSpec {
            field: "spec.selector.secret".to_owned(),
            why: "must have a name or a selector".to_owned(),
        }),
    }
}
