//! Generators that ask AWS: as whom, and whose fault it is.

mod ecr_authorization_token;
mod sts_session_token;

use std::sync::Arc;

use lockstep_api::Fault;
use lockstep_api::generator::{ECRAuthorizationTokenSpec, STSSessionTokenSpec};
use lockstep_api::provider::AwsAuth;

use super::Order;
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

/// A fault of the generator's spec is no fault of the object that uses it.
fn told(problem: Problem, order: Order<'_>) -> Problem {
    match problem {
        Problem::InvalidSpec { field, why } => {
            let field = field.strip_prefix("spec.").unwrap_or(&field);
            order.generator.broken(Fault::new(field, why))
        }
        problem => problem.at(order.generator.to_string()),
    }
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

#[cfg(test)]
mod tests {
    use lockstep_api::generator::ClusterGeneratorKind;

    use super::*;
    use crate::engine::generator::GeneratorKey;
    use crate::engine::object::ObjectKey;
    use crate::engine::problem::Retry;
    use crate::generator::page::Page;

    #[test]
    fn a_bad_spec_is_the_generators_and_may_be_mended_without_an_edit_of_its_user() {
        let key = ObjectKey::new("ns", "gen");
        let generator = GeneratorKey::Namespaced(ClusterGeneratorKind::STSSessionToken, key);
        let order = Order {
            generator: &generator,
            namespace: "ns",
            now: jiff::Timestamp::UNIX_EPOCH,
            refresh: None,
            page: &Page::glance(),
        };
        let problem = Problem::InvalidSpec {
            field: "spec.auth.jwt".to_owned(),
            why: "cannot be used".to_owned(),
        };
        let problem = told(problem, order);
        assert_eq!(
            problem.to_string(),
            "STSSessionToken ns/gen: spec.auth.jwt: cannot be used"
        );
        assert_eq!(problem.retry(), Retry::Backoff);
    }
}
