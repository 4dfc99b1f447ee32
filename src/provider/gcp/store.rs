//! What a store's spec says: which project, where, and as whom.

use lockstep_api::provider::GcpsmProvider;

use super::login::{Finder, Identity, Login};
use super::manager::Manager;
use super::name::{is_location, is_project};
use crate::engine::problem::Problem;
use crate::provider::Surroundings;
use crate::provider::google::{Environment, Metadata, Services};

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.gcpsm";

/// Resolves everything that Kubernetes knows. Google's metadata server is asked where nobody else names the project;
/// nobody else is asked yet.
pub(super) async fn open(
    spec: &GcpsmProvider,
    surroundings: &Surroundings,
    environment: &Environment,
) -> Result<Manager, Problem> {
    let location = spec.location.as_deref().filter(|location| !location.is_empty());
    if location.is_some_and(|location| !is_location(location)) {
        return Err(invalid(
            "location",
            "must be a location of Google's, such as europe-west1",
        ));
    }
    let finder = Finder {
        references: &surroundings.references,
        environment,
        field: &format!("{FIELD}.auth"),
    };
    let identity = finder.identity(&spec.auth).await?;
    let project = project(spec, &identity, environment).await?;
    let mut services = Services::of(environment, FIELD)?;
    if let Some(universe) = identity.universe() {
        services = services.in_universe(universe);
    }
    let place = (project, location.map(str::to_owned));
    Ok(Manager::new(
        services,
        Login::new(identity),
        place,
        surroundings.calls.clone(),
    ))
}

async fn project(
    spec: &GcpsmProvider,
    identity: &Identity,
    environment: &Environment,
) -> Result<String, Problem> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let named = spec.project_id.as_deref().and_then(given);
    let project = match named.or_else(|| identity.project().and_then(given)) {
        Some(project) => project,
        None if spec.auth.secret_ref.is_some() => {
            return Err(invalid("projectID", "unable to find ProjectID in storeSpec"));
        }
        None => {
            let field = format!("{FIELD}.projectID: unable to find ProjectID in storeSpec");
            Metadata::of(environment, &field)?.project().await?
        }
    };
    if is_project(&project) {
        return Ok(project);
    }
    Err(invalid("projectID", "must be the id or number of a project"))
}

fn invalid(part: &str, why: &str) -> Problem {
    Problem::InvalidSpec {
        field: format!("{FIELD}.{part}"),
        why: why.to_owned(),
    }
}
