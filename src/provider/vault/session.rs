//! One login, and the calls made with it.
//!
//! - However many calls are under way, one of them logs in or renews; ahead of time the others go on meanwhile.
//! - A refusal makes a token of our own anew, once, if the server does not know the token any more. That a token may
//!   not do something is no reason to log in.
//! - Nothing runs by itself: a session that nobody uses lets its token die, and logs in when it is used again.
//! - A token that we made is revoked in the end. One that we were given is not ours.

mod lent;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use lockstep_api::provider::VaultProvider;
use tokio::time::Instant;

use super::answer::{Envelope, understand};
use super::call::Call;
use super::life::{Due, Token};
use super::login::{self, Credential, Environment, Login};
use super::wire::{Caller, Wire};
use crate::engine::problem::Problem;
use crate::provider::Surroundings;
use crate::provider::http::Answer;

pub(crate) use self::lent::{Lent, OwnToken};

/// What the server has said of a token is believed for so long.
const PROVEN: Duration = Duration::from_secs(5);
/// At least this long between two logins that refusals cause.
const PAUSE: Duration = Duration::from_mins(1);

pub(crate) struct Session {
    wire: Wire,
    login: Login,
    token_field: String,
    namespace: Option<HeaderValue>,
    /// That of the login only.
    login_namespace: Option<HeaderValue>,
    held: Mutex<Held>,
    /// Held by whoever logs in, renews or asks what has become of the token; when a refusal last caused a login.
    turn: tokio::sync::Mutex<Option<Instant>>,
}

struct Held {
    /// `None`: nobody is logged in, and nobody has to be.
    token: Option<Token>,
    /// When the server last accepted it.
    proven: Instant,
}

impl Session {
    /// Logs in, unless there is a token already. `field` is where the provider stands in the spec, for messages.
    pub(crate) async fn open(
        spec: &VaultProvider,
        surroundings: &Surroundings,
        field: &str,
    ) -> Result<Self, Problem> {
        Self::open_in(spec, surroundings, Environment::of_process(), field).await
    }

    pub(super) async fn open_in(
        spec: &VaultProvider,
        surroundings: &Surroundings,
        environment: Environment,
        field: &str,
    ) -> Result<Self, Problem> {
        let session = Self::unopened(spec, surroundings, environment, field).await?;
        let token = session.log_in().await?;
        session.hold(token);
        Ok(session)
    }

