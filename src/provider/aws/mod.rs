//! `provider.aws`: Secrets Manager and Parameter Store.
//!
//! A connection has credentials of its own, which all its clients share and which are made anew ahead of their end: a
//! thousand objects on one store cost one login. Plain reads go in batches. Every call has a deadline, every answer a
//! bound, and no error repeats what AWS says in its own words.

mod answer;
mod batches;
mod endpoints;
mod http;
mod login;
mod parameter_store;
mod property;
mod roles;
mod search;
mod secrets_manager;
mod service;
mod session;
mod tags;
mod told;
mod web_identity;

use std::sync::Arc;

use lockstep_api::provider::{AwsProvider, AwsService};

use super::{Backend, Surroundings};
use crate::engine::problem::Problem;
use batches::Batches;
use parameter_store::ParameterStore;
use secrets_manager::SecretsManager;
use service::{Api, Service};

pub(crate) use answer::problem;
pub(crate) use endpoints::Endpoints;
pub(crate) use roles::Role;
pub(crate) use session::{Session, Wanted};

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.aws";

pub(super) async fn connect(
    spec: &AwsProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    connect_to(spec, surroundings, Endpoints::of_environment()).await
}

async fn connect_to(
    spec: &AwsProvider,
    surroundings: &Surroundings,
    endpoints: Endpoints,
) -> Result<Arc<dyn Backend>, Problem> {
    let wanted = Wanted {
        auth: &spec.auth,
        region: &spec.region,
        roles: roles::of_store(spec, surroundings)?,
        retry: surroundings.retry.as_ref(),
        field: FIELD,
    };
    let open = Session::open(wanted, &surroundings.references, endpoints);
    let (prefix, calls) = (
        spec.prefix.clone().unwrap_or_default(),
        surroundings.calls.clone(),
    );
    match spec.service {
        AwsService::SecretsManager => {
            let session = open.await?;
            let deletion = spec.secrets_manager.clone().unwrap_or_default();
            let references = surroundings.references.clone();
            let api = SecretsManager::new(&session, calls, references, deletion);
            Ok(serve(api, session, prefix))
        }
        AwsService::ParameterStore => {
            let session = open.await?;
            let api = ParameterStore::new(&session, calls);
            Ok(serve(api, session, prefix))
        }
        AwsService::CertificateManager => Err(Problem::NotSupported {
            what: "service CertificateManager of provider `aws`".to_owned(),
        }),
    }
}

fn serve(api: impl Api + 'static, session: Session, prefix: String) -> Arc<dyn Backend> {
    Arc::new(Service {
        api,
        session,
        prefix,
        batches: Batches::default(),
    })
}

#[cfg(test)]
mod tests;
