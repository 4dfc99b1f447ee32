//! `provider."lockstep.dev/file"`: a folder of files, or a file of lines `KEY=VALUE`.
//!
//! - Files stand below the roots that lockstep was started with; nothing beside them is ever opened ([`beneath`]).
//! - An object's turn sees the files of one moment ([`sight`]).
//! - They are followed: whoever reads them is woken when they change ([`follow`]).

mod beneath;
mod contents;
mod dotenv;
mod fault;
mod follow;
mod place;
mod sight;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::provider::FileProvider;
use tokio_util::task::AbortOnDropHandle;

use self::contents::Contents;
use self::place::Place;
use super::{Backend, Calls, Find, Health, Hold, Limits, Location, Payload, Surroundings, json};
use crate::aside::blocking;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// A disk that does not answer, of another machine perhaps.
const DEADLINE: Duration = Duration::from_secs(10);

pub(super) async fn connect(
    spec: &FileProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    let spec = spec.clone();
    let roots = surroundings.rules.file_roots.clone();
    let source = blocking(move || Source::find(spec, &roots)).await?;
    let source = Arc::new(source);
    Ok(Arc::new(FileBackend {
        _following: follow::start(source.clone(), surroundings.news.clone()).await,
        source,
        calls: surroundings.calls.clone(),
    }))
}

#[derive(Debug)]
struct Source {
    spec: FileProvider,
    place: Place,
}

impl Source {
    fn find(spec: FileProvider, roots: &[PathBuf]) -> Result<Self, Problem> {
        let (path, name) = match &spec {
            FileProvider::Directory(source) => (&source.path, "directory"),
            FileProvider::Dotenv(source) => (&source.path, "dotenv"),
        };
        let place = Place::find(
            roots,
            path,
            &format!("spec.provider.lockstep.dev/file.{name}.path"),
        )?;
        Ok(Self { spec, place })
    }

    /// Blocks.
    fn contents(&self) -> Result<Contents, Problem> {
        Contents::of(&self.spec, &self.place, sight::files(&self.place)?)
    }
}

/// The files as they are whenever they are asked for.
#[derive(Debug)]
struct FileBackend {
    source: Arc<Source>,
    calls: Calls,
    _following: AbortOnDropHandle<()>,
}

impl FileBackend {
    async fn held(&self) -> Result<Held, Problem> {
        let source = self.source.clone();
        let contents = blocking(move || source.contents()).await;
        self.calls.tell("File", "Read", contents.is_ok());
        contents.map(Held)
    }
}

#[async_trait]
impl Backend for FileBackend {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        match self.held().await {
            Ok(held) => held.read(wanted).await,
            Err(problem) => wanted.iter().map(|_| Err(problem.clone())).collect(),
        }
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        self.held().await?.find(query).await
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.held().await.map(|_| Health::Ready)
    }

    fn can_be_held(&self) -> bool {
        true
    }

    async fn hold(&self, _: Hold) -> Result<Arc<dyn Backend>, Problem> {
        Ok(Arc::new(self.held().await?))
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        select(payload, property)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        explode(payload, property)
    }

    fn limits(&self) -> Limits {
        Limits {
            batch: 1024,
            deadline: DEADLINE,
            ..Limits::default()
        }
    }
}

/// The files of one moment.
#[derive(Debug)]
struct Held(Contents);

#[async_trait]
impl Backend for Held {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        let answers = wanted.iter().map(|location| self.0.read(location));
        answers.map(|answer| answer.map(Payload::Bytes)).collect()
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        self.0.find(query)
    }

    async fn check(&self) -> Result<Health, Problem> {
        Ok(Health::Ready)
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        select(payload, property)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        explode(payload, property)
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// A property is a path into a file of JSON.
fn select(payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
    let value = json::single(payload)?;
    match property.filter(|path| !path.is_empty()) {
        Some(path) => json::at(value, path),
        None => Ok(Some(value.clone())),
    }
}

fn explode(payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
    let value = select(payload, property)?;
    value.map(|value| json::members(&value)).transpose()
}
