//! What one rendered template stands for: one value, or a whole mapping.

use lockstep_gostd::yaml;

use super::engine::Text;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The value of the template's own key.
    Values,
    /// A YAML mapping of keys to scalars.
    KeysAndValues,
}

pub(super) fn entries(scope: Scope, text: &Text, rendered: SecretBytes) -> Result<Values, Problem> {
    match scope {
        Scope::Values => Ok(Values::from([(text.key().to_owned(), rendered)])),
        Scope::KeysAndValues => {
            let entries = yaml::flat(rendered.expose())
                .map_err(|fault| text.unusable(format!("could not unmarshal template: {fault}")))?;
            Ok(entries
                .into_iter()
                .map(|(key, value)| (key, value.into()))
                .collect())
        }
    }
}

/// What a template made is not encoded as it should be.
pub(super) fn undecodable(problem: Problem) -> Problem {
    problem.at("failed to decode rendered template value")
}
