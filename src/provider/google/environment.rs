//! Who the operator's own pod is to Google, and where Google is: what Google's platforms put into its environment.

use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;

use crate::engine::problem::Problem;
use crate::provider::amazon;
use crate::provider::http::{Http, Options};

const DEADLINE: Duration = Duration::from_secs(20);

/// What is absent is as Google has it for everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// The metadata server, as `HOST:PORT`.
    pub(in crate::provider) metadata_host: Option<String>,
    /// A file with the credentials of our own, and where `gcloud` keeps some on a person's machine.
    pub(in crate::provider) credentials_file: Option<String>,
    pub(in crate::provider) gcloud_file: Option<String>,
    /// What AWS says of us, where an identity of AWS is shown to Google.
    pub(in crate::provider) aws: amazon::Environment,
    /// Where Secret Manager is, if it has an address of its own, such as a private endpoint's.
    pub(in crate::provider) secret_manager: Option<String>,
    /// In place of every service's own address; only tests have one.
    pub(in crate::provider) everything_at: Option<String>,
    /// In place of the system's certificates; only tests have some.
    pub(in crate::provider) trusted: Option<Vec<CertificateDer<'static>>>,
}

impl Environment {
    pub(crate) fn of_process() -> Self {
        let gcloud = variable("CLOUDSDK_CONFIG");
        let gcloud = gcloud.or_else(|| Some(format!("{}/.config/gcloud", variable("HOME")?)));
        Self {
            metadata_host: variable("GCE_METADATA_HOST"),
            credentials_file: variable("GOOGLE_APPLICATION_CREDENTIALS"),
            gcloud_file: gcloud.map(|folder| format!("{folder}/application_default_credentials.json")),
            aws: amazon::Environment::of_process(),
            secret_manager: variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"),
            everything_at: None,
            trusted: None,
        }
    }

    /// The one way to Google: a token never follows a redirect to somebody else.
    pub(in crate::provider) fn http(&self, field: &str) -> Result<Http, Problem> {
        Http::new(self.options(), field)
    }

    /// The same to what is beside us.
    pub(in crate::provider) fn http_nearby(&self, field: &str) -> Result<Http, Problem> {
        Http::without_proxy(self.options(), field)
    }

    fn options(&self) -> Options {
        Options {
            authorities: self.trusted.clone(),
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "Google's platforms tell a pod who it is in its environment, and in no other way"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
