//! What was made elsewhere, and is noted in a GeneratorState: what it is, how it is renewed, and how it is undone.
//!
//! This is the one place that knows which kind's notes are read by which file here.

use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::generator::{FreeJson, GeneratorSpec, GitlabDeployTokenSpec, GrafanaSpec};

use super::vault::{Renewal, VaultNote};
use super::{Generators, beyondtrust, gitlab, grafana};
use crate::cluster::GeneratorStates;
use crate::engine::lease::{Life, Sort, Term};
use crate::engine::problem::Problem;
use crate::engine::state::{Amendment, State};

/// What was asked for, and never answered, may be made this much later.
const STRAGGLING: Duration = Duration::from_mins(1);

/// What a note tells.
#[derive(Debug)]
pub struct Account {
    pub made: Timestamp,
    /// It was made, and not only intended.
    pub is_complete: bool,
    /// How long it is good for, if that is known.
    pub life: Option<Life>,
    /// When it ends although nothing can be done about it.
    expires: Option<Timestamp>,
    note: Option<VaultNote>,
}

/// Reads a note. Notes of kinds that say nothing of these things are of something that was made, and lasts.
pub fn account(state: &State) -> Account {
    let account = Account {
        made: state.created,
        is_complete: true,
        life: None,
        expires: None,
        note: None,
    };
    if let Some(note) = VaultNote::read(&state.content) {
        return Account {
            made: note.made,
            is_complete: note.complete,
            life: Some(note.life()),
            note: Some(note),
            ..account
        };
    }
    let generator = state.generator();
    match generator.as_ref().and_then(|generator| generator.as_ref().ok()) {
        Some(GeneratorSpec::BeyondtrustWorkloadCredentialsDynamicSecret(_)) => Account {
            life: beyondtrust::Note::life_of(state),
            ..account
        },
        Some(GeneratorSpec::GitlabDeployToken(spec)) => of_gitlab(spec, state, account),
        Some(GeneratorSpec::Grafana(spec)) => of_grafana(spec, state, account),
        _ => account,
    }
}

fn of_gitlab(spec: &GitlabDeployTokenSpec, state: &State, account: Account) -> Account {
    let note = gitlab::Note::read(&state.content);
    Account {
        is_complete: note.is_none_or(|note| note.token != 0),
        // Another one would end at the same time.
        expires: spec.expires_at.as_ref().map(|ends| ends.0),
        ..account
    }
}

fn of_grafana(spec: &GrafanaSpec, state: &State, account: Account) -> Account {
    let note = grafana::Note::read(&state.content);
    let life = spec.service_account.seconds_to_live.map(|seconds| {
        let term = Term {
            granted: state.created,
            span: seconds.get(),
            sort: Sort::Fixed,
        };
        Life::begun(state.uid.as_str(), [term])
    });
    Account {
        is_complete: note.is_none_or(|note| note.service_account.token != 0),
        life,
        ..account
    }
}

impl Account {
    /// Whether it went into a target whose values have this hash. `None`: nobody can tell.
    pub fn fits(&self, data_hash: Option<&str>) -> Option<bool> {
        self.note.as_ref()?.fits(data_hash)
    }

    /// Whether such notes tell which target they belong to. ESO's do not.
    pub fn can_tell(&self) -> bool {
        self.note.is_some()
    }

    /// When it ends if nobody looks after it any more from `since` on.
    pub fn ends_by_itself(&self, since: Timestamp) -> Option<Timestamp> {
        let life = self.life.as_ref();
        self.expires.or_else(|| life?.ends_by_itself(since))
    }

    /// How long to wait before it is undone: what is not there yet cannot be found.
    pub fn straggles(&self) -> Duration {
        if self.is_complete || self.can_tell() {
            Duration::ZERO
        } else {
            STRAGGLING
        }
    }
}

/// Says in a note which values the target is written with; `None` where that cannot be told beforehand.
pub fn mark(content: &mut FreeJson, data_hash: Option<&str>) {
    if let Some(mut note) = VaultNote::read(content) {
        note.mark(data_hash);
        *content = note.write();
    }
}

/// From then on nobody needs it, after a while of grace.
pub async fn retire(
    states: &dyn GeneratorStates,
    state: &State,
    now: Timestamp,
    grace: Duration,
) -> Result<(), Problem> {
    let grace = grace.max(account(state).straggles());
    let amendment = Amendment {
        content: None,
        deadline: Some(now.checked_add(grace).unwrap_or(Timestamp::MAX)),
    };
    states.amend(state, &amendment).await
}

impl Generators {
    /// Renews what was made. A problem is one that may pass.
    pub async fn renew(&self, state: &State, now: Timestamp) -> Result<Renewal, Problem> {
        match (made_by(state)?, VaultNote::read(&state.content)) {
            (GeneratorSpec::VaultDynamicSecret(spec), Some(note)) => {
                self.vault.renew(&spec, state, &note, now).await
            }
            // Nothing else says that it ends, and can be renewed.
            (_, _) => Ok(Renewal::Over),
        }
    }

    /// Undoes what was made. That nothing is left of it is no error.
    pub async fn undo(&self, state: &State) -> Result<(), Problem> {
        let spec = made_by(state)?;
        let asked = (&self.web, &self.references_in(&state.key.namespace));
        match &spec {
            GeneratorSpec::VaultDynamicSecret(vault) => match VaultNote::read(&state.content) {
                Some(note) => self.vault.undo(vault, state, &note).await,
                None => Err(unreadable("spec.state")),
            },
            GeneratorSpec::GitlabDeployToken(token) => match gitlab::Note::read(&state.content) {
                Some(note) => gitlab::undo(token, &note, asked).await,
                None => Err(unreadable("spec.state")),
            },
            GeneratorSpec::Grafana(token) => match grafana::Note::read(&state.content) {
                Some(note) => grafana::undo(token, &note, asked).await,
                None => Err(unreadable("spec.state")),
            },
            // ESO notes it, and undoes nothing. It ends by itself.
            GeneratorSpec::BeyondtrustWorkloadCredentialsDynamicSecret(_) => Ok(()),
            GeneratorSpec::ACRAccessToken(_)
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
