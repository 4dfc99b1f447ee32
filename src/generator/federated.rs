//! `QuayAccessToken` and `CloudsmithAccessToken`: the token of a ServiceAccount is exchanged for one of a registry, which
//! ends by itself.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use lockstep_api::ServiceAccountSelector;
use lockstep_api::generator::{CloudsmithAccessTokenSpec, QuayAccessTokenSpec};
use lockstep_gostd::json::{Number, Numbers, Value};
use serde_json::json;

use super::web::{self, Hints, Web};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use crate::provider::References;

const QUAY: &str = "quay.io";
const CLOUDSMITH: &str = "https://api.cloudsmith.io";
const ACCOUNT: &str = "spec.serviceAccountRef";
/// Of the token of the ServiceAccount: the shortest that there is.
const LIFETIME: Duration = Duration::from_mins(10);
const QUAY_HINTS: Hints = &[
    (
        401,
        "the robot account does not trust this ServiceAccount: look at its federation",
    ),
    (
        403,
        "the robot account does not trust this ServiceAccount: look at its federation",
    ),
];
const CLOUDSMITH_HINTS: Hints = &[
    (
        401,
        "the service does not trust this ServiceAccount: look at its OpenID Connect settings",
    ),
    (404, "there is no such organization or service"),
];

pub async fn quay(
    spec: &QuayAccessTokenSpec,
    (web, references): (&Web, &References),
) -> Result<Values, Problem> {
    let registry = spec.url.as_deref().filter(|url| !url.is_empty()).unwrap_or(QUAY);
    let registry = registry.strip_prefix("https://").unwrap_or(registry);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]/".contains(&byte);
    if !registry.bytes().all(is_plain) || registry.contains("//") {
        return Err(Problem::InvalidSpec {
            field: "spec.url".to_owned(),
            why: "must be the host name of a registry, such as quay.io".to_owned(),
        });
    }
    let address = web::address(&format!("https://{registry}"), "spec.url")?;
    let url = web::below(&address, &["oauth2", "federation", "robot", "token"]);

    let shown = account_token(&spec.service_account_ref, references).await?;
    let shown = web::header("Basic ", &login(&spec.robot_account, &shown), ACCOUNT)?;
    let http = web.http().await?;
    let request = http.client().get(url).header(AUTHORIZATION, shown);
    let what = format!("robot account {}", spec.robot_account);
    let answer = web::ask(http, request, &what, QUAY_HINTS).await?;
    let members = web::members(&answer, &what)?;
    let token = SecretBytes::from(web::text(&members, "token", &what)?);
    Ok(Values::from([
        ("registry".to_owned(), registry.into()),
        ("expiry".to_owned(), expiry(&token, &what)?.into()),
        ("auth".to_owned(), login(&spec.robot_account, &token)),
    ]))
}

pub async fn cloudsmith(
    spec: &CloudsmithAccessTokenSpec,
    (web, references): (&Web, &References),
) -> Result<Values, Problem> {
    let given = spec.api_url.as_deref().filter(|url| !url.is_empty());
    let address = web::address(given.unwrap_or(CLOUDSMITH), "spec.apiUrl")?;
    let organization = web::check_part(&spec.org_slug, "spec.orgSlug")?;
    // With a slash at its end.
    let url = web::below(&address, &["openid", organization, ""]);

    let shown = account_token(&spec.service_account_ref, references).await?;
    let shown = String::from_utf8_lossy(shown.expose());
    let body = json!({"oidc_token": shown, "service_slug": spec.service_slug});
    let http = web.http().await?;
    let what = format!("service {} of {organization}", spec.service_slug);
    let answer = web::ask(http, http.client().post(url).json(&body), &what, CLOUDSMITH_HINTS).await?;
    let members = web::members(&answer, &what)?;
    let token = SecretBytes::from(web::text(&members, "token", &what)?);
    Ok(Values::from([
        ("expiry".to_owned(), expiry(&token, &what)?.into()),
        ("auth".to_owned(), login("token", &token)),
    ]))
}

