//! Generators that ask AWS: as whom, and whose fault it is.

mod ecr_authorization_token;
mod sts_session_token;

use lockstep_api::generator::{ECRAuthorizationTokenSpec, STSSessionTokenSpec};
use lockstep_api::provider::AwsAuth;

use super::{Order, told};
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::References;
use crate::provider::aws::{Endpoints, Role, Session, Wanted};

pub(super) async fn registry_token(
    spec: &ECRAuthorizationTokenSpec,
    references: References,
    order: Order<'_>,
) -> Result<Values, Problem> {
    let client = Client::new(references);
    let made = ecr_authorization_token::generate(spec, &client).await;
    made.map_err(|problem| told(problem, order))
}

pub(super) async fn session_token(
    spec: &STSSessionTokenSpec,
    references: References,
    order: Order<'_>,
) -> Result<Values, Problem> {
    let client = Client::new(references);
    let made = sts_session_token::generate(spec, &client).await;
    made.map_err(|problem| told(problem, order))
}

/// What credentials are found with.
struct Client {
    references: References,
    endpoints: Endpoints,
}

impl Client {
    fn new(references: References) -> Self {
        Self {
            references,
            endpoints: Endpoints::of_environment(),
        }
    }

    async fn session(
        &self,
        auth: Option<&AwsAuth>,
        region: &str,
        role: Option<&String>,
    ) -> Result<Session, Problem> {
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
        Session::open(wanted, &self.references, self.endpoints.clone()).await
    }
}

fn bad(what: &str, why: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}
