//! `provider.doppler`: the secrets of one config of Doppler.
//!
//! Doppler hands out a whole config at once, and says in a word that it has not changed. So a config is downloaded as a
//! whole and kept with its `ETag`, and that download answers everybody whose refresh fell due before it was begun: a
//! thousand objects on one config, which refresh at one moment, take one request. Whoever asks for more, after an edit or
//! while failing, has Doppler say whether what is kept is still as it was.
//!
//! What ESO has find do with a format or other names is another download, made only if somebody asks for it.

mod api;
mod config;
mod environment;
mod login;
mod push;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::provider::DopplerProvider;
use lockstep_gostd::regexp;
use tokio::time::Instant;

use super::{
    Backend, Find, Health, Hold, Limits, Location, Payload, Push, Remote, Surroundings, Wanted, json,
};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use api::Api;
use config::{Config, Shape};
use environment::Environment;
use login::Login;

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.doppler";

pub(super) async fn connect(
    spec: &DopplerProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    connect_from(spec, surroundings, &Environment::of_process()).await
}

/// Resolves everything that Kubernetes knows; Doppler is not asked yet.
async fn connect_from(
    spec: &DopplerProvider,
    surroundings: &Surroundings,
    environment: &Environment,
) -> Result<Arc<dyn Backend>, Problem> {
    let http = Environment::http()?;
    let login = Login::new(&spec.auth, surroundings, environment, &http).await?;
    let api = Api::new(environment.url()?, http, login, surroundings.calls.clone());
    Ok(Arc::new(Doppler {
        config: Config::new(spec, api),
    }))
}

struct Doppler {
    config: Config,
}

impl Doppler {
    async fn held(&self, hold: Hold) -> Result<Held, Problem> {
        let download = async |is_wanted: bool, shape| {
            if is_wanted {
                self.config.download(shape, hold.since).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let plain = download(hold.wanted.reads, Shape::Plain);
        let found = download(hold.wanted.finds, Shape::Found);
        let (plain, found) = tokio::try_join!(plain, found)?;
        Ok(Held { plain, found })
    }
}

#[async_trait]
impl Backend for Doppler {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        match self.held(Hold::now(READS)).await {
            Ok(held) => held.read(wanted).await,
            Err(problem) => wanted.iter().map(|_| Err(problem.clone())).collect(),
        }
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        self.held(Hold::now(FINDS)).await?.find(query).await
    }

    /// Whether the config can be read shows by reading it, which costs next to nothing where it has not changed.
    async fn check(&self) -> Result<Health, Problem> {
        self.held(Hold::now(READS)).await.map(|_| Health::Ready)
    }

    fn can_be_held(&self) -> bool {
        true
    }

    async fn hold(&self, hold: Hold) -> Result<Arc<dyn Backend>, Problem> {
        Ok(Arc::new(self.held(hold).await?))
    }

    fn select(&self, payload: &Payload, _: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        select(payload)
    }

    fn explode(&self, payload: &Payload, _: Option<&str>) -> Result<Option<Values>, Problem> {
        explode(payload)
    }

    fn limits(&self) -> Limits {
        Limits {
            batch: 1024,
            parallel: 4,
            ..Limits::default()
        }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        push::write(&self.config, push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        push::delete(&self.config, remote).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        let values = self.config.download(Shape::Plain, Instant::now()).await?;
        Ok(values.contains_key(&remote.key))
    }

    fn token_age(&self) -> Option<Duration> {
        self.config.login_age()
    }
}

const READS: Wanted = Wanted {
    reads: true,
    finds: false,
};
const FINDS: Wanted = Wanted {
    reads: false,
    finds: true,
};

/// A config as it was at one moment, as far as it was asked for.
struct Held {
    plain: Option<Arc<Values>>,
    found: Option<Arc<Values>>,
}

#[async_trait]
impl Backend for Held {
    /// Names are those at Doppler. Versions and metadata there are none, as in ESO.
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        let answer = |location: &Location| {
            let value = part(self.plain.as_deref())?.get(&location.key).cloned();
            let key = &location.key;
            value
                .map(Payload::Bytes)
                .ok_or_else(|| Problem::Absent { key: key.clone() })
        };
        wanted.iter().map(answer).collect()
    }

    /// A path is what names begin with, and tags there are none.
    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        let pattern = query.name.as_deref().map(regexp::compile).transpose();
        let pattern = pattern.map_err(|why| Problem::InvalidSpec {
            field: "find.name.regexp".to_owned(),
            why,
        })?;
        let start = query.path.as_deref().unwrap_or_default();
        let found = part(self.found.as_deref())?.iter().filter(|(name, _)| {
            name.starts_with(start) && pattern.as_ref().is_none_or(|pattern| pattern.is_match(name))
        });
        Ok(found.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    async fn check(&self) -> Result<Health, Problem> {
        Ok(Health::Ready)
    }

    fn select(&self, payload: &Payload, _: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        select(payload)
    }

    fn explode(&self, payload: &Payload, _: Option<&str>) -> Result<Option<Values>, Problem> {
        explode(payload)
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }
}

fn part(held: Option<&Values>) -> Result<&Values, Problem> {
    held.ok_or_else(|| Problem::BadData {
        why: "lockstep asks for what it has not downloaded; this is a defect".to_owned(),
    })
}

/// A property has no meaning here, as in ESO.
fn select(payload: &Payload) -> Result<Option<SecretBytes>, Problem> {
    json::single(payload).map(|value| Some(value.clone()))
}

fn explode(payload: &Payload) -> Result<Option<Values>, Problem> {
    json::members(json::single(payload)?).map(Some)
}

impl fmt::Debug for Doppler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doppler")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

#[cfg(test)]
mod tests;
