//! What a machine is told about itself: one of Google's, and one of AWS.

use axum::response::Response;
use http::{HeaderValue, Method};
use serde_json::json;

use super::{Google, World, lost};
use crate::fake::{Asked, reply};
use crate::quay::jwt;

/// The session that AWS's metadata want to be asked in.
const SESSION: &str = "session-canary-4f1c";
/// When what is told of the machine ends, in seconds since 1970.
const ENDS: u64 = 4_000_000_000;

pub(super) fn of_google(world: &mut World, asked: &Asked, path: &[&str]) -> Response {
    if asked
        .headers
        .get("metadata-flavor")
        .is_none_or(|value| value != "Google")
    {
        return text(403, "Missing Metadata-Flavor:Google header.");
    }
    match path {
        ["project", "project-id"] => text(200, Google::PROJECT),
        ["instance", "attributes", "cluster-location"] => text(200, "europe-west1"),
        ["instance", "attributes", "cluster-name"] => text(200, "cluster-1"),
        ["instance", "service-accounts", "default", "token"] => {
            let token = world.new_token("machine");
            reply(
                200,
                &json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}),
            )
        }
        ["instance", "service-accounts", "default", "identity"]
            if !asked.parameter("audience").is_empty() =>
        {
            let claims = json!({"aud": asked.parameter("audience"), "iss": "https://accounts.google.com", "exp": ENDS});
            text(200, &jwt(&claims))
        }
        // What clients look up before they ask for tokens.
        [] => text(200, "instance/\nproject/\n"),
        ["universe", "universe-domain"] => text(200, "googleapis.com"),
        ["instance", "service-accounts", "default"] => reply(
            200,
            &json!({"aliases": ["default"], "email": "machine@p.iam.gserviceaccount.com", "scopes": []}),
        ),
        _ => text(404, "not found"),
    }
}

pub(super) fn of_aws(asked: &Asked) -> Response {
    let path: Vec<_> = asked.path.iter().map(String::as_str).collect();
    if asked.method == Method::PUT && path == ["latest", "api", "token"] {
        return text(200, SESSION);
    }
    let session = asked.headers.get("x-aws-ec2-metadata-token");
    if session.is_none_or(|session| session != SESSION) {
        return text(401, "no session");
    }
    match path.as_slice() {
        ["latest", "meta-data", "placement", "availability-zone"] => text(200, "eu-west-1a"),
        ["latest", "meta-data", "iam", "security-credentials"] => text(200, "role-1"),
        ["latest", "meta-data", "iam", "security-credentials", "role-1"] => reply(
            200,
            &json!({"AccessKeyId": "AKIAMACHINE", "SecretAccessKey": "canary-4f1c-key", "Token": "canary-4f1c-token"}),
        ),
        _ => lost(),
    }
}

/// Google's own clients look for the flavor of whoever answers.
fn text(status: u16, body: &str) -> Response {
    let mut response = Response::new(body.to_owned().into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert("metadata-flavor", HeaderValue::from_static("Google"));
    headers.insert("content-type", HeaderValue::from_static("application/text"));
    response
}
