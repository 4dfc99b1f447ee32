//! Generators that ask AWS: as whom, and whose fault it is.

mod ecr_authorization_token;
mod sts_session_token;

use std::sync::Arc;

use lockstep_api::generator::{ECRAuthorizationTokenSpec, STSSessionTokenSpec};
use lockstep_api::provider::AwsAuth;

use super::{Order, told};
use crate::cluster::Cluster;
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::aws::{Endpoints, Role, Session, Wanted};
use crate::provider::{References, StoreScope};

pub(super) async fn registry_token(
    spec: &ECRAuthorizationTokenSpec,
    cluster: Arc<dyn Cluster>,
    order: Order<'_>,
) -> Result<Values, Problem> {
    let client = Client::new(cluster);
    let made = ecr_authorization_token::generate(spec, &client, order.namespace).await;
    made.map_err(|problem| told(problem, order))
}

pub(super) async fn session_token(
    spec: &STSSessionTokenSpec,
    cluster: Arc<dyn Cluster>,
    order: Order<'_>,
) -> Result<Values, Problem> {
    let client = Client::new(cluster);
    let made = sts_session_token::generate(spec, &client, order.namespace).await;
    made.map_err(|problem| told(problem, order))
}

/// What credentials are found with.
struct Client {
    cluster: Arc<dyn Cluster>,
    endpoints: Endpoints,
}

impl Client {
    fn new(cluster: Arc<dyn Cluster>) -> Self {
        Self {
            cluster,
            endpoints: Endpoints::of_environment(),
        }
    }

    async fn session(
        &self,
        namespace: &str,
        auth: Option<&AwsAuth>,
        region: &str,
        role: Option<&String>,
    ) -> Result<Session, Problem> {
        let scope = StoreScope::Generator {
            namespace: namespace.to_owned(),
        };
        let references = References::new(self.cluster.clone(), scope);
        let role = role.filter(|arn| !arn.is_empty());
        let wanted = Wanted {
            auth: auth.unwrap_or(&AwsAuth {
                secret_ref: None,
                jwt: None,
            }),
            region,
            roles: role.map(|arn| Role::plain(arn)).into_iter().collect(),
            retry: None,
            field: "spec",
        };
        Session::open(wanted, &references, self.endpoints.clone()).await
    }
}

fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}
