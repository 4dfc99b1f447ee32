//! `VaultDynamicSecret`: what a path of Vault answers, and what Vault lends with it.
//!
//! Vault revokes with a token all that was made with it. So where we log in ourselves, each credential is asked for with
//! a login of its own: its token, sealed, is noted before the credential is asked for, and undoes all that came of it
//! with no right beyond those that every token has. With a token that we were given, a lease is noted by its id as soon
//! as it is known.

mod answer;
mod keep;
mod note;
mod request;
mod shared;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use jiff::Timestamp;
use lockstep_api::generator::{FreeJson, VaultDynamicSecretSpec};
use lockstep_gostd::hex;
use rand::Rng as _;
use tracing::warn;

use self::note::{Lease, Note, Token};
use self::request::{login_of, path_of, patiently};
use self::shared::Shared;
use super::Order;
use super::page::{Keeping, Made};
use super::seal::Seal;
use crate::cluster::Cluster;
use crate::engine::lease::{Sort, Term};
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::vault::{Envelope, Lent, OwnToken, Session};
use crate::provider::{Calls, Keepsake, News, References, Rules, StoreScope, Surroundings};
use crate::random::random;

pub use self::keep::Renewal;
pub use self::note::Note as VaultNote;

/// Where the provider stands in the spec, for messages.
const FIELD: &str = "spec.provider";
/// Paths that are remembered at most.
const MOST_PATHS: usize = 10_000;

/// Makes values out of what Vault answers.
#[derive(Debug)]
pub struct Vault {
    cluster: Arc<dyn Cluster>,
    calls: Calls,
    rules: Rules,
    /// Paths that lend nothing: nothing need be noted before they are called.
    plain: Mutex<HashSet<String>>,
    shared: Shared,
}

impl Vault {
    pub fn new(cluster: Arc<dyn Cluster>, calls: Calls, rules: Rules) -> Self {
        Self {
            cluster,
            calls,
            rules,
            plain: Mutex::default(),
            shared: Shared::default(),
        }
    }

    pub async fn generate(
        &self,
        spec: &VaultDynamicSecretSpec,
        resource: &FreeJson,
        order: Order<'_>,
    ) -> Result<Values, Problem> {
        if self.is_plain(spec) {
            return self.ask(spec, resource, order).await;
        }
        let session = self.open(spec, order).await?;
        let own = session.pin();
        let mut note = Note::new(order.now, nonce()?);
        if let Some(own) = &own
            && let Err(problem) = self.intend(spec, resource, own, order, &mut note).await
        {
            undone(session.give_back().await, order);
            return Err(problem);
        }
        let answer = patiently(spec, &session).await;
        let values = answer
            .as_ref()
            .map_err(Problem::clone)
            .and_then(|answer| taken(spec, answer.as_ref()));
        match answer.ok().flatten().filter(|_| values.is_ok()) {
            Some(envelope) if lends(&envelope) => {
                lent(&envelope, resource, (&session, own.is_some()), order, note).await;
            }
            envelope => {
                // What the server may have made although it did not say so goes with the token.
                if own.is_some() {
                    give_back(&session, order).await;
                }
                if let Some(envelope) = &envelope {
                    self.remember_as_plain(spec);
                    certified(envelope, resource, order, note);
                }
            }
        }
        values
    }

    /// Gives back the logins that are shared. What was lent stays lent.
    pub async fn close(&self) {
        self.shared.close().await;
    }

    /// Asks for what lends nothing, by a login that is shared.
    async fn ask(
        &self,
        spec: &VaultDynamicSecretSpec,
        resource: &FreeJson,
        order: Order<'_>,
    ) -> Result<Values, Problem> {
        let name = login_of(spec, order.namespace);
        let mut login = self.shared.login(&name, self.open(spec, order)).await?;
        let mut answer = patiently(spec, login.session()?).await;
        if matches!(answer, Err(Problem::Refused { .. })) {
            self.shared.forget(&name);
            // What we log in with may have changed meanwhile.
            if !login.is_new {
                login = self.shared.login(&name, self.open(spec, order)).await?;
                answer = patiently(spec, login.session()?).await;
            }
        }
        let answer = answer?;
        let values = taken(spec, answer.as_ref())?;
        let note = Note::new(order.now, nonce()?);
        match answer {
            Some(envelope) if lends(&envelope) => {
                self.plain().remove(&path_of(spec));
                lent(&envelope, resource, (login.session()?, false), order, note).await;
            }
            Some(envelope) => certified(&envelope, resource, order, note),
            None => {}
        }
        Ok(values)
    }

