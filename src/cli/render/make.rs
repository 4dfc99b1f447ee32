//! From an ExternalSecret and values to the Secret that would be written, by the engine of the operator.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lockstep_api::external_secret::CreationPolicy;
use lockstep_api::{ExternalSecret, ExternalSecretSpec};

use crate::cli::plain::Plain;
use crate::cluster::folder::{Manifests, Place, Placed};
use crate::engine::keys;
use crate::engine::object::{ObjectKey, ObjectRef};
use crate::engine::own::Claimant;
use crate::engine::plan::{self, Inputs, Outcome, SecretWrite, Step, Write};
use crate::engine::problem::Problem;
use crate::engine::render::{self, Recipe, Renderer, Sources};
use crate::engine::target::Target;
use crate::engine::values::Values;

/// An ExternalSecret, and where it comes from.
#[derive(Debug)]
pub struct Subject<'m> {
    pub key: &'m ObjectKey,
    pub place: &'m Place,
    pub spec: &'m ExternalSecretSpec,
    object: &'m ExternalSecret,
    manifests: &'m Manifests,
}

/// What became of it.
#[derive(Debug)]
pub struct Made {
    pub source: String,
    pub place: Place,
    pub policy: CreationPolicy,
    pub outcome: Outcome,
    /// `None`: nothing would be written.
    pub secret: Option<Secret>,
}

/// A Secret as it would be written.
#[derive(Debug)]
pub struct Secret {
    pub key: ObjectKey,
    pub kind: String,
    pub immutable: bool,
    pub labels: BTreeMap<String, Text>,
    pub annotations: BTreeMap<String, Text>,
    pub finalizers: Vec<String>,
    pub values: Values,
}

/// A label or annotation.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    /// No template has made it of values.
    pub is_plain: bool,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes)", self.text.len())
    }
}

impl<'m> Subject<'m> {
    /// `None`: its spec is broken, which the manifests complain of.
    pub fn new(
        key: &'m ObjectKey,
        placed: &'m Placed<Arc<ExternalSecret>>,
        manifests: &'m Manifests,
    ) -> Option<Self> {
        Some(Self {
            key,
            place: &placed.place,
            spec: placed.object.spec.as_ref().ok()?,
            object: &placed.object,
            manifests,
        })
    }

    pub fn name(&self) -> ObjectRef {
        ObjectRef::namespaced("ExternalSecret", self.key)
    }

    /// Whether it would fetch a value under this key. What `dataFrom` would find, nobody knows here.
    pub fn takes(&self, key: &str) -> bool {
        let mut named = self.spec.data.iter();
        !self.spec.data_from.is_empty() || named.any(|entry| entry.secret_key.as_str() == key)
    }

    /// Its share of the given values.
    pub fn values(&self, given: &Values, file: &Path) -> Result<Values, Vec<String>> {
        let named = self.spec.data.iter().enumerate();
        let missing: Vec<String> = named
            .filter(|(_, entry)| !given.contains_key(entry.secret_key.as_str()))
            .map(|(index, entry)| {
                format!(
                    "spec.data[{index}]: {} has no value for the key {:?}; add it",
                    file.display(),
                    entry.secret_key.as_str()
                )
            })
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let taken = given.iter().filter(|(key, _)| self.takes(key));
        let taken = taken.map(|(key, value)| (key.clone(), value.clone())).collect();
        keys::validate(taken).map_err(|problem| vec![format!("{}: {problem}", file.display())])
    }

    /// The templates that stand in other objects.
    pub fn sources(&self) -> Result<Sources, Problem> {
        let mut sources = Sources::new();
        for (kind, name) in render::sources(self.spec) {
            let id = (kind, ObjectKey::new(&self.key.namespace, &name));
            let Some(document) = self.manifests.documents.get(&id) else {
                let object = ObjectRef::namespaced(kind.name(), &id.1);
                return Err(Problem::ReferenceMissing { object });
            };
            sources.insert((kind, name), document.object.values.clone());
        }
        Ok(sources)
    }
}

impl Made {
    /// Why there is no Secret, if there is none.
    pub fn why_nothing(&self) -> Option<String> {
        let why = match self.outcome {
            Outcome::Synced => "creationPolicy None writes nothing",
            Outcome::Retained => "there are no values, and deletionPolicy Retain leaves the Secret as it is",
            Outcome::Deleted => "there are no values, and deletionPolicy Delete removes the Secret",
            Outcome::Missing => "there is nothing to merge into",
        };
        let is_nothing = self.secret.is_none();
        is_nothing.then(|| format!("{}: {}: no Secret: {why}", self.place, self.source))
    }
}

pub fn make(
    renderer: &mut Renderer,
    subject: &Subject,
    values: Values,
    sources: &Sources,
) -> Result<Made, Problem> {
    let empty = BTreeMap::new();
    let (meta, spec) = (&subject.object.metadata, subject.spec);
    if spec.target.manifest.is_some() {
        return Err(Problem::NotSupported {
            what: "showing a target that is no Secret (spec.target.manifest)".to_owned(),
        });
    }
    let recipe = Recipe {
        spec,
        labels: meta.labels.as_ref().unwrap_or(&empty),
        annotations: meta.annotations.as_ref().unwrap_or(&empty),
        sources,
    };
    let nothing_found = values.is_empty();
    let content = render::render(renderer, &recipe, values)?;
    let policy = spec.target.creation_policy();
    // Something must be there to be merged into; if it is empty, all that we add can be seen.
    let there = Target::default();
    let plan = plan::decide(
        &Inputs {
            claimant: &claimant(subject),
            spec,
            target: &subject.key.target_of(spec),
            existing: (policy == CreationPolicy::Merge).then_some(&there),
            existing_values: None,
            existing_object: None,
        },
        &content,
        nothing_found,
    );
    let plan = plan.map_err(|failure| failure.problem)?;
    let shown = Plain::of(subject.object, spec);
    Ok(Made {
        source: subject.name().to_string(),
        place: subject.place.clone(),
        policy,
        outcome: plan.outcome,
        secret: match plan.step {
            Step::Write(Write::Secret(write)) => Some(secret(*write, &shown)),
            // Other kinds than Secrets were refused.
            Step::Write(Write::Resource(_)) | Step::Nothing | Step::Delete { .. } | Step::LookCloser => None,
        },
    })
}

/// Owner references carry a uid that only a cluster gives; they are not shown.
fn claimant(subject: &Subject) -> Claimant {
    Claimant {
        key: subject.key.clone(),
        uid: String::new(),
    }
}

fn secret(write: SecretWrite, plain: &Plain) -> Secret {
    let texts = |entries: BTreeMap<String, Option<String>>, is_plain: &dyn Fn(&str, &str) -> bool| {
        let set = entries.into_iter().filter_map(|(key, text)| {
            let text = text?;
            let is_plain = is_plain(&key, &text);
            Some((key, Text { text, is_plain }))
        });
        set.collect()
    };
    Secret {
        key: write.key,
        kind: write.secret_type.unwrap_or_else(|| "Opaque".to_owned()),
        immutable: write.immutable.unwrap_or_default(),
        labels: texts(write.labels, &|key, text| plain.is_label(key, text)),
        annotations: texts(write.annotations, &|key, text| plain.is_annotation(key, text)),
        finalizers: write.finalizers.unwrap_or_default(),
        values: write
            .data
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect(),
    }
}
