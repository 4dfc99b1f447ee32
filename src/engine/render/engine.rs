//! The template engine, with what lockstep decides about it: delimiters, what is kept, and what errors may tell.

use std::fmt;

use lockstep_gotemplate::{Cache, Error, ErrorKind, MissingKey, Options, Template, World};

use crate::engine::object::DocumentKind;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// In bytes of template text: far more than the templates of a large cluster.
const KEPT: usize = 4 << 20;

/// Parses templates, and keeps what it parsed.
#[derive(Debug)]
pub struct Engine {
    options: Options,
    /// Rewrites have delimiters of their own, and no trouble with keys that are not there.
    rewrites: Options,
    cache: Cache,
}

impl Engine {
    /// With the delimiters of targets' templates.
    pub fn new(left: &str, right: &str) -> Self {
        let options = Options {
            left: left.to_owned(),
            right: right.to_owned(),
            missing_key: MissingKey::Error,
            ..Options::default()
        };
        Self {
            options,
            rewrites: Options::default(),
            cache: Cache::new(KEPT),
        }
    }
}

/// Go's own delimiters.
impl Default for Engine {
    fn default() -> Self {
        Self::new("{{", "}}")
    }
}

/// The engine for one turn, with the clock and the randomness that this turn has.
pub struct Renderer<'r> {
    pub engine: &'r Engine,
    pub world: World<'r>,
}

impl fmt::Debug for Renderer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}

impl Renderer<'_> {
    /// What a template makes of the values.
    pub(super) fn render(&mut self, text: &Text, values: &Values) -> Result<SecretBytes, Problem> {
        let options = &self.engine.options;
        let template = if text.is_secret {
            Template::parse(text.key, text.bytes, options).map(Into::into)
        } else {
            self.engine.cache.parse(text.key, text.bytes, options)
        };
        let template = template.map_err(|error| text.problem(&error))?;
        let data = lockstep_gotemplate::Data::texts(values.iter().map(|(key, value)| (key, value.expose())));
        let rendered = template.render(data, &mut self.world);
        rendered
            .map(SecretBytes::from)
            .map_err(|error| text.problem(&error))
    }

    /// What a rewrite's template makes of a key. Errors tell the template by `name`.
    pub fn rewrite(&mut self, name: &str, template: &str, key: &str) -> Result<Vec<u8>, RewriteFault> {
        let parsed = self.engine.cache.parse(name, template, &self.engine.rewrites);
        let parsed = parsed.map_err(|error| RewriteFault::Unparsed(error.to_string()))?;
        let data = lockstep_gotemplate::Data::texts([("value", key)]);
        let rendered = parsed.render(data, &mut self.world);
        rendered.map_err(|error| RewriteFault::Failed(error.to_string()))
    }
}

/// Why a template made nothing of a key.
#[derive(Debug)]
pub enum RewriteFault {
    Unparsed(String),
    Failed(String),
}

/// A template, and where it comes from.
#[derive(Debug)]
pub(super) struct Text<'t> {
    key: &'t str,
    place: String,
    bytes: &'t [u8],
    /// Its own text is a secret: no piece of it may be told, and none is kept.
    is_secret: bool,
}

impl<'t> Text<'t> {
    /// A template in the spec, below this field.
    pub(super) fn of_spec(field: &str, key: &'t str, text: &'t str) -> Self {
        Self {
            key,
            place: format!("{field}.{key}"),
            bytes: text.as_bytes(),
            is_secret: false,
        }
    }

    pub(super) fn of_document(kind: DocumentKind, name: &str, key: &'t str, text: &'t SecretBytes) -> Self {
        Self {
            key,
            place: format!("{} {name}, key {key}", kind.name()),
            bytes: text.expose(),
            is_secret: kind == DocumentKind::Secret,
        }
    }

    pub(super) fn key(&self) -> &str {
        self.key
    }

    /// Something is wrong with what the template made.
    pub(super) fn unusable(&self, why: String) -> Problem {
        Problem::BadData { why }.at(self.place.clone())
    }

    fn problem(&self, error: &Error) -> Problem {
        let told = if self.is_secret {
            error.without_excerpts()
        } else {
            error.to_string()
        };
        let doing = match error.kind() {
            ErrorKind::Parse => "parse",
            ErrorKind::Execute => "execute",
        };
        self.unusable(format!("unable to {doing} template at key {}: {told}", self.key))
    }
}
