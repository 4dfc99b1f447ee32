//! What the target is made of: the values as they are, or what templates make of them.
//!
//! What comes later counts over what comes earlier: the values themselves (where the template keeps them), then
//! `templateFrom` in its order, then `data`; and labels and annotations of `metadata` over those of `templateFrom`.

mod engine;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "targets that are no Secrets come next")
)]
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
use lockstep_api::external_secret::Rewrite;

use super::object::DocumentKind;
use super::problem::Problem;
use super::values::Values;

pub use engine::{Engine, Renderer};
pub use object::Object;

/// The content of a target, before ownership and stamps.
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
    let templates = spec.target.template.iter().flat_map(|it| &it.template_from);
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

/// Targets that are no Secrets come later.
pub fn check_target(spec: &ExternalSecretSpec) -> Result<(), Problem> {
    match &spec.target.manifest {
        None => Ok(()),
        Some(_) => Err(Problem::NotSupported {
            what: "spec.target.manifest".to_owned(),
        }),
    }
}

/// Without a template, the values are taken as they are and the labels and annotations of the ExternalSecret are
/// copied, all of them. With one, only what the template says is there.
pub fn render(renderer: &mut Renderer, recipe: &Recipe, values: Values) -> Result<Rendered, Problem> {
    match &recipe.spec.target.template {
        None => Ok(Rendered {
            values,
            labels: recipe.labels.clone(),
            annotations: recipe.annotations.clone(),
            ..Rendered::default()
        }),
        Some(template) => {
            template::check(template)?;
            template::render(renderer, template, recipe.sources, values)
                .map_err(|problem| problem.at("could not apply template"))
        }
    }
}
