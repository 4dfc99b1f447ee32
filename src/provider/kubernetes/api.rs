//! Calls to the API server, within a deadline and a bound.

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::Secret;
use kube::client::Body;
use lockstep_api::ResourceName;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::answer::{Fault, fault, no_answer};
use super::endpoint::Endpoint;
use super::login::Login;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Calls;
use crate::traces;

const PROVIDER: &str = "Kubernetes";
/// ESO's own, so that what either of us pushed is one manager's.
const FIELD_MANAGER: &str = "external-secrets";
const DEADLINE: Duration = Duration::from_secs(15);
/// A Secret holds 1 MiB at most, and a third more in base64.
pub(super) const ONE_OBJECT: usize = 4 << 20;
/// What is read of an answer that is not a success.
const ONE_STATUS: usize = 64 << 10;
const SECRETS: &str = "secrets";

pub(super) struct Api {
    client: kube::Client,
    login: Login,
    calls: Calls,
}

/// A call, before we say who we are.
pub(super) struct Call<'c> {
    /// Under which name it is counted.
    name: &'static str,
    method: Method,
    path: String,
    body: Vec<u8>,
    limit: usize,
    /// The resource, in the plural, that the API server may say is missing.
    resource: &'c str,
}

impl<'c> Call<'c> {
    /// A call that reads. The path has to be safe.
    pub(super) fn get(name: &'static str, path: String, limit: usize, resource: &'c str) -> Self {
        Self {
            name,
            method: Method::GET,
            path,
            body: Vec::new(),
            limit,
            resource,
        }
    }

    fn send(name: &'static str, method: Method, path: String, body: Vec<u8>) -> Self {
        Self {
            method,
            body,
            ..Self::get(name, path, ONE_OBJECT, SECRETS)
        }
    }
}

type Answer = (StatusCode, HeaderMap, Vec<u8>);

/// A page of Secrets.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) items: Vec<Secret>,
    #[serde(default)]
    metadata: PageMetadata,
}

#[derive(Debug, Default, serde::Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

impl Page {
    /// The rest of the list; empty at its end.
    pub(super) fn next(&self) -> Result<String, Fault> {
        continuation(&self.metadata.next)
    }
}

/// What the API server says of the rest of a list. It becomes part of a URL.
pub(super) fn continuation(next: &str) -> Result<String, Fault> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    if next.bytes().all(is_plain) {
        return Ok(next.to_owned());
    }
    Err(Fault::Useless("its continuation is not one".to_owned()))
}

impl Api {
    pub(super) fn new(endpoint: Endpoint, calls: Calls) -> Result<Self, Problem> {
        let (client, login) = endpoint.open()?;
        Ok(Self { client, login, calls })
    }

    pub(super) fn token_age(&self) -> Option<Duration> {
        self.login.age()
    }

    pub(super) async fn get(&self, namespace: &str, name: &ResourceName) -> Result<Secret, Fault> {
        let path = path(namespace, Some(name));
        let got: Secret = self
            .call(&Call::get("GetSecret", path, ONE_OBJECT, SECRETS))
            .await?;
        // Any JSON object reads as a Secret without data, and what has no data may be deleted.
        if got.metadata.name.as_deref() != Some(name.as_ref()) {
            return Err(something_else(StatusCode::OK));
        }
        Ok(got)
    }

    /// A page of at most so many bytes.
    pub(super) async fn list(&self, namespace: &str, query: &str, bytes: usize) -> Result<Page, Fault> {
        let path = format!("{}?{query}", path(namespace, None));
        self.call(&Call::get("ListSecrets", path, bytes, SECRETS)).await
    }

    pub(super) async fn create(&self, namespace: &str, secret: &Secret) -> Result<(), Fault> {
        let path = format!("{}?fieldManager={FIELD_MANAGER}", path(namespace, None));
        self.send("CreateSecret", Method::POST, path, encode(secret)?)
            .await
    }

    pub(super) async fn replace(
        &self,
        namespace: &str,
        name: &ResourceName,
        secret: &Secret,
    ) -> Result<(), Fault> {
        let path = format!("{}?fieldManager={FIELD_MANAGER}", path(namespace, Some(name)));
        self.send("UpdateSecret", Method::PUT, path, encode(secret)?)
            .await
    }

    /// Deletes the Secret if it still is what was seen.
    pub(super) async fn delete(
        &self,
        namespace: &str,
        name: &ResourceName,
        seen: &Secret,
    ) -> Result<(), Fault> {
        let preconditions =
            json!({"uid": seen.metadata.uid, "resourceVersion": seen.metadata.resource_version});
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
        self.send(
            "DeleteSecret",
            Method::DELETE,
            path(namespace, Some(name)),
            encode(&options)?,
        )
        .await
    }

