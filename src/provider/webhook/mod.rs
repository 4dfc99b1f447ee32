//! `provider.webhook`, and what the generator Webhook shares with it: any HTTP service, described by templates.
//!
//! What a template sees is the entry that asks, and Secrets that carry a label for it. Who writes the store writes the
//! URL, so the operator may say which hosts are allowed; every redirect is looked at, and credentials stay with the
//! host that they were meant for. Every request has a deadline, every answer a bound.

mod call;
mod request;
mod result;
mod secrets;
mod spec;
mod text;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use lockstep_api::provider::WebhookProvider;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::flights::Flights;
use super::references::StoreScope;
use super::{
    Backend, Calls, Find, Health, Limits, Location, Payload, Push, References, Remote, Rules, Surroundings,
    json,
};
use crate::aside;
use crate::engine::json::pushed;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::engine::values::Values;
use call::Caller;
use request::{Purpose, Recipe, Sight, parse_url};
use secrets::Secrets;
pub(crate) use spec::Spec;

/// How long a check waits for a connection.
const CHECK: Duration = Duration::from_secs(15);

pub(super) async fn connect(
    spec: &WebhookProvider,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Backend>, Problem> {
    let (references, calls) = (&surroundings.references, surroundings.calls.clone());
    Ok(Arc::new(
        Webhook::open(&spec.into(), references, calls, &surroundings.rules).await?,
    ))
}

/// A service that answers with secrets.
pub(crate) struct Webhook {
    hook: Arc<Hook>,
    /// Entries that differ in what they take from an answer share the request for it.
    requests: Flights<Question, Result<SecretBytes, Problem>>,
}

struct Hook {
    field: &'static str,
    recipe: Recipe,
    secrets: Secrets,
    caller: Caller,
    /// What `remoteRef.namespace` is.
    namespace: String,
    timeout: Duration,
    /// The URL up to the path, where no template is in it.
    address: Option<Url>,
}

/// What a request depends on.
#[derive(Clone, PartialEq)]
struct Question {
    key: String,
    version: Option<String>,
    property: Option<String>,
}

impl Webhook {
    pub(crate) async fn open(
        spec: &Spec<'_>,
        references: &References,
        calls: Calls,
        rules: &Rules,
    ) -> Result<Self, Problem> {
        if spec.auth.is_some() {
            // NTLM is MD4 and RC4, and no crate for it is kept well enough to be trusted with a password.
            return Err(Problem::NotSupported {
                what: format!("{}.auth.ntlm", spec.field),
            });
        }
        let recipe = Recipe::new(spec);
        let namespace = namespace(&recipe, spec.field, references)?;
        let secrets = Secrets::new(spec, references)?;
        // Whoever waits for these Secrets hears of them. That one is not there, or not for us, is told to those who
        // read: the store itself is sound.
        let _ = secrets.get().await;
        let authorities = references
            .certificate_authority(spec.ca_bundle, spec.ca_provider, spec.field)
            .await?;
        let url = (format!("{}.url", spec.field), spec.url.to_owned());
        let hook = Hook {
            field: spec.field,
            caller: Caller::new(authorities, spec.timeout, rules.webhook_hosts.clone(), calls, url)?,
            recipe,
            secrets,
            namespace,
            timeout: spec.timeout,
            address: address(spec.url),
        };
        Ok(Self {
            hook: Arc::new(hook),
            requests: Flights::default(),
        })
    }

    /// The members of the answer's object, for a generator: each call is a request of its own.
    pub(crate) async fn generate(&self, what: &str) -> Result<Values, Problem> {
        let hook = self.hook.clone();
        let sight = hook.sight(None).await?;
        let body = hook.request(&sight, Purpose::Read, what).await?;
        let taken = hook.taken(&sight, body, what).await?;
        result::members(&taken, what)
    }

    async fn get(&self, location: &Location) -> Result<Payload, Problem> {
        let seen = self.hook.recipe.request_sees("property");
        let question = Question {
            key: location.key.clone(),
            version: location.version.clone(),
            property: location.property.clone().filter(|_| seen),
        };
        let (hook, asked) = (self.hook.clone(), question.clone());
        let work = || async move {
            let sight = hook.sight(Some(hook.remote(&asked))).await?;
            hook.request(&sight, Purpose::Read, &asked.key).await
        };
        let body = self
            .requests
            .join(question, Err(crashed(&location.key)), work)
            .await?;
        let sight = self.hook.sight(Some(self.hook.remote(&Question {
            key: location.key.clone(),
            version: location.version.clone(),
            property: location.property.clone(),
        })));
        let taken = self.hook.taken(&sight.await?, body, &location.key).await?;
        Ok(Payload::Bytes(taken))
    }

    async fn send(&self, purpose: Purpose, remote: Values, what: &str) -> Result<(), Problem> {
        let sight = self.hook.sight(Some(remote)).await?;
        self.hook.request(&sight, purpose, what).await.map(|_| ())
    }
}

impl Hook {
    async fn sight(&self, remote: Option<Values>) -> Result<Sight, Problem> {
        let secrets = self.secrets.get().await?;
        let secrets = secrets
            .iter()
            .map(|(name, values)| (name.as_str(), values.clone()));
        let remote = remote.map(|remote| ("remoteRef", remote));
        Ok(Sight::new(&remote.into_iter().chain(secrets).collect::<Vec<_>>()))
    }

    fn remote(&self, question: &Question) -> Values {
        let optional = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
        Values::from([
            ("key".to_owned(), question.key.as_str().into()),
            ("version".to_owned(), optional(&question.version)),
            ("property".to_owned(), optional(&question.property)),
            ("namespace".to_owned(), self.namespace.as_str().into()),
        ])
    }

    async fn request(&self, sight: &Sight, purpose: Purpose, what: &str) -> Result<SecretBytes, Problem> {
        let request = aside::run(|| self.recipe.request(sight, purpose)).await?;
        self.caller.send(request, what).await
    }

    /// What the spec wants of an answer.
    async fn taken(&self, sight: &Sight, body: SecretBytes, what: &str) -> Result<SecretBytes, Problem> {
        if !self.recipe.has_json_path() {
            return Ok(body);
        }
        let field = format!("{}.result.jsonPath", self.field);
        let work = || match self.recipe.json_path(sight)? {
            Some((path, is_told)) => result::at(&body, (&path, is_told), &field, what),
            None => Ok(body.clone()),
        };
        aside::run(work).await
    }

    /// As ESO checks: is somebody there?
    async fn check(&self) -> Result<Health, Problem> {
        let Some(url) = &self.address else {
            return Ok(Health::Unknown);
        };
        self.caller.check_host(url)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Ok(Health::Unknown);
        };
        let host = host.trim_matches(['[', ']']);
        let unreachable = |why: String| Problem::Unreachable {
            what: format!("{}.url", self.field),
            why,
        };
        match timeout(CHECK, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Ok(Health::Ready),
            Ok(Err(error)) => Err(unreachable(error.kind().to_string())),
            Err(_) => Err(unreachable(format!("no connection within {}s", CHECK.as_secs()))),
        }
    }
}

