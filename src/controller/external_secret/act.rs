//! Carries plans out. Where the ground shifts under a plan, a new one is made from what is there now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lockstep_api::external_secret::CreationPolicy;

use super::audit;
use super::gather::Subject;
use super::memory::Left;
use super::target::{self, Orphan, View};
use crate::cluster::Event;
use crate::controller::Context;
use crate::engine::condition::{Failure, Sort, Stage};
use crate::engine::due::Loan;
use crate::engine::fingerprint;
use crate::engine::object::ObjectRef;
use crate::engine::plan::{self, Inputs, Outcome, Plan, Step, Write};
use crate::engine::problem::Problem;
use crate::engine::render::Made;
use crate::engine::target::Target;

/// How often a plan is made anew within one turn. After that the queue tries again.
const ATTEMPTS: usize = 3;

/// What was really done.
#[derive(Debug)]
pub struct Done {
    pub outcome: Outcome,
    pub wrote: Wrote,
    /// Whether there is a target that workloads can be bound to.
    pub bound: bool,
    /// When the certificates end that the target holds of ours, by key.
    pub certificates: BTreeMap<String, Timestamp>,
    /// When to look after what was lent for it, once that is known.
    pub loan: Option<Loan>,
    pub left: Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    Nothing,
    Created,
    Updated { announced: bool },
    Deleted,
}

pub async fn act(
    context: &Context,
    subject: &Subject,
    made: Made,
    nothing_found: bool,
) -> Result<Done, Box<Failure>> {
    let mut view = first_look(context, subject).await?;
    for _ in 0..ATTEMPTS {
        let plan = match plan::decide(&inputs(subject, &view), &made, nothing_found) {
            Ok(plan) => plan,
            Err(failure) => return Err(refuse(context, subject, &view, failure).await),
        };
        delete_orphans(context, subject, &plan).await?;
        match carry_out(context, subject, &plan, view.target.as_deref()).await {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => view = look_closer(context, subject).await?,
            Err(failure) if failure.is_conflict() => view = look_closer(context, subject).await?,
            Err(mut failure) => {
                failure.met_target = view.target.is_some();
                return Err(failure);
            }
        }
    }
    let object = target::reference(subject);
    Err(Failure::new(Stage::Write, Problem::Conflict { object }))
}

/// Where we would not create a target, one that we do not watch must be looked for.
async fn first_look(context: &Context, subject: &Subject) -> Result<View, Box<Failure>> {
    let watched = View {
        target: subject.existing.clone(),
        ..View::default()
    };
    match subject.spec.target.creation_policy() {
        CreationPolicy::Merge | CreationPolicy::None if watched.target.is_none() => {
            look_closer(context, subject).await
        }
        CreationPolicy::Owner
        | CreationPolicy::Orphan
        | CreationPolicy::CreateOrMerge
        | CreationPolicy::Merge
        | CreationPolicy::None => Ok(watched),
    }
}

async fn look_closer(context: &Context, subject: &Subject) -> Result<View, Box<Failure>> {
    let found = target::look_closer(context, subject).await;
    let stage = match subject.sort() {
        Sort::Secret => Stage::Write,
        Sort::Resource => Stage::Look,
    };
    found.map_err(|problem| Failure::new(stage, problem))
}

/// A target that is not ours to write is marked, so that we see it change and look again.
async fn refuse(
    context: &Context,
    subject: &Subject,
    view: &View,
    mut failure: Box<Failure>,
) -> Box<Failure> {
    audit::wrote(context, subject, None, Err(&failure.problem));
    let Some(target) = view.target.as_deref() else {
        return failure;
    };
    if let Step::Write(mark) = plan::mark(&inputs(subject, view), target) {
        // Without the mark we only notice later; the failure itself is what counts.
        let _ = target::write(context, &mark).await;
    }
    failure.met_target = true;
    failure
}

fn inputs<'a>(subject: &'a Subject, view: &'a View) -> Inputs<'a> {
    Inputs {
        claimant: &subject.claimant,
        spec: &subject.spec,
        target: &subject.target,
        existing: view.target.as_deref(),
        existing_values: view.values.as_ref(),
        existing_object: view.object.as_ref(),
    }
}

