//! Sources that a generator makes: once a round, and not at all where nobody would get what it makes.

use std::time::Duration;

use lockstep_api::GeneratorRef;
use lockstep_api::push_secret::{PushSource, PushUpdatePolicy};

use super::Shared;
use super::act;
use super::audit;
use super::gather::{self, Subject};
use super::memory::Generated;
use super::plan::Job;
use super::report::Failure;
use crate::controller::Context;
use crate::controller::lent::{self, Known, Lives};
use crate::engine::due::Loan;
use crate::engine::generator::{self, GeneratorKey};
use crate::engine::lease::Life;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::push::{self, Entry};
use crate::engine::state::State;
use crate::engine::values::Values;
use crate::generator::page::{Owner, Page};
use crate::generator::{Order, kept};

/// What is made. `None`: the generator is somebody else's.
pub async fn make(
    context: &Context,
    shared: &Shared,
    subject: &Subject,
    reference: &GeneratorRef,
) -> Result<Option<Values>, Problem> {
    // What some stores have got already, those that failed get too.
    let kept = shared
        .memory
        .last(&subject.key, &subject.uid)
        .and_then(|last| last.generated);
    if let Some(kept) = kept {
        return Ok(Some(kept.values));
    }
    let key = GeneratorKey::named_by(reference, &subject.key.namespace)?;
    let spec = context.cluster.generator(&key).await?;
    let spec = spec.ok_or_else(|| Problem::GeneratorMissing {
        generator: ObjectRef::from(&key),
    })?;
    let spec = spec.as_ref().map_err(|fault| key.broken(fault.clone()))?;
    if !generator::is_served_by(spec, &context.rules.class) {
        return Ok(None);
    }
    let interval = subject.spec.refresh_interval();
    let owner = Owner::push_secret(&subject.key, &subject.uid);
    let page = Page::kept_in(&context.cluster, owner);
    let order = Order {
        generator: &key,
        namespace: &subject.key.namespace,
        now: subject.now,
        refresh: Some(interval)
            .filter(|interval| !interval.is_zero())
            .and_then(|interval| subject.now.checked_add(interval).ok()),
        page: &page,
    };
    let made = context.generators.generate(spec, order).await;
    audit::generated(context, subject.behalf(), &ObjectRef::from(&key), &made);
    let noted = match made {
        Ok(values) => page.record(|_| {}).await.map(|_| values),
        Err(problem) => Err(problem),
    };
    let values = match noted {
        Ok(values) => values,
        Err(problem) => {
            discard(context, shared, subject, &page).await;
            return Err(problem);
        }
    };
    let state = page.state().inspect(|state| begin(&shared.lives, subject, state));
    let state = state.map(|state| state.uid);
    shared.memory.generated(
        subject,
        Generated {
            values: values.clone(),
            state,
        },
    );
    Ok(Some(values))
}

fn begin(lives: &Lives, subject: &Subject, state: &State) {
    let life = kept::account(state).life.map(Life::at_first_hand);
    let is_in_use = true;
    lives.set(&subject.key, state, Known { life, is_in_use });
}

/// Renews what was pushed, and says when to look again. After a restart, or under `IfNotExists`, any of several may be at
/// some place; only the newest is replaced when it ends, where another may take its place.
pub async fn tend(context: &Context, lives: &Lives, subject: &Subject) -> Option<Loan> {
    let states = context.cluster.generator_states()?;
    let current = states.states_of(&subject.uid).into_iter();
    let current = current.filter(|state| state.is_current() && kept::account(state).is_complete);
    let mut current: Vec<_> = current.collect();
    current.sort_by_key(|state| kept::account(state).made);
    let is_replaced = matches!(subject.spec.selector, PushSource::Generator(_))
        && subject.spec.update_policy != PushUpdatePolicy::IfNotExists;
    let mut next = None;
    for (nth, state) in current.iter().enumerate() {
        let loan = lent::look_after(context, lives, subject.borrower(), state).await;
        let is_newest = nth + 1 == current.len();
        let loan = loan.filter(|loan| *loan != Loan::Over || is_newest && is_replaced);
        next = next.into_iter().chain(loan).min();
    }
    let known = lives.next(&subject.key, subject.now);
    next.into_iter().chain(known).min()
}

/// Nobody gets it.
async fn discard(context: &Context, shared: &Shared, subject: &Subject, page: &Page) {
    if let Some(state) = page.state() {
        retire_one(context, shared, subject, &state, Duration::ZERO).await;
    }
    page.forsake(&context.generators, subject.now).await;
}

/// The round before ended without a store that got what was made for it.
pub async fn abandon(context: &Context, shared: &Shared, subject: &Subject, unused: &str) {
    retire(context, shared, subject, Duration::ZERO, |state| {
        state.uid == unused
    })
    .await;
}

/// Everything is pushed: what earlier rounds made is needed by those alone who have not noticed. Not so under
/// `IfNotExists`, where it may be at some places for ever.
pub async fn settle(context: &Context, shared: &Shared, subject: &Subject) {
    let spec = &subject.spec;
    let last = shared.memory.last(&subject.key, &subject.uid);
    let generated = last.and_then(|last| last.generated);
    let is_made = matches!(spec.selector, PushSource::Generator(_));
    if is_made && (generated.is_none() || spec.update_policy == PushUpdatePolicy::IfNotExists) {
        return;
    }
    let fresh = generated.and_then(|generated| generated.state);
    let grace = context.settings.grace;
    retire(context, shared, subject, grace, |state| {
        Some(&state.uid) != fresh.as_ref()
    })
    .await;
}

async fn retire(
    context: &Context,
    shared: &Shared,
    subject: &Subject,
    grace: Duration,
    which: impl Fn(&State) -> bool,
) {
    let states = context.cluster.generator_states();
    let all = states.map(|states| states.states_of(&subject.uid));
    for state in all.into_iter().flatten() {
        if state.is_current() && which(&state) {
            retire_one(context, shared, subject, &state, grace).await;
        }
    }
}

/// One that cannot be flagged now is flagged by a later round.
async fn retire_one(context: &Context, shared: &Shared, subject: &Subject, state: &State, grace: Duration) {
    if let Some(states) = context.cluster.generator_states() {
        lent::part_with(states, &shared.lives, subject.borrower(), state, grace).await;
    }
}

/// Under `IfNotExists`, where every place has something already. ESO generates all the same, and throws it away.
pub async fn nothing_to_make(context: &Context, subject: &Subject) -> Result<Option<Vec<Job>>, Box<Failure>> {
    let spec = &subject.spec;
    let may_be_known = matches!(spec.selector, PushSource::Generator(_))
        && spec.update_policy == PushUpdatePolicy::IfNotExists
        && spec.data_to.is_empty();
    if !may_be_known {
        return Ok(None);
    }
    let stores = gather::stores(context, subject).map_err(Failure::plain)?;
    if !stores.missing.is_empty() || stores.ready.is_empty() {
        return Ok(None);
    }
    for store in &stores.ready {
        let Ok(reader) = act::reader(context, &subject.key.namespace, store).await else {
            return Ok(None);
        };
        for data in &spec.data {
            if reader.exists(&push::remote(data)).await != Ok(true) {
                return Ok(None);
            }
        }
    }
    let known = |store| Job {
        store,
        entries: Ok(spec.data.iter().map(Entry::left_alone).collect()),
    };
    Ok(Some(stores.ready.into_iter().map(known).collect()))
}
