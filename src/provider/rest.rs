//! JSON over HTTP, as small backends speak it: calls below one address, each with a header that says who we are.

use std::fmt;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use url::Url;

use super::Calls;
use super::http::{Answer, Http, below, secret_header};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;

/// A backend's address, and how to get there.
pub(super) struct Rest {
    http: Http,
    base: Url,
    /// As ESO's metrics name the backend.
    provider: &'static str,
    calls: Calls,
}

/// One call, before we say who we are.
pub(super) struct Call<'c> {
    name: &'static str,
    method: Method,
    url: Url,
    body: Option<SecretBytes>,
    what: &'c str,
}

impl<'c> Call<'c> {
    #[must_use]
    pub(super) fn with_query(mut self, query: &[(&str, &str)]) -> Self {
        self.url.query_pairs_mut().extend_pairs(query);
        self
    }

    #[must_use]
    pub(super) fn with_body(self, body: SecretBytes) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    /// What it is about, for messages.
    pub(super) fn what(&self) -> &'c str {
        self.what
    }
}

impl Rest {
    pub(super) fn new(base: Url, http: Http, provider: &'static str, calls: Calls) -> Self {
        Self {
            http,
            base,
            provider,
            calls,
        }
    }

    /// A call about what is at this path [below] the address. `name` is that of the call in ESO's metrics.
    pub(super) fn call<'c>(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        what: &'c str,
    ) -> Call<'c> {
        Call {
            name,
            method,
            url: below(&self.base, path),
            body: None,
            what,
        }
    }

    /// Any answer.
    pub(super) async fn send(&self, call: &Call<'_>, who: &Who) -> Result<Answer, Problem> {
        let mut request = self.http.client().request(call.method.clone(), call.url.clone());
        request = request.header(who.name.clone(), who.value.clone());
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.expose().to_vec());
        }
        let answer = self.http.send(request, call.what).await;
        let is_good = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
        self.calls.tell(self.provider, call.name, is_good);
        answer
    }

    pub(super) fn host(&self) -> String {
        self.base.host_str().unwrap_or_default().to_owned()
    }
}

/// The header that says who we are; shown nowhere.
#[derive(Clone)]
pub(super) struct Who {
    name: HeaderName,
    value: HeaderValue,
}

impl Who {
    /// White space around a token is nobody's intention. `field` is where the token comes from.
    pub(super) fn bearer(token: &SecretBytes, field: &str) -> Result<Self, Problem> {
        Self::with(http::header::AUTHORIZATION, "Bearer ", token, field)
    }

    pub(super) fn with(
        name: HeaderName,
        scheme: &str,
        token: &SecretBytes,
        field: &str,
    ) -> Result<Self, Problem> {
        let invalid = |why: &str| Problem::ReferenceInvalid {
            field: field.to_owned(),
            why: why.to_owned(),
        };
        let token = token.expose().trim_ascii();
        if token.is_empty() {
            return Err(invalid("the token is empty"));
        }
        let value = secret_header(scheme, token);
        let value = value.ok_or_else(|| invalid("the token has characters that no token can have"))?;
        Ok(Self { name, value })
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest")
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Who")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::redirect::Policy;

    use super::*;
    use crate::provider::http::{Options, address};

    #[test]
    fn calls_stay_below_the_address() {
        let options = Options {
            authorities: None,
            identity: None,
            redirects: Policy::none(),
            deadline: Duration::from_secs(1),
        };
        let http = Http::new(options, "f").expect("a client");
        for base in ["https://host/below", "https://host/below/"] {
            let base = address(base, "f").expect("an address");
            let rest = Rest::new(base, http.clone(), "p", Calls::default());
            let call = rest.call("c", Method::GET, &["v1", "a/b?c#d e"], "what");
            let call = call.with_query(&[("filter", "title eq \"x&y\"")]);
            assert_eq!(
                call.url.as_str(),
                "https://host/below/v1/a%2Fb%3Fc%23d%20e?filter=title+eq+%22x%26y%22"
            );
        }
    }

    #[test]
    fn a_token_is_trimmed_and_shown_nowhere() {
        let who = Who::bearer(&" canary\n".into(), "f").expect("a token");
        assert_eq!(who.value.as_bytes(), b"Bearer canary");
        assert!(!format!("{who:?} {:?}", who.value).contains("canary"));
        for token in ["\n", "a\0b"] {
            assert!(Who::bearer(&token.into(), "f").is_err(), "{token:?}");
        }
    }
}