/// Under Owner, targets that we made under an earlier target name go before the new one is written.
async fn delete_orphans(context: &Context, subject: &Subject, plan: &Plan) -> Result<(), Box<Failure>> {
    for orphan in orphans(context, subject, plan) {
        let deleted = orphan.delete(context).await;
        let who = || audit::who(subject);
        audit::deleted(context, who, || orphan.name(), None, &deleted);
        deleted.map_err(|problem| Failure::new(Stage::DeleteOrphans, problem))?;
        context
            .cluster
            .publish(event(subject, "Deleted", orphan.farewell()));
    }
    Ok(())
}

fn orphans(context: &Context, subject: &Subject, plan: &Plan) -> Vec<Orphan> {
    let is_writing = matches!(plan.step, Step::Write(_) | Step::Nothing) && plan.outcome == Outcome::Synced;
    if subject.spec.target.creation_policy() != CreationPolicy::Owner || !is_writing {
        return Vec::new();
    }
    target::orphans(context, subject)
}

/// What [`act`] would do first, were it to act now.
#[derive(Debug)]
pub struct Foresight {
    pub plan: Plan,
    /// The plan of another time, with other values where they are made and not read. None where none are.
    pub again: Option<Plan>,
    /// Targets that would be deleted before.
    pub orphans: Vec<ObjectRef>,
    /// The target, with the values in it.
    pub found: View,
}

/// Looks closely, decides, and leaves it at that.
pub async fn foresee(
    context: &Context,
    subject: &Subject,
    made: &Made,
    again: Option<&Made>,
    nothing_found: bool,
) -> Result<Foresight, Box<Failure>> {
    let found = look_closer(context, subject).await?;
    let decide = |made| plan::decide(&inputs(subject, &found), made, nothing_found);
    let plan = decide(made)?;
    let again = again.map(decide).transpose()?;
    let orphans = orphans(context, subject, &plan);
    Ok(Foresight {
        orphans: orphans.iter().map(Orphan::name).collect(),
        plan,
        again,
        found,
    })
}

/// `None`: the plan wants a closer look first.
async fn carry_out(
    context: &Context,
    subject: &Subject,
    plan: &Plan,
    existing: Option<&Target>,
) -> Result<Option<Done>, Box<Failure>> {
    let writable = subject.spec.target.creation_policy() != CreationPolicy::None;
    let is_secret = subject.sort() == Sort::Secret;
    let manager = fingerprint::field_manager(&subject.key.name);
    let done = |wrote, bound, left: Option<&Target>| Done {
        outcome: plan.outcome,
        wrote,
        bound: bound && writable && is_secret,
        certificates: left
            .map(|target| target.certificates_of(&manager))
            .unwrap_or_default(),
        loan: None,
        left: Left {
            marks: left.filter(|_| is_secret).map(|target| target.marks(&manager)),
            ..Left::default()
        },
    };
    match &plan.step {
        Step::Nothing => Ok(Some(done(
            Wrote::Nothing,
            existing.is_some() && plan.outcome == Outcome::Synced,
            existing,
        ))),
        Step::LookCloser => Ok(None),
        Step::Delete { uid } => {
            let deleted = target::delete(context, &subject.target, subject.resource.as_ref(), uid).await;
            let (who, target) = (|| audit::who(subject), || target::reference(subject));
            audit::deleted(context, who, target, existing, &deleted);
            deleted.map_err(|problem| Failure::new(Stage::Delete, problem))?;
            Ok(Some(done(Wrote::Deleted, false, None)))
        }
        Step::Write(write) => {
            let written = target::write(context, write).await;
            audit::wrote(context, subject, existing, written.as_ref());
            let written = written.map_err(|problem| Failure::new(Stage::Write, problem))?;
            if writable {
                let settled = target::settle(context, write, &written).await;
                settled.map_err(|problem| Failure::new(Stage::Write, problem))?;
            }
            Ok(Some(done(kind_of(write, &written), true, Some(&written))))
        }
    }
}

/// The API server leaves an object as it is where it would come out the same.
fn kind_of(write: &Write, written: &Target) -> Wrote {
    let (base, announced) = match write {
        Write::Secret(write) => (write.base.as_ref(), write.announced),
        Write::Resource(write) => (write.base.as_ref(), write.announced),
    };
    match base {
        None => Wrote::Created,
        Some(base) if base.resource_version == written.resource_version => Wrote::Nothing,
        Some(_) => Wrote::Updated { announced },
    }
}

pub fn event(subject: &Subject, reason: &'static str, message: impl Into<String>) -> Event {
    Event {
        about: ObjectRef::namespaced("ExternalSecret", &subject.key),
        uid: subject.claimant.uid.clone(),
        warning: false,
        reason,
        message: message.into(),
    }
}
