//! From an ExternalSecret and values to the target that would be written, by the engine of the operator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_api::external_secret::CreationPolicy;
use lockstep_api::{ExternalSecret, ExternalSecretSpec};
use serde_json::json;

use crate::cli::leaves::{Path, leaves};
use crate::cli::plain::Plain;
use crate::cluster::folder::{Manifests, Place, Placed};
use crate::engine::object::{ObjectKey, ObjectRef, ResourceKey};
use crate::engine::own::Claimant;
use crate::engine::plan::{self, Inputs, Outcome, ResourceWrite, SecretWrite, Step, Write};
use crate::engine::problem::Problem;
use crate::engine::render::{self, Object, Recipe, Renderer, Sources, Targets};
use crate::engine::values::Values;
use crate::engine::{keys, target};

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
    /// What the target is, or would be.
    pub kind: String,
    /// `None`: nothing would be written.
    pub target: Option<Target>,
}

/// A target as it would be written.
#[derive(Debug)]
pub enum Target {
    Secret(Secret),
    Resource(Resource),
}

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

#[derive(Debug)]
pub struct Resource {
    pub target: ResourceKey,
    pub labels: BTreeMap<String, Text>,
    pub annotations: BTreeMap<String, Text>,
    pub content: Object,
    /// Fields of the content that no template has made of values.
    pub plain: BTreeSet<Path>,
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
    pub fn values(&self, given: &Values, file: &std::path::Path) -> Result<Values, Vec<String>> {
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
    /// Why there is no target, if there is none.
    pub fn why_nothing(&self) -> Option<String> {
        let kind = &self.kind;
        let why = match self.outcome {
            Outcome::Synced => "creationPolicy None writes nothing".to_owned(),
            Outcome::Retained => {
                format!("there are no values, and deletionPolicy Retain leaves the {kind} as it is")
            }
            Outcome::Deleted => {
                format!("there are no values, and deletionPolicy Delete removes the {kind}")
            }
            Outcome::Missing => "there is nothing to merge into".to_owned(),
        };
        let is_nothing = self.target.is_none();
        is_nothing.then(|| format!("{}: {}: no {kind}: {why}", self.place, self.source))
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
    render::check_target(spec, Targets::Anything)?;
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
    let (there, empty_object) = (target::Target::default(), Object(json!({})));
    let merges = policy == CreationPolicy::Merge;
    let plan = plan::decide(
        &Inputs {
            claimant: &claimant(subject),
            spec,
            target: &subject.key.target_of(spec),
            existing: merges.then_some(&there),
            existing_values: None,
            existing_object: merges.then_some(&empty_object),
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
        kind: subject.key.target_ref_of(spec).kind.to_string(),
        target: match plan.step {
            Step::Write(Write::Secret(write)) => Some(Target::Secret(secret(*write, &shown))),
            Step::Write(Write::Resource(write)) => Some(Target::Resource(resource(*write, &shown))),
            Step::Nothing | Step::Delete { .. } | Step::LookCloser => None,
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
    let data = write.data.into_iter();
    Secret {
        key: write.key,
        kind: write.secret_type.unwrap_or_else(|| "Opaque".to_owned()),
        immutable: write.immutable.unwrap_or_default(),
        labels: labels(write.labels, plain),
        annotations: annotations(write.annotations, plain),
        finalizers: write.finalizers.unwrap_or_default(),
        values: data.filter_map(|(key, value)| Some((key, value?))).collect(),
    }
}

fn resource(write: ResourceWrite, plain: &Plain) -> Resource {
    let fields = leaves(&write.content.0).into_iter();
    let shown = fields.filter(|(path, value)| plain.is_field(path, value));
    Resource {
        plain: shown.map(|(path, _)| path).collect(),
        target: write.target,
        labels: labels(write.labels, plain),
        annotations: annotations(write.annotations, plain),
        content: write.content,
    }
}

fn labels(entries: BTreeMap<String, Option<String>>, plain: &Plain) -> BTreeMap<String, Text> {
    texts(entries, &|key, text| plain.is_label(key, text))
}

fn annotations(entries: BTreeMap<String, Option<String>>, plain: &Plain) -> BTreeMap<String, Text> {
    texts(entries, &|key, text| plain.is_annotation(key, text))
}

fn texts(
    entries: BTreeMap<String, Option<String>>,
    is_plain: &dyn Fn(&str, &str) -> bool,
) -> BTreeMap<String, Text> {
    let set = entries.into_iter().filter_map(|(key, text)| {
        let text = text?;
        let is_plain = is_plain(&key, &text);
        Some((key, Text { text, is_plain }))
    });
    set.collect()
}
