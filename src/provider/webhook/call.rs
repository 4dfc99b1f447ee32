//! Sending a request, wherever it is redirected to, as long as it may go there.

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_LANGUAGE, LOCATION, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;
use url::Url;

use super::request::{Request, invalid};
use crate::engine::problem::Problem;
use crate::engine::secret_bytes::SecretBytes;
use crate::provider::Calls;
use crate::provider::hosts::Hosts;
use crate::provider::http::{Answer, Http, Options, problem};

const REDIRECTS: usize = 10;

/// The names that ESO's metrics use.
const CALL: (&str, &str) = ("Webhook", "HTTPRequest");

pub(super) struct Caller {
    http: Http,
    hosts: Hosts,
    calls: Calls,
    deadline: Duration,
    /// The field of the URL and its text, for messages.
    url: (String, String),
}

impl Caller {
    pub(super) fn new(
        authorities: Option<Vec<CertificateDer<'static>>>,
        deadline: Duration,
        hosts: Hosts,
        calls: Calls,
        url: (String, String),
    ) -> Result<Self, Problem> {
        let options = Options {
            authorities,
            identity: None,
            // Each is looked at, so we follow them ourselves.
            redirects: Policy::none(),
            deadline,
        };
        Ok(Self {
            http: Http::new(options, &url.0)?,
            hosts,
            calls,
            deadline,
            url,
        })
    }

    /// The body of an answer that is a success. `what` is what it is about.
    pub(super) async fn send(&self, request: Request, what: &str) -> Result<SecretBytes, Problem> {
        let answer = timeout(self.deadline, self.follow(request, what)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(Problem::Unreachable {
                what: what.to_owned(),
                why: format!("no answer within {:?}", self.deadline),
            })
        });
        let body = answer.and_then(|answer| body(answer, what));
        self.calls.tell(CALL.0, CALL.1, body.is_ok());
        body
    }

    /// May webhooks talk to this host?
    pub(super) fn check_host(&self, url: &Url) -> Result<(), Problem> {
        if self.hosts.allow(url) {
            return Ok(());
        }
        // A host that a template made may be made of anything.
        let host = url.host_str().filter(|host| self.url.1.contains(host));
        let host = host.map_or("the host that it leads to".to_owned(), |host| {
            format!("host {host}")
        });
        let why = format!("{host} is none of those that the operator's --webhook-allowed-hosts names");
        Err(invalid(&self.url.0, &why))
    }

    async fn follow(&self, request: Request, what: &str) -> Result<Answer, Problem> {
        self.check_host(&request.url)?;
        let mut request = request;
        for _ in 0..=REDIRECTS {
            let answer = self.http.send(self.made(&request), what).await?;
            let Some(url) = redirect(&request, &answer) else {
                return Ok(answer);
            };
            let bad = |why: &str| Problem::BadAnswer {
                what: what.to_owned(),
                why: format!("HTTP {}: {why}", answer.status.as_u16()),
            };
            let url = url.map_err(bad)?;
            self.check_host(&url).map_err(|_| {
                bad("it redirects to a host that is none of those that the operator's --webhook-allowed-hosts names")
            })?;
            request = next(request, answer.status, url).map_err(bad)?;
        }
        Err(Problem::BadAnswer {
            what: what.to_owned(),
            why: format!("it redirects more than {REDIRECTS} times"),
        })
    }

    fn made(&self, request: &Request) -> reqwest::RequestBuilder {
        let client = self.http.client();
        let made = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone());
        match &request.body {
            Some(body) => made.body(body.expose().to_vec()),
            None => made,
        }
    }
}

fn body(answer: Answer, what: &str) -> Result<SecretBytes, Problem> {
    let key = what.to_owned();
    match answer.status {
        status if status.is_success() => Ok(answer.body),
        StatusCode::NOT_FOUND => Err(Problem::Absent { key }),
        StatusCode::NOT_MODIFIED => Err(Problem::NotModified { key }),
        status => Err(problem(status, &answer.headers, what)),
    }
}

/// Where the answer sends us, if it does.
fn redirect(request: &Request, answer: &Answer) -> Option<Result<Url, &'static str>> {
    let redirects = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = answer.headers.get(LOCATION).filter(|_| redirects)?;
    let url = location
        .to_str()
        .ok()
        .and_then(|location| request.url.join(location).ok());
    Some(match url {
        Some(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err("it redirects to something that is no http or https URL"),
    })
}

/// The request as it goes on. What may hold credentials stays with the host that it was meant for.
fn next(request: Request, status: StatusCode, url: Url) -> Result<Request, &'static str> {
    let keeps_body = matches!(status.as_u16(), 307 | 308);
    let is_same = is_same_host(&request.url, &url);
    if keeps_body && request.body.is_some() && !is_same {
        return Err("it redirects to another host, which must not see the body; name that host in the URL");
    }
    let method = match request.method {
        method if keeps_body || method == Method::HEAD => method,
        _ => Method::GET,
    };
    Ok(Request {
        method,
        headers: if is_same {
            request.headers
        } else {
            harmless(&request.headers)
        },
        body: request.body.filter(|_| keeps_body),
        url,
    })
}

/// The way to TLS may be a redirect, the way back may not.
fn is_same_host(from: &Url, to: &Url) -> bool {
    let is_same = from.scheme() == to.scheme() && from.port_or_known_default() == to.port_or_known_default();
    from.host() == to.host() && (is_same || (from.scheme(), to.scheme()) == ("http", "https"))
}

fn harmless(headers: &HeaderMap) -> HeaderMap {
    let kept = [ACCEPT, ACCEPT_LANGUAGE, USER_AGENT];
    kept.into_iter()
        .filter_map(|name| headers.get(&name).cloned().map(|value| (name, value)))
        .collect()
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
