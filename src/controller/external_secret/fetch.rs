//! Asks stores and generators, all at once; the readers turn equal questions into one.

use std::sync::Arc;

use futures::future::join_all;
use lockstep_api::GeneratorRef;

use super::gather::Subject;
use super::recipes::Recipes;
use crate::controller::Context;
use crate::engine::collect::{Ask, Found, Want};
use crate::engine::object::StoreKey;
use crate::engine::problem::Problem;
use crate::engine::store;
use crate::engine::values::Values;
use crate::generator::Order;
use crate::provider::reader::Reader;

/// The answers, in the order of the wants.
pub async fn fetch(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    wants: &[Want],
) -> Vec<Result<Found, Problem>> {
    join_all(
        wants
            .iter()
            .map(|want| answer(context, subject, recipes, &want.ask)),
    )
    .await
}

/// The same answers, but with new values where they are made and not read.
pub async fn generate_anew(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    wants: &[Want],
    answers: Vec<Result<Found, Problem>>,
) -> Vec<Result<Found, Problem>> {
    let anew = wants
        .iter()
        .zip(answers)
        .map(async |(want, answer)| match &want.ask {
            Ask::Generate { .. } => self::answer(context, subject, recipes, &want.ask).await,
            Ask::Value { .. } | Ask::Extract { .. } | Ask::Find { .. } => answer,
        });
    join_all(anew).await
}

async fn answer(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    ask: &Ask,
) -> Result<Found, Problem> {
    match ask {
        Ask::Value {
            store,
            location,
            property,
        } => {
            let reader = reader(context, subject, store).await?;
            reader
                .value(location.clone(), property.as_deref())
                .await
                .map(Found::Value)
        }
        Ask::Extract {
            store,
            location,
            property,
        } => {
            let reader = reader(context, subject, store).await?;
            reader
                .extract(location.clone(), property.as_deref())
                .await
                .map(Found::Map)
        }
        Ask::Find { store, query } => {
            let reader = reader(context, subject, store).await?;
            reader.find(query).await.map(Found::Map)
        }
        Ask::Generate { generator } => generate(context, subject, recipes, generator)
            .await
            .map(Found::Map),
    }
}

/// Other than a read, this gives other values each time.
async fn generate(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    reference: &GeneratorRef,
) -> Result<Values, Problem> {
    let namespace = &subject.key.namespace;
    let recipe = recipes.get(reference, namespace);
    let (generator, spec) = recipe.map_err(|problem| problem.at("unable to get generator"))?;
    let order = Order {
        generator: &generator,
        namespace,
        now: subject.now,
    };
    let made = context.generators.generate(spec, order).await;
    made.map_err(|problem| problem.at("error using generator"))
}

/// The connection to a store, for those who may use it.
async fn reader(context: &Context, subject: &Subject, key: &StoreKey) -> Result<Arc<Reader>, Problem> {
    let store = context
        .cluster
        .store(key)
        .ok_or_else(|| Problem::StoreMissing { store: key.clone() })?;
    let namespace = &subject.key.namespace;
    let labels = context.cluster.namespace_labels(namespace);
    store::admit(&store, namespace, labels.as_deref(), &context.rules)?;
    context.pool.connection(&store, namespace).await
}
