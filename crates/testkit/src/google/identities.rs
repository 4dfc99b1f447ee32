//! Who gets which token: accounts by their keys, people, and those whom somebody else knows.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Value, json};

use super::{World, error};
use crate::fake::{Asked, reply};

const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const AWS: &str = "urn:ietf:params:aws:token-type:aws4_request";
const HOUR: Duration = Duration::from_hours(1);

/// Tokens for accounts that show what they signed, and for people.
pub(super) fn grant(world: &mut World, asked: &Asked) -> Response {
    let form = asked.form();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let whose = match field("grant_type") {
        BEARER => signer(world, field("assertion")),
        "refresh_token" => {
            let token = field("refresh_token");
            let is_good = world.people.contains(token) && !field("client_secret").is_empty();
            is_good.then(|| "person".to_owned())
        }
        _ => return refused(400, "unsupported_grant_type"),
    };
    match whose {
        Some(whose) => granted(world, &whose),
        None => refused(400, "invalid_grant"),
    }
}

/// Tokens for whoever is trusted with that audience.
pub(super) fn exchange(world: &mut World, asked: &Asked) -> Response {
    let form = asked.form();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if field("grant_type") != EXCHANGE || field("requested_token_type") != ACCESS_TOKEN {
        return refused(400, "invalid_request");
    }
    if field("scope").is_empty() || field("subject_token").is_empty() {
        return refused(400, "invalid_request");
    }
    let audience = field("audience");
    let subject = match field("subject_token_type") {
        JWT => subject(field("subject_token")),
        AWS => key_of_aws(field("subject_token"), audience),
        _ => None,
    };
    match subject.filter(|subject| is_trusted(world, audience, subject)) {
        Some(subject) => {
            let mut answer = token(world, &subject);
            answer["issued_token_type"] = ACCESS_TOKEN.into();
            reply(200, &answer)
        }
        None => refused(400, "invalid_grant"),
    }
}

/// Tokens for ServiceAccounts of GKE.
pub(super) fn bind(world: &mut World, asked: &Asked) -> Response {
    let body = asked.json();
    let field = |name: &str| body[name].as_str().unwrap_or_default();
    let (audience, shown) = (field("audience"), subject(field("subject_token")));
    let is_form = field("grant_type") == EXCHANGE && field("subject_token_type") == JWT;
    match shown.filter(|shown| is_form && is_trusted(world, audience, shown)) {
        Some(subject) => granted(world, &subject),
        None => error(400, "INVALID_ARGUMENT", "no"),
    }
}

/// What may be done as an account by whoever may act as it.
pub(super) fn of_account(world: &mut World, asked: &Asked, account: &str) -> Response {
    let Some(who) = asked.bearer().and_then(|token| world.tokens.get(token)).cloned() else {
        return error(401, "UNAUTHENTICATED", "no");
    };
    let Some((email, "generateAccessToken")) = account.split_once(':') else {
        return error(400, "INVALID_ARGUMENT", "no");
    };
    if !world.may_act_as.contains(&(who, email.to_owned())) {
        return error(403, "PERMISSION_DENIED", "no");
    }
    let body = asked.json();
    let seconds = body["lifetime"].as_str().unwrap_or("3600s").trim_end_matches('s');
    let life = SignedDuration::from_secs(seconds.parse().unwrap_or(0));
    if body["scope"].as_array().is_none_or(Vec::is_empty) || life.is_zero() {
        return error(400, "INVALID_ARGUMENT", "no");
    }
    let ends = Timestamp::now() + life;
    let token = world.new_token(email);
    reply(
        200,
        &json!({"accessToken": token, "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()}),
    )
}

fn granted(world: &mut World, whose: &str) -> Response {
    let answer = token(world, whose);
    reply(200, &answer)
}

fn token(world: &mut World, whose: &str) -> Value {
    let token = world.new_token(whose);
    json!({"access_token": token, "expires_in": HOUR.as_secs() - 1, "token_type": "Bearer"})
}

/// The account whose key signed this, for us.
fn signer(world: &World, assertion: &str) -> Option<String> {
    let (message, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = (part(message, 0)?, part(message, 1)?);
    let email = claims["iss"].as_str()?;
    let (begins, ends) = (claims["iat"].as_i64()?, claims["exp"].as_i64()?);
    let now = Timestamp::now().as_second();
    let is_meant = header["alg"] == "RS256"
        && header["kid"] == "key-1"
        && is_here(world, claims["aud"].as_str().unwrap_or_default())
        && claims["scope"].as_str().is_some_and(|scope| !scope.is_empty())
        && begins <= now + 60
        && now < ends
        && ends - begins <= 3600;
    let key = UnparsedPublicKey::new(
        &RSA_PKCS1_2048_8192_SHA256,
        world.accounts.get(email)?.public_key(),
    );
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let is_signed = key.verify(message.as_bytes(), &signature).is_ok();
    (is_meant && is_signed).then(|| email.to_owned())
}

/// Some clients name Google's own address, wherever they ask.
fn is_here(world: &World, audience: &str) -> bool {
    audience == format!("{}/token", world.url) || audience == "https://oauth2.googleapis.com/token"
}

/// Whose token this is; what is no JWT stands for itself.
fn subject(token: &str) -> Option<String> {
    let named = part(token, 1).map(|claims| claims["sub"].as_str().map(str::to_owned));
    named.unwrap_or_else(|| Some(token.to_owned()))
}

/// The id of the key that signed this question to AWS, for this audience.
fn key_of_aws(token: &str, audience: &str) -> Option<String> {
    let decoded = Url::parse(&format!("http://x/?t={token}")).ok()?;
    let decoded = decoded.query_pairs().next()?.1.into_owned();
    let question: Value = serde_json::from_str(&decoded).ok()?;
    let headers: BTreeMap<String, &str> = question["headers"]
        .as_array()?
        .iter()
        .filter_map(|header| {
            Some((
                header["key"].as_str()?.to_ascii_lowercase(),
                header["value"].as_str()?,
            ))
        })
        .collect();
    let url = Url::parse(question["url"].as_str()?).ok()?;
    let host = url.host_str()?;
    let is_question = question["method"] == "POST"
        && host.starts_with("sts.")
        && host.ends_with(".amazonaws.com")
        && url.query() == Some("Action=GetCallerIdentity&Version=2011-06-15")
        && headers.get("host") == Some(&host)
        && headers.contains_key("x-amz-date")
        && headers.get("x-goog-cloud-target-resource") == Some(&audience);
    let signed = headers.get("authorization")?;
    // The audience should be signed too, but some of Google's own clients leave it out.
    let names_all = ["host", "x-amz-date"].iter().all(|name| signed.contains(name));
    let (_, rest) = signed.split_once("AWS4-HMAC-SHA256 Credential=")?;
    let (id, _) = rest.split_once('/')?;
    (is_question && names_all).then(|| id.to_owned())
}

fn is_trusted(world: &World, audience: &str, subject: &str) -> bool {
    world.trusted.contains(&(audience.to_owned(), subject.to_owned()))
}

fn part(token: &str, nth: usize) -> Option<Value> {
    let json = URL_SAFE_NO_PAD.decode(token.split('.').nth(nth)?).ok()?;
    serde_json::from_slice(&json).ok()
}

fn refused(status: u16, error: &str) -> Response {
    reply(
        status,
        &json!({"error": error, "error_description": "no, said the canary-4f1c"}),
    )
}
