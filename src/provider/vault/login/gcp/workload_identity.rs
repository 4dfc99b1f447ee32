//! A ServiceAccount of a GKE cluster, bound to an account of Google Cloud: Google takes the one's token for one of its
//! own, and signs with the other's key for whoever has that.

use std::time::Duration;

use http::header::AUTHORIZATION;
use jiff::Timestamp;
use lockstep_api::provider::GcpWorkloadIdentity;
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::super::Login;
use super::claims;
use super::metadata::{Metadata, client};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Http, problem};

/// The account of Google Cloud that a ServiceAccount acts as.
const ACCOUNT: &str = "iam.gke.io/gcp-service-account";
const LIFETIME: Duration = Duration::from_mins(15);
const EXCHANGE: &str = "https://securetoken.googleapis.com";
const IAM: &str = "https://iamcredentials.googleapis.com";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

pub(super) async fn signed(
    login: &Login,
    identity: &GcpWorkloadIdentity,
    role: &str,
    field: &str,
) -> Result<String, Problem> {
    let reference = format!("{field}.serviceAccountRef");
    let references = &login.references;
    let account = &identity.service_account_ref;
    let annotations = references
        .service_account_annotations(account, &reference)
        .await?;
    let email = annotations.get(ACCOUNT).map(|email| email.trim());
    let email = email
        .filter(|email| !email.is_empty())
        .ok_or_else(|| Problem::ReferenceInvalid {
            field: reference.clone(),
            why: format!(
                "service account {} names no account of Google Cloud: annotate it with {ACCOUNT}",
                account.name
            ),
        })?;
    let pool = Pool::of(login, identity, field).await?;
    let token = references
        .service_account_token(account, &[&pool.name], LIFETIME, &reference)
        .await?;
    let google = Google {
        http: client(field)?,
        base: login.environment.google.as_deref(),
        field,
    };
    let token = google.exchanged(&token, &pool).await?;
    google.sign(email, role, &token).await
}

/// Where the identities of a cluster are.
struct Pool {
    name: String,
    provider: String,
}

impl Pool {
    async fn of(login: &Login, identity: &GcpWorkloadIdentity, field: &str) -> Result<Self, Problem> {
        let metadata = Metadata::of(login, field)?;
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
        Ok(Self {
            name: format!("{project}.svc.id.goog"),
            provider: format!(
                "https://container.googleapis.com/v1/projects/{project}/locations/{location}/clusters/{cluster}"
            ),
        })
    }
}

struct Google<'l> {
    http: Http,
    /// In place of Google's own addresses.
    base: Option<&'l str>,
    field: &'l str,
}

#[derive(Serialize)]
struct Exchange<'e> {
    grant_type: &'static str,
    subject_token_type: &'static str,
    requested_token_type: &'static str,
    subject_token: &'e str,
    audience: String,
    scope: &'static str,
}

#[derive(Deserialize)]
struct Exchanged {
    access_token: String,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(rename = "signedJwt")]
    jwt: String,
}

impl Google<'_> {
    /// A token of Google's for one of the cluster's.
    async fn exchanged(&self, token: &SecretBytes, pool: &Pool) -> Result<String, Problem> {
        let what = format!("{}: exchanging the token of the ServiceAccount", self.field);
        let subject_token = std::str::from_utf8(token.expose()).map_err(|_| unusable(&what))?;
        let url = self.url(EXCHANGE, &["v1", "identitybindingtoken"])?;
        let request = self.http.client().post(url).json(&Exchange {
            grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
            subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
            requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
            subject_token,
            audience: format!("identitynamespace:{}:{}", pool.name, pool.provider),
            scope: SCOPE,
        });
        let exchanged: Exchanged = self.ask(request, &what).await?;
        Ok(exchanged.access_token)
    }

    /// What Vault wants to be told, signed with the key of an account.
    async fn sign(&self, email: &str, role: &str, token: &str) -> Result<String, Problem> {
        let what = format!("{}: signing as {email}", self.field);
        let sign = format!("{email}:signJwt");
        let url = self.url(IAM, &["v1", "projects", "-", "serviceAccounts", &sign])?;
        let mut bearer =
            http::HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| unusable(&what))?;
        bearer.set_sensitive(true);
        let payload = claims(email, role, Timestamp::now()).to_string();
        let request = self.http.client().post(url).json(&json!({ "payload": payload }));
        let signed: Signed = self.ask(request.header(AUTHORIZATION, bearer), &what).await?;
        Ok(signed.jwt)
    }

    fn url(&self, base: &str, segments: &[&str]) -> Result<Url, Problem> {
        let invalid = || unusable(self.field);
        let mut url = Url::parse(self.base.unwrap_or(base)).map_err(|_| invalid())?;
        url.path_segments_mut().map_err(|()| invalid())?.extend(segments);
        Ok(url)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder, what: &str) -> Result<T, Problem> {
        let answer = self.http.send(request, what).await?;
        if !answer.status.is_success() {
            return Err(problem(answer.status, &answer.headers, what));
        }
        serde_json::from_slice(answer.body.expose()).map_err(|_| unusable(what))
    }
}

fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

fn unusable(what: &str) -> Problem {
    Problem::BadAnswer {
        what: what.to_owned(),
        why: "Google did not hand out a token".to_owned(),
    }
}
