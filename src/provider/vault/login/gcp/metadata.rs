//! Google's metadata server: where lockstep runs, and as whom.

use std::time::Duration;

use reqwest::redirect::Policy;

use super::super::{Login, text};
use crate::engine::problem::Problem;
use crate::provider::http::{Http, Options, problem};

const HOST: &str = "metadata.google.internal";
const DEADLINE: Duration = Duration::from_secs(15);

pub(super) struct Metadata<'l> {
    http: Http,
    host: &'l str,
    field: &'l str,
}

impl<'l> Metadata<'l> {
    pub(super) fn of(login: &'l Login, field: &'l str) -> Result<Self, Problem> {
        Ok(Self {
            http: client(field)?,
            host: login.environment.metadata_host.as_deref().unwrap_or(HOST),
            field,
        })
    }

    /// A token of the machine or pod that lockstep runs on.
    pub(super) async fn own_token(&self, audience: &str) -> Result<String, Problem> {
        let query = [("audience", audience), ("format", "full")];
        self.ask("instance/service-accounts/default/identity", &query)
            .await
    }

    pub(super) async fn project(&self) -> Result<String, Problem> {
        self.ask("project/project-id", &[]).await
    }

    /// What GKE says of the machine's cluster.
    pub(super) async fn of_instance(&self, attribute: &str) -> Result<String, Problem> {
        self.ask(&format!("instance/attributes/{attribute}"), &[]).await
    }

    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Result<String, Problem> {
        let url = format!("http://{}/computeMetadata/v1/{path}", self.host);
        let request = self.http.client().get(url).header("metadata-flavor", "Google");
        let request = request.query(query);
        let what = format!("{}: asking Google's metadata server for {path}", self.field);
        let answer = self.http.send(request, &what).await?;
        if !answer.status.is_success() {
            return Err(problem(answer.status, &answer.headers, &what));
        }
        text(&answer.body, self.field)
    }
}

/// A client for Google's services.
pub(super) fn client(field: &str) -> Result<Http, Problem> {
    let options = Options {
        authorities: None,
        identity: None,
        redirects: Policy::none(),
        deadline: DEADLINE,
    };
    Http::new(options, field)
}