    /// Asks whether we have this right.
    pub(super) async fn may(&self, right: Value) -> Result<bool, Fault> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": right},
        });
        let (name, resource) = ("CreateSelfSubjectAccessReview", "selfsubjectaccessreviews");
        let answer: SelfSubjectAccessReview = self.review(name, resource, &review).await?;
        Ok(answer.status.unwrap_or_default().allowed)
    }

    /// Asks what we may do. `name` is that of the call; the plural of the kind is the resource.
    pub(super) async fn review<T: DeserializeOwned>(
        &self,
        name: &'static str,
        resource: &str,
        review: &Value,
    ) -> Result<T, Fault> {
        let path = format!("/apis/authorization.k8s.io/v1/{resource}");
        self.call(&Call::send(name, Method::POST, path, encode(review)?))
            .await
    }

    async fn send(
        &self,
        name: &'static str,
        method: Method,
        path: String,
        body: Vec<u8>,
    ) -> Result<(), Fault> {
        let call = Call::send(name, method, path, body);
        let ignored: Result<serde::de::IgnoredAny, _> = self.call(&call).await;
        ignored.map(drop)
    }

    pub(super) async fn call<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Fault> {
        let body = self.read(call).await?;
        serde_json::from_slice(body.expose()).map_err(|_| something_else(StatusCode::OK))
    }

    /// The body of an answer that is a success.
    pub(super) async fn read(&self, call: &Call<'_>) -> Result<SecretBytes, Fault> {
        let token = self.login.current().await.map_err(Fault::Own)?;
        let (mut status, mut headers, mut answer) = self.attempt(call, token.as_ref()).await?;
        if status == StatusCode::UNAUTHORIZED
            && let Some(newer) = self.login.renewed(token.as_ref()).await.map_err(Fault::Own)?
        {
            (status, headers, answer) = self.attempt(call, Some(&newer)).await?;
        }
        if !status.is_success() {
            return Err(fault(status, &headers, &answer, call.resource));
        }
        Ok(answer.into())
    }

    async fn attempt(&self, call: &Call<'_>, authorization: Option<&SecretBytes>) -> Result<Answer, Fault> {
        let request = request(call, authorization)?;
        let outcome = timeout(DEADLINE, self.exchange(request, call.limit))
            .await
            .unwrap_or_else(|_| {
                Err(Fault::Unreachable(format!(
                    "no answer within {}s",
                    DEADLINE.as_secs()
                )))
            });
        let success = outcome.as_ref().is_ok_and(|(status, ..)| status.is_success());
        self.calls.tell(PROVIDER, call.name, success);
        outcome
    }

    async fn exchange(&self, request: Request<Body>, limit: usize) -> Result<Answer, Fault> {
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| no_answer(&error))?;
        let (parts, body) = response.into_parts();
        let is_success = parts.status.is_success();
        let body = Limited::new(body, if is_success { limit } else { ONE_STATUS })
            .collect()
            .await;
        let body = match body {
            Ok(body) => body.to_bytes().into(),
            Err(error) if !error.is::<LengthLimitError>() => return Err(no_answer(error.as_ref())),
            Err(_) if is_success => return Err(Fault::TooLarge),
            // The status says enough.
            Err(_) => Vec::new(),
        };
        traces::note(|span| span.set("http.response.status_code", parts.status.as_u16()));
        Ok((parts.status, parts.headers, body))
    }
}

/// A success that is none.
pub(super) fn something_else(status: StatusCode) -> Fault {
    Fault::Useless(format!(
        "{} without the JSON of what was asked for",
        status.as_u16()
    ))
}

fn request(call: &Call<'_>, authorization: Option<&SecretBytes>) -> Result<Request<Body>, Fault> {
    let unusable = || Fault::Useless("the request cannot be made".to_owned());
    let mut request = Request::builder()
        .method(call.method.clone())
        .uri(&call.path)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(call.body.clone()))
        .map_err(|_| unusable())?;
    if let Some(parent) = traces::parent_header() {
        request.headers_mut().insert(traces::PARENT, parent);
    }
    if let Some(authorization) = authorization {
        // The login has made sure that this is a header.
        let mut value = HeaderValue::from_bytes(authorization.expose()).map_err(|_| unusable())?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Namespaces and names have passed their rules and need no escapes.
fn path(namespace: &str, name: Option<&ResourceName>) -> String {
    match name {
        Some(name) => format!("/api/v1/namespaces/{namespace}/secrets/{name}"),
        None => format!("/api/v1/namespaces/{namespace}/secrets"),
    }
}

fn encode(body: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(body).map_err(|_| Fault::Useless("the request cannot be written as JSON".to_owned()))
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}
