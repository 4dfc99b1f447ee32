//! What was made elsewhere, and is noted in a GeneratorState: what it is, how it is renewed, and how it is undone.
//!
//! This is the one place that knows which kind's notes are read by which file here.

use jiff::Timestamp;
use lockstep_api::generator::{FreeJson, GeneratorSpec};

use super::Generators;
use super::vault::{Renewal, VaultNote};
use crate::engine::lease::Life;
use crate::engine::problem::Problem;
use crate::engine::state::State;

/// What a note tells.
#[derive(Debug)]
pub struct Account {
    pub made: Timestamp,
    /// It was made, and not only intended.
    pub is_complete: bool,
    /// How long it is good for, if that is known.
    pub life: Option<Life>,
    note: Option<VaultNote>,
}

/// Reads a note. Notes of kinds that say nothing of these things are of something that was made, and lasts.
pub fn account(state: &State) -> Account {
    match VaultNote::read(&state.content) {
        Some(note) => Account {
            made: note.made,
            is_complete: note.complete,
            life: Some(note.life()),
            note: Some(note),
        },
        None => Account {
            made: state.created,
            is_complete: true,
            life: None,
            note: None,
        },
    }
}

impl Account {
    /// Whether it went into a target whose values have this hash. `None`: nobody can tell.
    pub fn fits(&self, data_hash: Option<&str>) -> Option<bool> {
        self.note.as_ref()?.fits(data_hash)
    }
}

/// Says in a note which values the target is written with; `None` where that cannot be told beforehand.
pub fn mark(content: &mut FreeJson, data_hash: Option<&str>) {
    if let Some(mut note) = VaultNote::read(content) {
        note.mark(data_hash);
        *content = note.write();
    }
}

impl Generators {
    /// Renews what was made. A problem is one that may pass.
    pub async fn renew(&self, state: &State, now: Timestamp) -> Result<Renewal, Problem> {
        match (made_by(state)?, VaultNote::read(&state.content)) {
            (GeneratorSpec::VaultDynamicSecret(spec), Some(note)) => {
                self.vault.renew(&spec, state, &note, now).await
            }
            // Nothing else says that it ends.
            (_, _) => Ok(Renewal::Over),
        }
    }

    /// Undoes what was made. That nothing is left of it is no error.
    pub async fn undo(&self, state: &State) -> Result<(), Problem> {
        let spec = made_by(state)?;
        match &spec {
            GeneratorSpec::VaultDynamicSecret(vault) => match VaultNote::read(&state.content) {
                Some(note) => self.vault.undo(vault, state, &note).await,
                None => Err(unreadable("spec.state")),
            },
            // ESO notes it, and undoes nothing.
            GeneratorSpec::BeyondtrustWorkloadCredentialsDynamicSecret(_) => Ok(()),
            GeneratorSpec::GitlabDeployToken(_)
            | GeneratorSpec::Grafana(_)
            | GeneratorSpec::ACRAccessToken(_)
            | GeneratorSpec::CloudsmithAccessToken(_)
            | GeneratorSpec::ECRAuthorizationToken(_)
            | GeneratorSpec::Fake(_)
            | GeneratorSpec::GCRAccessToken(_)
            | GeneratorSpec::GithubAccessToken(_)
            | GeneratorSpec::MFA(_)
            | GeneratorSpec::Password(_)
            | GeneratorSpec::QuayAccessToken(_)
            | GeneratorSpec::SSHKey(_)
            | GeneratorSpec::STSSessionToken(_)
            | GeneratorSpec::UUID(_)
            | GeneratorSpec::Webhook(_) => Err(Problem::NotSupported {
                what: format!("undoing what generator `{}` made", spec.kind().as_str()),
            }),
        }
    }
}

/// The generator as it was then.
fn made_by(state: &State) -> Result<GeneratorSpec, Problem> {
    let generator = state.generator().ok_or_else(|| unreadable("spec.resource"))?;
    let spec = generator.as_ref().cloned();
    spec.map_err(|fault| unreadable(&format!("spec.resource.spec.{}", fault.field)))
}

fn unreadable(field: &str) -> Problem {
    Problem::InvalidSpec {
        field: field.to_owned(),
        why: "cannot be understood".to_owned(),
    }
}
