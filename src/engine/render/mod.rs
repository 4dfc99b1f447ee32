//! What the target is made of: the values as they are, or what templates make of them.
//!
//! What comes later counts over what comes earlier: the values themselves (where the template keeps them), then
//! `templateFrom` in its order, then `data`; and labels and annotations of `metadata` over those of `templateFrom`.

mod engine;
mod manifest;
mod object;
mod path;
mod scope;
mod template;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use lockstep_api::ExternalSecretSpec;
use lockstep_api::external_secret::{Rewrite, Template};

use super::object::DocumentKind;
use super::problem::Problem;
use super::values::Values;

pub use engine::{Engine, Renderer, RewriteFault};
pub use manifest::{Draft, Manifest};
pub use object::Object;
pub use template::faults as template_faults;
pub use template::render as render_template;

/// Where the template of a target stands.
const TEMPLATE: &str = "spec.target.template";

/// What a target is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    Secret(Rendered),
    Resource(Manifest),
}

/// The content of a Secret, before ownership and stamps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    pub values: Values,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub secret_type: Option<String>,
    pub finalizers: Vec<String>,
}

/// The objects that hold templates, by kind and name, in the namespace of the target.
pub type Sources = BTreeMap<(DocumentKind, String), Values>;

/// Everything but the values that a target is made of.
#[derive(Debug)]
pub struct Recipe<'a> {
    pub spec: &'a ExternalSecretSpec,
    /// Of the ExternalSecret.
    pub labels: &'a BTreeMap<String, String>,
    pub annotations: &'a BTreeMap<String, String>,
    pub sources: &'a Sources,
}

/// The objects whose templates are needed.
pub fn sources(spec: &ExternalSecretSpec) -> BTreeSet<(DocumentKind, String)> {
    sources_of(spec.target.template.as_ref())
}

pub fn sources_of(template: Option<&Template>) -> BTreeSet<(DocumentKind, String)> {
    let templates = template.into_iter().flat_map(|it| &it.template_from);
    let named = templates.flat_map(|from| {
        let map = from.config_map.as_ref().map(|it| (DocumentKind::ConfigMap, it));
        let secret = from.secret.as_ref().map(|it| (DocumentKind::Secret, it));
        map.into_iter().chain(secret)
    });
    named
        .map(|(kind, source)| (kind, source.name.to_string()))
        .collect()
}

/// Does anything in here run a template?
pub fn runs_templates(spec: &ExternalSecretSpec) -> bool {
    let mut rewrites = spec.data_from.iter().flat_map(|entry| &entry.rewrite);
    spec.target.template.is_some() || rewrites.any(|rewrite| matches!(rewrite, Rewrite::Transform(_)))
}

/// What may be a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    Secrets,
    Anything,
}

/// Targets that are no Secrets are for those who allow them. A Secret is written as a Secret, or not at all.
pub fn check_target(spec: &ExternalSecretSpec, allowed: Targets) -> Result<(), Problem> {
    match &spec.target.manifest {
        Some(_) if allowed == Targets::Secrets => Err(Problem::ResourcesDisabled),
        Some(manifest) if manifest.is_secret() => Err(Problem::InvalidSpec {
            field: "spec.target.manifest".to_owned(),
            why: "must be left out for a Secret, which is what a target is without it".to_owned(),
        }),
        None | Some(_) => Ok(()),
    }
}

/// Without a template, the values are taken as they are and the labels and annotations of the ExternalSecret are
/// copied, all of them. With one, only what the template says is there.
pub fn render(renderer: &mut Renderer, recipe: &Recipe, values: Values) -> Result<Made, Problem> {
    match &recipe.spec.target.manifest {
        None => secret(renderer, recipe, values).map(Made::Secret),
        Some(kind) => manifest::render(renderer, recipe, kind.into(), &values)
            .map(Made::Resource)
            .map_err(|problem| problem.at("could not apply template")),
    }
}

fn secret(renderer: &mut Renderer, recipe: &Recipe, values: Values) -> Result<Rendered, Problem> {
    match &recipe.spec.target.template {
        None => Ok(Rendered {
            values,
            labels: recipe.labels.clone(),
            annotations: recipe.annotations.clone(),
            ..Rendered::default()
        }),
        Some(template) => {
            template::check(template)?;
            template::render(renderer, template, TEMPLATE, recipe.sources, values)
                .map_err(|problem| problem.at("could not apply template"))
        }
    }
}
