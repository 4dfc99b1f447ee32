//! Sources that a generator makes: once a round, and not at all where nobody would get what it makes.

use lockstep_api::GeneratorRef;
use lockstep_api::push_secret::{PushSource, PushUpdatePolicy};

use super::act;
use super::audit;
use super::gather::{self, Subject};
use super::memory::Memory;
use super::plan::Job;
use super::report::Failure;
use crate::controller::Context;
use crate::engine::generator::{self, GeneratorKey};
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::push::{self, Entry};
use crate::engine::values::Values;
use crate::generator::Order;
use crate::generator::page::Page;

/// What is made. `None`: the generator is somebody else's.
pub async fn make(
    context: &Context,
    memory: &Memory,
    subject: &Subject,
    reference: &GeneratorRef,
) -> Result<Option<Values>, Problem> {
    // What some stores have got already, those that failed get too.
    let kept = memory
        .last(&subject.key, &subject.uid)
        .and_then(|last| last.generated);
    if kept.is_some() {
        return Ok(kept);
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
    let page = Page::loose();
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
    let values = made?;
    memory.generated(subject, &values);
    Ok(Some(values))
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
