//! Google's metadata server: where we run, and as whom.

use super::SCOPE;
use super::environment::Environment;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::granted::Granted;
use crate::provider::http::{Http, problem};

const HOST: &str = "metadata.google.internal";

pub(in crate::provider) struct Metadata {
    http: Http,
    host: String,
    field: String,
}

impl Metadata {
    pub(in crate::provider) fn of(environment: &Environment, field: &str) -> Result<Self, Problem> {
        Ok(Self {
            http: environment.http_nearby(field)?,
            host: environment
                .metadata_host
                .clone()
                .unwrap_or_else(|| HOST.to_owned()),
            field: field.to_owned(),
        })
    }

    /// That we are who we are, told to this audience.
    pub(in crate::provider) async fn identity(&self, audience: &str) -> Result<String, Problem> {
        let query = [("audience", audience), ("format", "full")];
        self.text("instance/service-accounts/default/identity", &query)
            .await
    }

    /// A token of the machine or pod that we run on.
    pub(in crate::provider) async fn token(&self) -> Result<Granted, Problem> {
        let path = "instance/service-accounts/default/token";
        let body = self.ask(path, &[("scopes", SCOPE)]).await?;
        Granted::read(&body, &self.what(path))
    }

    pub(in crate::provider) async fn project(&self) -> Result<String, Problem> {
        self.text("project/project-id", &[]).await
    }

    /// What GKE says of the machine's cluster.
    pub(in crate::provider) async fn of_instance(&self, attribute: &str) -> Result<String, Problem> {
        self.text(&format!("instance/attributes/{attribute}"), &[]).await
    }

    async fn text(&self, path: &str, query: &[(&str, &str)]) -> Result<String, Problem> {
        let body = self.ask(path, query).await?;
        let text = std::str::from_utf8(body.expose())
            .map(str::trim)
            .unwrap_or_default();
        if text.is_empty() {
            return Err(Problem::BadAnswer {
                what: self.what(path),
                why: "it is empty, or no text".to_owned(),
            });
        }
        Ok(text.to_owned())
    }

    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Result<SecretBytes, Problem> {
        let url = format!("http://{}/computeMetadata/v1/{path}", self.host);
        let request = self.http.client().get(url).header("metadata-flavor", "Google");
        let what = self.what(path);
        let answer = self.http.send(request.query(query), &what).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(problem(answer.status, &answer.headers, &what))
    }

    fn what(&self, path: &str) -> String {
        format!("{}: asking Google's metadata server for {path}", self.field)
    }
}