/// In a cluster-wide store, what depends on the namespace that uses it serves that namespace alone.
fn namespace(recipe: &Recipe, field: &str, references: &References) -> Result<String, Problem> {
    match references.scope() {
        StoreScope::Cluster { .. } if !recipe.sees("namespace") => Ok(String::new()),
        _ => references.user_namespace(&format!("{field}: remoteRef")),
    }
}

fn address(url: &str) -> Option<Url> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let address = format!("{scheme}://{}", &rest[..end]);
    let is_fixed = !address.contains("{{");
    is_fixed.then(|| parse_url(&address.into()).ok())?
}

fn crashed(key: &str) -> Problem {
    Problem::BadAnswer {
        what: key.to_owned(),
        why: "lockstep could not cope with it; this is a defect".to_owned(),
    }
}

#[async_trait]
impl Backend for Webhook {
    async fn read(&self, wanted: &[Location]) -> Vec<Result<Payload, Problem>> {
        join_all(wanted.iter().map(|location| self.get(location))).await
    }

    async fn find(&self, _: &Find) -> Result<Values, Problem> {
        Err(Problem::NotSupported {
            what: "`find` with provider `webhook`, which has no way to ask for names,".to_owned(),
        })
    }

    async fn check(&self) -> Result<Health, Problem> {
        self.hook.check().await
    }

    fn locate(&self, location: Location, property: Option<&str>) -> Location {
        let property = property.filter(|_| self.hook.recipe.sees("property"));
        Location {
            property: property.map(str::to_owned),
            ..location
        }
    }

    fn select(&self, payload: &Payload, _: Option<&str>) -> Result<Option<SecretBytes>, Problem> {
        let taken = json::single(payload)?;
        if self.hook.recipe.has_json_path() {
            result::value(taken).map(Some)
        } else {
            Ok(Some(taken.clone()))
        }
    }

    fn explode(&self, payload: &Payload, _: Option<&str>) -> Result<Option<Values>, Problem> {
        result::members(json::single(payload)?, "the answer").map(Some)
    }

    fn limits(&self) -> Limits {
        Limits {
            // A little later than the request, which knows better what is wrong.
            deadline: self.hook.timeout + Duration::from_secs(1),
            ..Limits::default()
        }
    }

    /// Templates know the value by the name of its remote key.
    async fn write(&self, push: &Push) -> Result<(), Problem> {
        let key = push.secret_key.as_deref().unwrap_or_default();
        let value = pushed(&push.values, key)?;
        let mut remote = Values::from([("remoteKey".to_owned(), push.remote.key.as_str().into())]);
        if !key.is_empty() {
            remote.insert("secretKey".to_owned(), key.into());
        }
        remote.insert(push.remote.key.clone(), value.clone());
        let purpose = Purpose::Write(value);
        self.send(purpose, remote, &push.remote.key).await
    }

    async fn delete(&self, remote: &Remote) -> Result<(), Problem> {
        let key = &remote.key;
        let seen = Values::from([("remoteKey".to_owned(), key.as_str().into())]);
        match self.send(Purpose::Delete, seen, key).await {
            Err(Problem::Absent { .. }) => Ok(()),
            other => other,
        }
    }

    /// Templates see the key by the names that it has for who reads and for who writes: one URL is for both.
    async fn exists(&self, remote: &Remote) -> Result<bool, Problem> {
        let key = &remote.key;
        if !self.hook.recipe.reads_safely() {
            // ESO looks by sending a write without a value.
            let field = format!("{}.method", self.hook.field);
            return Err(request::invalid(
                &field,
                "only GET can look whether a key exists, for IfNotExists",
            ));
        }
        let mut seen = self.hook.remote(&Question {
            key: key.clone(),
            version: None,
            property: None,
        });
        seen.insert("remoteKey".to_owned(), key.as_str().into());
        match self.send(Purpose::Read, seen, key).await {
            Ok(()) => Ok(true),
            Err(Problem::Absent { .. }) => Ok(false),
            Err(problem) => Err(problem),
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("recipe", &self.hook.recipe)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