    /// A login is rare, and large while it is under way.
    fn open<'a>(
        &self,
        spec: &'a VaultDynamicSecretSpec,
        order: Order<'_>,
    ) -> BoxFuture<'a, Result<Session, Problem>> {
        let about = ObjectRef::from(order.generator);
        let surroundings = self.surroundings(spec, about, order.scope());
        Box::pin(async move { Session::open(&spec.provider, &surroundings, FIELD).await })
    }

    /// Notes the token before anything is made with it.
    async fn intend(
        &self,
        spec: &VaultDynamicSecretSpec,
        resource: &FreeJson,
        own: &OwnToken,
        order: Order<'_>,
        note: &mut Note,
    ) -> Result<(), Problem> {
        if order.page.keeping() != Keeping::Noted {
            return Ok(());
        }
        let seal = seal(self.cluster.as_ref()).await?;
        note.token = Some(Token {
            sealed: seal.close(&own.secret, &bound_to(order.namespace, spec, &note.nonce))?,
            term: term(order.now, &own.lent),
        });
        order.page.intend(resource.clone(), note.write()).await
    }

    fn surroundings(
        &self,
        spec: &VaultDynamicSecretSpec,
        owner: ObjectRef,
        scope: StoreScope,
    ) -> Surroundings {
        Surroundings {
            owner,
            references: References::new(self.cluster.clone(), scope).under(&self.rules),
            calls: self.calls.clone(),
            keepsake: Arc::new(Keepsake::default()),
            news: News::default(),
            retry: spec.retry_settings.clone(),
            rules: self.rules.clone(),
        }
    }

    fn is_plain(&self, spec: &VaultDynamicSecretSpec) -> bool {
        self.plain().contains(&path_of(spec))
    }

    /// What answers without lending anything will do so again; if not, only the note comes later.
    fn remember_as_plain(&self, spec: &VaultDynamicSecretSpec) {
        let mut plain = self.plain();
        if plain.len() >= MOST_PATHS {
            plain.clear();
        }
        plain.insert(path_of(spec));
    }

    fn plain(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.plain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn taken(spec: &VaultDynamicSecretSpec, answer: Option<&Envelope>) -> Result<Values, Problem> {
    match answer {
        Some(answer) => answer::values(spec, &answer.raw),
        None if spec.allow_empty_response => Ok(Values::default()),
        None => Err(Problem::BadData {
            why: "unable to get dynamic secret: empty response from Vault".to_owned(),
        }),
    }
}

/// A lease ends with the token, and so does a token that was made with it.
fn lends(envelope: &Envelope) -> bool {
    !envelope.lease_id.is_empty() || envelope.auth.is_some()
}

/// What was lent is noted, left alone, or given back at once.
async fn lent(
    envelope: &Envelope,
    resource: &FreeJson,
    (session, is_own): (&Session, bool),
    order: Order<'_>,
    mut note: Note,
) {
    match order.page.keeping() {
        Keeping::Loose => {}
        Keeping::Glance if is_own => undone(session.give_back().await, order),
        Keeping::Glance => {
            if !envelope.lease_id.is_empty() {
                undone(session.revoke_lease(&envelope.lease_id).await, order);
            }
        }
        Keeping::Noted => {
            note.complete = true;
            if !envelope.lease_id.is_empty() {
                note.lease = Some(Lease {
                    id: envelope.lease_id.clone(),
                    term: term(
                        order.now,
                        &Lent {
                            duration: envelope.lease_duration,
                            renewable: envelope.renewable,
                        },
                    ),
                });
            }
            if note.token.is_some() || note.lease.is_some() {
                order.page.made(Made {
                    resource: resource.clone(),
                    content: note.write(),
                });
            }
        }
    }
}

/// Nothing was lent. Where the token cannot be given back, the note stays, and whoever comes next tries again.
async fn give_back(session: &Session, order: Order<'_>) {
    let undone = match session.give_back().await {
        Ok(()) => order.page.withdraw().await,
        Err(problem) => Err(problem),
    };
    self::undone(undone, order);
}

/// What could not be undone is undone later where it is noted, and runs out by itself where it is not.
fn undone(outcome: Result<(), Problem>, order: Order<'_>) {
    if let Err(problem) = outcome {
        warn!(generator = %order.generator, cause = %problem, "a login that is not needed could not be given back yet");
    }
}

/// A certificate is replaced before it ends. Nothing need be noted where a refresh comes first.
fn certified(envelope: &Envelope, resource: &FreeJson, order: Order<'_>, mut note: Note) {
    let now = order.now.as_second();
    let ends = answer::certificate_ends(&envelope.raw).and_then(|ends| i64::try_from(ends.as_secs()).ok());
    let Some(span) = ends.and_then(|ends| u64::try_from(ends - now).ok()) else {
        return;
    };
    note.token = None;
    note.complete = true;
    note.certificate = Some(Term {
        granted: order.now,
        span,
        sort: Sort::Certificate,
    });
    if order.page.keeping() == Keeping::Noted && order.outlives(&note.life()) {
        order.page.made(Made {
            resource: resource.clone(),
            content: note.write(),
        });
    }
}

fn term(now: Timestamp, lent: &Lent) -> Term {
    Term {
        granted: now,
        span: lent.duration.as_secs(),
        sort: if lent.renewable {
            Sort::Renewable
        } else {
            Sort::Fixed
        },
    }
}

async fn seal(cluster: &dyn Cluster) -> Result<Seal, Problem> {
    let states = cluster.generator_states().ok_or_else(|| Problem::NotSupported {
        what: "keeping what Vault lends".to_owned(),
    })?;
    Seal::new(&states.sealing_key().await?)
}

/// Whoever can write notes must not have a token sent to a server of their own.
fn bound_to(namespace: &str, spec: &VaultDynamicSecretSpec, nonce: &str) -> String {
    format!("{namespace} {nonce} {}", spec.provider.server)
}

fn nonce() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    random()?.fill_bytes(&mut bytes);
    Ok(hex::encode(&bytes))
}

#[cfg(test)]
mod tests;
