//! Sessions for what Vault lends: each lives and dies with one token, because with a token goes all that was made with it.

use std::fmt;
use std::time::Duration;

use lockstep_api::provider::VaultProvider;
use tokio::time::Instant;

use super::super::answer::{Grant, understand};
use super::super::call::Call;
use super::super::life::Token;
use super::super::login::Environment;
use super::{Session, nothing};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Surroundings;

/// For how long something was lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lent {
    /// Zero: for ever.
    pub(crate) duration: Duration,
    pub(crate) renewable: bool,
}

/// A token that we logged in for, and may give back.
pub(crate) struct OwnToken {
    pub(crate) secret: SecretBytes,
    pub(crate) lent: Lent,
}

impl Session {
    /// A session with a token that another session logged in for.
    pub(crate) async fn resume(
        spec: &VaultProvider,
        surroundings: &Surroundings,
        field: &str,
        token: SecretBytes,
    ) -> Result<Self, Problem> {
        let session = Self::unopened(spec, surroundings, Environment::of_process(), field).await?;
        session.hold(Some(Token::given(token)));
        Ok(session)
    }

    /// From now on this session never logs in by itself, and what becomes of its token is the caller's affair. `None`: it
    /// is not a token of our own, or one that cannot be given back.
    pub(crate) fn pin(&self) -> Option<OwnToken> {
        let token = self.held_token().filter(Token::is_revocable)?;
        let lent = Lent {
            duration: token.remaining(Instant::now()).unwrap_or_default(),
            renewable: token.is_renewable(),
        };
        self.hold(Some(Token::given(token.secret.clone())));
        Some(OwnToken {
            secret: token.secret,
            lent,
        })
    }

    /// Renews the token.
    pub(crate) async fn renew(&self) -> Result<Lent, Problem> {
        let call = Call::write("auth/token/renew-self", &[]).counted("RenewSelf");
        let grant: Option<Grant> = self.call(&call).await?.and_then(|envelope| envelope.grant());
        let grant = grant.ok_or_else(|| nothing(&call))?;
        Ok(Lent {
            duration: grant.duration,
            renewable: grant.renewable,
        })
    }

    /// Revokes the token, and with it all that was made with it.
    pub(crate) async fn give_back(&self) -> Result<(), Problem> {
        let call = Call::revoke_self();
        let token = self.held_token();
        let answer = self.wire.send(&call, self.caller(token.as_ref())).await?;
        understand(&call, answer).map(drop)
    }
}

impl fmt::Debug for OwnToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnToken")
            .field("lent", &self.lent)
            .finish_non_exhaustive()
    }
}
