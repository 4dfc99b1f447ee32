//! `provider.github`: secrets of GitHub Actions, which are written and never read: GitHub tells their names and nothing
//! more.
//!
//! Values leave sealed for the organization, repository or environment that they go to, so that nobody in between can
//! read them. GitHub keeps no mark of whose a secret is.

mod actions;
mod login;
mod seal;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_api::provider::{GithubProvider, OrgSecretVisibility};
use reqwest::redirect::Policy;
use serde_json::json;

use self::actions::{Actions, Place};
use self::login::App;
use super::http::{Http, Options, address};
use super::references::StoreScope;
use super::rest::Rest;
use super::signer::Signer;
use super::{Backend, Find, Health, Limits, Location, Payload, Push, Remote, Surroundings};
use crate::engine::json::encode_values;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;

/// Where the fields of this provider are, for messages.
const FIELD: &str = "spec.provider.github";
const DEADLINE: Duration = Duration::from_secs(15);
/// GitHub takes no larger ones.
const LARGEST: usize = 48 << 10;

pub(super) async fn connect(
    spec: &GithubProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    Ok(Arc::new(Github::open(spec, surroundings).await?))
}

#[derive(Debug)]
struct Github {
    actions: Actions,
    /// Who sees an organization's secret; none: whoever sees it already.
    visibility: Option<&'static str>,
    is_cluster_wide: bool,
}

impl Github {
    async fn open(spec: &GithubProvider, surroundings: &Surroundings) -> Result<Self, Problem> {
        let place = Place::of(spec)?;
        let field = format!("{FIELD}.auth.privateKey");
        let references = &surroundings.references;
        let key = references.secret_key(&spec.auth.private_key, &field).await?;
        let signer = Signer::from_pem(key.expose()).map_err(|why| Problem::ReferenceInvalid {
            field: field.clone(),
            why: why.to_owned(),
        })?;
        let options = Options {
            authorities: None,
            identity: None,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        let base = login::api(&address(&spec.url, &format!("{FIELD}.url"))?);
        let rest = Rest::new(
            base,
            Http::new(options, FIELD)?,
            "Github",
            surroundings.calls.clone(),
        );
        let app = App::new(spec.app_id, spec.installation_id, signer, field);
        let visibility = spec.org_secret_visibility.map(|visibility| match visibility {
            OrgSecretVisibility::All => "all",
            OrgSecretVisibility::Private => "private",
        });
        Ok(Self {
            actions: Actions::new(rest, app, place),
            visibility,
            is_cluster_wide: matches!(references.scope(), StoreScope::Cluster { .. }),
        })
    }

    async fn put(&self, push: &Push) -> Result<(), Problem> {
        let name = actions::name(&push.remote.key)?;
        let value = value(push)?;
        if value.len() > LARGEST {
            return Err(Problem::BadData {
                why: format!(
                    "{name}: the value is larger than the {} KiB that GitHub takes",
                    LARGEST >> 10
                ),
            });
        }
        let there = self.actions.look(name).await?;
        let key = self.actions.key(name).await?;
        let sealed = crate::aside::run(|| seal::seal(value.expose(), &key.bytes)).await;
        let sealed = sealed.ok_or_else(|| actions::bad(name, "nothing can be sealed for its public key"))?;
        let mut body = json!({"key_id": key.id, "encrypted_value": STANDARD.encode(sealed)});
        if self.actions.is_of_organization() {
            let current = there.as_ref().and_then(|there| there.visibility.as_deref());
            let visibility = self.visibility.or(current).unwrap_or("all");
            body["visibility"] = visibility.into();
            // GitHub takes the repositories that are not named for none.
            if visibility == "selected" {
                body["selected_repository_ids"] = self.actions.selected(name).await?.into();
            }
        }
        self.actions.put(name, body.to_string().into()).await
    }
}

/// What is pushed of a whole Secret is what ESO pushes: its values in base64.
fn value(push: &Push) -> Result<SecretBytes, Problem> {
    if let Some(value) = push.single()? {
        return Ok(value.clone());
    }
    let encoded = push
        .values
        .iter()
        .map(|(key, value)| (key.clone(), STANDARD.encode(value.expose()).into()));
    Ok(encode_values(&encoded.collect()))
}

fn write_only() -> Problem {
    Problem::NotSupported {
        what: "reading secrets of GitHub Actions, which GitHub tells nobody,".to_owned(),
    }
}

#[async_trait]
impl Backend for Github {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        wanted.iter().map(|_| Err(write_only())).collect()
    }

    async fn find(&self, _: &Find) -> Result<Values, Problem> {
        Err(write_only())
    }

    /// May we list secrets? A ClusterSecretStore is not asked, as in ESO.
    async fn check(&self) -> Result<Health, Problem> {
        if self.is_cluster_wide {
            return Ok(Health::Unknown);
        }
        self.actions.knock().await.map(|()| Health::Ready)
    }

    fn select(&self, _: &Payload, _: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        Err(write_only())
    }

    fn explode(&self, _: &Payload, _: Option<&str>) -> Result<Option<Values>, Problem> {
        Err(write_only())
    }

    fn limits(&self) -> Limits {
        Limits {
            // GitHub wants no more writes at once.
            parallel: 4,
            deadline: Duration::from_secs(45),
            ..Limits::default()
        }
    }

    async fn write(&self, push: &Push) -> Result<(), Problem> {
        self.put(push).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        self.actions.delete(actions::name(&remote.key)?).await
    }

    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        let there = self.actions.look(actions::name(&remote.key)?).await?;
        Ok(there.is_some())
    }

    fn token_age(&self) -> Option<Duration> {
        self.actions.login_age()
    }
}

#[cfg(test)]
mod tests;
