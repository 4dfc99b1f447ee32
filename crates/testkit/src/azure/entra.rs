//! Microsoft Entra: tokens for applications, and for the machine.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::json;

use super::{Azure, World, assertion};
use crate::certificates::RsaIdentity;
use crate::fake::{Asked, reply};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an application can show.
#[derive(Debug, Default)]
pub(super) struct Application {
    pub(super) secrets: Vec<String>,
    pub(super) certificates: Vec<RsaIdentity>,
    pub(super) subjects: Vec<String>,
}

pub(super) fn token(world: &mut World, tenant: &str, asked: &Asked) -> Response {
    let form = asked.form();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if tenant != Azure::TENANT {
        return refused(400, "invalid_request", 90_002);
    }
    if field("grant_type") != "client_credentials" {
        return refused(400, "unsupported_grant_type", 70_003);
    }
    let Some(application) = world.applications.get(field("client_id")) else {
        return refused(400, "unauthorized_client", 700_016);
    };
    if let Some(code) = application.objection(&form, &format!("{}/{tenant}/oauth2/v2.0/token", world.url)) {
        return refused(401, "invalid_client", code);
    }
    let Some(audience) = field("scope")
        .split(' ')
        .find_map(|scope| scope.strip_suffix("/.default"))
    else {
        return refused(400, "invalid_scope", 70_011);
    };
    let token = world.new_token(audience);
    reply(
        200,
        &json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token}),
    )
}

impl Application {
    /// What is wrong with what is shown.
    fn objection(&self, form: &BTreeMap<String, String>, url: &str) -> Option<u32> {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if let Some(secret) = form.get("client_secret") {
            return (!self.secrets.contains(secret)).then_some(7_000_215);
        }
        if field("client_assertion_type") != ASSERTION {
            return Some(7_000_216);
        }
        let shown = field("client_assertion");
        let is_good = assertion::is_of(shown, &self.subjects)
            || assertion::is_signed(shown, &self.certificates, field("client_id"), url);
        (!is_good).then_some(700_027)
    }
}

/// What clients look up before they log in.
pub(super) fn about(url: &str, tenant: &str) -> Response {
    reply(
        200,
        &json!({
            "issuer": format!("{url}/{tenant}/v2.0"),
            "token_endpoint": format!("{url}/{tenant}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{url}/{tenant}/oauth2/v2.0/authorize"),
            "jwks_uri": format!("{url}/{tenant}/discovery/v2.0/keys"),
            "response_types_supported": ["code"],
        }),
    )
}

/// The machine has an identity of its own, and that of each registered application.
pub(super) fn of_machine(world: &mut World, asked: &Asked) -> Response {
    let query = |name: &str| asked.query.get(name).map_or("", String::as_str);
    if asked.headers.get("metadata").is_none_or(|value| value != "true") {
        return reply(
            400,
            &json!({"error": "bad_request_102", "error_description": "Required metadata header not specified"}),
        );
    }
    let client = query("client_id");
    let is_known = client.is_empty() || world.applications.contains_key(client);
    if query("api-version") != "2018-02-01" || query("resource").is_empty() || !is_known {
        return reply(
            400,
            &json!({"error": "invalid_request", "error_description": "Identity not found"}),
        );
    }
    let resource = query("resource").to_owned();
    let token = world.new_token(&resource);
    reply(
        200,
        &json!({
            "access_token": token, "client_id": client, "expires_in": "86399", "expires_on": "4102444800",
            "ext_expires_in": "86399", "not_before": "0", "resource": resource, "token_type": "Bearer",
        }),
    )
}

fn refused(status: u16, error: &str, code: u32) -> Response {
    reply(
        status,
        &json!({
            "error": error, "error_description": format!("AADSTS{code}: no. Trace ID: canary-4f1c"),
            "error_codes": [code], "trace_id": "canary-4f1c", "correlation_id": "canary-4f1c",
        }),
    )
}
