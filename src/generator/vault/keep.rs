//! What becomes of a credential after it was made: it is renewed, and undone in the end.

use lockstep_api::generator::VaultDynamicSecretSpec;

use super::note::Note;
use super::{FIELD, Vault, bound_to, seal, term};
use crate::engine::lease::Term;
use crate::engine::object::ObjectRef;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state::State;
use crate::provider::StoreScope;
use crate::provider::vault::{Lent, Session};

/// What came of a renewal.
#[derive(Clone, Debug, PartialEq)]
pub enum Renewal {
    /// In the order of [`Note::terms`].
    Renewed(Vec<Term>),
    /// It cannot be renewed any more, or is no more.
    Over,
}

impl Vault {
    /// Renews the token, and with it what was lent. A failure that may pass is a problem.
    pub async fn renew(
        &self,
        spec: &VaultDynamicSecretSpec,
        state: &State,
        note: &Note,
        now: jiff::Timestamp,
    ) -> Result<Renewal, Problem> {
        let session = self.session(spec, state, note).await?;
        let mut terms = Vec::new();
        if note.token.is_some() {
            match outcome(session.renew().await)? {
                Some(lent) => terms.push(term(now, &lent)),
                None => return Ok(Renewal::Over),
            }
        }
        if let Some(lease) = &note.lease {
            let increment = std::time::Duration::from_secs(lease.term.span);
            match outcome(session.renew_lease(&lease.id, increment).await)? {
                Some(envelope) => terms.push(term(
                    now,
                    &Lent {
                        duration: envelope.lease_duration,
                        renewable: envelope.renewable,
                    },
                )),
                None => return Ok(Renewal::Over),
            }
        }
        Ok(Renewal::Renewed(terms))
    }

    /// Revokes what was lent: with its token, or where that is not ours by itself.
    pub async fn undo(
        &self,
        spec: &VaultDynamicSecretSpec,
        state: &State,
        note: &Note,
    ) -> Result<(), Problem> {
        if note.token.is_some() {
            let session = self.session(spec, state, note).await?;
            return match session.give_back().await {
                // A token that is refused is a token no more.
                Ok(()) | Err(Problem::Refused { .. }) => Ok(()),
                Err(problem) => Err(problem),
            };
        }
        let Some(lease) = &note.lease else {
            return Ok(());
        };
        let session = self.session(spec, state, note).await?;
        match session.revoke_lease(&lease.id).await {
            // Vault answers so of a lease that it does not know.
            Ok(()) | Err(Problem::BadAnswer { .. }) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// A session with the token that the credential was made with.
    async fn session(
        &self,
        spec: &VaultDynamicSecretSpec,
        state: &State,
        note: &Note,
    ) -> Result<Session, Problem> {
        let about = ObjectRef::namespaced("GeneratorState", &state.key);
        let scope = StoreScope::Generator {
            namespace: state.key.namespace.clone(),
            // Whoever may write notes there may not have written the generator.
            is_cluster_wide: false,
        };
        let surroundings = self.surroundings(spec, about, scope);
        match &note.token {
            Some(token) => {
                let bound_to = bound_to(&state.key.namespace, spec, &note.nonce);
                let secret: SecretBytes = seal(self.cluster.as_ref())
                    .await?
                    .open(&token.sealed, &bound_to)?;
                Session::resume(&spec.provider, &surroundings, FIELD, secret).await
            }
            None => Session::open(&spec.provider, &surroundings, FIELD).await,
        }
    }
}

/// `None`: the server says no, and will say so again.
fn outcome<T>(answer: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match answer {
        Ok(granted) => Ok(Some(granted)),
        Err(Problem::Refused { .. } | Problem::BadAnswer { .. }) => Ok(None),
        Err(problem) => Err(problem),
    }
}
