//! Asks stores and generators, all at once; the readers turn equal questions into one.

use std::sync::Arc;

use futures::future::join_all;
use lockstep_api::generator::GeneratorSpec;

use super::audit;
use super::gather::Subject;
use super::loans::Book;
use super::recipes::Recipes;
use crate::controller::Context;
use crate::engine::collect::{Ask, Found, Want};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::StoreKey;
use crate::engine::problem::Problem;
use crate::engine::store;
use crate::engine::values::Values;
use crate::generator::Order;
use crate::generator::page::Page;
use crate::provider::reader::Reader;

/// The answers, in the order of the wants.
pub async fn fetch(
    context: &Context,
    subject: &Subject,
    (wants, recipes): (&[Want], &Recipes),
    book: &Book,
) -> Vec<Result<Found, Problem>> {
    join_all(
        wants
            .iter()
            .map(|want| answer(context, subject, recipes, book, want)),
    )
    .await
}

/// The same answers, but with new values where they are made and not read.
pub async fn generate_anew(
    context: &Context,
    subject: &Subject,
    (wants, recipes): (&[Want], &Recipes),
    book: &Book,
    answers: Vec<Result<Found, Problem>>,
) -> Vec<Result<Found, Problem>> {
    let anew = wants
        .iter()
        .zip(answers)
        .map(async |(want, answer)| match &want.ask {
            Ask::Generate { .. } => self::answer(context, subject, recipes, book, want).await,
            Ask::Value { .. } | Ask::Extract { .. } | Ask::Find { .. } => answer,
        });
    join_all(anew).await
}

async fn answer(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    book: &Book,
    want: &Want,
) -> Result<Found, Problem> {
    let answer = ask(context, subject, recipes, book, want).await;
    let lease = match &want.ask {
        Ask::Generate { .. } => book.page(want.entry).state(),
        Ask::Value { .. } | Ask::Extract { .. } | Ask::Find { .. } => None,
    };
    audit::fetched(context, subject, want, lease.as_ref(), &answer);
    answer
}

async fn ask(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    book: &Book,
    want: &Want,
) -> Result<Found, Problem> {
    match &want.ask {
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
        Ask::Generate { generator } => {
            let page = book.page(want.entry);
            generate(
                context,
                subject,
                recipes.get(generator, &subject.key.namespace),
                page,
            )
            .await
            .map(Found::Map)
        }
    }
}

/// Other than a read, this gives other values each time.
async fn generate(
    context: &Context,
    subject: &Subject,
    recipe: Result<(GeneratorKey, &GeneratorSpec), Problem>,
    page: &Page,
) -> Result<Values, Problem> {
    let (generator, spec) = recipe.map_err(|problem| problem.at("unable to get generator"))?;
    let order = Order {
        generator: &generator,
        namespace: &subject.key.namespace,
        now: subject.now,
        refresh: subject.next_interval(),
        page,
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
