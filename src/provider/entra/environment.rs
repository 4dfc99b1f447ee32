//! Who the operator's own pod is to Azure: what Azure puts into its environment.

use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;

use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Http, Options};

const DEADLINE: Duration = Duration::from_secs(20);

/// What is absent is as Azure has it for everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// The pod's own workload identity.
    pub(in crate::provider) client_id: Option<String>,
    pub(in crate::provider) tenant_id: Option<String>,
    pub(in crate::provider) token_file: Option<String>,
    /// Where the machine's metadata are, with the scheme.
    pub(in crate::provider) metadata: Option<String>,
    /// Where App Service and Container Apps hand out tokens, and what has to be shown there.
    pub(in crate::provider) identity_endpoint: Option<String>,
    pub(in crate::provider) identity_header: Option<SecretBytes>,
    /// In place of a known cloud's own; only tests have one.
    pub(in crate::provider) authority: Option<String>,
    /// In place of the system's certificates; only tests have some.
    pub(in crate::provider) trusted: Option<Vec<CertificateDer<'static>>>,
}

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self {
            client_id: variable("AZURE_CLIENT_ID"),
            tenant_id: variable("AZURE_TENANT_ID"),
            token_file: variable("AZURE_FEDERATED_TOKEN_FILE"),
            metadata: variable("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            identity_endpoint: variable("IDENTITY_ENDPOINT"),
            identity_header: variable("IDENTITY_HEADER").map(SecretBytes::from),
            authority: None,
            trusted: None,
        }
    }

    /// The one way to Azure: a token never follows a redirect to somebody else.
    pub(in crate::provider) fn http(&self, field: &'static str) -> Result<Http, Problem> {
        let options = Options {
            authorities: self.trusted.clone(),
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        Http::new(options, field)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "Azure tells a pod who it is in its environment, and in no other way"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
