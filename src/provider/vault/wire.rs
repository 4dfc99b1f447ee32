//! The way to the server: its address, our headers, its redirects, and states that have to be met.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lockstep_api::provider::VaultProvider;
use reqwest::redirect::Policy;
use tokio::time::sleep;
use url::Url;

use super::call::{Call, Verb};
use super::states::States;
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::http::{Answer, Http, Options};
use crate::provider::{Calls, Surroundings};

const PROVIDER: &str = "HashiCorp/Vault";
const DEADLINE: Duration = Duration::from_secs(30);
const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
pub(super) const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
const INDEX: HeaderName = HeaderName::from_static("x-vault-index");
const INCONSISTENT: HeaderName = HeaderName::from_static("x-vault-inconsistent");
/// How long a node is given to catch up, again and again.
const CATCH_UP: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
];

pub(super) struct Wire {
    http: Http,
    /// That the address is none is told by whoever calls, as in ESO.
    server: Result<Url, Problem>,
    headers: HeaderMap,
    /// Kept where our own writes are to be read.
    states: Option<Mutex<States>>,
    calls: Calls,
}

/// On whose behalf a call is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Caller<'c> {
    pub(super) token: Option<&'c SecretBytes>,
    pub(super) token_field: &'c str,
    pub(super) namespace: Option<&'c HeaderValue>,
}

impl Wire {
    /// `identity` is the client certificate and its key, PEM.
    pub(super) async fn open(
        spec: &VaultProvider,
        identity: Option<SecretBytes>,
        surroundings: &Surroundings,
        field: &str,
    ) -> Result<Self, Problem> {
        let authorities = surroundings
            .references
            .certificate_authority(spec.ca_bundle.as_ref(), spec.ca_provider.as_ref(), field)
            .await?;
        let options = Options {
            authorities,
            identity,
            redirects: Policy::none(),
            deadline: DEADLINE,
        };
        Ok(Self {
            http: Http::new(options, field)?,
            server: address(&spec.server, field),
            headers: headers(spec, field)?,
            states: (spec.read_your_writes || spec.forward_inconsistent).then(Mutex::default),
            calls: surroundings.calls.clone(),
        })
    }

    /// Asks, and once more where the server sends us on or has not caught up.
    pub(super) async fn send(&self, call: &Call, caller: Caller<'_>) -> Result<Answer, Problem> {
        let mut pauses = CATCH_UP
            .into_iter()
            .take(if self.states.is_some() { CATCH_UP.len() } else { 0 });
        loop {
            let answer = self.ask(call, caller).await;
            if let Some(name) = call.counted {
                // That something is missing is an answer.
                let good = |status: StatusCode| status.is_success() || status == StatusCode::NOT_FOUND;
                let is_good = answer.as_ref().is_ok_and(|answer| good(answer.status));
                self.calls.tell(PROVIDER, name, is_good);
            }
            let answer = answer?;
            match pauses.next() {
                Some(pause) if answer.status == StatusCode::PRECONDITION_FAILED => sleep(pause).await,
                _ => return Ok(answer),
            }
        }
    }

    async fn ask(&self, call: &Call, caller: Caller<'_>) -> Result<Answer, Problem> {
        let server = self.server.as_ref().map_err(Clone::clone)?;
        let url = url(server, call)?;
        let headers = self.headers_for(caller)?;
        let answer = self.exchange(call, url.clone(), headers.clone()).await?;
        // A standby sends us to the node that is active.
        match redirected(&url, &answer, call)? {
            Some(elsewhere) => self.exchange(call, elsewhere, headers).await,
            None => Ok(answer),
        }
    }

