//! Tokens of Microsoft Entra: who asks for them, and the one that is in use.
//!
//! A connection has one token, which all its calls share and which is made anew ahead of its end, by one at a time.

mod application;
mod assertion;
mod principal;
mod workload;

use std::fmt;
use std::time::Duration;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::References;
use crate::provider::entra::{Choice, Environment, Managed};
use crate::provider::granted::Granted;
use crate::provider::http::Http;
use crate::provider::perishable::{Fresh, Perishable};
use application::Application;

pub(crate) use principal::{Principal, Proof};
pub(crate) use workload::Workload;

/// What an identity is found with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder<'f> {
    pub(crate) references: &'f References,
    pub(crate) environment: &'f Environment,
    pub(crate) http: &'f Http,
    /// Where to log in.
    pub(crate) authority: &'f str,
    /// Where all this stands in the object, for messages.
    pub(crate) field: &'f str,
}

/// Who asks for tokens.
pub(crate) enum Identity {
    Application(Application),
    /// Of the machine or pod that we run on.
    Managed(Managed),
}

impl Finder<'_> {
    /// The machine's own identity, or one of those.
    pub(crate) fn managed(&self, choice: Option<Choice<'_>>) -> Result<Identity, Problem> {
        Managed::new(self.environment, self.field, choice).map(Identity::Managed)
    }

    fn invalid(&self, part: &str, why: impl Into<String>) -> Problem {
        Problem::InvalidSpec {
            field: format!("{}.{part}", self.field),
            why: why.into(),
        }
    }
}

/// Somebody who is logged in, or will be.
pub(crate) struct Login {
    identity: Identity,
    current: Perishable<SecretBytes>,
}

impl Login {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            current: Perishable::new(None),
        }
    }

    /// The token to use now. It is for that one audience, which is the same in each call.
    pub(crate) async fn token(&self, audience: &str) -> Result<SecretBytes, Problem> {
        self.current.current(self.fresh(audience)).await
    }

    /// Another token than the one that was refused, unless it is too new for another one to be any better.
    pub(super) async fn other_than(
        &self,
        refused: &SecretBytes,
        audience: &str,
    ) -> Result<Option<SecretBytes>, Problem> {
        self.current.instead_of(refused, self.fresh(audience)).await
    }

    /// How long ago we logged in.
    pub(super) fn age(&self) -> Option<Duration> {
        self.current.age()
    }

    async fn fresh(&self, audience: &str) -> Result<Fresh<SecretBytes>, Problem> {
        let granted = match &self.identity {
            Identity::Application(application) => application.log_in(audience).await,
            Identity::Managed(managed) => managed.ask(audience).await,
        };
        granted.map(Granted::into_fresh)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