    /// Everything but the login.
    async fn unopened(
        spec: &VaultProvider,
        surroundings: &Surroundings,
        environment: Environment,
        field: &str,
    ) -> Result<Self, Problem> {
        let references = &surroundings.references;
        let identity = login::identity(spec, references, field).await?;
        let wire = Wire::open(spec, identity, surroundings, field).await?;
        let namespace = namespace(spec.namespace.as_deref(), &format!("{field}.namespace"))?;
        let own = spec.auth.as_ref().and_then(|auth| auth.namespace.as_deref());
        let own = self::namespace(own, &format!("{field}.auth.namespace"))?;
        let login = Login::new(spec, references, environment, field);
        Ok(Self {
            wire,
            token_field: login.token_field(),
            login,
            login_namespace: own.or_else(|| namespace.clone()),
            namespace,
            held: Mutex::new(Held {
                token: None,
                proven: Instant::now(),
            }),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// Makes a call. `None` where the server has nothing to say; for a read that means that nothing is there.
    pub(crate) async fn call(&self, call: &Call) -> Result<Option<Envelope>, Problem> {
        understand(call, self.exchange(call).await?)
    }

    pub(crate) async fn renew_lease(&self, id: &str, increment: Duration) -> Result<Envelope, Problem> {
        let increment = format!("{}s", increment.as_secs());
        let texts = [("lease_id", id.as_bytes()), ("increment", increment.as_bytes())];
        let call = Call::write("sys/leases/renew", &texts);
        self.call(&call).await?.ok_or_else(|| nothing(&call))
    }

    pub(crate) async fn revoke_lease(&self, id: &str) -> Result<(), Problem> {
        let call = Call::write("sys/leases/revoke", &[("lease_id", id.as_bytes())]);
        self.call(&call).await.map(drop)
    }

    /// Does the server accept us?
    pub(crate) async fn check(&self) -> Result<(), Problem> {
        let call = Call::look_up_self();
        match self.call(&call).await?.and_then(|envelope| envelope.data) {
            Some(_) => Ok(()),
            None => Err(nothing(&call)),
        }
    }

    /// How long ago we logged in, if we are logged in and did so ourselves.
    pub(crate) fn token_age(&self) -> Option<Duration> {
        self.lock().token.as_ref()?.age(Instant::now())
    }

    /// Gives the token back if we made it. Leases that were made with it end with it.
    pub(crate) async fn close(&self) {
        let token = self.lock().token.take();
        let Some(token) = token.filter(Token::is_revocable) else {
            return;
        };
        // It ends by itself, too.
        let _ = self
            .wire
            .send(&Call::revoke_self(), self.caller(Some(&token)))
            .await;
    }

    /// A call, and once more if the token has died.
    pub(super) async fn exchange(&self, call: &Call) -> Result<Answer, Problem> {
        let token = self.token().await?;
        let answer = self.wire.send(call, self.caller(token.as_ref())).await?;
        let Some(token) = token else { return Ok(answer) };
        if !is_refusal(answer.status) {
            self.prove(&token);
            return Ok(answer);
        }
        match self.other_than(&token).await? {
            Some(newer) => self.wire.send(call, self.caller(Some(&newer))).await,
            None => Ok(answer),
        }
    }

    /// The token to use now.
    async fn token(&self) -> Result<Option<Token>, Problem> {
        let Some(token) = self.held_token() else {
            return Ok(None);
        };
        match token.due(Instant::now()) {
            Due::Nothing => Ok(Some(token)),
            Due::Renewal => Ok(Some(self.ahead_of_time(token).await)),
            Due::Login => {
                let _turn = self.turn.lock().await;
                match self.held_token() {
                    Some(held) if held.due(Instant::now()) != Due::Login => Ok(Some(held)),
                    Some(_) | None => self.begin_anew().await,
                }
            }
        }
    }

    /// Renews the token, or logs in anew where it cannot be renewed. That it fails is no harm yet.
    async fn ahead_of_time(&self, token: Token) -> Token {
        let Ok(_turn) = self.turn.try_lock() else {
            return token;
        };
        match self.held_token() {
            Some(held) if held.due(Instant::now()) == Due::Renewal => {}
            Some(held) => return held,
            None => return token,
        }
        let newer = match self.renewed(&token).await {
            Some(renewed) => Some(renewed),
            None => self.log_in().await.ok().flatten(),
        };
        let newer = newer.unwrap_or_else(|| token.put_off(Instant::now()));
        self.hold(Some(newer.clone()));
        newer
    }

    async fn renewed(&self, token: &Token) -> Option<Token> {
        if !token.is_renewable() {
            return None;
        }
        let call = Call::renew_self();
        let answer = self.wire.send(&call, self.caller(Some(token))).await.ok()?;
        let grant = understand(&call, answer).ok()??.grant()?;
        Some(token.renewed(&grant, Instant::now()))
    }

    /// Another token than the one that was refused, if the server knows that one no more.
    async fn other_than(&self, refused: &Token) -> Result<Option<Token>, Problem> {
        if !refused.is_made() || self.is_proven(refused) {
            return Ok(None);
        }
        let mut last = self.turn.lock().await;
        if let Some(held) = self.held_token().filter(|held| held.secret != refused.secret) {
            return Ok(Some(held));
        }
        if self.is_proven(refused) || last.is_some_and(|at| at.elapsed() < PAUSE) {
            return Ok(None);
        }
        if !is_refusal(self.look_up(Some(refused)).await?.status) {
            self.prove(refused);
            return Ok(None);
        }
        *last = Some(Instant::now());
        self.begin_anew().await
    }

    async fn begin_anew(&self) -> Result<Option<Token>, Problem> {
        let token = self.log_in().await?;
        self.hold(token.clone());
        Ok(token)
    }

    async fn log_in(&self) -> Result<Option<Token>, Problem> {
        let call = match self.login.credential().await? {
            Credential::Nobody => return Ok(None),
            Credential::Token(token) => return Ok(Some(Token::given(token))),
            Credential::Login(call) => call,
        };
        let caller = Caller {
            namespace: self.login_namespace.as_ref(),
            ..Caller::default()
        };
        let mut answer = self.wire.send(&call, caller).await?;
        // Some methods say so of credentials that are wrong.
        if answer.status == StatusCode::BAD_REQUEST {
            answer.status = StatusCode::FORBIDDEN;
        }
        let envelope = understand(&call, answer).map_err(|problem| problem.at("login"))?;
        let grant = envelope.and_then(|envelope| envelope.grant());
        let grant = grant.ok_or_else(|| nothing(&call).at("login"))?;
        Ok(Some(Token::made(grant, Instant::now())))
    }

    async fn look_up(&self, token: Option<&Token>) -> Result<Answer, Problem> {
        self.wire.send(&Call::look_up_self(), self.caller(token)).await
    }

    fn caller<'c>(&'c self, token: Option<&'c Token>) -> Caller<'c> {
        Caller {
            token: token.map(|token| &token.secret),
            token_field: &self.token_field,
            namespace: self.namespace.as_ref(),
        }
    }

    fn held_token(&self) -> Option<Token> {
        self.lock().token.clone()
    }

    fn hold(&self, token: Option<Token>) {
        *self.lock() = Held {
            token,
            proven: Instant::now(),
        };
    }

    fn prove(&self, token: &Token) {
        let mut held = self.lock();
        if held
            .token
            .as_ref()
            .is_some_and(|held| held.secret == token.secret)
        {
            held.proven = Instant::now();
        }
    }

    fn is_proven(&self, token: &Token) -> bool {
        let held = self.lock();
        let is_held = held
            .token
            .as_ref()
            .is_some_and(|held| held.secret == token.secret);
        is_held && held.proven.elapsed() < PROVEN
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn nothing(call: &Call) -> Problem {
    Problem::BadAnswer {
        what: call.what(),
        why: "what was asked for is not in it".to_owned(),
    }
}

fn namespace(given: Option<&str>, field: &str) -> Result<Option<HeaderValue>, Problem> {
    let given = given.filter(|given| !given.is_empty()).map(HeaderValue::from_str);
    given.transpose().map_err(|_| Problem::InvalidSpec {
        field: field.to_owned(),
        why: "has characters that no namespace can have".to_owned(),
    })
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.held_token();
        f.debug_struct("Session")
            .field("token", &token)
            .finish_non_exhaustive()
    }
}
