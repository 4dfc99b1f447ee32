//! What a store and a generator have in common: which request to make, and what to take from its answer.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_api::generator::WebhookSpec;
use lockstep_api::provider::{CaBundle, WebhookAuth, WebhookProvider};
use lockstep_api::{CaProvider, GoDuration, PlainText, SecretKeySelector};

/// How long a request may take that says nothing of it.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long any request may take.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(5);

pub(crate) struct Spec<'s> {
    /// Where all of this stands, for messages.
    pub(super) field: &'static str,
    pub(super) url: &'s str,
    pub(super) method: Option<&'s str>,
    pub(super) headers: &'s BTreeMap<String, PlainText>,
    pub(super) body: Option<&'s PlainText>,
    pub(super) json_path: Option<&'s str>,
    pub(super) timeout: Duration,
    pub(super) auth: Option<&'s WebhookAuth>,
    pub(super) ca_bundle: Option<&'s CaBundle>,
    pub(super) ca_provider: Option<&'s CaProvider>,
    pub(super) secrets: Vec<(&'s str, SecretKeySelector)>,
}

impl<'s> From<&'s WebhookProvider> for Spec<'s> {
    fn from(spec: &'s WebhookProvider) -> Self {
        let secrets = spec.secrets.iter();
        Self {
            field: "spec.provider.webhook",
            url: &spec.url,
            method: given(spec.method.as_deref()),
            headers: &spec.headers,
            body: spec.body.as_ref().filter(|body| !body.expose().is_empty()),
            json_path: given(spec.result.json_path.as_deref()),
            timeout: timeout(spec.timeout.as_ref()),
            auth: spec.auth.as_ref(),
            ca_bundle: spec.ca_bundle.as_ref(),
            ca_provider: spec.ca_provider.as_ref(),
            secrets: secrets
                .map(|secret| (secret.name.as_str(), secret.secret_ref.clone()))
                .collect(),
        }
    }
}

impl<'s> From<&'s WebhookSpec> for Spec<'s> {
    fn from(spec: &'s WebhookSpec) -> Self {
        let secrets = spec.secrets.iter().map(|secret| {
            let selector = SecretKeySelector {
                name: secret.secret_ref.name.clone(),
                key: secret.secret_ref.key.clone(),
                namespace: None,
            };
            (secret.name.as_str(), selector)
        });
        Self {
            field: "spec",
            url: &spec.url,
            method: given(spec.method.as_deref()),
            headers: &spec.headers,
            body: spec.body.as_ref().filter(|body| !body.expose().is_empty()),
            json_path: given(spec.result.json_path.as_deref()),
            timeout: timeout(spec.timeout.as_ref()),
            auth: spec.auth.as_ref(),
            ca_bundle: spec.ca_bundle.as_ref(),
            ca_provider: spec.ca_provider.as_ref(),
            secrets: secrets.collect(),
        }
    }
}

/// An empty text is what Go makes of an absent one.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// None, and none that makes sense, is the default.
fn timeout(given: Option<&GoDuration>) -> Duration {
    let nanos = given.and_then(|given| u64::try_from(given.nanos()).ok());
    match nanos {
        None | Some(0) => DEFAULT_TIMEOUT,
        Some(nanos) => Duration::from_nanos(nanos).min(LONGEST_TIMEOUT),
    }
}
