//! `provider.gitlab`: CI/CD variables of a project and of groups.
//!
//! A variable is looked for in the project, then in the groups, the last one first; in each of them for the store's
//! environment, then for all. It is absent when each of those places is there and says that it has none.

mod find;
mod variables;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{join_all, try_join_all};
use http::HeaderName;
use lockstep_api::provider::GitlabProvider;
use lockstep_gostd::json::{Numbers, Value};
use reqwest::redirect::Policy;
use tokio::time::Instant;

use self::variables::{Answered, Owner, Variables};
use super::http::{Http, Options, address};
use super::perishable::{Fresh, Perishable};
use super::rest::{Rest, Who};
use super::{Backend, Find, Health, Limits, Location, Payload, Surroundings, json};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.gitlab";
const GITLAB_COM: &str = "https://gitlab.com/";
const API: &str = "/api/v4";
const DEADLINE: Duration = Duration::from_secs(15);
const TOKEN: HeaderName = HeaderName::from_static("private-token");
/// Which groups a project is in is asked again now and then.
const RENEWED: Duration = Duration::from_mins(5);
const USABLE: Duration = Duration::from_mins(10);

pub(super) async fn connect(
    spec: &GitlabProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    Ok(Arc::new(Gitlab::open(spec, surroundings).await?))
}

#[derive(Debug)]
struct Gitlab {
    variables: Variables,
    project: Option<String>,
    groups: Groups,
    /// `None`: whichever there is.
    environment: Option<String>,
}

/// Lowest first.
#[derive(Debug)]
enum Groups {
    Named(Vec<String>),
    /// Those that the project is in.
    Inherited(Perishable<Vec<String>>),
}

impl Gitlab {
    async fn open(spec: &GitlabProvider, surroundings: &Surroundings) -> Result<Self, Problem> {
        let project = spec.project_id.clone().filter(|project| !project.is_empty());
        let groups = if spec.inherit_from_groups {
            Groups::Inherited(Perishable::new(None))
        } else {
            Groups::Named(spec.group_ids.clone())
        };
        check(spec, project.as_deref())?;
        let url = spec.url.as_deref().filter(|url| !url.is_empty());
        let mut base = address(url.unwrap_or(GITLAB_COM), &format!("{FIELD}.url"))?;
        let path = base.path().trim_end_matches('/').to_owned();
        if !path.ends_with(API) {
            base.set_path(&format!("{path}{API}"));
        }
        let field = format!("{FIELD}.auth.SecretRef.accessToken");
        let references = &surroundings.references;
        let token = references
            .secret_key(&spec.auth.secret_ref.access_token, &field)
            .await?;
        let (bundle, provider) = (spec.ca_bundle.as_ref(), spec.ca_provider.as_ref());
        let options = Options {
            authorities: references.certificate_authority(bundle, provider, FIELD).await?,
            identity: None,
            // They would take the token along.
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        let rest = Rest::new(
            base,
            Http::new(options, FIELD)?,
            "GitLab",
            surroundings.calls.clone(),
        );
        Ok(Self {
            variables: Variables::new(rest, Who::with(TOKEN, "", &token, &field)?),
            project,
            groups,
            environment: spec
                .environment
                .clone()
                .filter(|environment| !environment.is_empty()),
        })
    }

    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        // No variable has hyphens, and keys of other backends do.
        let (key, mut missing) = (location.key.replace('-', "_"), None);
        if let Some(project) = &self.project {
            match self.of(Owner::Project(project), &key).await? {
                Answered::Value(value) => return Ok(Payload::Bytes(value)),
                Answered::NoVariable => {}
                Answered::NoOwner => missing = Some(Owner::Project(project).to_string()),
            }
        }
        for group in self.groups().await?.iter().rev() {
            match self.of(Owner::Group(group), &key).await? {
                Answered::Value(value) => return Ok(Payload::Bytes(value)),
                Answered::NoVariable => {}
                Answered::NoOwner => missing = Some(Owner::Group(group).to_string()),
            }
        }
        match missing {
            None => Err(Problem::Absent {
                key: location.key.clone(),
            }),
            Some(owner) => Err(Problem::BadData {
                why: format!(
                    "{}: {owner} is not there, or the token may not see it",
                    location.key
                ),
            }),
        }
    }