    async fn exchange(&self, call: &Call, url: Url, headers: HeaderMap) -> Result<Answer, Problem> {
        let mut request = self
            .http
            .client()
            .request(call.verb.method(), url)
            .headers(headers);
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.expose().to_vec());
        }
        let answer = self.http.send(request, &call.what()).await?;
        if let Some(mut states) = self.states() {
            let learnt = answer.headers.get_all(INDEX).into_iter();
            learnt
                .filter_map(|state| state.to_str().ok())
                .for_each(|state| states.learn(state));
        }
        Ok(answer)
    }

    fn headers_for(&self, caller: Caller<'_>) -> Result<HeaderMap, Problem> {
        let mut headers = self.headers.clone();
        if let Some(token) = caller.token.filter(|token| !token.is_empty()) {
            let mut value =
                HeaderValue::from_bytes(token.expose()).map_err(|_| Problem::ReferenceInvalid {
                    field: caller.token_field.to_owned(),
                    why: "the token has characters that no token can have, such as a line break at its end"
                        .to_owned(),
                })?;
            value.set_sensitive(true);
            headers.insert(TOKEN, value);
        }
        if let Some(namespace) = caller.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        if let Some(states) = self.states() {
            let known = states.all().filter_map(|state| HeaderValue::from_str(state).ok());
            known.for_each(|state| {
                headers.append(INDEX, state);
            });
        }
        Ok(headers)
    }

    fn states(&self) -> Option<MutexGuard<'_, States>> {
        let states = self.states.as_ref()?;
        Some(states.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `field` is where the provider stands in the spec.
fn address(server: &str, field: &str) -> Result<Url, Problem> {
    let invalid = |why: &str| Problem::InvalidSpec {
        field: format!("{field}.server"),
        why: why.to_owned(),
    };
    let url =
        Url::parse(server.trim()).map_err(|_| invalid("is no URL such as https://vault.example.com:8200"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(invalid("must begin with https:// or http:// and name a host"));
    }
    Ok(url)
}

fn headers(spec: &VaultProvider, field: &str) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in &spec.headers {
        let invalid = |why: &str| Problem::InvalidSpec {
            field: format!("{field}.headers"),
            why: why.to_owned(),
        };
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| invalid("has a name that no header can have"))?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
            invalid(&format!(
                "the value of {key} has characters that no header can have"
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    headers.insert(REQUEST, HeaderValue::from_static("true"));
    if spec.read_your_writes && spec.forward_inconsistent {
        headers.insert(INCONSISTENT, HeaderValue::from_static("forward-active-node"));
    }
    Ok(headers)
}

/// The address of a call: whatever the server's own address ends in stays in front.
fn url(server: &Url, call: &Call) -> Result<Url, Problem> {
    let invalid = |why: &str| Problem::BadData {
        why: format!("{}: {why}", call.what()),
    };
    let mut url = server.clone();
    url.set_fragment(None);
    url.set_query(None);
    {
        let mut segments = url
            .path_segments_mut()
            .map_err(|()| invalid("the address has no path"))?;
        segments.pop_if_empty().push("v1");
        for segment in call.path.split('/').filter(|segment| !segment.is_empty()) {
            if matches!(segment, "." | "..") {
                return Err(invalid("the path must not contain `.` or `..`"));
            }
            segments.push(segment);
        }
    }
    let list = (call.verb == Verb::List).then_some(("list", "true"));
    let given = call
        .query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let mut parameters = list.into_iter().chain(given).peekable();
    if parameters.peek().is_some() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    Ok(url)
}

/// Where an answer sends us. Never from https to http: the token goes along.
fn redirected(from: &Url, answer: &Answer, call: &Call) -> Result<Option<Url>, Problem> {
    if !answer.status.is_redirection() || answer.status == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let unusable = |why: &str| Problem::BadAnswer {
        what: call.what(),
        why: format!("HTTP {}, {why}", answer.status.as_u16()),
    };
    let location = answer
        .headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok());
    let to = location.and_then(|location| from.join(location).ok());
    let to = to.ok_or_else(|| unusable("without an address to go to"))?;
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => Ok(Some(to)),
        _ => Err(unusable(
            "and to an address that is not https; the token does not go there",
        )),
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(server: &str, call: &Call) -> Result<String, String> {
        let server = address(server, "f").map_err(|problem| problem.to_string())?;
        let url = url(&server, call).map_err(|problem| problem.to_string())?;
        Ok(url.to_string())
    }

    #[test]
    fn paths_are_escaped_and_stay_below_the_servers_own() {
        for (server, path, expected) in [
            ("http://v:8200", "kv/data/a", "http://v:8200/v1/kv/data/a"),
            ("http://v:8200/", "/kv//data/a/", "http://v:8200/v1/kv/data/a"),
            (
                "https://h/vault/?x=1#y",
                "kv/a b?c#d%2f",
                "https://h/vault/v1/kv/a%20b%3Fc%23d%252f",
            ),
        ] {
            assert_eq!(asked(server, &Call::read(path)), Ok(expected.to_owned()));
        }
        let escape = asked("http://v", &Call::read("kv/data/../../sys"));
        assert!(
            escape.is_err_and(|why| why.contains("must not contain")),
            "it went up"
        );
    }

    #[test]
    fn a_list_is_a_read_that_every_proxy_lets_through() {
        let mut call = Call::list("kv/metadata/");
        call.query.push(("after".to_owned(), "a&b".to_owned()));
        assert_eq!(
            asked("http://v", &call),
            Ok("http://v/v1/kv/metadata?list=true&after=a%26b".to_owned())
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_quoted() {
        for server in ["canary", "ftp://canary", "http://", "unix:///canary"] {
            let refused = asked(server, &Call::read("x")).expect_err("refused");
            assert!(
                refused.starts_with("f.server: ") && !refused.contains("canary"),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_redirect_never_leads_out_of_tls() {
        let to = |from: &str, location: &'static str| {
            let answer = Answer {
                status: StatusCode::TEMPORARY_REDIRECT,
                headers: HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]),
                body: SecretBytes::default(),
            };
            redirected(&Url::parse(from).expect("a URL"), &answer, &Call::read("x"))
                .map(|to| to.map(String::from))
        };
        assert_eq!(
            to("https://a/v1/x", "https://b/v1/x"),
            Ok(Some("https://b/v1/x".to_owned()))
        );
        assert_eq!(to("http://a/v1/x", "/v1/y"), Ok(Some("http://a/v1/y".to_owned())));
        assert!(to("https://a/v1/x", "http://a/v1/x").is_err());
        assert!(to("http://a/v1/x", "ftp://a/v1/x").is_err());
    }
}