async fn account_token(
    account: &ServiceAccountSelector,
    references: &References,
) -> Result<SecretBytes, Problem> {
    references
        .service_account_token(account, &[], LIFETIME, ACCOUNT)
        .await
}

/// A user and a password, as registries want them.
fn login(user: &str, password: &SecretBytes) -> SecretBytes {
    let both = SecretBytes::from([user.as_bytes(), b":", password.expose()].concat());
    STANDARD.encode(both.expose()).into()
}

/// When a JWT ends, in seconds since 1970.
fn expiry(token: &SecretBytes, what: &str) -> Result<String, Problem> {
    let parts: Vec<_> = token.expose().split(|byte| *byte == b'.').collect();
    let claims = match parts.as_slice() {
        [_, claims, _] => URL_SAFE_NO_PAD.decode(claims).ok().map(SecretBytes::from),
        _ => None,
    };
    let ends = claims.and_then(|claims| {
        let members = Value::parse_object(claims.expose(), Numbers::Float).ok()?;
        match members.get("exp")? {
            Value::Number(Number::Float(ends)) => Some(ends.to_string()),
            _ => None,
        }
    });
    ends.ok_or_else(|| web::unusable(what, "its token does not say when it ends"))
}

#[cfg(test)]
mod tests {
    use lockstep_api::generator::ClusterGeneratorKind;
    use lockstep_testkit::{Authority, Cloudsmith, Fate, Purpose, Quay, Tls};

    use super::*;
    use crate::generator::page::Page;
    use crate::generator::testing::Bench;
    use crate::provider::certificates;

    fn decoded(text: &str) -> String {
        String::from_utf8(STANDARD.decode(text).expect("base64")).expect("text")
    }

    struct AtQuay {
        quay: Quay,
        tls: Tls,
        bench: Bench,
    }

    impl AtQuay {
        async fn new() -> Self {
            let quay = Quay::start("org+robot").await.expect("a Quay");
            let authority = Authority::new("quay").expect("made");
            let shown = authority.issue("quay", Purpose::Server).expect("made");
            let tls = Tls::before(quay.faults().address(), &shown).await.expect("TLS");
            let mut bench = Bench::new(ClusterGeneratorKind::QuayAccessToken, "");
            let trusted = certificates::parse(authority.pem().as_bytes()).expect("a certificate");
            bench.generators.web.trusted = Some(trusted);
            Self { quay, tls, bench }
        }

        fn registry(&self) -> String {
            let url = self.tls.url().replace("127.0.0.1", "localhost");
            url.trim_start_matches("https://").to_owned()
        }

        fn spec(&self) -> serde_json::Value {
            let account = json!({"name": "robot", "audiences": ["quay"]});
            json!({"robotAccount": "org+robot", "serviceAccountRef": account, "url": self.registry()})
        }
    }

    #[tokio::test]
    async fn a_robot_logs_in_with_the_token_of_a_service_account() {
        let scene = AtQuay::new().await;
        let mut with_scheme = scene.spec();
        with_scheme["url"] = format!("https://{}", scene.registry()).into();
        for spec in [scene.spec(), with_scheme] {
            let values = scene
                .bench
                .generate(&spec, &Page::loose())
                .await
                .expect("a token");
            let keys: Vec<_> = values.keys().map(String::as_str).collect();
            assert_eq!(keys, ["auth", "expiry", "registry"]);
            assert_eq!(values["registry"], scene.registry());
            assert_eq!(values["expiry"], Quay::ENDS.to_string());
            let given = scene.quay.world().given.last().cloned().expect("a token");
            assert_eq!(decoded(&values["auth"]), format!("org+robot:{given}"));
        }
        let audiences = scene.bench.cluster.audiences.lock().expect("unpoisoned").clone();
        assert_eq!(audiences, ["quay"]);
    }

