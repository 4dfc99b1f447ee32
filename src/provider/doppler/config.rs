//! One config: what was downloaded of it, kept until Doppler has something else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use lockstep_api::provider::{DopplerFormat, DopplerNameTransformer, DopplerProvider};
use lockstep_gostd::json::{Numbers, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::api::{Answered, Api, Download};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// The one name of what a format comes to; ESO's.
const FILE: &str = "DOPPLER_SECRETS_FILE";

pub(super) struct Config {
    pub(super) api: Api,
    pub(super) project: Option<String>,
    /// Its name.
    pub(super) name: Option<String>,
    /// For messages.
    pub(super) what: String,
    plain: Kept,
    /// `None`: finding is as reading.
    found: Option<Kept>,
}

/// What Doppler makes of a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Values by their names.
    Plain,
    /// With other names, or as one file, as the store wants it.
    Found,
}

/// A download as it was last.
struct Kept {
    query: Vec<(&'static str, String)>,
    is_file: bool,
    /// Held by whoever asks Doppler: the others wait for what comes of it.
    last: Mutex<Option<Last>>,
}

struct Last {
    tag: Option<HeaderValue>,
    values: Arc<Values>,
    /// When Doppler was asked that says that it is so. `None`: that may be over.
    asked: Option<Instant>,
}

impl Config {
    pub(super) fn new(spec: &DopplerProvider, api: Api) -> Self {
        let (project, name) = (given(spec.project.as_ref()), given(spec.config.as_ref()));
        let mut query = Vec::new();
        query.extend(project.clone().map(|project| ("project", project)));
        query.extend(name.clone().map(|name| ("config", name)));
        let mut shape = query.clone();
        shape.extend(
            spec.name_transformer
                .map(|names| ("name_transformer", transformer(names).to_owned())),
        );
        shape.extend(spec.format.map(|of| ("format", format(of).to_owned())));
        Self {
            what: what(project.as_deref(), name.as_deref()),
            found: (shape.len() > query.len()).then(|| Kept::new(shape, spec.format.is_some())),
            plain: Kept::new(query, false),
            api,
            project,
            name,
        }
    }

    /// Everything in it, as it was at that time or later.
    pub(super) async fn download(&self, shape: Shape, since: Instant) -> Result<Arc<Values>, Problem> {
        let kept = match (shape, &self.found) {
            (Shape::Found, Some(found)) => found,
            (Shape::Found, None) | (Shape::Plain, _) => &self.plain,
        };
        kept.since(since, &self.api, &self.what).await
    }

    /// Something was written.
    pub(super) async fn changed(&self) {
        for kept in std::iter::once(&self.plain).chain(&self.found) {
            if let Some(last) = kept.last.lock().await.as_mut() {
                last.asked = None;
            }
        }
    }

    pub(super) fn login_age(&self) -> Option<Duration> {
        self.api.login_age()
    }
}

impl Kept {
    fn new(query: Vec<(&'static str, String)>, is_file: bool) -> Self {
        Self {
            query,
            is_file,
            last: Mutex::default(),
        }
    }

    async fn since(&self, since: Instant, api: &Api, what: &str) -> Result<Arc<Values>, Problem> {
        let mut last = self.last.lock().await;
        if let Some(last) = &*last
            && last.asked.is_some_and(|asked| asked >= since)
        {
            return Ok(last.values.clone());
        }
        let asked = Some(Instant::now());
        let download = Download {
            query: &self.query,
            is_text: self.is_file,
            known: last.as_ref().and_then(|last| last.tag.clone()),
            what,
        };
        match (api.download(&download).await?, last.as_mut()) {
            (Answered::Unchanged, Some(last)) => {
                last.asked = asked;
                Ok(last.values.clone())
            }
            (Answered::Unchanged, None) => Err(bad(what, "it is said to be as before, and was never told")),
            (Answered::Changed { body, tag }, _) => {
                let values = Arc::new(self.values(body, what)?);
                *last = Some(Last {
                    tag,
                    values: values.clone(),
                    asked,
                });
                Ok(values)
            }
        }
    }

    fn values(&self, body: SecretBytes, what: &str) -> Result<Values, Problem> {
        if self.is_file {
            return Ok(Values::from([(FILE.to_owned(), body)]));
        }
        let members = Value::parse_object(body.expose(), Numbers::AsWritten);
        let members = members.map_err(|_| bad(what, "it holds no object of JSON"))?;
        let values = members.iter().map(|(name, value)| match value {
            Value::Text(text) => Ok((name.to_string(), text.as_ref().into())),
            // One without a value.
            Value::Null => Ok((name.to_string(), SecretBytes::default())),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(bad(what, &format!("the value of {name} is no text")))
            }
        });
        values.collect()
    }
}

/// To ESO, the empty text is what is not there.
fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

fn what(project: Option<&str>, config: Option<&str>) -> String {
    match (project, config) {
        (Some(project), Some(config)) => format!("Doppler's config {project}/{config}"),
        (None, Some(config)) => format!("Doppler's config {config}"),
        (Some(_) | None, None) => "Doppler's config".to_owned(),
    }
}

fn transformer(names: DopplerNameTransformer) -> &'static str {
    match names {
        DopplerNameTransformer::UpperCamel => "upper-camel",
        DopplerNameTransformer::Camel => "camel",
        DopplerNameTransformer::LowerSnake => "lower-snake",
        DopplerNameTransformer::TfVar => "tf-var",
        DopplerNameTransformer::DotnetEnv => "dotnet-env",
        DopplerNameTransformer::LowerKebab => "lower-kebab",
    }
}

fn format(format: DopplerFormat) -> &'static str {
    match format {
        DopplerFormat::Json => "json",
        DopplerFormat::DotnetJson => "dotnet-json",
        DopplerFormat::Env => "env",
        DopplerFormat::Yaml => "yaml",
        DopplerFormat::Docker => "docker",
    }
}

fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}
