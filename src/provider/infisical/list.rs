//! What a store is of, and what Infisical tells of it.

use std::fmt;

use lockstep_api::provider::InfisicalSecretsScope;
use lockstep_gostd::json::{Numbers, Object, Value};
use lockstep_gostd::regexp;
use url::Url;

use super::FIELD;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::Find;

/// A folder of an environment of a project.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    project: String,
    environment: String,
    pub(super) folder: String,
    pub(super) is_recursive: bool,
    expands: bool,
}

impl Scope {
    pub(super) fn new(spec: &InfisicalSecretsScope) -> Result<Self, Problem> {
        if spec.project_slug.is_empty() || spec.environment_slug.is_empty() {
            return Err(Problem::InvalidSpec {
                field: format!("{FIELD}.secretsScope"),
                why: "secretsScope.projectSlug and secretsScope.environmentSlug cannot be empty".to_owned(),
            });
        }
        let folder = match spec.secrets_path.as_str() {
            "" => "/",
            path => path,
        };
        Ok(Self {
            project: spec.project_slug.clone(),
            environment: spec.environment_slug.clone(),
            folder: folder.to_owned(),
            is_recursive: spec.recursive,
            expands: spec.expand_secret_references,
        })
    }

    /// Says in a URL what is asked about.
    pub(super) fn ask(&self, url: &mut Url, folder: &str) {
        url.query_pairs_mut()
            .append_pair("workspaceSlug", &self.project)
            .append_pair("environment", &self.environment)
            .append_pair("secretPath", folder)
            .append_pair(
                "expandSecretReferences",
                if self.expands { "true" } else { "false" },
            )
            .append_pair("include_imports", "true");
    }

    /// In ESO's words, for they end up in a condition.
    pub(super) fn told(&self) -> String {
        format!(
            "project:{} environment:{} secret-path:{} recursive:{}",
            self.project, self.environment, self.folder, self.is_recursive
        )
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.project, self.environment, self.folder)
    }
}

/// The value of the one secret that was asked for.
pub(super) fn single(body: &SecretBytes, what: &str) -> Result<SecretBytes, Problem> {
    let members = object(body, what)?;
    match members.get("secret") {
        Some(Value::Object(secret)) => Secret::of(secret, what)?.value(what),
        _ => Err(bad(what, "it holds no secret")),
    }
}

/// Those that match. Of those of one name, the last counts, and those that are imported come after all.
pub(super) fn matching(body: &SecretBytes, query: &Find, what: &str) -> Result<Values, Problem> {
    let pattern = query.name.as_deref().map(regexp::compile).transpose();
    let pattern = pattern.map_err(|why| Problem::InvalidSpec {
        field: "find.name.regexp".to_owned(),
        why,
    })?;
    let folder = query.path.as_deref().unwrap_or_default();
    let is_wanted = |secret: &Secret<'_>| {
        secret.folder.starts_with(folder)
            && pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(secret.name))
    };
    let members = object(body, what)?;
    let own = secrets(&members, what)?;
    let mut found = Values::new();
    for secret in own.iter().filter(|secret| is_wanted(secret)) {
        found.insert(secret.name.to_owned(), secret.value(what)?);
    }
    for imported in list(&members, "imports", what)? {
        let Value::Object(imported) = imported else {
            return Err(bad(what, "an import is no object"));
        };
        for secret in secrets(imported, what)?.iter().filter(|secret| is_wanted(secret)) {
            let is_there = own.iter().any(|own| own.name == secret.name) || found.contains_key(secret.name);
            if !is_there {
                found.insert(secret.name.to_owned(), secret.value(what)?);
            }
        }
    }
    Ok(found)
}

struct Secret<'b> {
    name: &'b str,
    folder: &'b str,
    value: &'b str,
    /// What stands there is not the value.
    is_hidden: bool,
}

impl<'b> Secret<'b> {
    fn of(members: &'b Object<'_>, what: &str) -> Result<Self, Problem> {
        let text = |name: &str| match members.get(name) {
            Some(Value::Text(text)) => Some(text.as_ref()),
            _ => None,
        };
        let missing = |name: &str| bad(what, &format!("a secret has no {name}"));
        Ok(Self {
            name: text("secretKey").ok_or_else(|| missing("secretKey"))?,
            folder: text("secretPath").unwrap_or_default(),
            value: text("secretValue").ok_or_else(|| missing("secretValue"))?,
            is_hidden: matches!(members.get("secretValueHidden"), Some(Value::Bool(true))),
        })
    }

    /// Infisical puts a text in the place of a value that is not to be seen.
    fn value(&self, what: &str) -> Result<SecretBytes, Problem> {
        if self.is_hidden {
            return Err(Problem::Refused {
                what: what.to_owned(),
                why: format!(
                    "the identity may see that there is {}, but not its value",
                    self.name
                ),
            });
        }
        Ok(self.value.into())
    }
}

fn secrets<'b>(members: &'b Object<'_>, what: &str) -> Result<Vec<Secret<'b>>, Problem> {
    let secrets = list(members, "secrets", what)?.iter().map(|secret| match secret {
        Value::Object(secret) => Secret::of(secret, what),
        _ => Err(bad(what, "a secret is no object")),
    });
    secrets.collect()
}

/// One that is not there is empty, but for the secrets themselves.
fn list<'b, 'v>(members: &'b Object<'v>, name: &str, what: &str) -> Result<&'b [Value<'v>], Problem> {
    match members.get(name) {
        Some(Value::Array(list)) => Ok(list),
        None | Some(Value::Null) if name != "secrets" => Ok(&[]),
        _ => Err(bad(what, &format!("it holds no list of {name}"))),
    }
}

fn object<'b>(body: &'b SecretBytes, what: &str) -> Result<Object<'b>, Problem> {
    let members = Value::parse_object(body.expose(), Numbers::AsWritten);
    members.map_err(|_| bad(what, "it holds no object of JSON"))
}

fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}