    /// Of the store's environment, or else of all.
    async fn of(&self, owner: Owner<'_>, key: &str) -> Result<Answered, Problem> {
        let environment = self.environment.as_deref();
        match self.variables.get(owner, key, environment).await? {
            Answered::NoVariable if environment.is_some_and(|environment| environment != "*") => {
                self.variables.get(owner, key, Some("*")).await
            }
            answered => Ok(answered),
        }
    }

    async fn groups(&self) -> Result<Vec<String>, Problem> {
        let (groups, project) = match (&self.groups, &self.project) {
            (Groups::Named(groups), _) => return Ok(groups.clone()),
            (Groups::Inherited(_), None) => return Ok(Vec::new()),
            (Groups::Inherited(groups), Some(project)) => (groups, project),
        };
        let ask = async {
            let made_at = Instant::now();
            Ok(Fresh {
                value: self.variables.groups(project).await?,
                made_at,
                renew_at: made_at + RENEWED,
                ends_at: made_at + USABLE,
            })
        };
        groups.current(ask).await
    }
}

/// What ESO's webhook refuses.
fn check(spec: &GitlabProvider, project: Option<&str>) -> Result<(), Problem> {
    let invalid = |field: &str, why: &str| {
        Err(Problem::InvalidSpec {
            field: format!("{FIELD}.{field}"),
            why: why.to_owned(),
        })
    };
    if project.is_none() && spec.group_ids.is_empty() {
        return invalid("projectID", "must be set where there are no groupIDs");
    }
    if spec.inherit_from_groups && !spec.group_ids.is_empty() {
        return invalid("groupIDs", "must be empty beside inheritFromGroups");
    }
    let ids = project
        .into_iter()
        .chain(spec.group_ids.iter().map(String::as_str));
    if ids
        .into_iter()
        .any(|id| id.is_empty() || matches!(id, "." | ".."))
    {
        return invalid("groupIDs", "must be the ids or paths of groups");
    }
    Ok(())
}

#[async_trait]
impl Backend for Gitlab {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, query: &Find) -> Result<Values, Problem> {
        find::find(self, query).await
    }

    /// May we read the variables of the project, and of every group?
    async fn check(&self) -> Result<Health, Problem> {
        if let Some(project) = &self.project {
            self.variables.knock(Owner::Project(project)).await?;
        }
        let groups = self.groups().await?;
        try_join_all(
            groups
                .iter()
                .map(|group| self.variables.knock(Owner::Group(group))),
        )
        .await?;
        Ok(Health::Ready)
    }

    fn select(&self, payload: &Payload, property: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        select(payload, property).map(Some)
    }

    fn explode(&self, payload: &Payload, property: Option<&str>) -> Result<Option<Values>, Problem> {
        explode(payload, property).map(Some)
    }

    fn limits(&self) -> Limits {
        Limits {
            parallel: 16,
            deadline: Duration::from_secs(45),
            ..Limits::default()
        }
    }
}

fn select(payload: &Payload, property: Option<&str>) -> Result<SecretBytes, Problem> {
    let bad = |why: String| Problem::BadData { why };
    let value = json::single(payload)?;
    match property.filter(|property| !property.is_empty()) {
        None if value.is_empty() => Err(bad("the variable is empty".to_owned())),
        None => Ok(value.clone()),
        Some(property) => {
            let found = json::at(value, property)?;
            found.ok_or_else(|| bad(format!("property {property} does not exist in the variable")))
        }
    }
}

/// Only texts, as in ESO.
fn explode(payload: &Payload, property: Option<&str>) -> Result<Values, Problem> {
    let bad = |why: String| Problem::BadData {
        why: format!("unable to unmarshal secret: {why}"),
    };
    let picked = select(payload, property)?;
    let members = Value::parse_object(picked.expose(), Numbers::AsWritten);
    let members = members.map_err(|fault| bad(fault.to_string()))?;
    let texts = members.iter().map(|(name, value)| match value {
        Value::Text(text) => Ok((name.to_string(), text.as_ref().into())),
        Value::Null => Ok((name.to_string(), SecretBytes::default())),
        other => Err(bad(format!(
            "{name} is {}, where a string is needed",
            other.kind()
        ))),
    });
    texts.collect()
}

#[cfg(test)]
mod tests;