    #[tokio::test]
    async fn a_registry_that_says_no_is_told() {
        let scene = AtQuay::new().await;
        let with = |field: &str, value: serde_json::Value| {
            let mut spec = scene.spec();
            spec[field] = value;
            spec
        };
        for (spec, says) in [
            (
                with("robotAccount", "other".into()),
                "HTTP 401: the robot account does not trust",
            ),
            (
                with("url", "http://quay".into()),
                "spec.url: must be the host name of a registry",
            ),
            (
                with("url", "quay?x".into()),
                "spec.url: must be the host name of a registry",
            ),
            (
                with("serviceAccountRef", json!({"name": "nobody"})),
                "ServiceAccount own/nobody",
            ),
        ] {
            let refused = scene.bench.refused(&spec).await;
            assert!(
                refused.starts_with("QuayAccessToken own/gen: ") && refused.contains(says),
                "{refused}"
            );
        }
        for token in ["x", "a.b.c", "e30.e30.e30"] {
            let answer = json!({ "token": token }).to_string();
            scene.quay.faults().always(Fate::status(200, answer));
            let refused = scene.bench.refused(&scene.spec()).await;
            assert!(
                refused.ends_with("its token does not say when it ends"),
                "{refused}"
            );
        }
        let faults = scene.quay.faults();
        scene
            .bench
            .every_fault_is_told(&scene.spec(), faults, "robot account org+robot")
            .await;
    }

    #[tokio::test]
    async fn a_service_logs_in_with_the_token_of_a_service_account() {
        let cloudsmith = Cloudsmith::start("org", "service").await.expect("a Cloudsmith");
        let bench = Bench::new(ClusterGeneratorKind::CloudsmithAccessToken, "");
        let spec = json!({
            "apiUrl": format!("{}/", cloudsmith.url()), "orgSlug": "org", "serviceSlug": "service",
            "serviceAccountRef": {"name": "ci"},
        });
        let values = bench.generate(&spec, &Page::loose()).await.expect("a token");
        let keys: Vec<_> = values.keys().map(String::as_str).collect();
        assert_eq!(keys, ["auth", "expiry"]);
        assert_eq!(values["expiry"], Cloudsmith::ENDS.to_string());
        let asked = cloudsmith.faults().traffic().calls;
        assert_eq!(asked.keys().collect::<Vec<_>>(), ["POST /openid/org/"]);
        let given = cloudsmith.world().given.last().cloned().expect("a token");
        assert_eq!(decoded(&values["auth"]), format!("token:{given}"));

        for (field, value, says) in [
            ("orgSlug", "other", "HTTP 404: there is no such organization"),
            ("orgSlug", "..", "spec.orgSlug: must be an id or a name"),
            ("apiUrl", "x", "spec.apiUrl: must be an address"),
        ] {
            let mut spec = spec.clone();
            spec[field] = value.into();
            let refused = bench.refused(&spec).await;
            assert!(
                refused.starts_with("CloudsmithAccessToken own/gen: ") && refused.contains(says),
                "{refused}"
            );
        }
        bench
            .every_fault_is_told(&spec, cloudsmith.faults(), "service service of org")
            .await;
    }

    #[test]
    fn the_end_of_a_token_is_told_as_go_tells_it() {
        let token = |claims: &str| SecretBytes::from(format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims)));
        let ends = |claims: &str| expiry(&token(claims), "w").ok();
        assert_eq!(ends(r#"{"exp": 1700000000}"#), Some("1700000000".to_owned()));
        assert_eq!(ends(r#"{"exp": 1.7e9}"#), Some("1700000000".to_owned()));
        assert_eq!(ends(r#"{"exp": 1700000000.5}"#), Some("1700000000.5".to_owned()));
        assert_eq!(ends(r#"{"exp": "1700000000"}"#), None);
        assert_eq!(ends("{}"), None);
    }
}
