//! Asks all stores at once, and then all generators; the readers turn equal questions into one.
//!
//! What a generator makes may be a token, or a user in a database: nothing is made for a sync that is known to fail.

use std::collections::BTreeMap;

use futures::future::join_all;
use lockstep_api::GeneratorRef;
use lockstep_api::generator::GeneratorSpec;

use super::audit;
use super::gather::Subject;
use super::loans::Book;
use super::recipes::Recipes;
use super::sources::{self, Source};
use crate::controller::Context;
use crate::engine::collect::{self, Ask, Found, Want};
use crate::engine::generator::GeneratorKey;
use crate::engine::object::StoreKey;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::generator::Order;
use crate::generator::page::Page;

#[derive(Clone, Debug)]
pub struct Fetched {
    /// In the order of the wants.
    pub answers: Vec<Result<Found, Problem>>,
    /// Who gave them, one for each store that was asked.
    pub sources: Vec<Source>,
}

/// All that is asked of one store is asked together, so that it comes from one place, and of one moment where the
/// backend can say so.
pub async fn fetch(
    context: &Context,
    subject: &Subject,
    (wants, recipes): (&[Want], &Recipes),
    book: &Book,
) -> Fetched {
    let mut of_stores: BTreeMap<&StoreKey, Vec<usize>> = BTreeMap::new();
    for (place, want) in wants.iter().enumerate() {
        if let Some(store) = want.ask.store() {
            of_stores.entry(store).or_default().push(place);
        }
    }
    let asked = of_stores.iter().map(async |(store, places)| {
        let wants: Vec<_> = places.iter().map(|place| &wants[*place]).collect();
        sources::ask(context, subject, store, &wants).await
    });
    let (answers, sources): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().unzip();
    let read = of_stores.into_values().zip(answers);
    let mut answers: BTreeMap<_, _> = read
        .flat_map(|(places, answers)| places.into_iter().zip(answers))
        .collect();
    let unread = answers.values().filter_map(|answer| answer.as_ref().err());
    let unmade = wants.iter().filter_map(generator);
    let unmade: Vec<Problem> = unmade
        .filter_map(|generator| recipes.get(generator, &subject.key.namespace).err())
        .collect();
    let is_futile = collect::is_futile(&subject.spec, unread.chain(&unmade));
    let made = wants.iter().enumerate().filter_map(|(place, want)| {
        let generator = generator(want)?;
        let is_held_back = is_futile && recipes.get(generator, &subject.key.namespace).is_ok();
        Some(async move {
            if is_held_back {
                return (place, Ok(Found::Unmade));
            }
            let made = generate(context, subject, recipes, book, (want, generator)).await;
            (place, made)
        })
    });
    answers.extend(join_all(made).await);
    Fetched {
        answers: answers.into_values().collect(),
        sources,
    }
}

/// The same, but with new values where they are made and not read.
pub async fn generate_anew(
    context: &Context,
    subject: &Subject,
    (wants, recipes): (&[Want], &Recipes),
    book: &Book,
    fetched: Fetched,
) -> Fetched {
    let anew = wants
        .iter()
        .zip(fetched.answers)
        .map(async |(want, answer)| match generator(want) {
            Some(generator) if answer != Ok(Found::Unmade) => {
                generate(context, subject, recipes, book, (want, generator)).await
            }
            Some(_) | None => answer,
        });
    Fetched {
        answers: join_all(anew).await,
        ..fetched
    }
}

fn generator(want: &Want) -> Option<&GeneratorRef> {
    match &want.ask {
        Ask::Generate { generator } => Some(generator),
        Ask::Value { .. } | Ask::Extract { .. } | Ask::Find { .. } => None,
    }
}

async fn generate(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    book: &Book,
    (want, generator): (&Want, &GeneratorRef),
) -> Result<Found, Problem> {
    let page = book.page(want.entry);
    let answer = make(context, subject, recipes, page, generator).await;
    audit::generated(
        context,
        subject,
        (want, generator),
        page.state().as_ref(),
        &answer,
    );
    answer
}

/// Other than a read, this gives other values each time.
async fn make(
    context: &Context,
    subject: &Subject,
    recipes: &Recipes,
    page: &Page,
    generator: &GeneratorRef,
) -> Result<Found, Problem> {
    let recipe: Result<(GeneratorKey, &GeneratorSpec), Problem> =
        recipes.get(generator, &subject.key.namespace);
    let (generator, spec) = recipe.map_err(|problem| problem.at("unable to get generator"))?;
    let order = Order {
        generator: &generator,
        namespace: &subject.key.namespace,
        now: subject.now,
        refresh: subject.next_interval(),
        page,
    };
    let made: Result<Values, Problem> = context.generators.generate(spec, order).await;
    made.map(Found::Map)
        .map_err(|problem| problem.at("error using generator"))
}
