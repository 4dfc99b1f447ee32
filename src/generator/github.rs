//! `GithubAccessToken`: a token of an installed GitHub app. It ends by itself, after an hour.

use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION};
use jiff::Timestamp;
use lockstep_api::generator::GithubAccessTokenSpec;
use serde_json::{Value, json};

use super::web::{self, Hints, Web};
use crate::engine::problem::Problem;
use crate::engine::values::Values;
use crate::provider::References;
use crate::provider::signer::Signer;

const PUBLIC: &str = "https://api.github.com";
const KEY: &str = "spec.auth.privateKey.secretRef";
const HINTS: Hints = &[
    (
        401,
        "appID and private key must belong together, and the clock must be right",
    ),
    (404, "the app has no such installation"),
    (
        422,
        "the installation does not have all of these repositories or permissions",
    ),
];

pub async fn generate(
    spec: &GithubAccessTokenSpec,
    (web, references): (&Web, &References),
    now: Timestamp,
) -> Result<Values, Problem> {
    let given = spec.url.as_deref().filter(|url| !url.is_empty());
    let address = web::address(given.unwrap_or(PUBLIC), "spec.url")?;
    let installation = web::check_part(&spec.install_id, "spec.installID")?;
    let url = web::below(&address, &["app", "installations", installation, "access_tokens"]);
    let app = app(spec, references, now).await?;

    let http = web.http().await?;
    let mut request = http
        .client()
        .post(url)
        .header(AUTHORIZATION, app)
        .header(ACCEPT, "application/vnd.github+json");
    if let Some(wanted) = wanted(spec) {
        request = request.json(&wanted);
    }
    let what = format!("installation {installation}");
    let answer = web::ask(http, request, &what, HINTS).await?;
    let members = web::members(&answer, &what)?;
    let token = web::text(&members, "token", &what)?;
    Ok(Values::from([("token".to_owned(), token.into())]))
}

/// That we are the app.
async fn app(
    spec: &GithubAccessTokenSpec,
    references: &References,
    now: Timestamp,
) -> Result<HeaderValue, Problem> {
    let invalid = |why: &'static str| Problem::ReferenceInvalid {
        field: KEY.to_owned(),
        why: why.to_owned(),
    };
    let key = references
        .secret_key(&spec.auth.private_key.secret_ref, KEY)
        .await?;
    let signer = Signer::from_pem(key.expose()).map_err(invalid)?;
    let jwt = signer.github_app(&spec.app_id, now).map_err(invalid)?;
    web::header("Bearer ", &jwt, KEY)
}

/// Without a word about it, the token may do all that the installation may.
fn wanted(spec: &GithubAccessTokenSpec) -> Option<Value> {
    let mut wanted = json!({});
    if !spec.permissions.is_empty() {
        wanted["permissions"] = json!(spec.permissions);
    }
    if !spec.repositories.is_empty() {
        wanted["repositories"] = json!(spec.repositories);
    }
    Some(wanted).filter(|wanted| wanted.as_object().is_some_and(|wanted| !wanted.is_empty()))
}

#[cfg(test)]
mod tests {
    use lockstep_api::generator::ClusterGeneratorKind;
    use lockstep_testkit::{Fate, Github, RsaIdentity};
    use serde_json::json;

    use super::*;
    use crate::generator::page::Page;
    use crate::generator::testing::{Bench, CANARY};

    async fn scene() -> (Github, Bench) {
        let identity = RsaIdentity::new("app").expect("made");
        let github = Github::start("17", "4711", &identity).await.expect("a GitHub");
        (
            github,
            Bench::new(ClusterGeneratorKind::GithubAccessToken, &identity.key),
        )
    }

    fn spec(github: &Github) -> Value {
        json!({
            "appID": "17", "installID": "4711", "url": format!("{}/", github.url()),
            "auth": {"privateKey": {"secretRef": {"name": "creds", "key": "token"}}},
        })
    }

    #[tokio::test]
    async fn a_token_may_do_what_is_asked_for_or_all() {
        let (github, bench) = scene().await;
        let page = Page::loose();
        let values = bench.generate(&spec(&github), &page).await.expect("a token");
        assert_eq!(values.len(), 1);
        assert_eq!(values["token"], github.world().given[0].0);
        assert_eq!(github.world().given[0].1, Value::Null, "nothing is asked for");
        let mut narrow = spec(&github);
        narrow["permissions"] = json!({"contents": "read"});
        narrow["repositories"] = json!(["one", "two"]);
        bench.generate(&narrow, &page).await.expect("a token");
        let asked = json!({"permissions": {"contents": "read"}, "repositories": ["one", "two"]});
        assert_eq!(github.world().given[1].1, asked);
        assert!(bench.cluster.states().is_empty(), "it ends by itself");
    }

    #[tokio::test]
    async fn whatever_is_wrong_is_told_and_nothing_of_the_key() {
        let (github, bench) = scene().await;
        let with = |field: &str, value: &str| {
            let mut spec = spec(&github);
            spec[field] = value.into();
            spec
        };
        for (spec, says) in [
            (with("appID", "18"), "HTTP 401: appID and private key"),
            (
                with("installID", "1"),
                "HTTP 404: the app has no such installation",
            ),
            (with("installID", ".."), "spec.installID: must be an id or a name"),
            (with("url", "github"), "spec.url: must be an address"),
        ] {
            let refused = bench.refused(&spec).await;
            assert!(
                refused.starts_with("GithubAccessToken own/gen: ") && refused.contains(says),
                "{refused}"
            );
        }
        let bad = Bench::new(ClusterGeneratorKind::GithubAccessToken, CANARY);
        let refused = bad.refused(&spec(&github)).await;
        assert_eq!(
            refused,
            "GithubAccessToken own/gen: spec.auth.privateKey.secretRef: has no private key in PEM"
        );
        github.faults().always(Fate::status(201, r#"{"token": 1}"#));
        assert!(bench.refused(&spec(&github)).await.ends_with("it has no token"));
        bench
            .every_fault_is_told(&spec(&github), github.faults(), "installation 4711")
            .await;
    }
}
