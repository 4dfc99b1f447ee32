//! The generators that an object names, as they stand when it is due.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use lockstep_api::GeneratorRef;
use lockstep_api::generator::GeneratorSpec;

use super::gather::Subject;
use crate::controller::Context;
use crate::engine::collect::{Ask, Want};
use crate::engine::generator::{self, GeneratorKey};
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;

/// What each of them says. Read once a turn, also where several entries use one; what they make is never shared.
#[derive(Debug, Default)]
pub struct Recipes(BTreeMap<GeneratorKey, Result<GeneratorSpec, Problem>>);

pub async fn look_up(context: &Context, subject: &Subject, wants: &[Want]) -> Recipes {
    let namespace = &subject.key.namespace;
    let named = wants.iter().filter_map(|want| match &want.ask {
        Ask::Generate { generator } => GeneratorKey::named_by(generator, namespace).ok(),
        Ask::Value { .. } | Ask::Extract { .. } | Ask::Find { .. } => None,
    });
    let keys: BTreeSet<GeneratorKey> = named.collect();
    let found = keys.into_iter().map(|key| async {
        let spec = read(context, &key).await;
        (key, spec)
    });
    Recipes(join_all(found).await.into_iter().collect())
}

async fn read(context: &Context, key: &GeneratorKey) -> Result<GeneratorSpec, Problem> {
    let spec = context.cluster.generator(key).await?;
    let spec = spec.ok_or_else(|| Problem::GeneratorMissing {
        generator: ObjectRef::from(key),
    })?;
    spec.as_ref().cloned().map_err(|fault| key.broken(fault.clone()))
}

impl Recipes {
    /// Objects that hang on a generator of another class are somebody else's, as with stores. One that is not there
    /// is everybody's.
    pub fn are_served_by(&self, class: &str) -> bool {
        let mut found = self.0.values().flatten();
        found.all(|spec| generator::is_served_by(spec, class))
    }

    pub fn get(
        &self,
        reference: &GeneratorRef,
        namespace: &str,
    ) -> Result<(GeneratorKey, &GeneratorSpec), Problem> {
        let key = GeneratorKey::named_by(reference, namespace)?;
        match self.0.get(&key) {
            Some(Ok(spec)) => Ok((key, spec)),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(Problem::GeneratorMissing {
                generator: ObjectRef::from(&key),
            }),
        }
    }
}
