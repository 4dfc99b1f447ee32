//! Generators: values that are made, and not read.
//!
//! Making is pure: randomness and the clock are handed in, and whatever is refused is told as a fault of the spec. What
//! remains, resolving references and keeping slow work off the async workers, is here. One file a kind.

#[cfg(feature = "aws")]
mod aws;
mod azure;
mod beyondtrust;
mod fake;
mod federated;
mod gcp;
mod github;
mod gitlab;
mod grafana;
pub mod kept;
mod lend;
mod mfa;
pub mod page;
mod password;
mod patience;
mod seal;
mod ssh_key;
#[cfg(test)]
mod testing;
mod uuid;
mod vault;
mod web;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockstep_api::Fault;
use lockstep_api::generator::{GeneratorSpec, MFASpec, SSHKeySpec};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::engine::generator::GeneratorKey;
use crate::engine::lease::{Life, Step};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::state;
use crate::engine::values::Values;
use crate::provider::{Calls, References, Rules, StoreScope};
use crate::random::random;
use page::Page;
use vault::Vault;
use web::Web;

pub use vault::Renewal;

/// A large RSA key takes a processor for seconds. Others wait, so that there is something left for everything else.
const KEYS_AT_ONCE: usize = 2;

/// Makes values.
#[derive(Debug)]
pub struct Generators {
    cluster: Arc<dyn Cluster>,
    calls: Calls,
    rules: Rules,
    keys_at_once: Arc<Semaphore>,
    vault: Vault,
    web: Web,
}

/// On whose behalf values are made.
#[derive(Clone, Copy, Debug)]
pub struct Order<'o> {
    pub generator: &'o GeneratorKey,
    /// That of the object that wants the values, also where the generator is everybody's.
    pub namespace: &'o str,
    pub now: Timestamp,
    /// When other values are asked for at the latest, if ever.
    pub refresh: Option<Timestamp>,
    /// Where what is made elsewhere is noted.
    pub page: &'o Page,
}

impl Order<'_> {
    /// Whether something has to be done about a life before other values are asked for anyway.
    fn outlives(&self, life: &Life) -> bool {
        match life.step(self.now) {
            None => false,
            Some(Step::Rest(until)) => self.refresh.is_none_or(|refresh| until < refresh),
            Some(Step::Renew | Step::Replace) => true,
        }
    }
}

impl Generators {
    pub fn new(cluster: Arc<dyn Cluster>, calls: Calls, rules: Rules) -> Self {
        Self {
            vault: Vault::new(cluster.clone(), calls.clone(), rules.clone()),
            web: Web::default(),
            cluster,
            calls,
            rules,
            keys_at_once: Arc::new(Semaphore::new(KEYS_AT_ONCE)),
        }
    }

    /// New values, others at each call. The one place that knows which kind of the API is made by which file here.
    pub async fn generate(&self, spec: &GeneratorSpec, order: Order<'_>) -> Result<Values, Problem> {
        let unusable = |fault| order.generator.unusable(spec, fault);
        match spec {
            GeneratorSpec::Fake(fake) => Ok(fake::generate(fake)),
            GeneratorSpec::UUID(_) => Ok(uuid::generate(&mut random()?)),
            GeneratorSpec::Password(password) => {
                password::generate(password, &mut random()?).map_err(unusable)
            }
            GeneratorSpec::SSHKey(key) => match self.ssh_key(key.clone()).await? {
                Ok(values) => Ok(values),
                Err(ssh_key::Failure::Spec(fault)) => Err(unusable(fault)),
                Err(ssh_key::Failure::Library) => Err(failed("the crypto library made no key")),
            },
            GeneratorSpec::VaultDynamicSecret(vault) => {
                let resource = state::snapshot(order.generator, spec);
                self.vault.generate(vault, &resource, order).await
            }
            GeneratorSpec::MFA(mfa) => {
                let seed = self.seed(mfa, order).await?;
                mfa::generate(mfa, &seed, order.now).map_err(unusable)
            }
            GeneratorSpec::Webhook(hook) => {
                let references = self.references(order);
                let made = webhook::generate(hook, &references, self.calls.clone(), &self.rules).await;
                made.map_err(|problem| problem.at(order.generator.to_string()))
            }
            #[cfg(feature = "aws")]
            GeneratorSpec::ECRAuthorizationToken(token) => {
                aws::registry_token(token, self.cluster.clone(), order).await
            }
            #[cfg(feature = "aws")]
            GeneratorSpec::STSSessionToken(token) => {
                aws::session_token(token, self.cluster.clone(), order).await
            }
            #[cfg(not(feature = "aws"))]
            GeneratorSpec::ECRAuthorizationToken(_) | GeneratorSpec::STSSessionToken(_) => {
                Err(Problem::NotSupported {
                    what: "a generator for AWS, without which this was built,".to_owned(),
                })
            }
            GeneratorSpec::ACRAccessToken(_)
            | GeneratorSpec::BeyondtrustWorkloadCredentialsDynamicSecret(_)
            | GeneratorSpec::GCRAccessToken(_)
            | GeneratorSpec::CloudsmithAccessToken(_)
            | GeneratorSpec::GithubAccessToken(_)
            | GeneratorSpec::GitlabDeployToken(_)
            | GeneratorSpec::Grafana(_)
            | GeneratorSpec::QuayAccessToken(_) => {
                let made = self.ask(spec, order).await;
                made.map_err(|problem| told(problem, order))
            }
        }
    }

