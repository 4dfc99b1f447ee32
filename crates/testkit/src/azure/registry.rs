//! A container registry's tokens: one of Entra's for one of the registry's, and that for one with a scope.

use axum::response::Response;
use serde_json::json;

use super::World;
use crate::fake::{Asked, reply};

const MANAGER: &str = "https://management.azure.com";

pub(super) fn answer(world: &mut World, asked: &Asked) -> Response {
    let form = asked.form();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let is_for = |token: &str, audience: &str| world.tokens.get(token).is_some_and(|known| known == audience);
    let service = field("service").to_owned();
    match field("grant_type") {
        "access_token" if is_for(field("access_token"), MANAGER) => {
            let token = world.new_token(&service);
            reply(200, &json!({ "refresh_token": token }))
        }
        "refresh_token" if is_for(field("refresh_token"), &service) => {
            let token = world.new_token(field("scope"));
            reply(200, &json!({ "access_token": token }))
        }
        _ => reply(
            401,
            &json!({"errors": [{"code": "UNAUTHORIZED", "message": "canary-4f1c"}]}),
        ),
    }
}
