//! Tokens for Google's registries, which take whatever token Google gave.

use lockstep_api::generator::GcrAuth;
use lockstep_api::provider::{GcpAuth, GcpWorkloadIdentity};

use super::login::Finder;
use crate::engine::problem::Problem;
use crate::provider::References;
use crate::provider::google::Environment;
use crate::provider::granted::Granted;

/// Where the fields of the generator are, for messages.
const FIELD: &str = "spec.auth";

pub(crate) async fn token(
    auth: &GcrAuth,
    references: &References,
    environment: &Environment,
) -> Result<Granted, Problem> {
    let workload = auth.workload_identity.as_ref();
    let auth = GcpAuth {
        secret_ref: auth.secret_ref.clone(),
        workload_identity: workload.map(|workload| GcpWorkloadIdentity {
            service_account_ref: workload.service_account_ref.clone(),
            cluster_location: Some(workload.cluster_location.clone()),
            cluster_name: Some(workload.cluster_name.clone()),
            cluster_project_id: workload.cluster_project_id.clone(),
        }),
        workload_identity_federation: auth.workload_identity_federation.clone(),
    };
    let finder = Finder {
        references,
        environment,
        field: FIELD,
    };
    finder.identity(&auth).await?.log_in().await
}
