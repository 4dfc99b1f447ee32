//! What the target is made of: the values as they are, or what a template makes of them.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_api::ExternalSecretSpec;

use super::object::DocumentKind;
use super::problem::Problem;
use super::values::Values;

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
pub fn render(
    spec: &ExternalSecretSpec,
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
    _sources: &Sources,
    values: Values,
) -> Result<Rendered, Problem> {
    match &spec.target.template {
        None => {
            let (labels, annotations) = (labels.clone(), annotations.clone());
            Ok(Rendered {
                values,
                labels,
                annotations,
                ..Rendered::default()
            })
        }
        Some(_) => Err(Problem::NotSupported {
            what: "spec.target.template".to_owned(),
        }),
    }
}
