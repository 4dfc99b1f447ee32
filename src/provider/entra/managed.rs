//! The identity of the machine or pod that we run on: whoever is on it gets tokens for the asking.

use std::time::Duration;

use http::HeaderValue;
use reqwest::redirect::Policy;
use url::Url;

use super::environment::Environment;
use super::token::granted;
use crate::engine::problem::Problem;
use crate::provider::granted::Granted;
use crate::provider::http::{Http, Options};

const METADATA: &str = "http://169.254.169.254";
const DEADLINE: Duration = Duration::from_secs(15);

/// Which identity, where a machine has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice<'c> {
    Client(&'c str),
    Resource(&'c str),
}

pub(in crate::provider) struct Managed {
    http: Http,
    /// With all that does not depend on whom the token is for.
    url: Url,
    header: (&'static str, HeaderValue),
    what: String,
}

/// Who hands out tokens here.
struct Source {
    address: String,
    version: &'static str,
    header: (&'static str, HeaderValue),
    /// What it calls the id of a resource.
    of_resource: &'static str,
}

impl Source {
    /// App Service says where it is; else it is the machine's metadata.
    fn of(environment: &Environment, field: &str) -> Result<Self, Problem> {
        let service = environment.identity_endpoint.as_ref();
        if let Some((endpoint, secret)) = service.zip(environment.identity_header.as_ref()) {
            let secret = HeaderValue::from_bytes(secret.expose());
            let mut secret = secret.map_err(|_| unusable(field, "IDENTITY_HEADER"))?;
            secret.set_sensitive(true);
            return Ok(Self {
                address: endpoint.clone(),
                version: "2019-08-01",
                header: ("x-identity-header", secret),
                of_resource: "mi_res_id",
            });
        }
        let host = environment.metadata.as_deref().unwrap_or(METADATA);
        Ok(Self {
            address: format!("{}/metadata/identity/oauth2/token", host.trim_end_matches('/')),
            version: "2018-02-01",
            header: ("metadata", HeaderValue::from_static("true")),
            of_resource: "msi_res_id",
        })
    }
}

impl Managed {
    /// The machine's own identity, or one of those. `field` is where that is said, for messages.
    pub(in crate::provider) fn new(
        environment: &Environment,
        field: &str,
        choice: Option<Choice<'_>>,
    ) -> Result<Self, Problem> {
        let source = Source::of(environment, field)?;
        let url = Url::parse(&source.address);
        let mut url = url.map_err(|_| unusable(field, "the address of managed identities"))?;
        url.query_pairs_mut().append_pair("api-version", source.version);
        if let Some(choice) = choice {
            let (name, id) = match choice {
                Choice::Client(id) => ("client_id", id),
                Choice::Resource(id) => (source.of_resource, id),
            };
            url.query_pairs_mut().append_pair(name, id);
        }
        let options = Options {
            authorities: None,
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        Ok(Self {
            http: Http::without_proxy(options, field)?,
            url,
            header: source.header,
            what: format!("{field}: login with the machine's managed identity"),
        })
    }

    pub(in crate::provider) async fn ask(&self, audience: &str) -> Result<Granted, Problem> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("resource", audience);
        let (name, value) = &self.header;
        let request = self.http.client().get(url).header(*name, value);
        let answer = self.http.send(request, &self.what).await?;
        granted(&answer, &self.what)
    }
}

fn unusable(field: &str, what: &str) -> Problem {
    Problem::ReferenceInvalid {
        field: field.to_owned(),
        why: format!("{what} of lockstep's own environment cannot be used"),
    }
}