    /// The kinds that ask one API for a token, most of them a small one, with one client for all of those.
    async fn ask(&self, spec: &GeneratorSpec, order: Order<'_>) -> Result<Values, Problem> {
        let resource = || state::snapshot(order.generator, spec);
        let references = self.references(order);
        let asked = (&self.web, &references);
        match spec {
            GeneratorSpec::ACRAccessToken(token) => azure::registry_token(token, &references).await,
            GeneratorSpec::BeyondtrustWorkloadCredentialsDynamicSecret(secret) => {
                beyondtrust::generate(secret, resource(), asked, order).await
            }
            GeneratorSpec::GCRAccessToken(token) => {
                Box::pin(gcp::registry_token(token, &references, order.now)).await
            }
            GeneratorSpec::CloudsmithAccessToken(token) => federated::cloudsmith(token, asked).await,
            GeneratorSpec::GithubAccessToken(token) => github::generate(token, asked, order.now).await,
            GeneratorSpec::GitlabDeployToken(token) => {
                gitlab::generate(token, resource(), asked, order).await
            }
            GeneratorSpec::Grafana(token) => grafana::generate(token, resource(), asked, order).await,
            GeneratorSpec::QuayAccessToken(token) => federated::quay(token, asked).await,
            _ => Err(Problem::NotSupported {
                what: format!("generator `{}`", spec.kind().as_str()),
            }),
        }
    }

    /// Gives back what was made for our own use, as far as that is done within this time.
    pub async fn close(&self, within: Duration) {
        let _ = timeout(within, self.vault.close()).await;
    }

    async fn ssh_key(&self, spec: SSHKeySpec) -> Result<Result<Values, ssh_key::Failure>, Problem> {
        let mut random = random()?;
        // The semaphore is never closed.
        let permit = self.keys_at_once.clone().acquire_owned().await;
        let made = tokio::task::spawn_blocking(move || {
            let values = ssh_key::generate(&spec, &mut random);
            drop(permit);
            values
        });
        made.await
            .map_err(|_| failed("the making of a key was broken off"))
    }

    async fn seed(&self, spec: &MFASpec, order: Order<'_>) -> Result<SecretBytes, Problem> {
        let seed = self
            .references(order)
            .secret_key(&spec.secret, "spec.secret")
            .await;
        seed.map_err(|problem| problem.at(order.generator.to_string()))
    }

    fn references(&self, order: Order<'_>) -> References {
        self.references_in(order.namespace)
    }

    fn references_in(&self, namespace: &str) -> References {
        let scope = StoreScope::Generator {
            namespace: namespace.to_owned(),
        };
        References::new(self.cluster.clone(), scope)
    }
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

fn failed(why: &str) -> Problem {
    Problem::Unreachable {
        what: "generating".to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_api::generator::ClusterGeneratorKind;

    use super::*;
    use crate::engine::object::ObjectKey;
    use crate::engine::problem::Retry;

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
