//! A token, and how long it lives. Pure.
//!
//! At two thirds of its life a token is renewed by whoever needs it next. One that cannot be renewed, or whose
//! renewals grow short because its maximum is near, is followed by another login instead.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Grant;
use crate::engine::secret_bytes::SecretBytes;

/// Not used any longer than this before its end, for clocks differ and calls take time. For a token with a short life
/// it is a sixth of that: it is to be renewed before.
const MARGIN: Duration = Duration::from_secs(5);
/// A renewal ahead of time that failed is tried again after this.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(super) struct Token {
    pub(super) secret: SecretBytes,
    pub(super) origin: Origin,
    /// `None`: for ever, as far as anybody knows.
    life: Option<Life>,
}

#[derive(Clone)]
pub(super) enum Origin {
    /// It was handed to us, and is somebody else's.
    Given,
    /// We logged in for it.
    Made { is_batch: bool, at: Instant },
}

#[derive(Clone, Copy, Debug)]
struct Life {
    renew_at: Instant,
    /// Before its end by the margin.
    used_until: Instant,
    ends_at: Instant,
    /// How long it was to live when we logged in, and how long after the last renewal.
    first: Duration,
    last: Duration,
    renewable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Renewal,
    Login,
}

impl Token {
    pub(super) fn given(secret: SecretBytes) -> Self {
        Self {
            secret,
            origin: Origin::Given,
            life: None,
        }
    }

    pub(super) fn made(grant: Grant, now: Instant) -> Self {
        let life = (!grant.duration.is_zero()).then(|| Life::new(&grant, grant.duration, now));
        Self {
            secret: grant.token,
            origin: Origin::Made {
                is_batch: grant.is_batch,
                at: now,
            },
            life,
        }
    }

    /// The same token, renewed.
    pub(super) fn renewed(&self, grant: &Grant, now: Instant) -> Self {
        let first = self.life.map_or(grant.duration, |life| life.first);
        Self {
            life: (!grant.duration.is_zero()).then(|| Life::new(grant, first, now)),
            ..self.clone()
        }
    }

    /// The same token, to be renewed a little later.
    pub(super) fn put_off(&self, now: Instant) -> Self {
        let life = self.life.map(|life| Life {
            renew_at: now + PAUSE,
            ..life
        });
        Self { life, ..self.clone() }
    }

    pub(super) fn due(&self, now: Instant) -> Due {
        match self.life {
            Some(life) if now >= life.used_until => Due::Login,
            Some(life) if now >= life.renew_at => Due::Renewal,
            Some(_) | None => Due::Nothing,
        }
    }

    /// Whether a renewal is worth asking for. One that gave less than half of what the login gave has met the
    /// token's maximum.
    pub(super) fn is_renewable(&self) -> bool {
        self.life
            .is_some_and(|life| life.renewable && life.last >= life.first / 2)
    }

    pub(super) fn is_made(&self) -> bool {
        matches!(self.origin, Origin::Made { .. })
    }

    /// A batch token cannot be given back.
    pub(super) fn is_revocable(&self) -> bool {
        matches!(self.origin, Origin::Made { is_batch: false, .. })
    }

    /// Since the login, for a token of our own.
    pub(super) fn age(&self, now: Instant) -> Option<Duration> {
        match self.origin {
            Origin::Given => None,
            Origin::Made { at, .. } => Some(now.saturating_duration_since(at)),
        }
    }

    pub(super) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.life.map(|life| life.ends_at.saturating_duration_since(now))
    }
}

impl Life {
    fn new(grant: &Grant, first: Duration, now: Instant) -> Self {
        Self {
            renew_at: now + grant.duration * 2 / 3,
            used_until: now + grant.duration - MARGIN.min(grant.duration / 6),
            ends_at: now + grant.duration,
            first,
            last: grant.duration,
            renewable: grant.renewable,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("made", &self.is_made())
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(seconds: u64, renewable: bool) -> Grant {
        Grant {
            token: "canary".into(),
            duration: Duration::from_secs(seconds),
            renewable,
            is_batch: false,
        }
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_at_two_thirds_of_its_life_and_given_up_just_before_its_end() {
        let start = Instant::now();
        let token = Token::made(grant(900, true), start);
        for (seconds, due) in [
            (0, Due::Nothing),
            (599, Due::Nothing),
            (600, Due::Renewal),
            (894, Due::Renewal),
            (895, Due::Login),
        ] {
            assert_eq!(token.due(after(start, seconds)), due, "{seconds}");
        }
        let renewed = token.renewed(&grant(900, true), after(start, 600));
        assert_eq!(renewed.due(after(start, 1199)), Due::Nothing);
        let age = renewed.age(after(start, 700));
        assert_eq!(age, Some(Duration::from_secs(700)), "it is the same token");
        let put_off = token.put_off(after(start, 600));
        assert_eq!(put_off.due(after(start, 629)), Due::Nothing);
        assert_eq!(put_off.due(after(start, 630)), Due::Renewal);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_lives_for_seconds_is_renewed_too() {
        let start = Instant::now();
        let token = Token::made(grant(3, true), start);
        let after = |millis| start + Duration::from_millis(millis);
        for (millis, due) in [
            (1_999, Due::Nothing),
            (2_000, Due::Renewal),
            (2_499, Due::Renewal),
            (2_500, Due::Login),
        ] {
            assert_eq!(token.due(after(millis)), due, "{millis}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn renewals_that_grow_short_and_tokens_that_cannot_be_renewed_take_a_login() {
        let start = Instant::now();
        assert!(!Token::made(grant(900, false), start).is_renewable());
        let token = Token::made(grant(900, true), start);
        assert!(token.is_renewable());
        assert!(token.renewed(&grant(450, true), start).is_renewable());
        assert!(!token.renewed(&grant(449, true), start).is_renewable());
    }

    #[tokio::test(start_paused = true)]
    async fn what_lives_for_ever_is_never_due_and_nothing_is_shown() {
        let far = after(Instant::now(), 1 << 30);
        assert_eq!(Token::given("canary".into()).age(far), None);
        for token in [
            Token::made(grant(0, false), Instant::now()),
            Token::given("canary".into()),
        ] {
            assert_eq!(token.due(far), Due::Nothing);
            assert_eq!(token.remaining(far), None);
            assert!(!format!("{token:?}").contains("canary"));
        }
    }
}
