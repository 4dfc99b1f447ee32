//! Targets that are no Secrets: any object, of which templates make any part.

use std::collections::BTreeMap;

use lockstep_api::DecodingStrategy;
use lockstep_api::external_secret::Template;
use serde_json::{Map, Value, json};

use super::engine::{Renderer, Text};
use super::object::{self, Object, Piece};
use super::scope::Scope;
use super::template::texts;
use super::{Recipe, Sources};
use crate::engine::object::ResourceKind;
use crate::engine::problem::Problem;
use crate::engine::values::Values;

type Texts = BTreeMap<String, String>;

/// What an object is made of. It is put together over what is there, which may change until it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    pub kind: ResourceKind,
    labels: Texts,
    annotations: Texts,
    pieces: Vec<Piece>,
}

/// A whole object, as far as it is ours to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// All but its kind, its metadata and its status.
    pub content: Object,
    pub labels: Texts,
    pub annotations: Texts,
}

/// Other than in a Secret, labels and annotations of `metadata` are no templates, and come before those of
/// `templateFrom`.
pub(super) fn render(
    renderer: &mut Renderer,
    recipe: &Recipe,
    kind: ResourceKind,
    values: &Values,
) -> Result<Manifest, Problem> {
    let (pieces, labels, annotations) = match &recipe.spec.target.template {
        None => {
            let path = if kind.kind == "ConfigMap" {
                "data"
            } else {
                "spec.data"
            };
            let piece = Piece::of_values(path, values)?;
            (vec![piece], recipe.labels, recipe.annotations)
        }
        Some(template) => {
            let pieces = pieces(renderer, template, recipe.sources, values)?;
            let metadata = &template.metadata;
            (pieces, &metadata.labels, &metadata.annotations)
        }
    };
    Ok(Manifest {
        kind,
        labels: labels.clone(),
        annotations: annotations.clone(),
        pieces,
    })
}

/// Each template runs once, wherever its text is kept. ESO runs what came from ConfigMaps and Secrets again.
fn pieces(
    renderer: &mut Renderer,
    template: &Template,
    sources: &Sources,
    values: &Values,
) -> Result<Vec<Piece>, Problem> {
    let mut pieces = Vec::new();
    for (index, from) in template.template_from.iter().enumerate() {
        for (scope, text) in texts(super::TEMPLATE, index, from, sources)? {
            let made = renderer.render(&text, values)?;
            let strategy = from.values_decoding_strategy();
            pieces.push(object::piece(from.target(), scope, &text, made, strategy)?);
        }
    }
    for (key, text) in &template.data {
        let text = Text::of_spec("spec.target.template.data", key, text);
        let made = renderer.render(&text, values)?;
        pieces.push(object::piece(
            "Data",
            Scope::Values,
            &text,
            made,
            DecodingStrategy::None,
        )?);
    }
    Ok(pieces)
}

impl Manifest {
    /// The object where nothing is kept of what is there.
    pub fn fresh(&self) -> Result<Draft, Problem> {
        let member = match self.kind.kind.as_str() {
            "ConfigMap" | "Secret" => "data",
            _ => "spec",
        };
        self.over(&Object(json!({member: {}})), &Texts::new(), &Texts::new())
    }

    /// The object made of what is there.
    pub fn over(&self, there: &Object, labels: &Texts, annotations: &Texts) -> Result<Draft, Problem> {
        let with = |before: &Texts, more: &Texts| -> Texts {
            let both = before.iter().chain(more);
            both.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let (labels, annotations) = (with(labels, &self.labels), with(annotations, &self.annotations));
        let mut object = there.0.clone();
        object["metadata"] = json!({"labels": labels, "annotations": annotations});
        for piece in &self.pieces {
            piece.put(&mut object)?;
        }
        draft(object)
    }
}

/// Names and kinds are for the spec to say, and a status for whoever serves the kind.
fn draft(object: Value) -> Result<Draft, Problem> {
    let not_ours = || {
        Problem::InvalidSpec {
        field: "spec.target.template.templateFrom".to_owned(),
        why: "may make any part of an object but its apiVersion, kind, status, and of its metadata only labels and \
              annotations"
            .to_owned(),
    }
    };
    let Value::Object(mut members) = object else {
        return Err(not_ours());
    };
    let Some(Value::Object(mut metadata)) = members.remove("metadata") else {
        return Err(not_ours());
    };
    let labels = take_texts(&mut metadata, "labels").ok_or_else(not_ours)?;
    let annotations = take_texts(&mut metadata, "annotations").ok_or_else(not_ours)?;
    let is_ours = metadata.is_empty()
        && !["apiVersion", "kind", "status"]
            .iter()
            .any(|name| members.contains_key(*name));
    if !is_ours {
        return Err(not_ours());
    }
    Ok(Draft {
        content: Object(Value::Object(members)),
        labels,
        annotations,
    })
}

fn take_texts(metadata: &mut Map<String, Value>, name: &str) -> Option<Texts> {
    let texts = metadata.remove(name).unwrap_or(Value::Null);
    serde_json::from_value::<Option<Texts>>(texts)
        .ok()
        .map(Option::unwrap_or_default)
}
