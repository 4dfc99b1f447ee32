//! Templates of a webhook, and what they can see.

use lockstep_gotemplate::{Data, Error, ErrorKind, Limits, Options, Template, World};

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// What Go prints where a key is not there.
const NO_VALUE: &[u8] = b"<no value>";

/// A template of the spec. That it is none shows when it is used, as in ESO.
#[derive(Debug)]
pub(super) struct Text {
    field: String,
    template: Result<Template, Problem>,
    is_fixed: bool,
    /// What it uses of `remoteRef`.
    sees: Vec<&'static str>,
}

/// What may be left out of the identity of a request that does not depend on it.
const FIELDS: [&str; 2] = ["property", "namespace"];

impl Text {
    pub(super) fn new(field: String, text: &str) -> Self {
        let options = Options {
            // A request is small, and so is the work for it.
            limits: Limits {
                budget: 32 << 20,
                ..Limits::default()
            },
            ..Options::default()
        };
        let template = Template::parse(&field, text, &options).map_err(|error| problem(&field, &error));
        Self {
            template,
            is_fixed: !text.contains("{{"),
            sees: FIELDS.into_iter().filter(|part| sees(text, part)).collect(),
            field,
        }
    }

    pub(super) fn field(&self) -> &str {
        &self.field
    }

    /// Is it the same whatever it is rendered with?
    pub(super) fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    /// May it come out differently for another value of this field of `remoteRef`?
    pub(super) fn sees(&self, field: &str) -> bool {
        self.sees.contains(&field)
    }

    pub(super) fn render(&self, data: &Data, world: &mut World) -> Result<SecretBytes, Problem> {
        let template = self.template.as_ref().map_err(Clone::clone)?;
        let rendered = template.render(data, world);
        let rendered = rendered.map_err(|error| problem(&self.field, &error))?;
        // Nobody wants that in a request: it would be sent in place of a credential.
        if !self.is_fixed && rendered.windows(NO_VALUE.len()).any(|window| window == NO_VALUE) {
            return Err(Problem::ReferenceInvalid {
                field: self.field.clone(),
                why: "the template uses something that is not there: a name in `secrets`, or a key of such a Secret"
                    .to_owned(),
            });
        }
        Ok(rendered.into())
    }
}

/// Nothing is quoted: people write credentials into headers and addresses.
fn problem(field: &str, error: &Error) -> Problem {
    let doing = match error.kind() {
        ErrorKind::Parse => "parse",
        ErrorKind::Execute => "execute",
    };
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: format!("unable to {doing} the template: {}", error.without_excerpts()),
    }
}

/// Whether a template may use a field of `remoteRef`. When in doubt, it does: it is only sure not to if it reaches
/// data by no other way than the names of other fields.
fn sees(text: &str, field: &str) -> bool {
    const ALL: [&str; 4] = ["key", "version", "property", "namespace"];
    text.split("{{").skip(1).any(|action| {
        let action = action.split("}}").next().unwrap_or(action);
        let names_it = action.match_indices("remoteRef").any(|(at, name)| {
            let rest = &action[at + name.len()..];
            let named = rest.strip_prefix('.').map(first_name);
            !named.is_some_and(|named| named != field && ALL.contains(&named))
        });
        names_it || action.contains('$') || has_bare_dot(action)
    })
}

fn first_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// A dot that is not followed by a name is all there is.
fn has_bare_dot(action: &str) -> bool {
    let followers = action
        .match_indices('.')
        .map(|(at, _)| action[at + 1..].chars().next());
    followers
        .into_iter()
        .any(|next| !next.is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_cannot_see_it_does_not_depend_on() {
        for (text, property, namespace) in [
            ("https://h/{{ .remoteRef.key }}.json", false, false),
            (
                "{{.remoteRef.version}} {{ .auth.token | upper }} a.b.",
                false,
                false,
            ),
            ("{{ .remoteRef.property }}", true, false),
            (
                "{{ if .remoteRef.namespace }}{{ .remoteRef.key }}{{ end }}",
                false,
                true,
            ),
            ("{{ .remoteRef.propertyX }}", true, true),
            ("{{ index .remoteRef \"property\" }}", true, true),
            ("{{ with .remoteRef }}{{ .property }}{{ end }}", true, true),
            ("{{ (.remoteRef).property }}", true, true),
            ("{{ toJson . }}", true, true),
            ("{{ $.remoteRef.key }}", true, true),
            ("{{ range . }}{{ .property }}{{ end }}", true, true),
            ("{{ template \"t\" . }}", true, true),
            ("{{ index . \"remoteRef\" \"property\" }}", true, true),
            ("no action: remoteRef.property", false, false),
        ] {
            assert_eq!(
                (sees(text, "property"), sees(text, "namespace")),
                (property, namespace),
                "{text}"
            );
        }
    }
}
