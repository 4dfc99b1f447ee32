//! `spec.target.template` of a Secret.

use std::collections::BTreeMap;

use lockstep_api::external_secret::{Template, TemplateAs, TemplateFrom, TemplateMergePolicy};
use lockstep_gostd::unicode::lossy;

use super::engine::{Renderer, Text};
use super::scope::{self, Scope};
use super::{Rendered, Sources};
use crate::engine::decode;
use crate::engine::object::{DocumentKind, ObjectRef};
use crate::engine::problem::Problem;
use crate::engine::values::Values;

/// A part of a Secret that templates can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Data,
    Labels,
    Annotations,
}

const SERVICE_ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";

/// Templates that nobody may use. The CRD refuses them too, but an object may be older than the rule.
pub(super) fn check(template: &Template) -> Result<(), Problem> {
    faults(template, true).into_iter().next().map_or(Ok(()), Err)
}

/// All that is wrong with a template. What other objects than Secrets are made of, their own templates say.
pub fn faults(template: &Template, is_secret: bool) -> Vec<Problem> {
    let invalid = |field: &str, why: &str| Problem::InvalidSpec {
        field: format!("spec.target.template.{field}"),
        why: why.to_owned(),
    };
    let parts: Vec<_> = template
        .template_from
        .iter()
        .map(|from| part(from.target()))
        .collect();
    let unknown = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| is_secret && part.is_none());
    let mut faults: Vec<Problem> = unknown
        .map(|(index, _)| {
            invalid(
                &format!("templateFrom[{index}].target"),
                "must be Data, Annotations or Labels",
            )
        })
        .collect();
    let may_name_account = template.metadata.annotations.contains_key(SERVICE_ACCOUNT_NAME)
        || parts.contains(&Some(Part::Annotations));
    match template.kind.as_deref() {
        Some("kubernetes.io/service-account-token") if may_name_account => {
            faults.push(invalid("type", "would have a service account's token minted"));
        }
        Some("bootstrap.kubernetes.io/token") => {
            faults.push(invalid("type", "would let nodes join the cluster"));
        }
        _ => {}
    }
    faults
}

fn part(target: &str) -> Option<Part> {
    let named = [
        ("data", Part::Data),
        ("labels", Part::Labels),
        ("annotations", Part::Annotations),
    ];
    let found = named
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(target));
    found.map(|(_, part)| part)
}

/// What a template makes of the values. `field` says where it stands.
pub fn render(
    renderer: &mut Renderer,
    template: &Template,
    field: &str,
    sources: &Sources,
    values: Values,
) -> Result<Rendered, Problem> {
    let keeps_values = template.merge_policy() == TemplateMergePolicy::Merge
        || (template.data.is_empty() && template.template_from.is_empty());
    let mut made = Rendered {
        secret_type: template.kind.clone(),
        finalizers: template.metadata.finalizers.clone(),
        ..Rendered::default()
    };
    for (index, from) in template.template_from.iter().enumerate() {
        for (scope, text) in texts(field, index, from, sources)? {
            let result = renderer.render(&text, &values)?;
            let entries = scope::entries(scope, &text, result)?;
            let entries =
                decode::decode_all(from.values_decoding_strategy(), entries).map_err(scope::undecodable)?;
            // `check` let no other target pass.
            add(&mut made, part(from.target()).unwrap_or(Part::Data), entries);
        }
    }
    for (part, member, texts) in [
        (Part::Data, "data", &template.data),
        (Part::Labels, "metadata.labels", &template.metadata.labels),
        (
            Part::Annotations,
            "metadata.annotations",
            &template.metadata.annotations,
        ),
    ] {
        for (key, text) in texts {
            let text = Text::of_spec(&format!("{field}.{member}"), key, text);
            let result = renderer.render(&text, &values)?;
            add(&mut made, part, Values::from([(key.clone(), result)]));
        }
    }
    if keeps_values {
        let over = std::mem::replace(&mut made.values, values);
        made.values.extend(over);
    }
    Ok(made)
}

/// The templates of one entry of `templateFrom`, in their order.
pub(super) fn texts<'t>(
    field: &str,
    index: usize,
    from: &'t TemplateFrom,
    sources: &'t Sources,
) -> Result<Vec<(Scope, Text<'t>)>, Problem> {
    let mut texts = Vec::new();
    for (kind, source) in [
        (DocumentKind::ConfigMap, &from.config_map),
        (DocumentKind::Secret, &from.secret),
    ] {
        let Some(source) = source else { continue };
        let name = source.name.as_str();
        let document = sources.get(&(kind, name.to_owned()));
        for item in &source.items {
            let key = item.key.as_str();
            let missing = || Problem::ReferenceKeyMissing {
                object: ObjectRef::cluster(kind.name(), name),
                key: key.to_owned(),
            };
            let text = document.and_then(|values| values.get(key)).ok_or_else(missing)?;
            let scope = match item.template_as() {
                TemplateAs::Values => Scope::Values,
                TemplateAs::KeysAndValues => Scope::KeysAndValues,
            };
            texts.push((scope, Text::of_document(kind, name, key, text)));
        }
    }
    if let Some(literal) = &from.literal {
        let field = format!("{field}.templateFrom[{index}]");
        texts.push((Scope::KeysAndValues, Text::of_spec(&field, "literal", literal)));
    }
    Ok(texts)
}

fn add(made: &mut Rendered, part: Part, entries: Values) {
    let texts = |entries: Values| -> BTreeMap<String, String> {
        entries
            .into_iter()
            .map(|(key, value)| (key, lossy(value.expose()).into_owned()))
            .collect()
    };
    match part {
        Part::Data => made.values.extend(entries),
        Part::Labels => made.labels.extend(texts(entries)),
        Part::Annotations => made.annotations.extend(texts(entries)),
    }
}
