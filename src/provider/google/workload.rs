//! A ServiceAccount of a GKE cluster: Google takes its token for one of its own.

use std::time::Duration;

use lockstep_api::ServiceAccountSelector;
use lockstep_api::provider::GcpWorkloadIdentity;

use super::{Environment, Metadata, Services, is_account};
use crate::engine::problem::Problem;
use crate::provider::References;
use crate::provider::granted::Granted;

/// The account of Google Cloud that a ServiceAccount acts as.
pub(in crate::provider) const ACCOUNT: &str = "iam.gke.io/gcp-service-account";
const LIFETIME: Duration = Duration::from_mins(15);

#[derive(Clone)]
pub(in crate::provider) struct Workload {
    pub(in crate::provider) identity: GcpWorkloadIdentity,
    pub(in crate::provider) references: References,
    pub(in crate::provider) environment: Environment,
    /// Where the identity stands in the object, for messages.
    pub(in crate::provider) field: String,
}

/// Where the identities of a cluster are.
struct Pool {
    name: String,
    provider: String,
}

impl Workload {
    /// The account that it acts as, if it is annotated with one.
    pub(in crate::provider) async fn account(&self) -> Result<Option<String>, Problem> {
        let account = &self.identity.service_account_ref;
        annotated(&self.references, account, &self.reference()).await
    }

    /// Google's own token for the account.
    pub(in crate::provider) async fn token(&self, services: &Services) -> Result<Granted, Problem> {
        let pool = self.pool().await?;
        let account = &self.identity.service_account_ref;
        let token = self
            .references
            .service_account_token(account, &[&pool.name], LIFETIME, &self.reference())
            .await?;
        let audience = format!("identitynamespace:{}:{}", pool.name, pool.provider);
        services.bind(&token, &audience).await
    }

    pub(in crate::provider) fn reference(&self) -> String {
        format!("{}.serviceAccountRef", self.field)
    }

    async fn pool(&self) -> Result<Pool, Problem> {
        let metadata = Metadata::of(&self.environment, &self.field)?;
        let identity = &self.identity;
        let project = match given(identity.cluster_project_id.as_ref()) {
            Some(project) => project,
            None => metadata.project().await?,
        };
        let location = match given(identity.cluster_location.as_ref()) {
            Some(location) => location,
            None => metadata.of_instance("cluster-location").await?,
        };
        let cluster = match given(identity.cluster_name.as_ref()) {
            Some(cluster) => cluster,
            None => metadata.of_instance("cluster-name").await?,
        };
        Ok(Pool {
            name: format!("{project}.svc.id.goog"),
            provider: format!(
                "https://container.googleapis.com/v1/projects/{project}/locations/{location}/clusters/{cluster}"
            ),
        })
    }
}

/// The account of Google Cloud that a ServiceAccount is annotated with.
pub(in crate::provider) async fn annotated(
    references: &References,
    account: &ServiceAccountSelector,
    field: &str,
) -> Result<Option<String>, Problem> {
    let annotations = references.service_account_annotations(account, field).await?;
    let email = annotations.get(ACCOUNT).map(|email| email.trim());
    match email.filter(|email| !email.is_empty()) {
        Some(email) if !is_account(email) => Err(Problem::ReferenceInvalid {
            field: field.to_owned(),
            why: format!(
                "what is annotated on service account {} as {ACCOUNT} is no account of Google Cloud",
                account.name
            ),
        }),
        email => Ok(email.map(str::to_owned)),
    }
}

fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}
